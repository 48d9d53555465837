-- What is known of artists.
SELECT
    artists.uuid,
    artists.name,
    coalesce(artists.country_code, '') AS country_code,
    artists.city_name,
    artists.type,
    artists.career_stage,
    artists.growth_level,
    genres.genres
FROM soundcharts.artists AS artists
SEMI JOIN (SELECT unnest($artists::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = artists.uuid
LEFT JOIN (
    SELECT artist_uuid, list(DISTINCT root ORDER BY root) AS genres
    FROM soundcharts.artist_genres
    GROUP BY artist_uuid
) AS genres ON genres.artist_uuid = artists.uuid
