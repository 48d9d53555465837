-- Subjects of which too large a share of all rows failed when they were last asked for. Rows that nobody asks for any
-- more do not count as failing.
WITH ledger AS (
    SELECT
        subject,
        uuid,
        error,
        coalesce(status IN ('failed', 'malformed') AND not_before >= $since::TIMESTAMPTZ, false) AS is_failing
    FROM soundcharts.fetches
    WHERE list_contains($subjects::VARCHAR[], subject)
),
totals AS MATERIALIZED (
    SELECT
        subject,
        count(*) AS rows,
        count(*) FILTER (WHERE is_failing) AS failing,
        min({'uuid': uuid, 'error': error}) FILTER (WHERE is_failing) AS such_as
    FROM ledger
    GROUP BY subject
),
offending AS MATERIALIZED (
    SELECT
        concat(
            subject, ': ', failing, ' of ', rows, ', such as ', such_as.uuid,
            coalesce(', ' || left(such_as.error, 120), '')
        ) AS example,
        failing / rows AS weight,
        failing AS rows
    FROM totals
    WHERE failing > rows * $most_failed::DOUBLE
),
looked_at AS (
    SELECT coalesce(sum(rows), 0)::BIGINT AS rows FROM totals
)
