-- Figures by day of the wanted tracks or artists; follows insights/track_days or artist_days, which say what a figure of a
-- day is. A table of its own, since lists of all of them would not fit into the memory that DuckDB may use.
wanted AS (
    SELECT unnest($uuids::VARCHAR[]) AS uuid, unnest(range(len($uuids::VARCHAR[])))::INTEGER AS number
)
SELECT
    wanted.number,
    days.platform,
    days.metric,
    days.is_count,
    (days.date - ($today::DATE - $days::INTEGER))::INTEGER AS day,
    days.value
FROM days
JOIN wanted ON wanted.uuid = days.uuid
WHERE days.date > $today::DATE - $days::INTEGER
