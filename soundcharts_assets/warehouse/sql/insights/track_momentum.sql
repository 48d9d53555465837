SELECT uuid AS track_uuid, * EXCLUDE (uuid, metric)
FROM momentum
