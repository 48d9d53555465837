-- Figures by day; follows insights/artist_days, which says what a figure of a day is.
series AS (
    SELECT days.*
    FROM days
    SEMI JOIN (SELECT unnest($uuids::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = days.uuid
    WHERE days.date > $today::DATE - $days::INTEGER
)
SELECT
    uuid,
    platform,
    metric,
    any_value(is_count) AS is_count,
    min(date) AS first_day,
    list((date - ($today::DATE - $days::INTEGER))::INTEGER ORDER BY date) AS days,
    list(value ORDER BY date) AS figures
FROM series
GROUP BY uuid, platform, metric
ORDER BY uuid, platform, metric
