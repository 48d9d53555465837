-- Rankings whose entries are not those that were stored with them: fewer or more, or on a place below the first.
, offending AS MATERIALIZED (
    SELECT
        concat(
            chart_slug, ' of ', strftime(ranked_at, '%Y-%m-%d %H:%M'), ': ',
            CASE
                WHEN announced IS NULL THEN 'entries without a ranking'
                WHEN first_place < 1 THEN 'place ' || first_place
                ELSE printf('%d of %d places', places, announced)
            END
        ) AS example,
        abs(coalesce(announced, 0) - places) AS weight,
        1 AS rows
    FROM rankings
    WHERE announced IS NULL OR announced <> places OR first_place < 1
)
