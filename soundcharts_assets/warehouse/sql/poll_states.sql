-- What is known of charts with regard to polling: the newest ranking seen and stored, when it was last asked for, and how
-- long after their stamps the last rankings were first seen, and were asked for in vain before. The first one ever seen
-- says nothing of that: it was there before. Nor does a poll that saw the ranking before, or missed one that never came.
WITH seen AS (
    SELECT
        chart_slug,
        ranked_at,
        seen_at,
        unseen_at,
        epoch(ranked_at - lag(ranked_at) OVER earlier) AS gap,
        lag(seen_at) OVER earlier AS seen_before,
        row_number() OVER (PARTITION BY chart_slug ORDER BY ranked_at DESC) AS age
    FROM soundcharts.chart_rankings
    WHERE seen_at IS NOT NULL
    WINDOW earlier AS (PARTITION BY chart_slug ORDER BY ranked_at)
),
recent AS (
    SELECT *, min(gap) OVER (PARTITION BY chart_slug) AS usual_gap
    FROM seen
    WHERE age <= 7
),
habits AS (
    SELECT
        chart_slug,
        list(seen_at - ranked_at ORDER BY age) AS seen_after,
        list(CASE WHEN unseen_at > seen_before AND gap < 1.5 * usual_gap THEN unseen_at - ranked_at END ORDER BY age)
            AS unseen_after
    FROM recent
    WHERE seen_before IS NOT NULL
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
    coalesce(habits.seen_after, []) AS seen_after,
    coalesce(habits.unseen_after, []) AS unseen_after,
    coalesce(ledger.attempts, 0) AS attempts,
    charts.max_results AS places
FROM wanted
LEFT JOIN soundcharts.charts AS charts ON charts.slug = wanted.slug
LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = 'charts' AND ledger.uuid = wanted.slug
LEFT JOIN stored ON stored.chart_slug = wanted.slug
LEFT JOIN habits ON habits.chart_slug = wanted.slug
