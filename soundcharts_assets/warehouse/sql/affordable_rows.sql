SELECT uuid
FROM affordable
WHERE subject = $subject
ORDER BY spent
