-- Where tracks chart and charted, from the stored rankings that hold them.
WITH newest AS (
    SELECT chart_slug, max(ranked_at) AS ranked_at
    FROM soundcharts.chart_movements
    GROUP BY chart_slug
),
stays AS (
    SELECT
        track_uuid,
        chart_slug,
        min(ranked_at) AS first_ranked_at,
        arg_min(position, ranked_at) AS first_position,
        min(position) AS best_position,
        arg_max(peak_ranked_at, ranked_at) AS best_ranked_at,
        max(ranked_at) AS last_ranked_at,
        arg_max(position, ranked_at) AS last_position,
        count(*) AS rankings
    FROM soundcharts.chart_movements
    WHERE position IS NOT NULL
    GROUP BY track_uuid, chart_slug
)
SELECT
    stays.track_uuid,
    stays.chart_slug,
    stays.last_ranked_at = newest.ranked_at AS is_on_chart,
    CASE WHEN stays.last_ranked_at = newest.ranked_at THEN stays.last_position END AS position,
    stays.first_ranked_at,
    stays.first_position,
    stays.best_position,
    stays.best_ranked_at,
    stays.last_ranked_at,
    stays.rankings,
    row_number() OVER (
        PARTITION BY stays.track_uuid
        ORDER BY stays.first_ranked_at, stays.first_position, stays.chart_slug
    ) = 1 AS is_first,
    row_number() OVER (
        PARTITION BY stays.track_uuid
        ORDER BY stays.best_position, stays.best_ranked_at, stays.chart_slug
    ) = 1 AS is_best
FROM stays
JOIN newest ON newest.chart_slug = stays.chart_slug
