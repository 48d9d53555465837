"""What should hold of the tables, asked in SQL: each question counts what offends and names a few examples.

Belongs here: one function for each check, and what it takes. It is named by what holds if nothing offends, and so are
the check in Dagster and its SQL under `sql/checks`. Does not belong here: how much is too much, which is the caller's
to say, and what is done about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import Wanted, due_parameters, due_statement

_MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Found:
    """What a question found.

    Attributes:
        offending: Rows that are not as they should be.
        looked_at: Rows that were looked at.
        examples: Some of those that offend, the gravest first.
    """

    offending: int
    looked_at: int
    examples: tuple[str, ...] = ()


def every_key_is_stored_once(connection: duckdb.DuckDBPyConnection) -> Found:
    """Find keys that a table holds more than once, in all tables of the specification."""
    found = [_doubled(connection, table) for table in TABLES.values()]
    return Found(
        sum(one.offending for one in found),
        sum(one.looked_at for one in found),
        tuple(example for one in found for example in one.examples)[:_MOST_EXAMPLES],
    )


def every_ranking_is_complete(connection: duckdb.DuckDBPyConnection) -> Found:
    """Find rankings that do not hold the entries which were stored with them."""
    return _ask(connection, ("rankings", "every_ranking_is_complete"))


def no_ranking_leaves_a_place_out(connection: duckdb.DuckDBPyConnection) -> Found:
    """Find rankings that leave places out, as Soundcharts sent them."""
    return _ask(connection, ("rankings", "no_ranking_leaves_a_place_out"))


def new_rankings_are_whole(connection: duckdb.DuckDBPyConnection, charts: Sequence[str], since: datetime) -> Found:
    """Find rankings of these charts, written since an instant, that are not whole or hold a track without a row."""
    return _ask(connection, ("new_rankings_are_whole",), {"charts": list(charts), "since": since})


def every_ranked_track_has_a_row(connection: duckdb.DuckDBPyConnection) -> Found:
    """Find tracks on stored rankings that have no row."""
    return _ask(connection, ("every_ranked_track_has_a_row",))


def every_credit_has_its_artist(connection: duckdb.DuckDBPyConnection) -> Found:
    """Find artists credited on tracks that have no row."""
    return _ask(connection, ("every_credit_has_its_artist",))


def no_metadata_is_missing(connection: duckdb.DuckDBPyConnection, *, discovered_before: datetime) -> Found:
    """Find what followed charts reach without metadata: settled all the same, or discovered before an instant."""
    return _ask(connection, ("no_metadata_is_missing",), {"discovered_before": discovered_before})


def no_row_is_past_its_window(
    connection: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted], *, now: datetime
) -> Found:
    """Find rows that followed charts reach and that are due as of `now`, as every work list has it."""
    statement = f"{due_statement()} {query('checks/no_row_is_past_its_window')} {query('checks/answer')}"
    return _found(connection, statement, due_parameters(wanted, now))


def no_total_falls_sharply(
    connection: duckdb.DuckDBPyConnection,
    *,
    track_platforms: Sequence[str],
    artist_platforms: Sequence[str],
    since: date,
    largest_fall: float,
) -> Found:
    """Find totals that fell from one stored day to the next by more than a share of their value.

    Args:
        connection: The warehouse.
        track_platforms: Platforms whose figures of tracks are totals.
        artist_platforms: Platforms whose views of artists are.
        since: Days before it are left alone.
        largest_fall: The share.
    """
    parameters = {
        "track_platforms": list(track_platforms),
        "artist_platforms": list(artist_platforms),
        "since": since,
        "largest_fall": largest_fall,
    }
    return _ask(connection, ("no_total_falls_sharply",), parameters)


def no_platform_lacks_many_days(
    connection: duckdb.DuckDBPyConnection,
    subjects: Mapping[str, date],
    *,
    most_missing: float,
) -> Found:
    """Count the days that lack in daily series, for those subjects where they are more than a share of all days.

    Args:
        connection: The warehouse.
        subjects: Daily series and the day from which on theirs count.
        most_missing: The share.
    """
    if not subjects:
        return Found(0, 0)
    parameters = {
        "subjects": list(subjects),
        "since": list(subjects.values()),
        "earliest": min(subjects.values()),
        "most_missing": most_missing,
    }
    return _ask(connection, ("no_platform_lacks_many_days",), parameters)


def no_wanted_ranking_is_missing(
    connection: duckdb.DuckDBPyConnection,
    history_days: Mapping[str, int],
    *,
    known_before: datetime,
) -> Found:
    """Find rankings that exist, are wanted and are not stored: those that failed, and those known since before.

    Args:
        connection: The warehouse.
        history_days: Days of history that are wanted of each followed chart.
        known_before: Rankings that were listed later may still be on their way.
    """
    parameters = {
        "charts": list(history_days),
        "history_days": list(history_days.values()),
        "known_before": known_before,
    }
    return _ask(connection, ("no_wanted_ranking_is_missing",), parameters)


def no_asset_fails_often(
    connection: duckdb.DuckDBPyConnection,
    subjects: Sequence[str],
    *,
    since: datetime,
    most_failed: float,
) -> Found:
    """Count the rows that fail, for those subjects where they are more than a share of all rows of the ledger.

    Args:
        connection: The warehouse.
        subjects: Which to look at.
        since: Rows that were to be asked for again before it, and were not, are no longer of interest to anyone.
        most_failed: The share.
    """
    parameters = {"subjects": list(subjects), "since": since, "most_failed": most_failed}
    return _ask(connection, ("no_asset_fails_often",), parameters)


def _doubled(connection: duckdb.DuckDBPyConnection, table: Table) -> Found:
    names = query("checks/every_key_is_stored_once").format(table=table.qualified, key=", ".join(table.key))
    return _found(connection, f"{names} {query('checks/answer')}", {"name": table.name})


def _ask(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[str],
    parameters: Mapping[str, Any] | None = None,
) -> Found:
    statement = " ".join(query(f"checks/{part}") for part in (*parts, "answer"))
    return _found(connection, statement, parameters or {})


def _found(connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any]) -> Found:
    row = connection.execute(statement, dict(parameters)).fetchone()
    if row is None:  # the answer is one row always; this says so to the type checker
        raise AssertionError
    offending, looked_at, examples = row
    return Found(int(offending), int(looked_at), tuple(examples))
