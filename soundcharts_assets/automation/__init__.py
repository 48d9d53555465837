"""What happens with nobody pressing a button: polls, runs for updated charts, backfills of stale ones, alerts.

What is due, what may be spent and what a chart needs is decided in `refresh`; here Dagster is told of it.
"""
