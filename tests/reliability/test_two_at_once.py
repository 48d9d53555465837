"""Two at once: commands, runs and readers meet at one file, and neither a row nor a call is lost or doubled."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.outcomes import Outcome, Status
from soundcharts_assets.refresh.pipeline import BatchLimits, Task, Unit, carry_out
from soundcharts_assets.sandbox.process import Sandbox
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseLockedError
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import Work
from tests.conftest import Bench
from tests.reliability.aside import Aside
from tests.shop import Shop

PROGRAM = Path(sys.executable).resolve().name
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

# When told to, opens the file as soon as nobody else has it, says so, and keeps it; or takes it again and again.
HOLD = """
import sys, time, duckdb
print("begun", flush=True)
sys.stdin.readline()
while True:
    try:
        held = duckdb.connect(sys.argv[1], read_only=True)
        break
    except duckdb.Error:
        time.sleep(0.002)
print("held", flush=True)
sys.stdin.readline()
"""
HOLD_ON_AND_OFF = """
import sys, time, duckdb
print("begun", flush=True)
while True:
    try:
        with duckdb.connect(sys.argv[1], read_only=True) as connection:
            connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
            time.sleep(0.1)
    except duckdb.Error:
        pass
    time.sleep(0.15)
"""
RUN = """
from soundcharts_assets.commands.instance import open_instance
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import CASCADE, register_charts
from soundcharts_assets.settings.reading import load_settings
with open_instance() as instance:
    register_charts(instance, ["viral-50-40"])
    job = build_definitions(load_settings()).resolve_job_def(CASCADE)
    result = job.execute_in_process(partition_key="viral-50-40", instance=instance, raise_on_error=False)
    raise SystemExit(not result.success)
