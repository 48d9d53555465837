-- What stands out from its own trend now: a jump far above its usual day, several charts entered within a week, several
-- platforms that accelerate together. Small figures jump by chance, so a reason takes a figure of some size.
WITH momentum AS (
    SELECT
        'track' AS entity,
        track_uuid AS uuid,
        platform,
        CASE platform
            WHEN 'spotify' THEN 'streams'
            WHEN 'youtube' THEN 'views'
            WHEN 'shazam' THEN 'Shazams'
            WHEN 'airplay' THEN 'radio plays'
            WHEN 'tiktok' THEN 'videos'
            WHEN 'instagram' THEN 'reels'
            ELSE 'plays'
        END AS metric,
        as_of,
        per_day_28,
        growth_7,
        acceleration,
        latest,
        latest_days,
        usual,
        highest,
        jump
    FROM soundcharts.track_momentum
    UNION ALL
    SELECT
        'artist' AS entity,
        artist_uuid AS uuid,
        platform,
        metric,
        as_of,
        per_day_28,
        growth_7,
        acceleration,
        latest,
        latest_days,
        usual,
        highest,
        jump
    FROM soundcharts.artist_momentum
),
names (platform, spelling, of_chart) AS (
    VALUES
    ('spotify', 'Spotify', 'Spotify'),
    ('apple-music', 'Apple Music', 'Apple Music'),
    ('youtube', 'YouTube', 'YouTube'),
    ('shazam', 'Shazam', 'Shazam'),
    ('airplay', 'the radio', 'radio'),
    ('tiktok', 'TikTok', 'TikTok'),
    ('instagram', 'Instagram', 'Instagram'),
    ('deezer', 'Deezer', 'Deezer'),
    ('soundcloud', 'SoundCloud', 'SoundCloud')
),
spelled AS (
    SELECT
        momentum.*,
        coalesce(names.spelling, momentum.platform) AS platform_name,
        -- Views of an artist's own channel are not those of all videos with its songs (contract section 11.3).
        CASE
            WHEN momentum.entity = 'artist' AND momentum.metric = 'views' THEN 'channel views'
            WHEN momentum.metric = 'daily_views' THEN 'views'
            ELSE momentum.metric
        END AS noun
    FROM momentum
    LEFT JOIN names ON names.platform = momentum.platform
    -- What is older is no news.
    WHERE momentum.as_of >= $today::DATE - 4
),
jumps AS (
    SELECT
        *,
        CASE WHEN usual > 0 THEN latest / usual END AS times,
        CASE WHEN usual > 0 THEN least(4, log2(latest / usual)) ELSE 1 END AS worth
    FROM spelled
    -- Figures that come in lumps jump all the time: only one above all of the five weeks before says something.
    WHERE jump >= 5 AND latest >= 1.5 * usual AND latest >= 1.2 * highest AND latest >= 100
    QUALIFY row_number() OVER (PARTITION BY entity, uuid ORDER BY worth DESC, latest DESC, platform, metric) = 1
),
accelerations AS (
    SELECT
        entity,
        uuid,
        list(DISTINCT platform ORDER BY platform) AS platforms,
        list(DISTINCT platform_name ORDER BY platform_name) AS names
    FROM spelled
    -- Listeners of 28 days rise and fall with days that are four weeks old.
    WHERE acceleration >= 1.25 AND per_day_28 >= 100 AND growth_7 >= 0.01 AND metric <> 'listeners'
    GROUP BY entity, uuid
    HAVING count(DISTINCT platform) >= 2
),
entries AS (
    SELECT moves.track_uuid, moves.chart_slug
    FROM soundcharts.chart_movements AS moves
    SEMI JOIN soundcharts.cross_chart AS present
        ON present.track_uuid = moves.track_uuid AND present.chart_slug = moves.chart_slug AND present.is_on_chart
    WHERE moves.movement IN ('new', 're-entry')
        AND moves.ranked_at >= $today::DATE - 7
        -- After a hole nobody knows when it entered. Of a weekly chart the ranking before is a week older.
        AND moves.previous_ranked_at >= moves.ranked_at - INTERVAL 8 DAY
),
entered AS (
    SELECT 'track' AS entity, track_uuid AS uuid, list(DISTINCT chart_slug ORDER BY chart_slug) AS charts
    FROM entries
    GROUP BY track_uuid
    HAVING count(DISTINCT chart_slug) >= 2
    UNION ALL
    -- One track's entries are that track's news.
    SELECT
        'artist' AS entity,
        credits.artist_uuid AS uuid,
        list(DISTINCT entries.chart_slug ORDER BY entries.chart_slug) AS charts
    FROM entries
    JOIN soundcharts.track_artists AS credits ON credits.track_uuid = entries.track_uuid
    GROUP BY credits.artist_uuid
    HAVING count(DISTINCT entries.chart_slug) >= 2 AND count(DISTINCT entries.track_uuid) >= 2
),
charts AS (
    SELECT
        entered.entity,
        entered.uuid,
        any_value(entered.charts) AS slugs,
        list(
            -- What was not described yet goes by its slug.
            concat(
                coalesce(charts.name, entered.slug),
                ' (' || nullif(
                    concat_ws(', ', coalesce(names.of_chart, charts.platform), nullif(charts.country_name, '')), ''
                ) || ')'
            )
            ORDER BY entered.slug
        ) AS names
    FROM (SELECT entity, uuid, charts, unnest(charts) AS slug FROM entered) AS entered
    LEFT JOIN soundcharts.charts AS charts ON charts.slug = entered.slug
    LEFT JOIN names ON names.platform = charts.platform
    GROUP BY entered.entity, entered.uuid
),
reasons AS (
    SELECT
        coalesce(jumps.entity, charts.entity, accelerations.entity) AS entity,
        coalesce(jumps.uuid, charts.uuid, accelerations.uuid) AS uuid,
        jumps.platform AS jump_platform,
        jumps.metric AS jump_metric,
        jumps.as_of AS jump_on,
        jumps.latest_days AS jump_days,
        jumps.latest AS jump_latest,
        jumps.usual AS jump_usual,
        len(charts.slugs) AS charts_entered,
        charts.slugs AS entered_charts,
        accelerations.platforms AS accelerating,
        coalesce(jumps.worth, 0)
        + least(4, coalesce(len(charts.slugs) - 1, 0))
        + coalesce(len(accelerations.platforms) - 1, 0) AS score,
        concat_ws(
            '; ',
            CASE
                WHEN jumps.uuid IS NOT NULL
                    THEN concat(
                        format('{:,} ', round(jumps.latest)::BIGINT),
                        jumps.noun,
                        CASE WHEN jumps.latest_days > 1 THEN ' a day' END,
                        ' on ',
                        jumps.platform_name,
                        CASE
                            WHEN jumps.latest_days > 1 THEN format(' over the {} days to', jumps.latest_days)
                            ELSE ' on'
                        END,
                        ' ',
                        jumps.as_of,
                        CASE
                            WHEN round(jumps.usual) > 0
                                THEN format(', {:.1f} times the usual {:,}', jumps.times, round(jumps.usual)::BIGINT)
                            WHEN round(jumps.usual) < 0
                                THEN format(', where it usually loses {:,}', round(-jumps.usual)::BIGINT)
                            ELSE ', where there are usually none'
                        END
                    )
            END,
            format(
                'entered {} charts within a week: {}',
                len(charts.names),
                CASE
                    WHEN len(charts.names) <= 3
                        THEN concat(array_to_string(charts.names[:-2], ', '), ' and ', charts.names[-1])
                    ELSE concat(array_to_string(charts.names[:3], ', '), format(' and {} more', len(charts.names) - 3))
                END
            ),
            format(
                'accelerates on {} and {} at once',
                array_to_string(accelerations.names[:-2], ', '),
                accelerations.names[-1]
            )
        ) AS told
    FROM jumps
    FULL JOIN charts ON charts.entity = jumps.entity AND charts.uuid = jumps.uuid
    FULL JOIN accelerations
        ON accelerations.entity = coalesce(jumps.entity, charts.entity)
        AND accelerations.uuid = coalesce(jumps.uuid, charts.uuid)
),
named AS (
    SELECT reasons.*, tracks.name, tracks.credit_name
    FROM reasons
    JOIN soundcharts.tracks AS tracks ON tracks.uuid = reasons.uuid
    WHERE reasons.entity = 'track'
    UNION ALL
    SELECT reasons.*, artists.name, NULL AS credit_name
    FROM reasons
    JOIN soundcharts.artists AS artists ON artists.uuid = reasons.uuid
    WHERE reasons.entity = 'artist'
)
SELECT
    entity,
    uuid,
    row_number() OVER (ORDER BY score DESC, jump_latest DESC NULLS LAST, entity DESC, uuid) AS rank,
    score,
    name,
    credit_name,
    concat(name, ' by ' || credit_name, ': ', told, '.') AS sentence,
    jump_platform,
    jump_metric,
    jump_on,
    jump_days,
    jump_latest,
    jump_usual,
    coalesce(charts_entered, 0) AS charts_entered,
    coalesce(entered_charts, []) AS entered_charts,
    coalesce(accelerating, []) AS accelerating
FROM named
