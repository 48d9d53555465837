-- Those that the named charts reach; at least one row, which says whether everything that is due is covered.
, named AS (
    SELECT counted.subject, counted.uuid, counted.spent
    FROM counted
    WHERE list_contains($asked::VARCHAR[], counted.subject)
      AND ($of::VARCHAR[] IS NULL
           OR counted.number IN (SELECT number FROM reach WHERE list_contains($of::VARCHAR[], chart_slug)))
)
SELECT everything.is_covered, named.subject, named.uuid
FROM everything
LEFT JOIN named ON NOT everything.is_covered
ORDER BY named.spent
