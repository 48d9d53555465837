-- The last rankings of each chart, numbered from the oldest of them.
CREATE OR REPLACE TEMP TABLE shown_rankings AS
SELECT
    chart_slug,
    ranked_at,
    row_number() OVER (PARTITION BY chart_slug ORDER BY ranked_at) - 1 AS number
FROM (
    SELECT DISTINCT chart_slug, ranked_at
    FROM soundcharts.chart_movements
    SEMI JOIN (SELECT unnest($charts::VARCHAR[]) AS slug) AS wanted ON wanted.slug = chart_movements.chart_slug
    WHERE position IS NOT NULL
)
QUALIFY row_number() OVER (PARTITION BY chart_slug ORDER BY ranked_at DESC) <= $rankings
