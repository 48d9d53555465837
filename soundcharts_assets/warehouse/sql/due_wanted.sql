-- Subjects to look for, one row each.
WITH wanted AS MATERIALIZED (
    SELECT
        unnest(range(len($subjects::VARCHAR[]))) AS asset,
        unnest($subjects::VARCHAR[]) AS subject,
        unnest($entities::VARCHAR[]) AS entity,
        unnest($older_than::TIMESTAMPTZ[]) AS older_than,
        unnest($charted_since::TIMESTAMPTZ[]) AS charted_since,
        unnest($costs::DOUBLE[]) AS cost
)
