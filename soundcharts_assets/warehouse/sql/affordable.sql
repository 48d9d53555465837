-- Of all due rows those that the room left by the budget covers, in the order of their worth: never fetched before stale,
-- charting before not, by best place; metadata before series; then the stalest.
, newest AS (
    SELECT chart_slug, max(ranked_at) AS ranked_at
    FROM soundcharts.chart_rankings
    GROUP BY chart_slug
),
places AS (
    SELECT entries.track_uuid AS uuid, min(entries.position) AS place
    FROM soundcharts.chart_entries AS entries
    JOIN newest ON newest.chart_slug = entries.chart_slug AND newest.ranked_at = entries.ranked_at
    JOIN soundcharts.charts AS charts ON charts.slug = entries.chart_slug AND charts.cascade AND charts.followed
    GROUP BY entries.track_uuid
),
charting AS (
    SELECT 'tracks' AS entity, uuid, place FROM places
    UNION ALL
    SELECT 'artists' AS entity, credits.artist_uuid AS uuid, min(places.place) AS place
    FROM places
    JOIN soundcharts.track_artists AS credits ON credits.track_uuid = places.uuid
    GROUP BY credits.artist_uuid
),
worthiest AS (
    SELECT due.*, charting.place
    FROM due
    LEFT JOIN charting ON charting.entity = due.entity AND charting.uuid = due.uuid
    ORDER BY
        due.fetched_at IS NOT NULL,
        charting.place NULLS LAST,
        due.subject <> due.entity,
        due.fetched_at,
        due.subject,
        due.uuid
    -- So many of the cheapest ones the room would cover: the others need neither be kept nor added up.
    LIMIT $most
),
ranked AS (
    SELECT
        worthiest.*,
        sum(cost) OVER (
            ORDER BY fetched_at IS NOT NULL, place NULLS LAST, subject <> entity, fetched_at, subject, uuid
            ROWS UNBOUNDED PRECEDING
        ) AS spent
    FROM worthiest
),
counted AS MATERIALIZED (
    -- A share of a batch is a fraction of a call, and fractions add up with a trace of error.
    SELECT number, asset, subject, charted_since, uuid, spent
    FROM ranked
    WHERE spent <= $room::DOUBLE + 1e-6
),
everything AS (
    SELECT coalesce(sum(cost), 0) <= $room::DOUBLE + 1e-6 AS is_covered FROM due
)
