"""What batches, questions and bytes cost in warehouses of 10, 100 and 1,000 charts: what may not grow, and what it is.

`python -m benchmarks.growth` prints the figures and writes `benchmarks/growth.json`.

Belongs here: what is measured, and the targets. Does not belong here: the invented rows (`growth_warehouse`), and how
batches are written and questions asked, which is the project's own business and used as it is.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.growth_warehouse import NOW, Size, fill, identifier
from soundcharts_assets.api.call_log import CallCount
from soundcharts_assets.api.records import (
    CreditRecord,
    FollowerPoint,
    GenreRecord,
    ListedArtist,
    ListeningPoint,
    PlotPoint,
    Song,
    TrackRecord,
)
from soundcharts_assets.commands import sync  # noqa: F401 - memory is measured with all that a pass imports
from soundcharts_assets.refresh.outcomes import Outcome, Status, settlement
from soundcharts_assets.refresh.subjects import past_fail, series_changes, song_changes, subjects
from soundcharts_assets.settings.file import FileSettings, WarehouseSettings
from soundcharts_assets.warehouse import work, writes
from soundcharts_assets.warehouse.batch import Batch, Change, Mode, frame
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import Wanted, Work

FIGURES = Path(__file__).with_suffix(".json")
MEMORY_LIMIT = WarehouseSettings().memory_limit

COLD_ENTITIES = 160
WARM_ENTITIES = 1_000
SONGS = 400
INCREMENT_ROWS = 1_000_000
COMMITS_OF = (10_000, 100_000)
"""Rows of a commit: the program's own default, and what `warehouse.batch_rows` may be raised to."""
LATER = NOW + timedelta(days=1)
"""When a batch is written: the day after the newest row, so that the last three days are read again."""

_OWNERS = {"track_audience": "track_uuid", "artist_audience": "artist_uuid", "artist_listening": "artist_uuid"}
_FIELDS = {
    "track_audience": PlotPoint._fields,
    "artist_audience": FollowerPoint._fields,
    "artist_listening": ListeningPoint._fields,
}


def sizes(charts: Sequence[int], *, cold: int, daily: int) -> list[Size]:
    """Warehouses of so many charts, all alike but for that."""
    return [Size(number, number * 300, number * 150, cold, daily) for number in charts]


# What is written


def series_batch(
    subject: str,
    works: Sequence[Work],
    days: Sequence[date],
) -> Batch:
    """A batch as a run makes it of answers with these days, ledger and calls included."""
    table, platform = subject.split("/")
    columns = (_OWNERS[table], "platform", *_FIELDS[table], "fetched_at")
    batch = Batch()
    for number, work_ in enumerate(works):
        at = LATER + timedelta(milliseconds=12 * number)
        rows = [(work_.uuid, platform, *_point(table, platform, day, number, work_.uuid), at) for day in days]
        changes = series_changes(table, columns, rows, work_.through_date)
        outcome = Outcome(work_.uuid, Status.OK, at, changes, days[-1])
        batch.add(settlement(subject, work_, outcome, timedelta(days=1)))
    batch.add([calls(len(works))])
    return batch


def _point(table: str, platform: str, day: date, number: int, of: str) -> tuple[Any, ...]:
    if table == "track_audience":
        return (day, identifier(platform, of), 5_000_000 + number)
    if table == "artist_audience":
        return (day, 100_000 + number, None, None, None, None)
    return (day, 250_000 + number)


def calls(count: int) -> Change:
    """What a batch says of the calls it took."""
    hour = LATER.replace(minute=0)
    return Change(
        "api_calls", Mode.ADD, CallCount._fields, [(hour, "song_audience/spotify", "200", count, None, count)]
    )


def cold_batch() -> Batch:
    """Series that were never asked for: 31 days each."""
    works = [Work(str(uuid.uuid4()), None, None, None, 0) for _ in range(COLD_ENTITIES)]
    days = [LATER.date() - timedelta(days=31 - number) for number in range(31)]
    return series_batch("track_audience/spotify", works, days)


def warm_batch(connection: duckdb.DuckDBPyConnection, turn: int, entities: int = WARM_ENTITIES) -> Batch:
    """Series as of the day after: three days that are stored and one that is not, of neighbours in the ledger."""
    platforms = ("spotify", "shazam")
    platform = platforms[turn % len(platforms)]
    rows = connection.execute(
        """
        SELECT uuid, status, fetched_at, through_date, attempts
        FROM soundcharts.fetches
        WHERE subject = $subject AND through_date < $today::DATE
        LIMIT $entities OFFSET (
            SELECT 7919 * $turn % greatest(count(*) - $entities, 1)
            FROM soundcharts.fetches
            WHERE subject = $subject AND through_date < $today::DATE
        )
        """,
        {"subject": f"track_audience/{platform}", "today": NOW.date(), "entities": entities, "turn": turn},
    ).fetchall()
    works = [Work(*row) for row in rows]
    days = [LATER.date() - timedelta(days=4 - number) for number in range(4)]
    return series_batch(f"track_audience/{platform}", works, days)


