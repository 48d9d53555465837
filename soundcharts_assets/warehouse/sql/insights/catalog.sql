-- Everything that is known of a track, side by side.
WITH credits AS (
    SELECT
        credits.track_uuid,
        list(artists.name ORDER BY credits.ordinal) AS artists,
        arg_min(artists.uuid, credits.ordinal) AS main_artist_uuid,
        arg_min(artists.name, credits.ordinal) AS main_artist
    FROM soundcharts.track_artists AS credits
    JOIN soundcharts.artists AS artists ON artists.uuid = credits.artist_uuid
    WHERE hash(credits.track_uuid) % $parts::UBIGINT = $part::UBIGINT
    GROUP BY credits.track_uuid
),
genres AS (
    SELECT track_uuid, list(DISTINCT root ORDER BY root) AS genres
    FROM soundcharts.track_genres
    WHERE hash(track_uuid) % $parts::UBIGINT = $part::UBIGINT
    GROUP BY track_uuid
),
charts AS (
    SELECT
        track_uuid,
        count(*) FILTER (WHERE is_on_chart) AS charts_now,
        count(*) AS charts_ever,
        min(position) AS best_position_now,
        arg_min(chart_slug, (position, chart_slug)) FILTER (WHERE is_on_chart) AS best_chart_now,
        min(best_position) AS best_position,
        any_value(chart_slug) FILTER (WHERE is_best) AS best_chart,
        any_value(chart_slug) FILTER (WHERE is_first) AS first_chart,
        min(first_ranked_at) AS first_ranked_at
    FROM soundcharts.cross_chart
    WHERE hash(track_uuid) % $parts::UBIGINT = $part::UBIGINT
    GROUP BY track_uuid
),
audience AS (
    SELECT
        track_uuid,
        any_value(level) FILTER (WHERE platform = 'spotify') AS spotify_streams,
        any_value(per_day_7) FILTER (WHERE platform = 'spotify') AS spotify_per_day,
        any_value(level) FILTER (WHERE platform = 'youtube') AS youtube_views,
        any_value(per_day_7) FILTER (WHERE platform = 'youtube') AS youtube_per_day,
        any_value(level) FILTER (WHERE platform = 'shazam') AS shazams,
        any_value(per_day_7) FILTER (WHERE platform = 'shazam') AS shazams_per_day,
        any_value(per_day_7) FILTER (WHERE platform = 'airplay') AS spins_per_day,
        any_value(level) FILTER (WHERE platform = 'tiktok') AS tiktok_videos
    FROM soundcharts.track_momentum
    WHERE hash(track_uuid) % $parts::UBIGINT = $part::UBIGINT
    GROUP BY track_uuid
),
followings AS (
    SELECT
        artist_uuid,
        any_value(level) FILTER (WHERE metric = 'followers') AS followers,
        any_value(level) FILTER (WHERE metric = 'listeners') AS listeners
    FROM soundcharts.artist_momentum
    WHERE platform = 'spotify'
    GROUP BY artist_uuid
)
SELECT
    tracks.uuid AS track_uuid,
    tracks.name,
    tracks.credit_name,
    tracks.isrc,
    tracks.release_date,
    tracks.labels[1].name AS label,
    tracks.distributor,
    tracks.language_code,
    tracks.explicit,
    credits.main_artist_uuid,
    credits.main_artist,
    credits.artists,
    genres.genres,
    coalesce(charts.charts_now, 0) AS charts_now,
    coalesce(charts.charts_ever, 0) AS charts_ever,
    charts.best_position_now,
    charts.best_chart_now,
    charts.best_position,
    charts.best_chart,
    charts.first_chart,
    charts.first_ranked_at,
    audience.spotify_streams,
    audience.spotify_per_day,
    audience.youtube_views,
    audience.youtube_per_day,
    audience.shazams,
    audience.shazams_per_day,
    audience.spins_per_day,
    audience.tiktok_videos,
    followings.followers AS artist_spotify_followers,
    followings.listeners AS artist_spotify_listeners
FROM soundcharts.tracks AS tracks
LEFT JOIN credits ON credits.track_uuid = tracks.uuid
LEFT JOIN genres ON genres.track_uuid = tracks.uuid
LEFT JOIN charts ON charts.track_uuid = tracks.uuid
LEFT JOIN audience ON audience.track_uuid = tracks.uuid
LEFT JOIN followings ON followings.artist_uuid = credits.main_artist_uuid
WHERE hash(tracks.uuid) % $parts::UBIGINT = $part::UBIGINT
