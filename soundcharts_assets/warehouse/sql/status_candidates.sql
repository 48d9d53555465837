-- What all known charts reach, each entity once: the ledger is asked for it once, however many charts it is on. In place
-- of a chart stands the entity's number, since numbers are joined quicker than texts.
, reach AS MATERIALIZED (
    SELECT chart_slug, entity, uuid, charted_at
    FROM soundcharts.reached
),
candidates AS MATERIALIZED (
    SELECT
        row_number() OVER () AS chart_slug,
        entity,
        uuid,
        max(charted_at) AS charted_at,
        NULL::TIMESTAMPTZ AS discovered_at
    FROM reach
    GROUP BY entity, uuid
)
