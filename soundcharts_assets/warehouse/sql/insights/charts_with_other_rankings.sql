-- Some charts of which some ranking was stored, or fetched again, since movements were made of it, or is not there any
-- more.
SELECT DISTINCT coalesce(stored.chart_slug, made.chart_slug) AS slug
FROM (
    SELECT rankings.chart_slug, rankings.ranked_at, rankings.fetched_at
    FROM soundcharts.chart_rankings AS rankings
    SEMI JOIN soundcharts.chart_entries AS entries
        ON entries.chart_slug = rankings.chart_slug AND entries.ranked_at = rankings.ranked_at
) AS stored
FULL JOIN (
    SELECT DISTINCT chart_slug, ranked_at, fetched_at
    FROM soundcharts.chart_movements
) AS made
    ON made.chart_slug = stored.chart_slug
    AND made.ranked_at = stored.ranked_at
    AND made.fetched_at = stored.fetched_at
WHERE made.chart_slug IS NULL OR stored.chart_slug IS NULL
ORDER BY slug
LIMIT $most
