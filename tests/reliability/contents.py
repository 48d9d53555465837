"""What a warehouse holds, apart from when it was fetched and how often that was tried: the measure of every promise."""

from pathlib import Path
from typing import Any

import duckdb

from soundcharts_assets.warehouse.insights import INSIGHTS
from soundcharts_assets.warehouse.tables import TABLES
from tests.warehouse.helpers import doubled_keys

BOOKS = {"api_calls", "malformed_answers", "schema_versions", "computed_tables"}
"""Tables that tell of the way there, not of what was found: failed calls and bad answers count, too."""

FETCHED = {name: table for name, table in TABLES.items() if name not in BOOKS and name not in INSIGHTS}
"""What is compared. Computed tables follow from these, and are made by passes only, not by each run."""

WHEN = {"fetched_at", "discovered_at", "seen_at", "unseen_at", "attempts", "not_before", "error"}

SETTLED_ALIKE = """
    WHERE subject NOT IN ('breaker', 'spool') AND (
        subject NOT LIKE '%/%' OR status <> 'not_found' OR (split_part(subject, '_', 1) || 's', uuid) NOT IN (
            SELECT (subject, uuid) FROM soundcharts.fetches WHERE status = 'not_found'
        )
    )
"""
"""Rows of the ledger that do not hang on the order of answers.

What does not exist is not asked for an audience once its metadata said so; where the metadata could not be had the
first time, its audience is, and says the same.
"""

Contents = dict[str, list[tuple[Any, ...]]]


def contents(warehouse: Path) -> Contents:
    """The rows of every fetched table, sorted."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return contents_through(connection)


def contents_through(connection: duckdb.DuckDBPyConnection) -> Contents:
    """The same, of the warehouse that a connection is open to."""
    found = {}
    for name, table in FETCHED.items():
        columns = ", ".join(column for column in table.names if column not in WHEN)
        kept = SETTLED_ALIKE if name == "fetches" else ""
        statement = f"SELECT {columns} FROM {table.qualified} {kept} ORDER BY ALL NULLS FIRST"
        found[name] = connection.execute(statement).fetchall()
    return found


def doubled(warehouse: Path) -> list[tuple[Any, ...]]:
    """Tables that hold a key more than once, with one such key; none where all is well."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return doubled_keys(connection)
