-- Charts with rankings that are wanted, are not stored and need not wait any longer, and how many each.
SELECT regexp_replace(uuid, '@[^@]*$', '') AS chart_slug, count(*) AS unsettled
FROM soundcharts.fetches
WHERE subject = 'chart_rankings'
  AND status <> 'ok'
  AND (not_before IS NULL OR not_before <= $now::TIMESTAMPTZ)
GROUP BY ALL
