-- What counts, by chart and the set of subjects, a bit each: an entity that is due for ten of them is counted once, not ten
-- times. Series count for the charts on which the entity charted lately.
, due_sets AS MATERIALIZED (
    SELECT number, charted_since, bit_or(1::BIGINT << asset) AS assets
    FROM counted
    GROUP BY number, charted_since
),
reached_due AS MATERIALIZED (
    SELECT reach.chart_slug, due_sets.number, due_sets.charted_since, due_sets.assets
    FROM reach
    JOIN due_sets ON due_sets.number = reach.number
    WHERE due_sets.charted_since IS NULL OR reach.charted_at >= due_sets.charted_since
),
by_chart AS (
    SELECT chart_slug, assets, count(*) AS due
    FROM reached_due
    GROUP BY chart_slug, assets
)
