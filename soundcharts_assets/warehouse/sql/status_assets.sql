-- By chart, asset and how the last attempt ended: rows, those due now, and the oldest settled answer among those that need
-- not wait. Follows `due`; series count for the charts on which the entity charted lately.
, states AS (
    SELECT
        number,
        asset,
        charted_since,
        coalesce(status, 'never asked') AS status,
        is_old AND is_free AS is_due,
        CASE WHEN is_free THEN fetched_at END AS settled_at
    FROM ledgered
),
counted AS (
    SELECT
        reach.chart_slug,
        states.asset,
        states.status,
        count(*) AS reached,
        count(*) FILTER (WHERE states.is_due) AS due,
        min(states.settled_at) AS oldest
    FROM reach
    JOIN states ON states.number = reach.number
    WHERE states.charted_since IS NULL OR reach.charted_at >= states.charted_since
    GROUP BY reach.chart_slug, states.asset, states.status
)
SELECT counted.chart_slug, wanted.subject, counted.status, counted.reached, counted.due, counted.oldest
FROM counted
JOIN wanted ON wanted.asset = counted.asset
