-- The same for what is asked of charts themselves: polls, lists of rankings, and the rankings that are wanted. A ranking
-- that is stored is never old.
SELECT
    CASE WHEN subject = 'chart_rankings' THEN regexp_replace(uuid, '@[^@]*$', '') ELSE uuid END AS chart_slug,
    subject,
    status,
    count(*) AS reached,
    count(*) FILTER (
        WHERE subject = 'chart_rankings' AND status <> 'ok' AND (not_before IS NULL OR not_before <= $now::TIMESTAMPTZ)
    ) AS due,
    min(fetched_at) FILTER (WHERE subject = 'charts') AS oldest
FROM soundcharts.fetches
WHERE subject IN ('charts', 'available_rankings', 'chart_rankings')
GROUP BY ALL
