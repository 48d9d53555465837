"""What these tests share: short ways to write, to read, to say what charts reach, and to start another process."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from soundcharts_assets.warehouse import writes
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import Wanted, Work, row_counts, work_lists

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)

REFUSED = (duckdb.Error, WarehouseError)
"""What a batch that cannot be stored ends in."""

AWKWARD_TEXTS = (
    "O'Brien",
    "'; DROP TABLE soundcharts.tracks; --",
    'say "hello"',
    "100 % $1 ? {x} \\ /",
    "two\nlines\r\nand a\ttab",
    "beyond the BMP: \U0001f98a\U0001d11e",
    "e\u0301 is not \u00e9, \u202eright to left\u202c",
    "",
    " ",
    "nan",
    "NaN",
    "None",
    "NULL",
    "null",
    "NaT",
    "<NA>",
    "inf",
    "true",
    "0012",
    "x" * 5_000,
)
"""Texts that a careless way into a table would change, refuse or run."""


def open_warehouse(path: Path, *, bound: float = 5) -> Warehouse:
    """Return a warehouse that waits `bound` seconds for whoever holds its file."""
    return Warehouse(path, memory_limit="500MB", lock_timeout_seconds=bound)


def open_lake(catalogue: str, folder: Path, *, bound: float = 5) -> Warehouse:
    """Return a warehouse whose rows lie below a folder, with the catalogue in a database of Postgres."""
    from soundcharts_assets.warehouse.lake import Lake  # noqa: PLC0415 - not everybody has what it takes

    return Lake(
        catalogue,
        str(folder / "files"),
        beside=folder / "lake",
        memory_limit="500MB",
        lock_timeout_seconds=bound,
    )


def batch_of(*changes: Change) -> Batch:
    batch = Batch()
    batch.add(changes)
    return batch


def commit(warehouse: Warehouse, *changes: Change) -> None:
    warehouse.commit(batch_of(*changes))


def write(connection: duckdb.DuckDBPyConnection, *changes: Change) -> None:
    """Commit a batch on a connection that stays open, for tests with many of them."""
    connection.execute("BEGIN")
    writes.apply(connection, batch_of(*changes))
    connection.execute("COMMIT")


def rows_of(warehouse: Warehouse, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(sql, parameters).fetchall()


def stored(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """All rows of a table in the order of the given columns."""
    names = ", ".join(columns)
    return connection.execute(f"SELECT {names} FROM soundcharts.{table} ORDER BY ALL NULLS FIRST").fetchall()


def in_use(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Tables that hold rows."""
    counts = row_counts(connection)
    return [TABLES[name] for name, count in counts.items() if count]


def empty(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove all rows of all tables."""
    for table in in_use(connection):
        connection.execute(f"DELETE FROM {table.qualified}")


def doubled_keys(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Tables that hold a key more than once, with one such key."""
    checks = [
        f"SELECT '{table.name}', any_value([{', '.join(f'{name}::VARCHAR' for name in table.key)}]) "
        f"FROM {table.qualified} GROUP BY {', '.join(table.key)} HAVING count(*) > 1"
        for table in in_use(connection)
    ]
    return connection.execute(" UNION ALL ".join(checks)).fetchall() if checks else []


def chart(slug: str, *, cascade: bool = True, followed: bool = True) -> Change:
    return Change("charts", Mode.UPSERT, ("slug", "followed", "cascade"), [(slug, followed, cascade)])


def ranking(slug: str, *tracks: str, at: datetime = NOON) -> Change:
    """A ranking's entries, one place for each track."""
    columns = ("chart_slug", "ranked_at", "position", "track_uuid")
    rows = [(slug, at, position, track) for position, track in enumerate(tracks, start=1)]
    return Change("chart_entries", Mode.REPLACE, columns, rows, [(slug, at)])


def credits_of(track: str, *artists: str) -> Change:
    columns = ("track_uuid", "artist_uuid", "ordinal")
    rows = [(track, artist, ordinal) for ordinal, artist in enumerate(artists, start=1)]
    return Change("track_artists", Mode.REPLACE, columns, rows, [(track,)])


def stored_ranking(
    slug: str,
    *tracks: str,
    at: datetime = NOON,
    seen_at: datetime | None = None,
    unseen_at: datetime | None = None,
) -> list[Change]:
    """All that storing a ranking writes: the ranking, its entries, and its tracks in minimal form."""
    columns = ("chart_slug", "ranked_at", "entry_count", "fetched_at", "seen_at", "unseen_at")
    discovered = [(track, track, at, at) for track in tracks]
    return [
        Change("chart_rankings", Mode.UPSERT, columns, [(slug, at, len(tracks), at, seen_at, unseen_at)]),
        ranking(slug, *tracks, at=at),
        Change("tracks", Mode.DISCOVER, ("uuid", "name", "discovered_at", "last_charted_at"), discovered),
    ]


def stored_credits(track: str, *artists: str) -> list[Change]:
    """All that storing a track's credits writes: the credits, and its artists in minimal form."""
    discovered = [(artist, artist, NOON) for artist in artists]
    return [
        credits_of(track, *artists),
        Change("artists", Mode.ABSENT, ("uuid", "name", "discovered_at"), discovered),
    ]


def ledger(
    subject: str,
    uuid: str,
    status: str = "ok",
    fetched_at: datetime | None = None,
    *,
    through: date | None = None,
    attempts: int = 0,
    not_before: datetime | None = None,
) -> Change:
    row = (subject, uuid, status, fetched_at, through, attempts, not_before, None)
    return Change("fetches", Mode.UPSERT, TABLES["fetches"].names, [row])


@contextmanager
def another_process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a Python script in a process of its own until the block ends; it is ready once it printed a line."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert line(process)
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """The next line the process prints; '' where it ended instead."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    """Let a process go that waits for the end of its input, and wait for it."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=10)


HOLD_FILE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("held", flush=True)
sys.stdin.read()
"""
"""Hold a DuckDB file, to `read` or to `write`, until told to end."""


def work_list(
    connection: duckdb.DuckDBPyConnection,
    wanted: Wanted,
    charts: Sequence[str],
    *,
    now: datetime,
    uuids: Sequence[str] = (),
    force: bool = False,
) -> list[Work]:
    """Return the due rows of one subject."""
    return work_lists(connection, [wanted], charts, now=now, uuids=uuids, force=force)[wanted.subject]
