-- Subjects to look for, one row each.
WITH wanted AS (
    SELECT
        unnest($subjects::VARCHAR[]) AS subject,
        unnest($entities::VARCHAR[]) AS entity,
        unnest($older_than::TIMESTAMPTZ[]) AS older_than,
        unnest($charted_since::TIMESTAMPTZ[]) AS charted_since,
        unnest($costs::DOUBLE[]) AS cost
)
