"""Charts, tracks, artists and audiences from Soundcharts as Dagster assets in DuckDB."""
