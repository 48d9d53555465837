-- What is known of charts with regard to polling: the newest ranking seen and stored, when it was last asked for, how long
-- after their stamps the last rankings were first seen. The first one seen says nothing of that: it was there before.
WITH seen AS (
    SELECT
        chart_slug,
        seen_at - ranked_at AS delay,
        row_number() OVER (PARTITION BY chart_slug ORDER BY ranked_at DESC) AS age,
        row_number() OVER (PARTITION BY chart_slug ORDER BY seen_at) AS place
    FROM soundcharts.chart_rankings
    WHERE seen_at IS NOT NULL
),
delays AS (
    SELECT chart_slug, list(delay) AS delays
    FROM seen
    WHERE age <= 7 AND place > 1
    GROUP BY chart_slug
),
stored AS (
    SELECT chart_slug, max(ranked_at) AS newest
    FROM soundcharts.chart_rankings
    GROUP BY chart_slug
),
wanted AS (
    SELECT unnest($charts::VARCHAR[]) AS slug
)
SELECT
    wanted.slug,
    concat_ws(', ', charts.name, charts.platform, coalesce(nullif(charts.city_name, ''), charts.country_name)) AS title,
    charts.frequency,
    ledger.fetched_at AS polled_at,
    CASE WHEN ledger.status NOT IN ('ok', 'empty', 'not_found') THEN ledger.not_before END AS waits_until,
    charts.latest_ranked_at AS newest_seen,
    stored.newest AS newest_stored,
    coalesce(delays.delays, []) AS delays,
    coalesce(ledger.attempts, 0) AS attempts,
    charts.max_results AS places
FROM wanted
LEFT JOIN soundcharts.charts AS charts ON charts.slug = wanted.slug
LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = 'charts' AND ledger.uuid = wanted.slug
LEFT JOIN stored ON stored.chart_slug = wanted.slug
LEFT JOIN delays ON delays.chart_slug = wanted.slug
