-- What came in 7 and 28 days, and how the newest figure compares with a usual one. A figure is only compared with one
-- that was observed: where the day 7 or 28 days before is missing, with the newest before it, if that is near enough.
aged AS (
    SELECT
        uuid,
        platform,
        metric,
        is_count,
        date,
        value,
        first_value(date) OVER newest_first AS as_of,
        first_value(date) OVER newest_first - date AS age,
        -- An identifier that is new brings all that it ever had, and one that is gone takes it along.
        CASE
            WHEN identifiers = lead(identifiers) OVER newest_first THEN date - lead(date) OVER newest_first
        END AS days,
        value - lead(value) OVER newest_first AS more
    FROM days
    WINDOW newest_first AS (
        PARTITION BY uuid, platform, metric ORDER BY date DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING
    )
    QUALIFY as_of >= $today::DATE - 14
),
-- What came a day between a figure and the one before. Over a longer pause than a look at the smallest artists takes
-- (contract section 11.2), or where identifiers came or went, nothing is said.
arrivals AS (
    SELECT
        *,
        CASE WHEN is_count THEN 1 WHEN days <= 15 THEN days END AS came_in,
        CASE WHEN is_count THEN value WHEN days <= 15 THEN more / days END AS came
    FROM aged
),
figures AS (
    SELECT
        uuid,
        platform,
        metric,
        any_value(is_count) AS is_count,
        max(date) AS as_of,
        arg_min(value, age) AS level,
        -- Levels: a figure to compare with.
        min(age) FILTER (WHERE age BETWEEN 7 AND 10) AS base_age_7,
        arg_min(value, age) FILTER (WHERE age BETWEEN 7 AND 10) AS base_7,
        min(age) FILTER (WHERE age BETWEEN 28 AND 37) AS base_age_28,
        arg_min(value, age) FILTER (WHERE age BETWEEN 28 AND 37) AS base_28,
        -- Counts of a day: the sum of the observed ones.
        count(*) FILTER (WHERE age < 7) AS observed_7,
        sum(value) FILTER (WHERE age < 7) AS sum_7,
        count(*) FILTER (WHERE age BETWEEN 7 AND 13) AS observed_before_7,
        avg(value) FILTER (WHERE age BETWEEN 7 AND 13) AS mean_before_7,
        count(*) FILTER (WHERE age < 28) AS observed_28,
        sum(value) FILTER (WHERE age < 28) AS sum_28,
        count(*) FILTER (WHERE age BETWEEN 28 AND 55) AS observed_before_28,
        avg(value) FILTER (WHERE age BETWEEN 28 AND 55) AS mean_before_28,
        any_value(came) FILTER (WHERE age = 0) AS latest,
        any_value(came_in) FILTER (WHERE age = 0) AS latest_days,
        count(came) FILTER (WHERE age BETWEEN 1 AND 35) AS arrivals,
        median(came) FILTER (WHERE age BETWEEN 1 AND 35) AS median_came,
        mad(came) FILTER (WHERE age BETWEEN 1 AND 35) AS deviation,
        max(came) FILTER (WHERE age BETWEEN 1 AND 35) AS most_came
    FROM arrivals
    GROUP BY uuid, platform, metric
),
changes AS (
    SELECT
        *,
        CASE WHEN NOT is_count THEN level - base_7 WHEN observed_7 >= 4 THEN sum_7 END AS change_7,
        CASE WHEN NOT is_count THEN base_age_7 WHEN observed_7 >= 4 THEN observed_7 END AS days_7,
        CASE WHEN NOT is_count THEN level - base_28 WHEN observed_28 >= 14 THEN sum_28 END AS change_28,
        CASE WHEN NOT is_count THEN base_age_28 WHEN observed_28 >= 14 THEN observed_28 END AS days_28
    FROM figures
),
momentum AS (
    SELECT
        uuid,
        platform,
        metric,
        is_count,
        as_of,
        level,
        change_7::BIGINT AS change_7,
        days_7,
        change_7 / days_7 AS per_day_7,
        CASE
            WHEN NOT is_count THEN change_7 / nullif(base_7, 0)
            WHEN observed_before_7 >= 4 THEN change_7 / days_7 / nullif(mean_before_7, 0) - 1
        END AS growth_7,
        change_28::BIGINT AS change_28,
        days_28,
        change_28 / days_28 AS per_day_28,
        CASE
            WHEN NOT is_count THEN change_28 / nullif(base_28, 0)
            WHEN observed_before_28 >= 14 THEN change_28 / days_28 / nullif(mean_before_28, 0) - 1
        END AS growth_28,
        CASE
            WHEN change_7 > 0 AND change_28 > 0 THEN (change_7 / days_7) / (change_28 / days_28)
        END AS acceleration,
        latest,
        latest_days,
        CASE WHEN arrivals >= 7 THEN median_came END AS usual,
        CASE WHEN arrivals >= 7 THEN most_came END AS highest,
        CASE
            WHEN arrivals >= 7
                THEN (latest - median_came) / greatest(1.4826 * deviation, 0.05 * abs(median_came), 1)
        END AS jump
    FROM changes
)
