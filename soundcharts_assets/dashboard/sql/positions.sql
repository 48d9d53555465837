-- Where each track stood in these rankings.
SELECT
    moves.chart_slug,
    moves.track_uuid,
    list(shown.number ORDER BY shown.number) AS numbers,
    list(moves.position ORDER BY shown.number) AS positions
FROM soundcharts.chart_movements AS moves
JOIN shown_rankings AS shown ON shown.chart_slug = moves.chart_slug AND shown.ranked_at = moves.ranked_at
WHERE moves.position IS NOT NULL
GROUP BY moves.chart_slug, moves.track_uuid
ORDER BY moves.chart_slug, min(moves.position), moves.track_uuid
