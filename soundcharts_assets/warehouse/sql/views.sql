-- What a chart reaches: the tracks in its stored entries and the artists credited on them. A chart whose cascade is off
-- reaches nothing. Rows are owned by no chart: what several charts reach is stored, and fetched, once.
CREATE OR REPLACE VIEW soundcharts.reached AS
WITH tracks AS (
    SELECT DISTINCT charts.slug AS chart_slug, entries.track_uuid AS uuid
    FROM soundcharts.charts AS charts
    JOIN soundcharts.chart_entries AS entries ON entries.chart_slug = charts.slug
    WHERE charts.cascade
)
SELECT chart_slug, 'tracks' AS entity, uuid
FROM tracks
UNION ALL
SELECT DISTINCT tracks.chart_slug, 'artists' AS entity, credits.artist_uuid AS uuid
FROM tracks
JOIN soundcharts.track_artists AS credits ON credits.track_uuid = tracks.uuid
