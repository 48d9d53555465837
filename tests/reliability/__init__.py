"""What a paying user needs to believe, a module for each promise: real processes, real HTTP, a real DuckDB file.

A promise has a quick form and a slow one, which repeats it more often; `docs/reliability.md` holds what they reached.
"""
