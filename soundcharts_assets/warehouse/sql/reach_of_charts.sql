-- What the given charts reach.
, reach AS MATERIALIZED (
    SELECT chart_slug, entity, uuid, charted_at, NULL::TIMESTAMPTZ AS discovered_at
    FROM soundcharts.reached
    WHERE list_contains($charts::VARCHAR[], chart_slug)
)
