-- Rankings within the wanted history of followed charts that Soundcharts listed and that are not stored: because they
-- failed, or although they have been known for long.
WITH wanted AS (
    SELECT unnest($charts::VARCHAR[]) AS chart_slug, unnest($history_days::BIGINT[]) AS history_days
),
listed AS (
    SELECT
        regexp_replace(uuid, '@[^@]*$', '') AS chart_slug,
        regexp_extract(uuid, '@([^@]*)$', 1) AS instant,
        status,
        error
    FROM soundcharts.fetches
    WHERE subject = 'chart_rankings'
),
known AS MATERIALIZED (
    SELECT listed.*, lists.fetched_at AS listed_at
    FROM listed
    JOIN wanted ON wanted.chart_slug = listed.chart_slug
    JOIN soundcharts.charts AS charts ON charts.slug = listed.chart_slug
    LEFT JOIN soundcharts.fetches AS lists ON lists.subject = 'available_rankings' AND lists.uuid = listed.chart_slug
    WHERE coalesce(
        TRY_CAST(listed.instant AS TIMESTAMPTZ) >= charts.latest_ranked_at - to_days(wanted.history_days::INTEGER), true
    )
),
offending AS MATERIALIZED (
    SELECT
        concat(chart_slug, ' of ', instant, ': ', status, coalesce(', ' || left(error, 120), '')) AS example,
        status <> 'wanted' AS weight,
        1 AS rows
    FROM known
    WHERE status <> 'ok' AND (status <> 'wanted' OR coalesce(listed_at <= $known_before::TIMESTAMPTZ, true))
),
looked_at AS (
    SELECT count(*) AS rows FROM known
)
