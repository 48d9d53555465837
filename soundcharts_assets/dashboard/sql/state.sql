-- Up to when the insights go, and what they were not made from yet.
SELECT
    (SELECT count(*) FROM soundcharts.chart_rankings) AS rankings,
    (SELECT count(*) FROM soundcharts.chart_movements) AS movements,
    (SELECT max(fetched_at) FROM soundcharts.chart_rankings) AS stored_at,
    (SELECT max(fetched_at) FROM soundcharts.chart_movements) AS known_at,
    (SELECT max(as_of) FROM (FROM soundcharts.track_momentum SELECT as_of UNION ALL FROM soundcharts.artist_momentum SELECT as_of))
        AS momentum_as_of