def metadata_batch(connection: duckdb.DuckDBPyConnection, first: int) -> Batch:
    """Metadata of tracks that are stored, asked for again: themselves, credits, artists, genres, ledger."""
    rows = connection.execute(
        """
        SELECT tracks.uuid, tracks.payload, list(credits.artist_uuid ORDER BY ordinal)
        FROM (FROM soundcharts.tracks LIMIT $songs OFFSET $first) AS tracks
        JOIN soundcharts.track_artists AS credits ON credits.track_uuid = tracks.uuid
        GROUP BY ALL
        """,
        {"songs": SONGS, "first": first},
    ).fetchall()
    batch = Batch()
    for number, (track, payload, artists) in enumerate(rows):
        at = LATER + timedelta(milliseconds=12 * number)
        nothing = dict.fromkeys(TrackRecord._fields)
        values = nothing | {"uuid": track, "name": "Track", "payload": payload, "composers": "[]", "producers": "[]"}
        song = Song(
            TrackRecord(**(values | {"labels": "[]"})),  # type: ignore[arg-type]
            [CreditRecord(track, artist, place, place == 1) for place, artist in enumerate(artists, start=1)],
            [ListedArtist(artist, "Artist", None, None) for artist in artists],
            [GenreRecord("root-1", f"genre-{number % 400}"), GenreRecord("root-2", "root-2")],
        )
        outcome = Outcome(track, Status.OK, at, song_changes(song, at))
        known = Work(track, "ok", NOW, None, 0)
        batch.add(settlement("tracks", known, outcome, timedelta(days=30)))
    batch.add([calls(len(rows) // 50)])
    return batch


# How it is timed


@dataclass
class Spent:
    """Seconds of one commit, and those of them that went into frames and into statements."""

    total: float = 0
    frames: float = 0
    statements: float = 0
    parts: dict[str, float] = field(default_factory=dict)


@contextmanager
def watched(spent: Spent) -> Iterator[None]:
    """Note what making frames and executing changes take meanwhile."""
    apply = writes.apply

    def timed_frame(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return frame(*arguments, **named)
        finally:
            spent.frames += time.perf_counter() - started

    def timed_apply(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
        for change in batch:
            started = time.perf_counter()
            writes._apply_change(connection, change)  # noqa: SLF001 - to be timed one by one
            key = f"{change.table} {change.mode}"
            spent.parts[key] = spent.parts.get(key, 0) + time.perf_counter() - started
        started = time.perf_counter()
        writes._carry_last_charted(connection, batch)  # noqa: SLF001
        spent.parts["carry"] = time.perf_counter() - started
        spent.statements = sum(spent.parts.values()) - spent.frames

    setattr(writes, frame.__name__, timed_frame)
    writes.apply = timed_apply
    try:
        yield
    finally:
        setattr(writes, frame.__name__, frame)
        writes.apply = apply


def commit(warehouse: Warehouse, batch: Batch) -> Spent:
    """Write a batch and say what that took."""
    spent = Spent()
    with watched(spent):
        started = time.perf_counter()
        warehouse.commit(batch)
        spent.total = time.perf_counter() - started
    return spent


def _commits(
    warehouse: Warehouse, make: Callable[[duckdb.DuckDBPyConnection, int], Batch], repeat: int
) -> dict[str, Any]:
    """Medians of several batches, in milliseconds, and the rows a second that go with them."""
    found, rows = [], 0
    for turn in range(repeat):
        with warehouse.connect() as connection:
            batch = make(connection, turn)
        rows = batch.size
        found.append(commit(warehouse, batch))

    def median(values: Iterable[float]) -> float:
        return round(1000 * statistics.median(values), 1)

    total = median(one.total for one in found)
    return {
        "rows": rows,
        "total": total,
        "frames": median(one.frames for one in found),
        "statements": median(one.statements for one in found),
        "opening and closing": median(one.total - one.frames - one.statements for one in found),
        "rows a second": round(rows / total * 1000),
        "parts": {part: median(one.parts.get(part, 0) for one in found) for part in found[0].parts},
    }


BATCHES: dict[str, Callable[[duckdb.DuckDBPyConnection, int], Batch]] = {
    "cold": lambda _connection, _turn: cold_batch(),
    "warm": warm_batch,
    "metadata": lambda connection, turn: metadata_batch(connection, turn * SONGS),
}


def batches(warehouse: Warehouse, repeat: int) -> dict[str, dict[str, Any]]:
    """What each kind of batch costs in this warehouse."""
    return {name: _commits(warehouse, make, repeat) for name, make in BATCHES.items()}


def increment(warehouse: Warehouse, commit_rows: int) -> int:
    """Rows a second at which a new day of a million series is written, in commits of so many rows."""
    ids = [str(uuid.uuid4()) for _ in range(INCREMENT_ROWS)]
    rows = [(of, "spotify", LATER.date(), identifier("spotify", of), 5_000_000, LATER) for of in ids]
    started = time.perf_counter()
    for first in range(0, INCREMENT_ROWS, commit_rows):
        batch = Batch()
        some = rows[first : first + commit_rows]
        batch.add([Change("track_audience", Mode.APPEND, TABLES["track_audience"].names, some)])
        warehouse.commit(batch)
    return round(INCREMENT_ROWS / (time.perf_counter() - started))


def exponent(charts: Sequence[int], costs: Sequence[float]) -> float:
    """Slope of cost against size, both as logarithms, by least squares: 0 is flat, 1 grows as the tables do."""
    return round(statistics.linear_regression([*map(math.log, charts)], [*map(math.log, costs)]).slope, 3)


# Questions


def _wanted(hours: float | None) -> list[Wanted]:
    """All subjects, with series that are older than so many hours; None for everything, metadata as well."""
    settings = FileSettings.model_validate({"charts": ["chart-00001"]})
    found = past_fail(list(subjects(settings).values()), NOW)
    if hours is None:
        return [replace(one, older_than=NOW) for one in found]
    return [replace(one, older_than=NOW - timedelta(hours=hours)) if "/" in one.subject else one for one in found]


SHARES: dict[str, float | None] = {"nothing due": 24, "a tenth due": 12, "everything due": None}
CHART = "chart-00003"


def questions(charts: int) -> dict[str, Callable[[duckdb.DuckDBPyConnection], object]]:
    """What a run, the sensors and people ask, by what to call it."""
    slugs = [f"chart-{number:05d}" for number in range(charts)]
    asked: dict[str, Callable[[duckdb.DuckDBPyConnection], object]] = {
        "row_counts": work.row_counts,
        "platform_counts": lambda connection: work.platform_counts(connection, "track_audience"),
        "reached_counts of a chart": lambda connection: work.reached_counts(connection, [CHART]),
        "poll_states of all charts": lambda connection: work.poll_states(connection, slugs),
        "chart_state": lambda connection: work.chart_state(connection, CHART),
        "stored_places": lambda connection: work.stored_places(connection, CHART, NOW, f"{CHART}@{NOW.isoformat()}"),
        "spent_since": lambda connection: work.spent_since(connection, NOW),
    }
    for share, hours in SHARES.items():
        wanted = _wanted(hours)
        asked |= {f"{name}, {share}": question for name, question in _due_questions(wanted).items()}
    return asked


def _due_questions(wanted: Sequence[Wanted]) -> dict[str, Callable[[duckdb.DuckDBPyConnection], object]]:
    (spotify,) = (one for one in wanted if one.subject == "track_audience/spotify")
    assets = " ".join(map(query, ("due_wanted", "reach_of_known", "reach_numbered", "due", "status_assets")))
    parameters = work.due_parameters(wanted, NOW)
    return {
        "work list of a chart": lambda connection: work.work_lists(connection, [spotify], [CHART], now=NOW),
        "work lists of a chart": lambda connection: work.work_lists(connection, wanted, [CHART], now=NOW),
        "due_counts of all": lambda connection: work.due_counts(connection, wanted, now=NOW),
        "charts_for_due": lambda connection: work.charts_for_due(connection, wanted, now=NOW),
        "affordable": lambda connection: work.affordable(connection, wanted, now=NOW, room=10_000),
        "status": lambda connection: connection.execute(assets, parameters).fetchall(),
    }


def ask(warehouse: Warehouse, charts: int) -> dict[str, float | str]:
    """Milliseconds of each question, asked once of a file just opened; or why it could not be answered."""
    found: dict[str, float | str] = {}
    for name, question in questions(charts).items():
        with warehouse.connect() as connection:
            started = time.perf_counter()
            try:
                question(connection)
            except duckdb.Error as error:
                found[name] = str(error).splitlines()[0]
            else:
                found[name] = round(1000 * (time.perf_counter() - started), 1)
    return found


# Bytes


def bytes_per_million(path: Path) -> dict[str, float]:
    """Megabytes that a million rows of each series take in the file, by blocks that its segments lie in."""
    found = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        for table in _OWNERS:
            blocks, rows = connection.execute(
                f"""
                SELECT
                    (SELECT count(DISTINCT block_id) FROM pragma_storage_info('soundcharts.{table}') WHERE persistent),
                    (SELECT count(*) FROM soundcharts.{table})
                """  # noqa: S608 - names of our own
            ).fetchall()[0]
            found[table] = round(blocks * 262_144 / rows, 2)
    return found


# Memory


def probe(path: Path, charts: int, memory_limit: str) -> dict[str, Any]:
    """Write and ask everything under a limit. Returns what failed, and the peak of this process in megabytes."""
    before = _peak()
    warehouse = Warehouse(path, memory_limit=memory_limit, lock_timeout_seconds=1)
    batches_ = batches(warehouse, 1)
    written = _peak()
    answers = ask(warehouse, charts)
    failed = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    peaks = {"before": before, "batches written": written, "everything": _peak()}
    return {
        "memory_limit": memory_limit,
        "peak": peaks,
        "failed": failed,
        "slowest": _slowest(answers),
        "rows": len(batches_),
    }


def _slowest(answers: dict[str, float | str]) -> float:
    return max(answer for answer in answers.values() if isinstance(answer, float))


def _peak() -> int:
    """Megabytes at the most so far. `getrusage` would tell the peak of the process that this one came from, too."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def measure(folder: Path, charts: Sequence[int], limits: Sequence[str], repeat: int) -> dict[str, Any]:
    """Make what warehouses are not there yet, and measure everything."""
    found: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "batches": {}, "exponents": {}}
    path = folder
    for size in sizes(charts, cold=16, daily=16):
        path = folder / f"growth-{size.charts}.duckdb"
        if not path.exists():
            fill(path, size)
        warehouse = Warehouse(path, memory_limit=MEMORY_LIMIT, lock_timeout_seconds=1)
        warehouse.probe()
        found["batches"][size.charts] = batches(warehouse, repeat)
    for name in BATCHES:
        costs = [found["batches"][number][name]["total"] for number in charts]
        found["exponents"][name] = exponent(charts, costs)
    found["questions"] = ask(Warehouse(path, memory_limit=MEMORY_LIMIT, lock_timeout_seconds=1), charts[-1])
    found["megabytes per million rows"] = bytes_per_million(path)
    found["memory"] = [_probe_apart(path, charts[-1], limit) for limit in limits]
    # Last, since it makes the warehouse larger.
    found["increment"] = {rows: increment(warehouse, rows) for rows in COMMITS_OF}
    return found


def _probe_apart(path: Path, charts: int, limit: str) -> dict[str, Any]:
    """The same as `probe`, in a process of its own: a peak never falls."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.growth",
        "--probe",
        str(path),
        "--charts",
        str(charts),
        "--limits",
        limit,
    ]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return told


def main() -> None:
    """Print and note the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the warehouses are, or are made and stay")
    parser.add_argument("--charts", type=int, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--limits", nargs="*", default=["1GB", MEMORY_LIMIT], help="of memory, to try")
    parser.add_argument("--repeat", type=int, default=5, help="more leave the smallest warehouse nothing to read again")
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.probe:
        print(json.dumps(probe(options.probe, options.charts[0], options.limits[0])))  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(options.folder or Path(scratch), options.charts, options.limits, options.repeat)
    FIGURES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    _print(found)


def _print(found: dict[str, Any]) -> None:
    charts = list(found["batches"])
    lines = [f"{'milliseconds of a batch':34}" + "".join(f"{number:>9} charts" for number in charts) + "  exponent"]
    for name in BATCHES:
        costs = "".join(f"{found['batches'][number][name]['total']:16.0f}" for number in charts)
        lines.append(f"{name:34}{costs}{found['exponents'][name]:10.2f}")
    lines += ["", "milliseconds of a question"]
    lines += [f"{name:44} {cost}" for name, cost in found["questions"].items()]
    lines += ["", "megabytes per million rows"]
    lines += [f"{name:44} {size}" for name, size in found["megabytes per million rows"].items()]
    lines += ["", *(f"{told:,} rows a second in commits of {rows:,}" for rows, told in found["increment"].items())]
    lines += ["", *(str(one) for one in found["memory"])]
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
