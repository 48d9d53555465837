-- What has to be asked for, once for each entity and subject, however many charts reach it: never settled, or settled too
-- long ago, and not told to wait. Entities that Soundcharts does not know are asked for their metadata only. Series are
-- asked for as long as the entity charts, or did lately. Entities are numbered, since numbers are joined quicker than
-- texts.
, lately AS (
    SELECT number, max(charted_at) AS charted_at
    FROM reach
    GROUP BY number
),
candidates AS (
    SELECT entities.number, entities.entity, entities.uuid, entities.discovered_at, lately.charted_at
    FROM entities
    JOIN lately ON lately.number = entities.number
    WHERE $uuids::VARCHAR[] IS NULL OR list_contains($uuids::VARCHAR[], entities.uuid)
),
existing AS (
    SELECT candidates.*, coalesce(metadata.status NOT IN ('not_found', 'gone'), true) AS exists_there
    FROM candidates
    LEFT JOIN soundcharts.fetches AS metadata
        ON metadata.subject = candidates.entity AND metadata.uuid = candidates.uuid
),
ledgered AS (
    SELECT
        existing.number,
        wanted.asset,
        wanted.subject,
        wanted.entity,
        wanted.cost,
        wanted.charted_since,
        existing.uuid,
        ledger.status,
        ledger.fetched_at,
        ledger.through_date,
        coalesce(ledger.attempts, 0) AS attempts,
        CASE
            -- As of an earlier instant, what was discovered since was not wanting yet.
            WHEN ledger.fetched_at IS NULL THEN coalesce(existing.discovered_at <= $now::TIMESTAMPTZ, true)
            ELSE ledger.fetched_at <= wanted.older_than
        END AS is_old,
        ledger.not_before IS NULL OR ledger.not_before <= $now::TIMESTAMPTZ AS is_free
    FROM existing
    JOIN wanted ON wanted.entity = existing.entity
    LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = wanted.subject AND ledger.uuid = existing.uuid
    WHERE (wanted.charted_since IS NULL OR existing.charted_at >= wanted.charted_since)
      AND (wanted.subject = wanted.entity OR existing.exists_there)
),
due AS (
    SELECT * FROM ledgered WHERE $force::BOOLEAN OR (is_old AND is_free)
)
