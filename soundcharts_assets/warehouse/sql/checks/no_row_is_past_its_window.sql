-- Rows that are due as of an instant, each once, whichever charts reach it. What is due is decided by `due` alone.
, homes AS (
    SELECT number, min(chart_slug) AS chart_slug
    FROM reach
    GROUP BY number
),
offending AS MATERIALIZED (
    SELECT
        concat(
            due.subject, ' of ', due.uuid, ' on ', homes.chart_slug, ': ',
            coalesce('last settled ' || strftime(due.fetched_at, '%Y-%m-%d %H:%M'), 'never settled')
        ) AS example,
        -epoch(coalesce(due.fetched_at, to_timestamp(0))) AS weight,
        1 AS rows
    FROM due
    JOIN homes ON homes.number = due.number
),
followed AS (
    SELECT DISTINCT entity, uuid
    FROM soundcharts.reached
    SEMI JOIN (SELECT slug FROM soundcharts.charts WHERE followed) AS charts ON charts.slug = reached.chart_slug
),
looked_at AS (
    SELECT count(*) AS rows
    FROM followed
    JOIN wanted ON wanted.entity = followed.entity
)
