"""Passes that are killed: started as processes, hit at a seeded instant, and looked at before and after the next one.

What must hold is said in `test_kill`; here is how it is brought about and measured.
"""

import multiprocessing
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from soundcharts_assets.sandbox.generate import Plan, generate
from soundcharts_assets.sandbox.process import Sandbox
from tests.warehouse.helpers import doubled_keys

WORKERS, BATCH_ROWS, BATCH_SIZE = 2, 150, 10
BATCH, WAITING, IN_FLIGHT = BATCH_ROWS // 10, 8 * WORKERS, WORKERS
BOUND = BATCH + WAITING + IN_FLIGHT
"""Calls that a kill may lose: a batch, at ten rows a call or more, what came while one was being stored, and what is on
its way."""

LARGE, SMALL = "large", "small"
SETTINGS = f"""
platforms: {{track_audience: [spotify], artist_audience: [], artist_listening: [spotify]}}
audience: {{history_days: 20, overlap_days: 20}}
api: {{workers: {WORKERS}, batch_size: {BATCH_SIZE}, calls_per_minute: 100000, backoff_seconds: 0.01}}
warehouse: {{batch_rows: {BATCH_ROWS}, batch_seconds: 600}}
"""
_OWN_PRICE = {"ranking_latest"}
"""Every pass polls every chart once, however the one before it ended."""

_context = multiprocessing.get_context("forkserver")
# Imported once: the seconds that Dagster takes to import would be most of a killed pass.
_context.set_forkserver_preload(["soundcharts_assets.commands.sync", "soundcharts_assets.commands.console"])


class Kill(NamedTuple):
    """What a kill met and what it cost."""

    asked: Mapping[str, int]
    repeated: int
    """Calls of the killed pass whose answers are not stored."""
    left_a_log: bool
    """Whether DuckDB had not carried its write-ahead log into the file yet."""


def write_charts(folder: Path) -> Path:
    """Write a sandbox's folder with two small charts that share tracks."""
    plans = [
        Plan(1, LARGE, "Large", "spotify", "daily", 40, own=55),
        Plan(2, SMALL, "Small", "spotify", "daily", 20, own=22, shared=((LARGE, 10),)),
    ]
    generate(folder, 4, plans)
    return folder


