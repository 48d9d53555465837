-- Who is credited on tracks, in the order of the credits.
SELECT credits.track_uuid, list(credits.artist_uuid ORDER BY credits.ordinal, credits.artist_uuid) AS artists
FROM soundcharts.track_artists AS credits
SEMI JOIN soundcharts.artists AS artists ON artists.uuid = credits.artist_uuid
SEMI JOIN (SELECT unnest($tracks::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = credits.track_uuid
GROUP BY credits.track_uuid
