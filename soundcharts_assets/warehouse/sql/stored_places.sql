-- Places of a stored ranking that the ledger knows as settled; a row of nulls where it has none.
SELECT entries.position, entries.track_uuid, entries.metric_value
FROM soundcharts.chart_rankings AS rankings
LEFT JOIN soundcharts.chart_entries AS entries
    ON entries.chart_slug = rankings.chart_slug AND entries.ranked_at = rankings.ranked_at
WHERE rankings.chart_slug = $chart
  AND rankings.ranked_at = $ranked_at::TIMESTAMPTZ
  AND EXISTS (FROM soundcharts.fetches WHERE subject = 'chart_rankings' AND uuid = $uuid AND status = 'ok')
