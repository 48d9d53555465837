-- What is known of tracks.
SELECT
    tracks.uuid,
    tracks.name,
    tracks.credit_name,
    tracks.release_date,
    tracks.labels[1].name AS label,
    tracks.distributor,
    tracks.isrc,
    tracks.duration_seconds,
    tracks.explicit,
    tracks.language_code,
    tracks.composers,
    tracks.producers,
    genres.genres
FROM soundcharts.tracks AS tracks
SEMI JOIN (SELECT unnest($tracks::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = tracks.uuid
LEFT JOIN (
    SELECT track_uuid, list(DISTINCT root ORDER BY root) AS genres
    FROM soundcharts.track_genres
    GROUP BY track_uuid
) AS genres ON genres.track_uuid = tracks.uuid
