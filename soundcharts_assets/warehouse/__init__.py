"""The tables in DuckDB: what they are, how rows get in, what is due, and who may touch the file.

What rows mean to Soundcharts or Dagster does not belong here: nothing in this package knows the API, the settings file
or Dagster.
"""
