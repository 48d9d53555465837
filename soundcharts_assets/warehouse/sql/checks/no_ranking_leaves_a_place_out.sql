-- Rankings that hold as many entries as Soundcharts sent, on places that are not 1 to that many.
, offending AS MATERIALIZED (
    SELECT
        printf(
            '%s of %s: %d entries on places %d to %d',
            chart_slug, strftime(ranked_at, '%Y-%m-%d %H:%M'), places, first_place, last_place
        ) AS example,
        last_place - places AS weight,
        1 AS rows
    FROM rankings
    WHERE announced = places AND first_place >= 1 AND last_place > places
)
