SELECT uuid AS artist_uuid, * EXCLUDE (uuid)
FROM momentum
