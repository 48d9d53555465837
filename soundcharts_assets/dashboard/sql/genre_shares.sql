-- Shares of genres in these rankings.
SELECT
    shares.chart_slug,
    shares.genre,
    list(shown.number ORDER BY shown.number) AS numbers,
    list(shares.share ORDER BY shown.number) AS shares
FROM soundcharts.genre_share AS shares
JOIN shown_rankings AS shown ON shown.chart_slug = shares.chart_slug AND shown.ranked_at = shares.ranked_at
GROUP BY shares.chart_slug, shares.genre
ORDER BY shares.chart_slug, sum(shares.share) DESC, shares.genre
