-- What the given charts reach.
, found AS MATERIALIZED (
    SELECT chart_slug, entity, uuid, charted_at
    FROM soundcharts.reached
    WHERE list_contains($charts::VARCHAR[], chart_slug)
)
