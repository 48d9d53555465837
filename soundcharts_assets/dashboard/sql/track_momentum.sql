-- The newest figures of tracks, and how they change.
SELECT
    track_uuid AS uuid,
    platform,
    '' AS metric,
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
FROM soundcharts.track_momentum
SEMI JOIN (SELECT unnest($uuids::VARCHAR[]) AS uuid) AS wanted ON wanted.uuid = track_momentum.track_uuid
ORDER BY uuid, platform, metric
