-- What all followed charts reach, as far as it can be due: only entities of which the ledger holds fewer settled rows than
-- are wanted. The predicate in `due` decides as ever.
, needed AS (
    SELECT
        entity,
        count(*) FILTER (WHERE charted_since IS NULL) AS always,
        count(*) FILTER (WHERE charted_since IS NOT NULL) AS charting,
        min(charted_since) AS charted_since
    FROM wanted
    GROUP BY entity
),
settled AS (
    SELECT
        wanted.entity,
        ledger.uuid,
        count(*) FILTER (WHERE wanted.charted_since IS NULL) AS always,
        count(*) FILTER (WHERE wanted.charted_since IS NOT NULL) AS charting
    FROM soundcharts.fetches AS ledger
    JOIN wanted ON wanted.subject = ledger.subject
    WHERE ledger.fetched_at > wanted.older_than OR ledger.not_before > $now::TIMESTAMPTZ
    GROUP BY wanted.entity, ledger.uuid
),
known AS (
    SELECT 'tracks' AS entity, uuid, last_charted_at, discovered_at FROM soundcharts.tracks
    UNION ALL
    SELECT 'artists' AS entity, uuid, last_charted_at, discovered_at FROM soundcharts.artists
),
entities AS MATERIALIZED (
    SELECT row_number() OVER () AS number, known.entity, known.uuid, known.discovered_at
    FROM known
    JOIN needed ON needed.entity = known.entity
    LEFT JOIN settled ON settled.entity = known.entity AND settled.uuid = known.uuid
    WHERE coalesce(settled.always, 0) < needed.always
       OR (coalesce(settled.charting, 0) < needed.charting
           AND coalesce(known.last_charted_at >= needed.charted_since, true))
),
tracks_of AS MATERIALIZED (
    SELECT number, uuid AS track_uuid FROM entities WHERE entity = 'tracks'
    UNION ALL
    SELECT entities.number, credits.track_uuid
    FROM entities
    JOIN soundcharts.track_artists AS credits ON credits.artist_uuid = entities.uuid
    WHERE entities.entity = 'artists'
),
charted AS (
    -- Grouped first: to look each entry up among the tracks sought takes longer where much is due, and saves 0.1 to 0.3 s
    -- over 1,000 charts where nothing is.
    SELECT entries.chart_slug, entries.track_uuid, max(entries.ranked_at) AS charted_at
    FROM soundcharts.chart_entries AS entries
    SEMI JOIN (SELECT slug FROM soundcharts.charts WHERE charts.cascade AND charts.followed) AS cascading
        ON cascading.slug = entries.chart_slug
    WHERE EXISTS (SELECT 1 FROM tracks_of)
    GROUP BY entries.chart_slug, entries.track_uuid
),
reach AS MATERIALIZED (
    SELECT charted.chart_slug, tracks_of.number, max(charted.charted_at) AS charted_at
    FROM charted
    JOIN tracks_of ON tracks_of.track_uuid = charted.track_uuid
    GROUP BY charted.chart_slug, tracks_of.number
)
