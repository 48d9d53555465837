-- Rows that are due as of an instant, each once, whichever charts reach it. What is due is decided by `due` alone.
, offending AS MATERIALIZED (
    SELECT
        concat(
            subject, ' of ', uuid, ' on ', min(chart_slug), ': ',
            coalesce('last settled ' || strftime(any_value(fetched_at), '%Y-%m-%d %H:%M'), 'never settled')
        ) AS example,
        -epoch(coalesce(any_value(fetched_at), to_timestamp(0))) AS weight,
        1 AS rows
    FROM due
    GROUP BY subject, uuid
),
reach AS (
    SELECT DISTINCT entity, uuid
    FROM soundcharts.reached
    SEMI JOIN (SELECT slug FROM soundcharts.charts WHERE followed) AS followed ON followed.slug = reached.chart_slug
),
looked_at AS (
    SELECT count(*) AS rows
    FROM reach
    JOIN wanted ON wanted.entity = reach.entity
)
