-- Charts whose runs fetch all due rows: each row is left to that of its charts which has the most of them.
, weights AS (
    SELECT chart_slug, row_number() OVER (ORDER BY sum(due * bit_count(assets)), chart_slug) AS weight
    FROM by_chart
    GROUP BY chart_slug
),
chosen AS (
    SELECT DISTINCT max(weights.weight) AS weight
    FROM reached_due
    JOIN weights ON weights.chart_slug = reached_due.chart_slug
    GROUP BY reached_due.number, reached_due.charted_since
)
SELECT weights.chart_slug
FROM weights
SEMI JOIN chosen ON chosen.weight = weights.weight
