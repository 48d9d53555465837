SELECT due.chart_slug, due.subject, count(*) AS due
FROM due
JOIN affordable ON affordable.subject = due.subject AND affordable.uuid = due.uuid
GROUP BY due.chart_slug, due.subject
