-- Keys that a table holds more than once; {table} and {key} come from the table specification. Keys are first compared
-- by their hash, which takes an eighth of the memory; those whose hash is doubled are then compared as they are.
WITH doubled AS (
    SELECT hash({key}) AS hashed
    FROM {table}
    GROUP BY hashed
    HAVING count(*) > 1
),
offending AS MATERIALIZED (
    SELECT $name || ': ' || concat_ws(', ', {key}) AS example, count(*) AS weight, 1 AS rows
    FROM {table}
    SEMI JOIN doubled ON doubled.hashed = hash({key})
    GROUP BY {key}
    HAVING count(*) > 1
),
looked_at AS (
    SELECT count(*) AS rows FROM {table}
)
