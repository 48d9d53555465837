-- What stands out, of the tracks and artists that a page shows.
SELECT rank, entity, uuid, name, credit_name, sentence, jump_platform, jump_metric, jump_latest, jump_usual, charts_entered, accelerating
FROM soundcharts.notable
WHERE rank <= $most
ORDER BY rank
