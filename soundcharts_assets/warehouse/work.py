"""What is due, asked of the tables. Work lists, counts and status all come from here, so that they cannot differ.

Nothing is written here. How old is too old is decided by the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import duckdb

from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.tables import TABLES


@dataclass(frozen=True)
class Wanted:
    """A subject to look for: its entity, `tracks` or `artists`, and the instant at or before which answers are old."""

    subject: str
    entity: str
    older_than: datetime


class Work(NamedTuple):
    """One due row, with what the ledger says of it; status None where it was never asked for."""

    uuid: str
    status: str | None
    fetched_at: datetime | None
    through_date: date | None
    attempts: int


class RankingState(NamedTuple):
    """What the ledger says of a ranking that is not stored."""

    status: str
    not_before: datetime | None
    attempts: int


class Ledgered(NamedTuple):
    """What the ledger says of one thing: when it was last settled, until when it waits, failures in a row."""

    fetched_at: datetime | None
    not_before: datetime | None
    attempts: int


class ChartState(NamedTuple):
    """Rankings of one chart: instants stored, and unsettled ones by the text that addresses them."""

    stored: frozenset[datetime]
    unsettled: dict[str, RankingState]


def work_list(
    connection: duckdb.DuckDBPyConnection,
    wanted: Wanted,
    chart: str,
    *,
    now: datetime,
    uuids: Sequence[str] = (),
    force: bool = False,
) -> list[Work]:
    """Return the due rows of one subject that a chart reaches, those never asked for first, then the stalest.

    Args:
        connection: The warehouse.
        wanted: What is looked for.
        chart: Slug of the chart.
        now: Rows told to wait beyond it are left out.
        uuids: Only these, where any are given.
        force: Whether age and waiting are ignored.
    """
    rows = connection.execute(
        f"{query('due')} {query('work_list')}",
        _parameters([wanted], now, charts=[chart], uuids=uuids, force=force),
    ).fetchall()
    return [Work(*row) for row in rows]


def due_counts(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    *,
    now: datetime,
    charts: Sequence[str] = (),
) -> dict[str, dict[str, int]]:
    """Count due rows by chart and subject, of the given charts or of all; what is not due is left out."""
    rows = connection.execute(
        f"{query('due')} {query('due_counts')}",
        _parameters(wanted, now, charts=charts, uuids=(), force=False),
    ).fetchall()
    counts: dict[str, dict[str, int]] = {}
    for chart, subject, due in rows:
        counts.setdefault(chart, {})[subject] = due
    return counts


def chart_state(connection: duckdb.DuckDBPyConnection, chart: str) -> ChartState:
    """Return which rankings of a chart are stored and which are known to be wanting."""
    rows = connection.execute(query("chart_state"), {"chart": chart}).fetchall()
    stored = frozenset(ranked_at for ranked_at, uuid, *_ in rows if uuid is None)
    unsettled = {}
    for _, uuid, status, not_before, attempts in rows:
        slug, _, text = (uuid or "").rpartition("@")
        if slug == chart:
            unsettled[text] = RankingState(status, not_before, attempts)
    return ChartState(stored, unsettled)


def ledgered(connection: duckdb.DuckDBPyConnection, subject: str, uuid: str) -> Ledgered:
    """Return what the ledger says of one thing; nothing but zeros where it was never asked for."""
    row = connection.execute(
        "SELECT fetched_at, not_before, attempts FROM soundcharts.fetches WHERE subject = $subject AND uuid = $uuid",
        {"subject": subject, "uuid": uuid},
    ).fetchone()
    return Ledgered(None, None, 0) if row is None else Ledgered(*row)


def reached_counts(connection: duckdb.DuckDBPyConnection, charts: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the tracks and artists that charts reach, by chart and entity."""
    rows = connection.execute(
        """
        SELECT chart_slug, entity, count(*)
        FROM soundcharts.reached
        WHERE list_contains($charts::VARCHAR[], chart_slug)
        GROUP BY chart_slug, entity
        """,
        {"charts": list(charts)},
    ).fetchall()
    return {(chart, entity): count for chart, entity, count in rows}


def row_counts(connection: duckdb.DuckDBPyConnection, platform: str | None = None) -> dict[str, int]:
    """Count the rows of every table; given a platform, only its rows where a table has platforms."""
    counts = {}
    for table in TABLES.values():
        narrowed = platform is not None and "platform" in table.key
        statement = f"SELECT count(*) FROM {table.qualified}{' WHERE platform = $platform' if narrowed else ''}"
        row = connection.execute(statement, {"platform": platform} if narrowed else {}).fetchone()
        counts[table.name] = 0 if row is None else int(row[0])
    return counts


def _parameters(
    wanted: Sequence[Wanted],
    now: datetime,
    *,
    charts: Sequence[str],
    uuids: Sequence[str],
    force: bool,
) -> dict[str, object]:
    return {
        "subjects": [one.subject for one in wanted],
        "entities": [one.entity for one in wanted],
        "older_than": [one.older_than for one in wanted],
        "charts": list(charts) or None,
        "uuids": list(uuids) or None,
        "now": now,
        "force": force,
    }
