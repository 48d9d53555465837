-- How every followed chart stands: fresh, complete, without gaps, valid; in figures and in a word. It is as of the moment
-- of asking: as of the newest answer, a warehouse that nobody feeds any more would stay good for ever.
CREATE OR REPLACE VIEW soundcharts.chart_health AS
WITH followed AS (
    SELECT
        slug,
        CASE frequency WHEN 'weekly' THEN INTERVAL 7 DAY WHEN 'monthly' THEN INTERVAL 28 DAY ELSE INTERVAL 1 DAY END
            AS period,
        CASE frequency WHEN 'weekly' THEN 12 WHEN 'monthly' THEN 6 ELSE 30 END AS most_expected
    FROM soundcharts.charts
    WHERE charts.followed
),
stored AS (
    SELECT
        followed.*,
        rankings.ranked_at,
        rankings.entry_count,
        rankings.seen_at,
        max(rankings.ranked_at) OVER (PARTITION BY followed.slug) - followed.period * followed.most_expected AS outside,
        rankings.ranked_at - lag(rankings.ranked_at) OVER earlier AS gap,
        lag(rankings.seen_at) OVER earlier IS NOT NULL AS was_waited_for,
        row_number() OVER (PARTITION BY followed.slug ORDER BY rankings.ranked_at DESC) AS age
    FROM followed
    JOIN soundcharts.chart_rankings AS rankings ON rankings.chart_slug = followed.slug
    WINDOW earlier AS (PARTITION BY followed.slug ORDER BY rankings.ranked_at)
),
in_time AS (
    SELECT
        slug,
        count(*) AS rankings,
        min(ranked_at) AS first_ranking,
        max(ranked_at) AS newest_ranking,
        count(*) FILTER (WHERE ranked_at > outside) AS stored_in_window,
        least(
            any_value(most_expected), round(epoch(max(ranked_at) - min(ranked_at)) / epoch(any_value(period)))::BIGINT + 1
        ) AS expected_in_window,
        max(gap) FILTER (WHERE ranked_at - gap > outside) AS longest_gap,
        max(ranked_at) + any_value(period) + coalesce(
            max(seen_at - ranked_at) FILTER (WHERE age <= 7 AND was_waited_for AND seen_at > ranked_at), any_value(period)
        ) AS next_expected,
        any_value(period) AS period
    FROM stored
    GROUP BY slug
),
entries AS (
    SELECT
        entries.chart_slug,
        entries.ranked_at,
        count(*) AS entries,
        count(DISTINCT entries.position) AS places,
        count(*) FILTER (WHERE entries.position < 1 OR tracks.uuid IS NULL) AS impossible
    FROM soundcharts.chart_entries AS entries
    LEFT JOIN soundcharts.tracks AS tracks ON tracks.uuid = entries.track_uuid
    GROUP BY entries.chart_slug, entries.ranked_at
),
validity AS (
    SELECT
        stored.slug,
        count(*) FILTER (WHERE coalesce(entries.places, 0) <> stored.entry_count) AS incomplete_rankings,
        coalesce(sum(entries.impossible + entries.entries - entries.places), 0)::BIGINT AS invalid_entries
    FROM stored
    LEFT JOIN entries ON entries.chart_slug = stored.slug AND entries.ranked_at = stored.ranked_at
    GROUP BY stored.slug
),
ledger AS (
    SELECT
        in_time.slug,
        count(*) AS wanted_rankings
    FROM soundcharts.fetches
    JOIN in_time ON in_time.slug = regexp_replace(fetches.uuid, '@[^@]*$', '')
    WHERE fetches.subject = 'chart_rankings'
      AND fetches.status <> 'ok'
      AND TRY_CAST(regexp_extract(fetches.uuid, '@([^@]*)$', 1) AS TIMESTAMPTZ) > in_time.first_ranking
    GROUP BY in_time.slug
),
metadata AS (
    SELECT reached.chart_slug AS slug, count(*) AS tracks_without_metadata
    FROM soundcharts.reached
    JOIN soundcharts.tracks AS tracks ON tracks.uuid = reached.uuid
    LEFT JOIN soundcharts.fetches AS asked ON asked.subject = 'tracks' AND asked.uuid = reached.uuid
    WHERE reached.entity = 'tracks'
      AND tracks.fetched_at IS NULL
      AND coalesce(asked.status NOT IN ('not_found', 'gone'), true)
    GROUP BY reached.chart_slug
),
figures AS (
    SELECT
        followed.slug AS chart_slug,
        in_time.newest_ranking,
        now() - in_time.newest_ranking AS newest_age,
        in_time.next_expected,
        coalesce(now() > in_time.next_expected + in_time.period / 2, false) AS is_overdue,
        polls.fetched_at AS last_polled_at,
        coalesce(in_time.rankings, 0) AS rankings,
        in_time.first_ranking,
        coalesce(in_time.expected_in_window, 0) AS expected_in_window,
        coalesce(in_time.stored_in_window, 0) AS stored_in_window,
        in_time.longest_gap,
        coalesce(ledger.wanted_rankings, 0) AS wanted_rankings,
        coalesce(validity.incomplete_rankings, 0) AS incomplete_rankings,
        coalesce(validity.invalid_entries, 0) AS invalid_entries,
        coalesce(metadata.tracks_without_metadata, 0) AS tracks_without_metadata
    FROM followed
    LEFT JOIN in_time ON in_time.slug = followed.slug
    LEFT JOIN validity ON validity.slug = followed.slug
    LEFT JOIN ledger ON ledger.slug = followed.slug
    LEFT JOIN metadata ON metadata.slug = followed.slug
    LEFT JOIN soundcharts.fetches AS polls ON polls.subject = 'charts' AND polls.uuid = followed.slug
)
SELECT
    chart_slug,
    CASE
        WHEN rankings = 0 THEN 'empty'
        WHEN incomplete_rankings + invalid_entries > 0 THEN 'invalid'
        WHEN is_overdue THEN 'late'
        WHEN wanted_rankings > 0 OR stored_in_window < 0.9 * expected_in_window THEN 'incomplete'
        ELSE 'good'
    END AS health,
    nullif(concat_ws(
        '; ',
        CASE WHEN rankings = 0 THEN 'no ranking is stored' END,
        CASE WHEN incomplete_rankings > 0 THEN incomplete_rankings || ' rankings do not hold the places they came with' END,
        CASE WHEN invalid_entries > 0 THEN invalid_entries || ' entries are impossible' END,
        CASE WHEN is_overdue THEN strftime(next_expected, 'a ranking was expected by %Y-%m-%d %H:%M') END,
        CASE WHEN wanted_rankings > 0 THEN wanted_rankings || ' listed rankings are not stored' END,
        CASE
            WHEN stored_in_window < 0.9 * expected_in_window
                THEN stored_in_window || ' of ' || expected_in_window || ' rankings are stored'
        END
    ), '') AS reason,
    * EXCLUDE (chart_slug)
FROM figures
