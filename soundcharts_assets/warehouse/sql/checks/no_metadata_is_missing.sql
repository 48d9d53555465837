-- Tracks and artists that followed charts reach and that have no metadata: although the ledger has it for settled, or
-- long after they were discovered. Those that Soundcharts does not know, or knows no more, have none to be had.
WITH reach AS (
    SELECT DISTINCT entity, uuid
    FROM soundcharts.reached
    SEMI JOIN (SELECT slug FROM soundcharts.charts WHERE followed) AS followed ON followed.slug = reached.chart_slug
),
known AS (
    SELECT 'tracks' AS entity, uuid, discovered_at, fetched_at FROM soundcharts.tracks
    UNION ALL
    SELECT 'artists' AS entity, uuid, discovered_at, fetched_at FROM soundcharts.artists
),
wanted AS MATERIALIZED (
    SELECT
        known.entity,
        known.uuid,
        known.discovered_at,
        known.fetched_at,
        coalesce(ledger.status, 'never asked for') AS status
    FROM reach
    JOIN known ON known.entity = reach.entity AND known.uuid = reach.uuid
    LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = known.entity AND ledger.uuid = known.uuid
    WHERE coalesce(ledger.status NOT IN ('not_found', 'gone'), true)
),
offending AS MATERIALIZED (
    SELECT
        printf('%s %s: %s', rtrim(entity, 's'), uuid, status) AS example,
        -epoch(coalesce(discovered_at, to_timestamp(0))) AS weight,
        1 AS rows
    FROM wanted
    WHERE fetched_at IS NULL
      AND (status = 'ok' OR coalesce(discovered_at <= $discovered_before::TIMESTAMPTZ, true))
),
looked_at AS (
    SELECT count(*) AS rows FROM wanted
)
