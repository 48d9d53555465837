-- Of the candidates, by chart and subject, what has to be asked for: never settled, or settled too long ago, and not told
-- to wait. Entities that Soundcharts does not know are asked for their metadata only. Series are asked for as long as the
-- entity charts, or did lately.
, ledgered AS (
    SELECT
        reached.chart_slug,
        wanted.subject,
        wanted.entity,
        wanted.cost,
        reached.uuid,
        ledger.status,
        ledger.fetched_at,
        ledger.through_date,
        coalesce(ledger.attempts, 0) AS attempts,
        CASE
            -- As of an earlier instant, what was discovered since was not wanting yet.
            WHEN ledger.fetched_at IS NULL THEN coalesce(reached.discovered_at <= $now::TIMESTAMPTZ, true)
            ELSE ledger.fetched_at <= wanted.older_than
        END AS is_old,
        ledger.not_before IS NULL OR ledger.not_before <= $now::TIMESTAMPTZ AS is_free
    FROM candidates AS reached
    JOIN wanted ON wanted.entity = reached.entity
    LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = wanted.subject AND ledger.uuid = reached.uuid
    LEFT JOIN soundcharts.fetches AS metadata ON metadata.subject = reached.entity AND metadata.uuid = reached.uuid
    WHERE ($uuids::VARCHAR[] IS NULL OR list_contains($uuids::VARCHAR[], reached.uuid))
      AND (wanted.charted_since IS NULL OR reached.charted_at >= wanted.charted_since)
      AND (wanted.subject = wanted.entity OR coalesce(metadata.status NOT IN ('not_found', 'gone'), true))
),
due AS (
    SELECT * FROM ledgered WHERE $force::BOOLEAN OR (is_old AND is_free)
)
