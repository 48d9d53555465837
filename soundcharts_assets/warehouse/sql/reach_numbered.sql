-- What was found to be reached, each entity with a number: it is looked up in the ledger once, however many charts reach it.
, entities AS MATERIALIZED (
    SELECT row_number() OVER () AS number, entity, uuid, NULL::TIMESTAMPTZ AS discovered_at
    FROM found
    GROUP BY entity, uuid
),
reach AS MATERIALIZED (
    SELECT found.chart_slug, entities.number, found.charted_at
    FROM found
    JOIN entities ON entities.entity = found.entity AND entities.uuid = found.uuid
)
