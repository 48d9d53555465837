-- The answer of every check: how many offend, of how many, and up to five examples, the gravest first.
SELECT
    (SELECT coalesce(sum(rows), 0)::BIGINT FROM offending) AS offending,
    (SELECT rows FROM looked_at) AS looked_at,
    (
        SELECT coalesce(list(example ORDER BY weight DESC, example), [])
        FROM (SELECT example, weight FROM offending ORDER BY weight DESC, example LIMIT 5)
    ) AS examples
