-- Of the given subjects, whose series have a value for each day, those of which too many days lack between the first
-- and the last stored day of a series.
WITH wanted AS (
    SELECT unnest($subjects::VARCHAR[]) AS subject, unnest($since::DATE[]) AS since
),
points AS (
    SELECT track_uuid AS uuid, 'track_audience/' || platform AS subject, date
    FROM soundcharts.track_audience
    WHERE date >= $earliest::DATE
    UNION ALL
    SELECT artist_uuid AS uuid, 'artist_listening/' || platform AS subject, date
    FROM soundcharts.artist_listening
    WHERE date >= $earliest::DATE
),
-- A day counts once, however many identifiers have a value for it.
series AS (
    SELECT
        points.subject,
        points.uuid,
        date_diff('day', min(points.date), max(points.date)) + 1 AS expected,
        bit_count(bitstring_agg(least(date_diff('day', $earliest::DATE, points.date), 4000), 0, 4000)) AS stored
    FROM points
    JOIN wanted ON wanted.subject = points.subject AND points.date >= wanted.since
    GROUP BY points.subject, points.uuid
),
totals AS MATERIALIZED (
    SELECT
        subject,
        sum(expected)::BIGINT AS expected,
        sum(expected - stored)::BIGINT AS missing,
        arg_max(uuid, expected - stored) AS worst,
        max(expected - stored) AS most
    FROM series
    GROUP BY subject
),
offending AS MATERIALIZED (
    SELECT
        printf('%s: %d of %d days, %d of them of %s', subject, missing, expected, most, worst) AS example,
        missing / expected AS weight,
        missing AS rows
    FROM totals
    WHERE missing > expected * $most_missing::DOUBLE
),
looked_at AS (
    SELECT coalesce(sum(expected), 0)::BIGINT AS rows FROM totals
)
