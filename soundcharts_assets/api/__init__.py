"""Talking to Soundcharts: authentication, limits, retries, paging and payloads.

What is asked for and what its answer means live here. What an answer is for does not: nothing in this package knows
Dagster, the warehouse or the settings file.
"""
