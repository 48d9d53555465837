SELECT by_chart.chart_slug, wanted.subject, sum(by_chart.due)::BIGINT AS due
FROM by_chart
JOIN wanted ON (by_chart.assets >> wanted.asset) & 1 = 1
GROUP BY by_chart.chart_slug, wanted.subject
