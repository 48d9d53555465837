-- Artists credited on tracks that have no row.
WITH credited AS MATERIALIZED (
    SELECT artist_uuid, count(*) AS credits, any_value(track_uuid) AS track_uuid
    FROM soundcharts.track_artists
    GROUP BY artist_uuid
),
offending AS MATERIALIZED (
    SELECT printf('artist %s, credited on track %s', artist_uuid, track_uuid) AS example, credits AS weight, 1 AS rows
    FROM credited
    ANTI JOIN soundcharts.artists AS artists ON artists.uuid = credited.artist_uuid
),
looked_at AS (
    SELECT count(*) AS rows FROM credited
)
