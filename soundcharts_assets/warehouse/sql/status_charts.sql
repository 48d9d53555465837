-- Every chart that is known, and how many rankings of it are stored.
SELECT charts.slug, count(rankings.ranked_at) AS rankings
FROM soundcharts.charts AS charts
LEFT JOIN soundcharts.chart_rankings AS rankings ON rankings.chart_slug = charts.slug
GROUP BY charts.slug
ORDER BY charts.slug
