-- What all known charts reach, followed or not.
, found AS MATERIALIZED (
    SELECT chart_slug, entity, uuid, charted_at
    FROM soundcharts.reached
)
