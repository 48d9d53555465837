-- Of the given series, whose values are totals so far, those that fell from one day to the next stored one by more than
-- a share of their value. Series are told apart by a hash, which takes a quarter of the memory; names are looked up last.
WITH points AS (
    SELECT
        hash(track_uuid, platform, identifier) AS series,
        track_uuid AS uuid,
        'track_audience/' || platform AS subject,
        date,
        value
    FROM soundcharts.track_audience
    WHERE date >= $since::DATE AND list_contains($track_platforms::VARCHAR[], platform)
    UNION ALL
    SELECT
        hash(artist_uuid, platform) AS series,
        artist_uuid AS uuid,
        'artist_audience/' || platform AS subject,
        date,
        views AS value
    FROM soundcharts.artist_audience
    WHERE date >= $since::DATE AND list_contains($artist_platforms::VARCHAR[], platform) AND views IS NOT NULL
),
steps AS (
    SELECT series, date, value, lag(value) OVER (PARTITION BY series ORDER BY date) AS before
    FROM points
),
fallen AS MATERIALIZED (
    SELECT series, date, before
    FROM steps
    WHERE value < before * (1 - $largest_fall::DOUBLE)
),
offending AS MATERIALIZED (
    SELECT
        concat(points.subject, ' of ', points.uuid, ', ', points.date, ': ', fallen.before, ' to ', points.value)
            AS example,
        1 - points.value / fallen.before AS weight,
        1 AS rows
    FROM points
    JOIN fallen ON fallen.series = points.series AND fallen.date = points.date
),
looked_at AS (
    SELECT count(*) AS rows FROM points
)
