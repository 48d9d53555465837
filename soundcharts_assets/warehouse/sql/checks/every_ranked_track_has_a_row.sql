-- Tracks on stored rankings that have no row.
WITH ranked AS MATERIALIZED (
    SELECT track_uuid, count(*) AS places, any_value(chart_slug) AS chart_slug
    FROM soundcharts.chart_entries
    GROUP BY track_uuid
),
offending AS MATERIALIZED (
    SELECT printf('track %s, ranked on %s', track_uuid, chart_slug) AS example, places AS weight, 1 AS rows
    FROM ranked
    ANTI JOIN soundcharts.tracks AS tracks ON tracks.uuid = ranked.track_uuid
),
looked_at AS (
    SELECT count(*) AS rows FROM ranked
)
