-- What a chart reaches: the tracks in its stored entries and the artists credited on them, and when each last charted
-- there. A chart whose cascade is off reaches nothing. Rows are owned by no chart: what several charts reach is stored,
-- and fetched, once.
CREATE OR REPLACE VIEW soundcharts.reached AS
WITH tracks AS (
    SELECT entries.chart_slug, entries.track_uuid AS uuid, max(entries.ranked_at) AS charted_at
    FROM soundcharts.chart_entries AS entries
    SEMI JOIN (SELECT slug FROM soundcharts.charts WHERE charts.cascade) AS cascading
        ON cascading.slug = entries.chart_slug
    GROUP BY entries.chart_slug, entries.track_uuid
)
SELECT chart_slug, 'tracks' AS entity, uuid, charted_at
FROM tracks
UNION ALL
SELECT tracks.chart_slug, 'artists' AS entity, credits.artist_uuid AS uuid, max(tracks.charted_at) AS charted_at
FROM tracks
JOIN soundcharts.track_artists AS credits ON credits.track_uuid = tracks.uuid
GROUP BY tracks.chart_slug, credits.artist_uuid
