-- The newest figures of artists, and how they change.
SELECT
    artist_uuid AS uuid,
    platform,
    metric AS metric,
    is_count,
    as_of,
    level,
    per_day_7,
    growth_7,
    growth_28,
    acceleration,
    latest,
    usual,
    jump
FROM soundcharts.artist_momentum
SEMI JOIN (SELECT unnest($uuids::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = artist_momentum.artist_uuid
ORDER BY uuid, platform, metric
