-- What was asked on each of the last days, what it took of the quota, and what was left.
SELECT
    hour::DATE AS day,
    sum(calls)::BIGINT AS calls,
    sum(coalesce(cost, calls))::BIGINT AS requests,
    sum(calls) FILTER (WHERE status NOT LIKE '2%')::BIGINT AS refused,
    min(quota_remaining) AS quota_left
FROM soundcharts.api_calls
WHERE hour >= $today::DATE - $days::INTEGER
GROUP BY day
ORDER BY day
