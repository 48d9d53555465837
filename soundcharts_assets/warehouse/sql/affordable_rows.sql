SELECT uuid
FROM counted
WHERE subject = $subject
ORDER BY spent
