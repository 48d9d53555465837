-- A figure for each track, platform and day. Of several identifiers the largest counts, since those of one recording
-- carry almost the same total; videos and sounds are different ones, and add up (contract section 10.4).
-- A day that lacks an identifier which counts is a hole, and no smaller figure: one that is known from before and was
-- seen within the week, or is seen again later.
-- A part is told in the type of the hash: in that of plain numbers, choosing rows takes longer than all the rest.
WITH plots AS (
    SELECT track_uuid AS uuid, platform, date, identifier, value
    FROM soundcharts.track_audience
    WHERE date BETWEEN $today::DATE - 70 AND $today::DATE AND hash(track_uuid) % $parts::UBIGINT = $part::UBIGINT
),
known AS (
    SELECT
        uuid,
        platform,
        identifier,
        min(date) AS first_day,
        max(date) + 7 AS last_day,
        arg_max(value, date) AS newest
    FROM plots
    GROUP BY uuid, platform, identifier
),
-- Most series have one identifier only, and need no more than their plots.
several AS (
    SELECT uuid, platform
    FROM known
    GROUP BY uuid, platform
    HAVING count(*) > 1
),
counting AS (
    SELECT known.uuid, known.platform, known.identifier, known.first_day, known.last_day
    FROM known
    SEMI JOIN several ON several.uuid = known.uuid AND several.platform = known.platform
    QUALIFY known.platform IN ('youtube', 'tiktok')
        OR row_number() OVER (PARTITION BY known.uuid, known.platform ORDER BY known.newest DESC, known.identifier) = 1
),
seen AS (
    SELECT
        plots.uuid,
        plots.platform,
        plots.date,
        CASE WHEN plots.platform IN ('youtube', 'tiktok') THEN sum(plots.value) ELSE max(plots.value) END AS value,
        count(counting.identifier) AS identifiers
    FROM plots
    SEMI JOIN several ON several.uuid = plots.uuid AND several.platform = plots.platform
    LEFT JOIN counting
        ON counting.uuid = plots.uuid
        AND counting.platform = plots.platform
        AND counting.identifier = plots.identifier
    GROUP BY plots.uuid, plots.platform, plots.date
),
-- How many identifiers are known on a day: those that came up to then, less those that ended before.
steps AS (
    SELECT uuid, platform, first_day AS day, 1 AS more FROM counting
    UNION ALL
    SELECT uuid, platform, last_day + 1 AS day, -1 AS more FROM counting
),
expected AS (
    SELECT uuid, platform, day, sum(sum(more)) OVER (PARTITION BY uuid, platform ORDER BY day) AS identifiers
    FROM steps
    GROUP BY uuid, platform, day
),
whole AS (
    SELECT seen.uuid, seen.platform, seen.date, seen.value::BIGINT AS value, seen.identifiers
    FROM seen
    ASOF JOIN expected
        ON expected.uuid = seen.uuid AND expected.platform = seen.platform AND expected.day <= seen.date
    WHERE seen.identifiers = expected.identifiers
    UNION ALL
    SELECT plots.uuid, plots.platform, plots.date, plots.value, 1 AS identifiers
    FROM plots
    ANTI JOIN several ON several.uuid = plots.uuid AND several.platform = plots.platform
),
days AS (
    -- Spins are counted by the day (contract section 10.5); all else is a total.
    SELECT uuid, platform, '' AS metric, platform = 'airplay' AS is_count, date, value, identifiers
    FROM whole
),
