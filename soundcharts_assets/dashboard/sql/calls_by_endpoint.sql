-- What was asked of each endpoint in the last days, by what came back.
SELECT endpoint, status, sum(calls)::BIGINT AS calls, sum(coalesce(cost, calls))::BIGINT AS requests
FROM soundcharts.api_calls
WHERE hour >= $today::DATE - $days::INTEGER
GROUP BY endpoint, status
ORDER BY endpoint, status
