-- The series, and how many figures each has.
SELECT number, platform, metric, any_value(is_count) AS is_count, count(*) AS figures
FROM shown_series
GROUP BY number, platform, metric
ORDER BY number, platform, metric
