-- An artist charts when a track of theirs does. `touched` holds the tracks of this batch, whether a ranking named them
-- or their credits were stored: either may come first.
UPDATE soundcharts.artists AS artists
SET last_charted_at = newest.charted_at
FROM (
    SELECT credits.artist_uuid, max(tracks.last_charted_at) AS charted_at
    FROM touched
    JOIN soundcharts.tracks AS tracks ON tracks.uuid = touched.uuid
    JOIN soundcharts.track_artists AS credits ON credits.track_uuid = tracks.uuid
    GROUP BY credits.artist_uuid
) AS newest
WHERE artists.uuid = newest.artist_uuid
  AND (artists.last_charted_at IS NULL OR artists.last_charted_at < newest.charted_at)
