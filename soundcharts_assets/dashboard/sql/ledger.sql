-- How the last attempt at everything ended, by kind of thing.
SELECT subject, status, count(*) AS rows, min(fetched_at) AS oldest, max(fetched_at) AS newest
FROM soundcharts.fetches
WHERE subject NOT IN ('breaker', 'spool', 'chart_catalogue')
GROUP BY subject, status
ORDER BY subject, status
