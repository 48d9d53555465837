-- What became of each track from one stored ranking of a chart to the next. Only stored rankings speak: what the API
-- says of earlier places and entries is left aside.
WITH rankings AS (
    SELECT
        chart_slug,
        ranked_at,
        fetched_at,
        row_number() OVER earlier AS number,
        lag(ranked_at) OVER earlier AS previous_ranked_at
    FROM soundcharts.chart_rankings
    SEMI JOIN changed ON changed.slug = chart_rankings.chart_slug
    -- A ranking without a place stored says nothing about who left.
    SEMI JOIN soundcharts.chart_entries AS entries
        ON entries.chart_slug = chart_rankings.chart_slug AND entries.ranked_at = chart_rankings.ranked_at
    WINDOW earlier AS (PARTITION BY chart_slug ORDER BY ranked_at)
),
places AS (
    SELECT
        rankings.chart_slug,
        rankings.number,
        rankings.ranked_at,
        rankings.previous_ranked_at,
        rankings.fetched_at,
        entries.track_uuid,
        min(entries.position) AS position
    FROM rankings
    JOIN soundcharts.chart_entries AS entries
        ON entries.chart_slug = rankings.chart_slug AND entries.ranked_at = rankings.ranked_at
    GROUP BY ALL
),
histories AS (
    SELECT
        *,
        lag(number) OVER track AS last_number,
        lag(position) OVER track AS last_position,
        lead(number) OVER track AS next_number,
        min(position) OVER track AS peak_position,
        row_number() OVER track AS rankings_on_chart,
        first_value(ranked_at) OVER track AS first_ranked_at,
        -- Equal for rankings in a row, and other after a gap.
        number - row_number() OVER track AS stay
    FROM places
    WINDOW track AS (PARTITION BY chart_slug, track_uuid ORDER BY number ROWS UNBOUNDED PRECEDING)
),
stays AS (
    SELECT
        *,
        first_value(ranked_at) OVER (
            PARTITION BY chart_slug, track_uuid, peak_position ORDER BY number
        ) AS peak_ranked_at,
        row_number() OVER (PARTITION BY chart_slug, track_uuid, stay ORDER BY number) AS streak,
        last_number = number - 1 AS was_on_it
    FROM histories
)
SELECT
    chart_slug,
    ranked_at,
    track_uuid,
    CASE
        WHEN number = 1 THEN NULL
        WHEN last_number IS NULL THEN 'new'
        WHEN NOT was_on_it THEN 're-entry'
        WHEN position < last_position THEN 'up'
        WHEN position > last_position THEN 'down'
        ELSE 'steady'
    END AS movement,
    position,
    CASE WHEN was_on_it THEN last_position END AS previous_position,
    CASE WHEN was_on_it THEN last_position - position END AS change,
    previous_ranked_at,
    peak_position,
    peak_ranked_at,
    streak,
    rankings_on_chart,
    first_ranked_at,
    fetched_at
FROM stays
UNION ALL
SELECT
    stays.chart_slug,
    left_at.ranked_at,
    stays.track_uuid,
    'exit' AS movement,
    NULL AS position,
    stays.position AS previous_position,
    NULL AS change,
    stays.ranked_at AS previous_ranked_at,
    stays.peak_position,
    stays.peak_ranked_at,
    0 AS streak,
    stays.rankings_on_chart,
    stays.first_ranked_at,
    left_at.fetched_at
FROM stays
JOIN rankings AS left_at ON left_at.chart_slug = stays.chart_slug AND left_at.number = stays.number + 1
WHERE stays.next_number IS DISTINCT FROM stays.number + 1
