-- What all known charts reach, followed or not.
, found AS MATERIALIZED (
    SELECT chart_slug, entity, uuid, charted_at
    FROM soundcharts.reached
),
entities AS MATERIALIZED (
    SELECT row_number() OVER () AS number, entity, uuid, NULL::TIMESTAMPTZ AS discovered_at
    FROM found
    GROUP BY entity, uuid
),
reach AS MATERIALIZED (
    SELECT found.chart_slug, entities.number, found.charted_at
    FROM found
    JOIN entities ON entities.entity = found.entity AND entities.uuid = found.uuid
)