@dataclass
class Workshop:
    """A user's folder, in which passes are started and killed."""

    folder: Path
    sandbox: Sandbox
    moment: datetime
    """What time every pass believes it begins at."""
    charts: tuple[str, ...]
    history_days: int = 0

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def like(self, folder: Path, **changes: Any) -> "Workshop":
        """Another folder with the same content."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder, **changes)

    def sync(self) -> Counter[str]:
        """Carry out one pass undisturbed, and return its calls."""
        self.sandbox.reset()
        process = self._start()
        process.join(120)
        assert process.exitcode == 0, (process.exitcode, self.said())
        return self._asked()

    def kill(self, dice: random.Random, most_calls: int) -> Kill | None:
        """Start a pass and kill it at an instant anywhere in it; None where it was done before."""
        self.sandbox.reset()
        before = self._worth()
        process = self._start()
        after = dice.randint(-most_calls // 10, most_calls)
        deadline = time.monotonic() + 60
        while process.is_alive() and self.sandbox.report().calls < after:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        # A share hits the start, before the first call; what is left spreads over commits and Dagster's own writes.
        process.join(dice.uniform(0, 0.2 if after > 0 else 1.0))
        if process.exitcode is not None:
            assert process.exitcode == 0, self.said()
            return None
        process.kill()
        process.join()
        left_a_log = self.warehouse.with_name(f"{self.warehouse.name}.wal").exists()
        asked = self._asked()
        # Batches of metadata that were stored in part make the worth a call more or less than what was asked.
        return Kill(asked, max(0, _beyond_polls(asked) - (self._worth() - before)), left_a_log)

    def said(self) -> str:
        """What the last pass printed."""
        return (self.folder / "output").read_text(encoding="utf-8")

    def unfinished_runs(self) -> int:
        """Runs that Dagster believes to be alive."""
        answer = _context.Process(target=_count_runs, args=(self.folder, self.environment()))
        answer.start()
        answer.join(60)
        return int((self.folder / "unfinished").read_text(encoding="utf-8"))

    def check_whole(self) -> None:
        """The file opens; no key is there twice, no ranking is half there, nothing passes for fetched that is not."""
        if not self.warehouse.exists():
            return
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            if not connection.execute("SELECT * FROM duckdb_tables() WHERE table_name = 'fetches'").fetchall():
                return
            assert doubled_keys(connection) == []
            for question in _NEVER:
                assert connection.execute(question).fetchall() == [], question

    def write_settings(self) -> None:
        """Follow the charts, and set the clock to the moment."""
        more = f"charts: [{', '.join(self.charts)}]\nhistory_days: {self.history_days}\n"
        (self.folder / "soundcharts.yaml").write_text(SETTINGS + more, encoding="utf-8")
        if not (self.folder / "dagster.yaml").exists():
            (self.folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
        ahead = (self.moment - datetime.now(UTC)).total_seconds()
        (self.folder / "clock").write_text(str(ahead), encoding="utf-8")

    def _start(self) -> BaseProcess:
        self.write_settings()
        process = _context.Process(target=_sync, args=(self.folder, self.environment()))
        process.start()
        return process

    def environment(self) -> dict[str, str]:
        """Variables that point everything at this folder."""
        return {
            "PATH": os.environ["PATH"],
            "DAGSTER_HOME": str(self.folder),
            "SOUNDCHARTS_BASE_URL": self.sandbox.url,
            "SOUNDCHARTS_APP_ID": "soundcharts",
            "SOUNDCHARTS_API_KEY": "soundcharts",
            "SOUNDCHARTS_CLOCK_SHIFT": str(self.folder / "clock"),
            "SOUNDCHARTS_WAREHOUSE": str(self.warehouse),
        }

    def _asked(self) -> Counter[str]:
        """Calls since the last reset, those on their way included."""
        seen, now = None, self.sandbox.report()
        while seen != now:
            time.sleep(0.05)
            seen, now = now, self.sandbox.report()
        return Counter(now.by_endpoint)

    def _worth(self) -> int:
        """Calls that it takes to fetch what the ledger says was fetched as of the moment."""
        if not self.warehouse.exists():
            return 0
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            if not connection.execute("SELECT * FROM duckdb_tables() WHERE table_name = 'fetches'").fetchall():
                return 0
            rows = connection.execute(
                "SELECT subject, count(*) FROM soundcharts.fetches WHERE fetched_at >= ? GROUP BY ALL", [self.moment]
            ).fetchall()
            # The newest ranking came with the poll.
            newest = "SELECT count(*) FROM soundcharts.chart_rankings WHERE seen_at >= ?"
            polled = int(connection.execute(newest, [self.moment]).fetchall()[0][0])
        settled: Counter[str] = Counter(dict(rows))
        del settled["charts"]
        in_batches = [settled.pop(subject, 0) for subject in ("tracks", "artists")]
        return settled.total() - polled + sum(-(-count // BATCH_SIZE) for count in in_batches)


def calls_beyond(passes: Sequence[Mapping[str, int]], undisturbed: Mapping[str, int]) -> int:
    """Calls that passes made together beyond those of the undisturbed one, polls apart."""
    made: Counter[str] = sum((Counter(one) for one in passes), Counter())
    return _beyond_polls(made) - _beyond_polls(undisturbed)


def _beyond_polls(calls: Mapping[str, int]) -> int:
    return sum(count for endpoint, count in calls.items() if endpoint not in _OWN_PRICE)


_NEVER = (
    """
    SELECT chart_slug, ranked_at FROM soundcharts.chart_rankings AS rankings
    WHERE entry_count <> (SELECT count(*) FROM soundcharts.chart_entries AS entries
                          WHERE entries.chart_slug = rankings.chart_slug AND entries.ranked_at = rankings.ranked_at)
    """,
    """
    SELECT chart_slug, ranked_at FROM soundcharts.chart_entries
    ANTI JOIN soundcharts.chart_rankings USING (chart_slug, ranked_at)
    """,
    """
    SELECT uuid FROM soundcharts.fetches AS ledger
    WHERE status = 'ok' AND subject = 'track_audience/spotify'
      AND uuid NOT IN (SELECT track_uuid FROM soundcharts.track_audience)
    """,
    """
    SELECT uuid FROM soundcharts.fetches AS ledger
    WHERE status = 'ok' AND subject = 'artist_listening/spotify'
      AND uuid NOT IN (SELECT artist_uuid FROM soundcharts.artist_listening)
    """,
    """
    SELECT uuid FROM soundcharts.tracks
    WHERE fetched_at IS NOT NULL
      AND uuid NOT IN (SELECT uuid FROM soundcharts.fetches WHERE subject = 'tracks' AND status = 'ok')
    """,
)
"""Questions that have no answer in a whole warehouse."""


def _sync(folder: Path, environment: Mapping[str, str]) -> None:
    """Be the command `soundcharts-assets sync`."""
    from soundcharts_assets.cli import main  # noqa: PLC0415

    _settle(folder, environment)
    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["soundcharts-assets", "sync"]
    main()


def _count_runs(folder: Path, environment: Mapping[str, str]) -> None:
    import dagster as dg  # noqa: PLC0415

    from soundcharts_assets.automation.busy import UNFINISHED  # noqa: PLC0415

    _settle(folder, environment)
    with dg.DagsterInstance.get() as instance:
        count = instance.get_runs_count(dg.RunsFilter(statuses=UNFINISHED))
    (folder / "unfinished").write_text(str(count), encoding="utf-8")


def _settle(folder: Path, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
