-- How followed charts stand.
SELECT chart_slug, health, reason, next_expected
FROM soundcharts.chart_health
