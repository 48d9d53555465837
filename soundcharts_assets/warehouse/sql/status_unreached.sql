-- Tracks and artists that are stored and that none of the given charts reaches.
WITH charted AS MATERIALIZED (
    SELECT DISTINCT entries.track_uuid
    FROM soundcharts.chart_entries AS entries
    SEMI JOIN (SELECT unnest($charts::VARCHAR[]) AS slug) AS cascading ON cascading.slug = entries.chart_slug
),
credited AS (
    SELECT DISTINCT credits.artist_uuid
    FROM soundcharts.track_artists AS credits
    SEMI JOIN charted ON charted.track_uuid = credits.track_uuid
)
SELECT 'tracks' AS entity, count(*) AS unreached
FROM soundcharts.tracks
ANTI JOIN charted ON charted.track_uuid = tracks.uuid
UNION ALL
SELECT 'artists' AS entity, count(*) AS unreached
FROM soundcharts.artists
ANTI JOIN credited ON credited.artist_uuid = artists.uuid
