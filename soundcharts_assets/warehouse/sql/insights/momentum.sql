-- What came in 7 and 28 days, and how the newest figure compares with a usual one. A figure is only compared with one that
-- was observed: where the day 7 or 28 days before is missing, with the newest one before it, if that is near enough.
newest AS (
    SELECT
        uuid,
        platform,
        metric,
        any_value(is_count) AS is_count,
        max(date) AS as_of,
        arg_max(value, date) AS level
    FROM days
    GROUP BY uuid, platform, metric
    HAVING max(date) >= $today::DATE - 14
),
aged AS (
    SELECT days.*, newest.as_of, newest.level, newest.as_of - days.date AS age
    FROM days
    JOIN newest ON newest.uuid = days.uuid AND newest.platform = days.platform AND newest.metric = days.metric
),
-- Levels: the difference of two figures.
bases AS (
    SELECT
        uuid,
        platform,
        metric,
        any_value(level) AS level,
        min(age) FILTER (WHERE age BETWEEN 7 AND 10) AS days_7,
        arg_min(value, age) FILTER (WHERE age BETWEEN 7 AND 10) AS base_7,
        min(age) FILTER (WHERE age BETWEEN 28 AND 37) AS days_28,
        arg_min(value, age) FILTER (WHERE age BETWEEN 28 AND 37) AS base_28
    FROM aged
    WHERE NOT is_count
    GROUP BY uuid, platform, metric
),
-- Counts of a day: the sum of the observed ones, if they are half of the days at least.
sums AS (
    SELECT
        uuid,
        platform,
        metric,
        count(*) FILTER (WHERE age < 7) AS days_7,
        sum(value) FILTER (WHERE age < 7) AS sum_7,
        avg(value) FILTER (WHERE age >= 7 AND age < 14) AS mean_before_7,
        count(*) FILTER (WHERE age >= 7 AND age < 14) AS days_before_7,
        count(*) FILTER (WHERE age < 28) AS days_28,
        sum(value) FILTER (WHERE age < 28) AS sum_28,
        avg(value) FILTER (WHERE age >= 28 AND age < 56) AS mean_before_28,
        count(*) FILTER (WHERE age >= 28 AND age < 56) AS days_before_28
    FROM aged
    WHERE is_count
    GROUP BY uuid, platform, metric
),
changes AS (
    SELECT
        uuid,
        platform,
        metric,
        level - base_7 AS change_7,
        days_7,
        (level - base_7) / nullif(base_7, 0) AS growth_7,
        level - base_28 AS change_28,
        days_28,
        (level - base_28) / nullif(base_28, 0) AS growth_28
    FROM bases
    UNION ALL
    SELECT
        uuid,
        platform,
        metric,
        CASE WHEN days_7 >= 4 THEN sum_7 END AS change_7,
        CASE WHEN days_7 >= 4 THEN days_7 END AS days_7,
        CASE WHEN days_7 >= 4 AND days_before_7 >= 4 THEN sum_7 / days_7 / nullif(mean_before_7, 0) - 1 END AS growth_7,
        CASE WHEN days_28 >= 14 THEN sum_28 END AS change_28,
        CASE WHEN days_28 >= 14 THEN days_28 END AS days_28,
        CASE
            WHEN days_28 >= 14 AND days_before_28 >= 14 THEN sum_28 / days_28 / nullif(mean_before_28, 0) - 1
        END AS growth_28
    FROM sums
),
-- What came a day between a figure and the one before. Over a longer pause than a look at the smallest artists takes
-- (contract section 11.2), nothing is said.
arrivals AS (
    SELECT
        uuid,
        platform,
        metric,
        age,
        CASE WHEN is_count THEN 1 ELSE lead(age) OVER earlier - age END AS days,
        CASE WHEN is_count THEN value ELSE (value - lead(value) OVER earlier) / (lead(age) OVER earlier - age) END AS came
    FROM aged
    WINDOW earlier AS (PARTITION BY uuid, platform, metric ORDER BY age)
),
usual AS (
    SELECT
        uuid,
        platform,
        metric,
        median(came) AS usual,
        max(came) AS highest,
        greatest(1.4826 * mad(came), 0.05 * abs(median(came)), 1) AS deviation
    FROM arrivals
    WHERE age BETWEEN 1 AND 35 AND days <= 15
    GROUP BY uuid, platform, metric
    HAVING count(*) >= 7
),
momentum AS (
    SELECT
        newest.*,
        changes.change_7::BIGINT AS change_7,
        changes.days_7,
        changes.change_7 / changes.days_7 AS per_day_7,
        changes.growth_7,
        changes.change_28::BIGINT AS change_28,
        changes.days_28,
        changes.change_28 / changes.days_28 AS per_day_28,
        changes.growth_28,
        CASE
            WHEN changes.change_7 > 0 AND changes.change_28 > 0
                THEN (changes.change_7 / changes.days_7) / (changes.change_28 / changes.days_28)
        END AS acceleration,
        latest.came AS latest,
        latest.days AS latest_days,
        usual.usual,
        usual.highest,
        (latest.came - usual.usual) / usual.deviation AS jump
    FROM newest
    JOIN changes
        ON changes.uuid = newest.uuid AND changes.platform = newest.platform AND changes.metric = newest.metric
    LEFT JOIN arrivals AS latest
        ON latest.uuid = newest.uuid AND latest.platform = newest.platform AND latest.metric = newest.metric
        AND latest.age = 0 AND latest.days <= 15
    LEFT JOIN usual ON usual.uuid = newest.uuid AND usual.platform = newest.platform AND usual.metric = newest.metric
)
