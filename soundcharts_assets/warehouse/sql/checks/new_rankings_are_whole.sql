-- Of given charts, the rankings that were written since an instant: whether they are whole, and whether every track of
-- theirs is known. The instants of these few bound what is read of all entries.
WITH rankings AS MATERIALIZED (
    SELECT chart_slug, ranked_at, entry_count
    FROM soundcharts.chart_rankings
    WHERE list_contains($charts::VARCHAR[], chart_slug) AND fetched_at >= $since::TIMESTAMPTZ
),
entries AS MATERIALIZED (
    SELECT entries.chart_slug, entries.ranked_at, entries.position, entries.track_uuid
    FROM soundcharts.chart_entries AS entries
    SEMI JOIN rankings ON rankings.chart_slug = entries.chart_slug AND rankings.ranked_at = entries.ranked_at
),
counted AS (
    SELECT
        chart_slug,
        ranked_at,
        count(*) AS entries,
        count(DISTINCT position) AS places,
        min(position) AS first_place,
        max(position) AS last_place
    FROM entries
    GROUP BY chart_slug, ranked_at
),
offending AS MATERIALIZED (
    SELECT
        printf(
            '%s of %s: %d entries on %d places for %d announced',
            rankings.chart_slug, strftime(rankings.ranked_at, '%Y-%m-%d %H:%M'),
            coalesce(entries, 0), coalesce(places, 0), entry_count
        ) AS example,
        abs(entry_count - coalesce(places, 0)) AS weight,
        1 AS rows
    FROM rankings
    LEFT JOIN counted ON counted.chart_slug = rankings.chart_slug AND counted.ranked_at = rankings.ranked_at
    WHERE coalesce(entries, 0) <> entry_count
       OR coalesce(places, 0) <> entry_count
       OR first_place <> 1
       OR last_place <> places
    UNION ALL
    SELECT
        printf('%s, place %d: track %s has no row', chart_slug, position, track_uuid) AS example,
        0 AS weight,
        1 AS rows
    FROM entries
    ANTI JOIN soundcharts.tracks AS tracks ON tracks.uuid = entries.track_uuid
),
looked_at AS (
    SELECT count(*) AS rows FROM rankings
)
