-- Of the given series, whose values are totals so far, those that fell from one day to the next stored one by more than
-- a share of their value.
WITH points AS (
    SELECT track_uuid AS uuid, 'track_audience/' || platform AS subject, identifier, date, value
    FROM soundcharts.track_audience
    WHERE date >= $since::DATE AND list_contains($subjects::VARCHAR[], 'track_audience/' || platform)
    UNION ALL
    SELECT artist_uuid AS uuid, 'artist_audience/' || platform AS subject, '' AS identifier, date, views AS value
    FROM soundcharts.artist_audience
    WHERE date >= $since::DATE
      AND views IS NOT NULL
      AND list_contains($subjects::VARCHAR[], 'artist_audience/' || platform)
),
steps AS (
    SELECT *, lag(value) OVER (PARTITION BY uuid, subject, identifier ORDER BY date) AS before
    FROM points
),
offending AS MATERIALIZED (
    SELECT
        concat(subject, ' of ', uuid, ', ', date, ': ', before, ' to ', value) AS example,
        1 - value / before AS weight,
        1 AS rows
    FROM steps
    WHERE value < before * (1 - $largest_fall::DOUBLE)
),
looked_at AS (
    SELECT count(*) AS rows FROM points
)
