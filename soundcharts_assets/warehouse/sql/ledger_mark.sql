-- How far the ledger is: its newest instant, and a number that is another one once anything was settled since, in
-- whatever order it was stored. Polls, lists of rankings and of charts, and notes fill no table that others are
-- computed from but with names of charts. No row while nothing is settled.
SELECT max(fetched_at) AS through, (bit_xor(hash(subject, uuid, fetched_at)) >> 1)::BIGINT AS mark
FROM soundcharts.fetches
WHERE fetched_at IS NOT NULL
    AND subject NOT IN ('charts', 'available_rankings', 'chart_catalogue', 'breaker', 'spool')
HAVING count(*) > 0
