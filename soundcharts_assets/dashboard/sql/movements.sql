-- The newest ranking of each chart as the insights know it: what is on it, and what has just left.
WITH shown AS (
    SELECT chart_slug, max(ranked_at) AS ranked_at
    FROM soundcharts.chart_movements
    SEMI JOIN (SELECT unnest($charts::VARCHAR[]) AS slug) AS wanted ON wanted.slug = chart_movements.chart_slug
    GROUP BY chart_slug
),
figures AS (
    SELECT entries.chart_slug, entries.track_uuid, arg_min(entries.metric_value, entries.position) AS metric_value
    FROM soundcharts.chart_entries AS entries
    SEMI JOIN shown ON shown.chart_slug = entries.chart_slug AND shown.ranked_at = entries.ranked_at
    GROUP BY entries.chart_slug, entries.track_uuid
)
SELECT
    moves.chart_slug,
    moves.track_uuid,
    moves.movement,
    moves.position,
    moves.previous_position,
    moves.peak_position,
    moves.peak_ranked_at::DATE AS peak_on,
    moves.streak,
    moves.rankings_on_chart,
    moves.first_ranked_at::DATE AS first_on,
    figures.metric_value
FROM soundcharts.chart_movements AS moves
JOIN shown ON shown.chart_slug = moves.chart_slug AND shown.ranked_at = moves.ranked_at
LEFT JOIN figures ON figures.chart_slug = moves.chart_slug AND figures.track_uuid = moves.track_uuid
ORDER BY moves.chart_slug, moves.position NULLS LAST, moves.previous_position, moves.track_uuid
