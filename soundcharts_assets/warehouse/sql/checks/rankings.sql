-- Every stored ranking by what was announced and what is there: `announced` is null where entries have no ranking.
WITH counted AS (
    SELECT
        chart_slug,
        ranked_at,
        count(DISTINCT position) AS places,
        min(position) AS first_place,
        max(position) AS last_place
    FROM soundcharts.chart_entries
    GROUP BY chart_slug, ranked_at
),
rankings AS MATERIALIZED (
    SELECT
        coalesce(announced.chart_slug, counted.chart_slug) AS chart_slug,
        coalesce(announced.ranked_at, counted.ranked_at) AS ranked_at,
        announced.entry_count AS announced,
        coalesce(counted.places, 0) AS places,
        counted.first_place,
        counted.last_place
    FROM soundcharts.chart_rankings AS announced
    FULL JOIN counted ON counted.chart_slug = announced.chart_slug AND counted.ranked_at = announced.ranked_at
),
looked_at AS (
    SELECT count(*) AS rows FROM rankings
)
