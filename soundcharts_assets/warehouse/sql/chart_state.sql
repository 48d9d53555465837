-- Rankings of a chart that are stored, and what the ledger says of those that are wanted and not stored.
SELECT ranked_at, NULL AS uuid, 'ok' AS status, NULL AS not_before, 0 AS attempts
FROM soundcharts.chart_rankings
WHERE chart_slug = $chart
UNION ALL
SELECT NULL, uuid, status, not_before, attempts
FROM soundcharts.fetches
WHERE subject = 'chart_rankings' AND status <> 'ok' AND starts_with(uuid, $chart || '@')
