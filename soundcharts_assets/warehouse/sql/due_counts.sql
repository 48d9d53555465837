SELECT chart_slug, subject, count(*) AS due
FROM due
GROUP BY chart_slug, subject
