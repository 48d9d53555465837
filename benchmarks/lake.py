"""What a lake costs beside a file, in one run: commits, rows a second, questions; before and after maintenance.

`python -m benchmarks.lake 'host=... dbname=...'` prints a table; the database must be empty, and is not emptied again.

Belongs here: what is measured. How batches are written and questions asked is the project's own business.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.growth import LATER, calls
from soundcharts_assets.refresh.subjects import past_fail, subjects
from soundcharts_assets.settings.file import FileSettings, WarehouseSettings
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.lake import Lake
from soundcharts_assets.warehouse.tables import TABLES

OPTIONS = WarehouseSettings()
ENTITIES, DAYS, REPEAT = 2_500, 40, 15
CHART = "chart-1"


def series(day: int, mode: Mode, entities: int = ENTITIES) -> Batch:
    """Four days of series, as a run commits them: 10,000 rows with their rows of the ledger and the calls."""
    at = LATER + timedelta(days=day)
    rows = [
        (f"track-{number:06d}", "spotify", (at - timedelta(days=back)).date(), "", 1_000 + number, at)
        for number in range(entities)
        for back in range(4)
    ]
    ledger = [
        ("track_audience/spotify", f"track-{number:06d}", "ok", at, at.date(), 0, None, None)
        for number in range(entities)
    ]
    batch = Batch()
    batch.add(
        [
            Change("track_audience", mode, TABLES["track_audience"].names, rows),
            Change("fetches", Mode.UPSERT, TABLES["fetches"].names, ledger),
            calls(entities),
        ]
    )
    return batch


def ranking() -> Batch:
    """A chart that reaches every entity."""
    entries = [(CHART, LATER, number + 1, f"track-{number:06d}") for number in range(ENTITIES)]
    tracks = [(f"track-{number:06d}", "Track", LATER, LATER) for number in range(ENTITIES)]
    batch = Batch()
    batch.add(
        [
            Change("charts", Mode.UPSERT, ("slug", "followed", "cascade"), [(CHART, True, True)]),
            Change("chart_rankings", Mode.UPSERT, ("chart_slug", "ranked_at", "entry_count", "fetched_at"),
                   [(CHART, LATER, ENTITIES, LATER)]),
            Change("chart_entries", Mode.REPLACE, ("chart_slug", "ranked_at", "position", "track_uuid"), entries,
                   [(CHART, LATER)]),
            Change("tracks", Mode.DISCOVER, ("uuid", "name", "discovered_at", "last_charted_at"), tracks),
        ]
    )  # fmt: skip
    return batch


def seconds(of: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    of()
    return time.perf_counter() - started


def median_of(of: Callable[[int], object]) -> float:
    """The median of several turns, in milliseconds."""
    return 1_000 * statistics.median(seconds(lambda turn=turn: of(turn)) for turn in range(REPEAT))  # type: ignore[misc]


def ask(warehouse: Warehouse) -> dict[str, float]:
    """Milliseconds of questions, opening included, since that is what a reader waits for."""
    now = LATER + timedelta(days=DAYS + 10)
    wanted = past_fail(list(subjects(FileSettings.model_validate({"charts": [CHART]})).values()), now)

    def work_lists(_: int) -> None:
        with warehouse.connect() as connection:
            work.work_lists(connection, wanted, [CHART], now=now)

    def series_of_one(_: int) -> None:
        with warehouse.connect() as connection:
            connection.execute("SELECT * FROM soundcharts.track_audience WHERE track_uuid = 'track-000042'").fetchall()

    def sums_by_day(_: int) -> None:
        with warehouse.connect() as connection:
            connection.execute("SELECT date, sum(value) FROM soundcharts.track_audience GROUP BY date").fetchall()

    questions = {"work lists of a chart": work_lists, "a track's series": series_of_one, "sums by day": sums_by_day}
    return {f"{name}, ms": median_of(question) for name, question in questions.items()}


def measure(warehouse: Warehouse) -> dict[str, float]:
    """All figures of one warehouse, which is empty before."""
    found = {"making the tables, ms": 1_000 * seconds(warehouse.probe)}
    warehouse.commit(ranking())
    found["commit of 10 rows, ms"] = median_of(lambda turn: warehouse.commit(series(turn, Mode.CORRECT, 2)))
    took = [seconds(lambda day=day: warehouse.commit(series(day, Mode.CORRECT))) for day in range(DAYS)]  # type: ignore[misc]
    rows = 4 * ENTITIES
    found["commit of 10,000 rows, ms"] = 1_000 * statistics.median(took)
    found["the last ten of forty, ms"] = 1_000 * statistics.median(took[-10:])
    found["rows a second, merged"] = rows * DAYS / sum(took)
    found |= ask(warehouse)
    found["maintenance, ms"] = 1_000 * seconds(lambda: warehouse.maintain(datetime.now(UTC) + timedelta(minutes=1)))
    return found | {f"{name}, after it": cost for name, cost in ask(warehouse).items()}


def main() -> None:
    """Measure a file and a lake in turn, and print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", help="how libpq reaches an empty database: host=... dbname=...")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        limits = {"memory_limit": OPTIONS.memory_limit, "lock_timeout_seconds": OPTIONS.lock_timeout_seconds}
        file = measure(Warehouse(folder / "warehouse.duckdb", **limits))  # type: ignore[arg-type]
        lake = measure(Lake(options.catalogue, str(folder / "files"), beside=folder / "lake", **limits))  # type: ignore[arg-type]
    table = Table("", "file", "lake", "ratio")
    for name, cost in file.items():
        table.add_row(name, f"{cost:,.0f}", f"{lake[name]:,.0f}", f"{lake[name] / cost:.1f}" if cost > 1 else "")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
