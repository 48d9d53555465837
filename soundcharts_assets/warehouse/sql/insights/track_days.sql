-- A figure for each track, platform and day. Of several identifiers the largest counts, since those of one recording
-- carry almost the same total; videos and sounds are different ones, and add up (contract section 10.4).
-- A day that lacks an identifier which counts is a hole, and no smaller figure: one that is known from before and was
-- seen within the week, or is seen again later.
WITH plots AS (
    SELECT track_uuid AS uuid, platform, date, identifier, value, platform IN ('youtube', 'tiktok') AS adds
    FROM soundcharts.track_audience
    WHERE date BETWEEN $today::DATE - 70 AND $today::DATE
),
known AS (
    SELECT
        uuid,
        platform,
        identifier,
        min(date) AS first_day,
        max(date) + 7 AS last_day,
        any_value(adds) OR row_number() OVER (
            PARTITION BY uuid, platform
            ORDER BY arg_max(value, date) DESC, identifier
        ) = 1 AS counts
    FROM plots
    GROUP BY uuid, platform, identifier
),
seen AS (
    SELECT
        plots.uuid,
        plots.platform,
        plots.date,
        CASE WHEN any_value(plots.adds) THEN sum(plots.value) ELSE max(plots.value) END AS value,
        count(*) FILTER (WHERE known.counts) AS identifiers
    FROM plots
    JOIN known
        ON known.uuid = plots.uuid AND known.platform = plots.platform AND known.identifier = plots.identifier
    GROUP BY plots.uuid, plots.platform, plots.date
),
-- How many identifiers are known on a day: those that came up to then, less those that ended before.
steps AS (
    SELECT uuid, platform, first_day AS day, 1 AS more FROM known WHERE counts
    UNION ALL
    SELECT uuid, platform, last_day + 1 AS day, -1 AS more FROM known WHERE counts
),
expected AS (
    SELECT uuid, platform, day, sum(sum(more)) OVER (PARTITION BY uuid, platform ORDER BY day) AS identifiers
    FROM steps
    GROUP BY uuid, platform, day
),
days AS (
    SELECT
        seen.uuid,
        seen.platform,
        '' AS metric,
        -- Spins are counted by the day (contract section 10.5); all else is a total.
        seen.platform = 'airplay' AS is_count,
        seen.date,
        seen.value::BIGINT AS value
    FROM seen
    ASOF JOIN expected
        ON expected.uuid = seen.uuid AND expected.platform = seen.platform AND expected.day <= seen.date
    WHERE seen.identifiers = expected.identifiers
),