"""


@pytest.fixture
def shop(shared_sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    """A folder as a user has it, with a pass that takes some seconds."""
    shared_sandbox.faults([])
    shared_sandbox.reset()
    shared_sandbox.switch(latency_seconds=0.4)
    yield Shop(tmp_path, shared_sandbox)
    shared_sandbox.switch(latency_seconds=0)


@pytest.fixture
def slowed(bench: Bench) -> Iterator[Bench]:
    """A bench with such a pass, in this process."""
    bench.sandbox.switch(latency_seconds=0.3)
    yield bench
    bench.sandbox.switch(latency_seconds=0)


class Reader:
    """Another program that uses the file."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def take(self) -> None:
        """Wait until it has the file, which it does not let go until the end of the block."""
        assert self._process.stdin is not None
        self._process.stdin.write("take\n")
        self._process.stdin.flush()
        self.wait()

    def wait(self) -> None:
        """Wait until it says something."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline()


@contextmanager
def reader(code: str, path: Path) -> Iterator[Reader]:
    """Such a program for the length of the block."""
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            started = Reader(process)
            started.wait()
            yield started
        finally:
            process.kill()


def follow(bench: Bench, lock_timeout_seconds: float) -> None:
    """Commit early and wait so long for the file."""
    options = {"batch_seconds": 0.2, "lock_timeout_seconds": lock_timeout_seconds}
    platforms = {"track_audience": ["spotify"], "artist_audience": [], "artist_listening": []}
    bench.follow("viral-50-40", platforms=platforms, warehouse=options)


def whole(shop: Shop | Bench, polls: int) -> None:
    """Every row once, every call once but for a poll of each process, nothing set aside."""
    for table in TABLES.values():
        key = ", ".join(table.key)
        assert shop.query(f"SELECT {key} FROM {table.qualified} GROUP BY {key} HAVING count(*) > 1") == [], table.name
    settled = "SELECT count(*) FROM soundcharts.fetches WHERE subject = 'track_audience/spotify' AND status = 'ok'"
    silent = "SELECT count(*) FROM soundcharts.fetches WHERE subject = 'track_audience/spotify' AND status = 'empty'"
    assert shop.query(settled)[0][0] + shop.query(silent)[0][0] == 50
    series = "SELECT count(DISTINCT track_uuid) FROM soundcharts.track_audience"
    assert shop.query(series) == shop.query(settled)
    asked = shop.sandbox.report()
    assert asked.by_endpoint["ranking_latest"] <= polls
    assert asked.duplicates == asked.by_endpoint["ranking_latest"] - 1, asked.duplicate_examples
    assert shop.query("SELECT sum(calls) FROM soundcharts.api_calls") == [(asked.calls,)]
    assert not list(shop.folder.glob("**/*.spool/batch-*"))


@pytest.mark.slow
def test_a_reader_that_takes_the_file_again_and_again_costs_nothing_but_time(slowed: Bench) -> None:
    follow(slowed, 30)
    slowed.refresher().warehouse.probe()
    with reader(HOLD_ON_AND_OFF, slowed.folder / "warehouse.duckdb"):
        report = slowed.sync()

    assert (report.exit_code, report.failures) == (0, [])
    whole(slowed, polls=1)


@pytest.mark.slow
def test_a_reader_that_lets_go_within_the_bound_is_waited_for(slowed: Bench) -> None:
    follow(slowed, 30)
    with Aside(slowed) as aside:
        with reader(HOLD, slowed.folder / "warehouse.duckdb") as holder:
            aside.wait_for_calls("song_audience/spotify", 10)
            holder.take()
            time.sleep(2)
        aside.join()
    assert (aside.report.exit_code, aside.report.failures) == (0, [])
    whole(slowed, polls=1)


def test_a_reader_past_the_bound_is_named_and_what_was_paid_for_is_stored_next_time(slowed: Bench) -> None:
    follow(slowed, 1)
    with reader(HOLD, slowed.folder / "warehouse.duckdb") as holder, Aside(slowed) as aside:
        aside.wait_for_calls("song_audience/spotify", 10)
        holder.take()
        report = aside.join()
    assert report.exit_code == 1
    (failure,) = report.failures
    assert f"is held by {PROGRAM} (process {holder.pid}). The answers in hand were set aside in" in failure.error
    assert list(slowed.folder.glob("*.spool/batch-*"))

    assert slowed.sync().exit_code == 0
    whole(slowed, polls=2)


@pytest.mark.slow
def test_a_reader_past_the_usual_bound_is_told_in_one_line_of_the_command(shop: Shop) -> None:
    with reader(HOLD, shop.warehouse) as holder:
        sync = shop.start("sync")
        deadline = time.monotonic() + 60
        while shop.sandbox.report().by_endpoint.get("song_audience/spotify", 0) < 10:
            assert sync.poll() is None, sync.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        holder.take()
        began = time.monotonic()
        output, errors = sync.communicate(timeout=120)
        waited = time.monotonic() - began

    assert sync.returncode == 1
    telling = [line for line in (output + errors).splitlines() if "is held by" in line]
    assert len(telling) == 1, output + errors
    assert f"is held by {PROGRAM} (process {holder.pid})" in telling[0]
    assert 20 < waited < 90, "the half minute is waited for once, not by each asset and each batch"

    shop.sandbox.switch(latency_seconds=0)
    assert shop.call("sync").returncode == 0
    whole(shop, polls=2)


@pytest.mark.slow
def test_a_sync_beside_a_run_of_dagster_fetches_nothing_twice(shop: Shop) -> None:
    command = [sys.executable, "-c", RUN]
    run = subprocess.Popen(
        command,
        cwd=shop.folder,
        env=shop.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    sync = shop.start("sync", "--json")
    output, errors = sync.communicate(timeout=120)
    trace = run.communicate(timeout=120)[1]

    assert (sync.returncode, run.returncode) == (0, 0), (output, errors, trace[-2000:])
    whole(shop, polls=2)


def test_while_the_file_is_held_a_row_that_no_table_takes_keeps_none_out_of_the_spool(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    warehouse = Warehouse(path, memory_limit="500MB", lock_timeout_seconds=0.5)
    warehouse.probe()

    def unit(uuid: str, name: str | None) -> Unit:
        change = Change("artists", Mode.UPSERT, ("uuid", "name"), [(uuid, name)])
        return Unit([Work(uuid, None, None, None, 0)], lambda: iter([Outcome(uuid, Status.OK, NOW, [change])]))

    def commit(batch: Batch) -> None:
        warehouse.commit(batch)

    uuids = [f"artist-{number}" for number in range(20)]
    bad = {"artist-3", "artist-15"}
    with reader(HOLD, path) as holder:
        holder.take()
        began = time.monotonic()
        with pytest.raises(WarehouseLockedError, match="set aside"):
            carry_out(
                [
                    Task(
                        Account("artists", ("global-28",)),
                        [unit(uuid, None if uuid in bad else "Ada") for uuid in uuids],
                        timedelta(days=30),
                    )
                ],
                workers=2,
                limits=BatchLimits(1_000, 60),
                clock=lambda: NOW,
                commit=commit,
                finish=commit,
                on_outcome=lambda *_: None,
            )
        assert time.monotonic() - began < 20, "it is waited for once, not by every half"

    assert warehouse.catch_up() > 0
    with warehouse.connect() as connection:
        told = dict(
            connection.execute("SELECT uuid, status FROM soundcharts.fetches WHERE subject = 'artists'").fetchall()
        )
        stored = {uuid for (uuid,) in connection.execute("SELECT uuid FROM soundcharts.artists").fetchall()}
    assert told == {uuid: "malformed" if uuid in bad else "ok" for uuid in uuids}
    assert stored == set(uuids) - bad
