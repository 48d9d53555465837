-- What all known charts reach, followed or not.
, reach AS MATERIALIZED (
    SELECT chart_slug, entity, uuid, charted_at, NULL::TIMESTAMPTZ AS discovered_at
    FROM soundcharts.reached
)
