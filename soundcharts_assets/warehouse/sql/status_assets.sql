-- By chart, asset and how the last attempt ended: rows, those due now, and the oldest settled answer among those that need
-- not wait. Follows `due`; series count for the charts on which the entity charted lately.
, assets AS MATERIALIZED (
    SELECT row_number() OVER () AS asset, subject, charted_since
    FROM wanted
),
states AS (
    SELECT
        ledgered.chart_slug AS number,
        assets.asset,
        assets.charted_since,
        coalesce(ledgered.status, 'never asked') AS status,
        ledgered.is_old AND ledgered.is_free AS is_due,
        CASE WHEN ledgered.is_free THEN ledgered.fetched_at END AS settled_at
    FROM ledgered
    JOIN assets ON assets.subject = ledgered.subject
),
numbered AS (
    SELECT reach.chart_slug, reach.charted_at, candidates.chart_slug AS number
    FROM reach
    JOIN candidates ON candidates.entity = reach.entity AND candidates.uuid = reach.uuid
),
counted AS (
    SELECT
        numbered.chart_slug,
        states.asset,
        states.status,
        count(*) AS reached,
        count(*) FILTER (WHERE states.is_due) AS due,
        min(states.settled_at) AS oldest
    FROM numbered
    JOIN states ON states.number = numbered.number
    WHERE states.charted_since IS NULL OR numbered.charted_at >= states.charted_since
    GROUP BY numbered.chart_slug, states.asset, states.status
)
SELECT counted.chart_slug, assets.subject, counted.status, counted.reached, counted.due, counted.oldest
FROM counted
JOIN assets ON assets.asset = counted.asset
