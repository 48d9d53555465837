-- Root genres of stored rankings. A track of two genres counts for each by half.
WITH genres AS (
    SELECT DISTINCT track_uuid, root AS genre
    FROM soundcharts.track_genres
),
weighed AS (
    SELECT track_uuid, genre, 1 / count(*) OVER (PARTITION BY track_uuid) AS weight
    FROM genres
),
places AS (
    SELECT chart_slug, ranked_at, track_uuid, min(position) AS position
    FROM soundcharts.chart_entries
    GROUP BY chart_slug, ranked_at, track_uuid
),
shares AS (
    SELECT
        places.chart_slug,
        places.ranked_at,
        coalesce(weighed.genre, '') AS genre,
        count(*) AS tracks,
        sum(coalesce(weighed.weight, 1)) AS weight,
        min(places.position) AS best_position
    FROM places
    LEFT JOIN weighed ON weighed.track_uuid = places.track_uuid
    GROUP BY ALL
)
SELECT
    chart_slug,
    ranked_at,
    genre,
    tracks,
    weight / sum(weight) OVER (PARTITION BY chart_slug, ranked_at) AS share,
    best_position
FROM shares
