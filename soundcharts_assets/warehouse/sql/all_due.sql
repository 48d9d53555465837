-- Everything that is due counts.
, counted AS (
    SELECT number, asset, charted_since FROM due
)
