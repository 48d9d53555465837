-- Of all due rows those that the room left by the budget covers, in the order of their worth: never fetched before stale,
-- charting before not, by best place; metadata before series; then the stalest. A row that several charts reach counts
-- once.
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
once AS (
    SELECT subject, entity, uuid, any_value(cost) AS cost, any_value(fetched_at) AS fetched_at
    FROM due
    GROUP BY subject, entity, uuid
),
ranked AS (
    SELECT
        once.subject,
        once.uuid,
        sum(once.cost) OVER (
            ORDER BY
                once.fetched_at IS NOT NULL,
                charting.place NULLS LAST,
                once.subject <> once.entity,
                once.fetched_at,
                once.subject,
                once.uuid
            ROWS UNBOUNDED PRECEDING
        ) AS spent
    FROM once
    LEFT JOIN charting ON charting.entity = once.entity AND charting.uuid = once.uuid
),
affordable AS (
    -- A share of a batch is a fraction of a call, and fractions add up with a trace of error.
    SELECT subject, uuid, spent FROM ranked WHERE spent <= $room::DOUBLE + 1e-6
)
