-- Where tracks chart and charted.
SELECT
    chart_slug,
    track_uuid,
    position,
    first_ranked_at::DATE AS first_on,
    first_position,
    best_position,
    best_ranked_at::DATE AS best_on,
    last_ranked_at::DATE AS last_on,
    rankings,
    is_first,
    is_best
FROM soundcharts.cross_chart
SEMI JOIN (SELECT unnest($tracks::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = cross_chart.track_uuid
ORDER BY track_uuid, position NULLS LAST, best_position, chart_slug
