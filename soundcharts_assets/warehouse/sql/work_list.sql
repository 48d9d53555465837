SELECT subject, uuid, status, fetched_at, through_date, attempts
FROM due
ORDER BY fetched_at NULLS FIRST, uuid
