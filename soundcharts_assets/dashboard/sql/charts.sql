-- The charts that a page may show, those first of which there is most to tell: what stands out on them, then how much
-- moved. As long as any chart is followed, only followed ones count.
WITH newest AS (
    SELECT chart_slug, max(ranked_at) AS ranked_at, min(ranked_at) AS first_ranked_at, count(*) AS rankings
    FROM soundcharts.chart_rankings
    GROUP BY chart_slug
),
known AS (
    SELECT chart_slug, max(ranked_at) AS ranked_at
    FROM soundcharts.chart_movements
    GROUP BY chart_slug
),
news AS (
    SELECT
        moves.chart_slug,
        any_value(moves.previous_ranked_at) AS previous_ranked_at,
        count(moves.position) AS places,
        coalesce(sum(notable.score), 0) AS score,
        count(*) FILTER (WHERE moves.movement IN ('new', 're-entry', 'exit') OR abs(moves.change) >= 10) AS moved
    FROM soundcharts.chart_movements AS moves
    JOIN known ON known.chart_slug = moves.chart_slug AND known.ranked_at = moves.ranked_at
    LEFT JOIN soundcharts.notable AS notable ON notable.entity = 'track' AND notable.uuid = moves.track_uuid
    GROUP BY moves.chart_slug
)
SELECT
    charts.slug,
    coalesce(charts.name, charts.slug) AS name,
    coalesce(charts.platform, '') AS platform,
    charts.frequency,
    coalesce(charts.country_code, '') AS country_code,
    coalesce(charts.country_name, '') AS country,
    coalesce(charts.city_name, '') AS city,
    charts.metric,
    charts.web_url,
    newest.ranked_at AS stored_ranked_at,
    coalesce(newest.rankings, 0) AS rankings,
    newest.first_ranked_at,
    known.ranked_at,
    news.previous_ranked_at,
    coalesce(news.places, 0) AS places
FROM soundcharts.charts AS charts
LEFT JOIN newest ON newest.chart_slug = charts.slug
LEFT JOIN known ON known.chart_slug = charts.slug
LEFT JOIN news ON news.chart_slug = charts.slug
WHERE charts.followed OR NOT EXISTS (SELECT 1 FROM soundcharts.charts WHERE followed)
ORDER BY newest.ranked_at IS NULL, news.score DESC NULLS LAST, news.moved DESC NULLS LAST, charts.slug
