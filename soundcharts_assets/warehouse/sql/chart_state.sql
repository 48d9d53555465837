-- Rankings of a chart that are stored, and what the ledger says of those it knows.
SELECT ranked_at, seen_at, NULL AS uuid, NULL AS status, NULL AS not_before, NULL AS attempts, NULL AS fetched_at
FROM soundcharts.chart_rankings
WHERE chart_slug = $chart
UNION ALL
SELECT NULL, NULL, uuid, status, not_before, attempts, fetched_at
FROM soundcharts.fetches
WHERE subject = 'chart_rankings' AND starts_with(uuid, $chart || '@')
