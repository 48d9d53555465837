-- The figures of one series after the other, in the same order.
SELECT day, value
FROM shown_series
ORDER BY number, platform, metric, day
