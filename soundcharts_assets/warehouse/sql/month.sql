-- For every subject, the rows that followed charts reach and how often they are asked for in thirty days as things stand:
-- each time its window is over, or what the vendor refreshes it by, as the ledger has it.
, reach AS (
    SELECT reached.entity, reached.uuid, max(reached.charted_at) AS charted_at
    FROM soundcharts.reached AS reached
    SEMI JOIN (SELECT slug FROM soundcharts.charts WHERE followed) AS followed ON followed.slug = reached.chart_slug
    GROUP BY reached.entity, reached.uuid
)
SELECT
    wanted.subject,
    count(*) AS rows_reached,
    sum(30 * 86400 / greatest(
        epoch($now::TIMESTAMPTZ - wanted.older_than),
        coalesce(epoch(ledger.not_before - ledger.fetched_at), 0)
    )) AS asked
FROM reach
JOIN wanted ON wanted.entity = reach.entity
LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = wanted.subject AND ledger.uuid = reach.uuid
LEFT JOIN soundcharts.fetches AS metadata ON metadata.subject = reach.entity AND metadata.uuid = reach.uuid
WHERE (wanted.charted_since IS NULL OR reach.charted_at >= wanted.charted_since)
  AND (wanted.subject = wanted.entity OR coalesce(metadata.status NOT IN ('not_found', 'gone'), true))
GROUP BY wanted.subject
