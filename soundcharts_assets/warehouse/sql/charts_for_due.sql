-- Charts whose runs fetch all due rows: each row is left to that of its charts which has the most of them. Charts are
-- ranked beforehand: with millions of due rows, a greatest text kept for each did not fit into 200 MB.
, weights AS (
    SELECT chart_slug, row_number() OVER (ORDER BY count(*), chart_slug) AS weight
    FROM due
    GROUP BY chart_slug
),
chosen AS (
    SELECT DISTINCT max(weights.weight) AS weight
    FROM due
    JOIN weights ON weights.chart_slug = due.chart_slug
    GROUP BY due.subject, due.uuid
)
SELECT weights.chart_slug
FROM weights
SEMI JOIN chosen ON chosen.weight = weights.weight
