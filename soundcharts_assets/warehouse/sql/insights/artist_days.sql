-- A figure for each artist, platform, metric and day on which Soundcharts looked.
WITH looks AS (
    SELECT artist_uuid AS uuid, platform, date, followers, likes, views
    FROM soundcharts.artist_audience
    WHERE date BETWEEN $today::DATE - 70 AND $today::DATE AND hash(artist_uuid) % $parts::UBIGINT = $part::UBIGINT
),
looked_up AS (
    SELECT uuid, platform, 'followers' AS metric, false AS is_count, date, followers AS value
    FROM looks
    WHERE followers IS NOT NULL
    UNION ALL
    SELECT uuid, platform, 'likes' AS metric, false AS is_count, date, likes AS value
    FROM looks
    WHERE likes IS NOT NULL
    UNION ALL
    SELECT uuid, platform, 'views' AS metric, false AS is_count, date, views AS value
    FROM looks
    WHERE views IS NOT NULL
    UNION ALL
    -- Views of the day on YouTube, listeners of 28 days elsewhere (contract section 11.3).
    SELECT
        artist_uuid AS uuid,
        platform,
        CASE platform WHEN 'youtube' THEN 'daily_views' ELSE 'listeners' END AS metric,
        platform = 'youtube' AS is_count,
        date,
        value
    FROM soundcharts.artist_listening
    WHERE date BETWEEN $today::DATE - 70 AND $today::DATE AND hash(artist_uuid) % $parts::UBIGINT = $part::UBIGINT
),
days AS (
    SELECT *, 1 AS identifiers
    FROM looked_up
),
