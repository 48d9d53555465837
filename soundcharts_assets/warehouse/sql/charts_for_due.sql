-- Charts whose runs fetch all due rows: each row is left to that of its charts which has the most of them.
, weights AS (
    SELECT chart_slug, count(*) AS rows_due
    FROM due
    GROUP BY chart_slug
)
SELECT DISTINCT arg_max(due.chart_slug, {'rows_due': weights.rows_due, 'slug': due.chart_slug}) AS chart_slug
FROM due
JOIN weights ON weights.chart_slug = due.chart_slug
GROUP BY due.subject, due.uuid
