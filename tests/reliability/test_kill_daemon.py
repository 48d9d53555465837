"""Kill: `kill -9` of the daemon's runs and of the whole house; whatever was under way goes on within two minutes.

Minutes long, since ticks come every half minute: `make test-slow`.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import dagster as dg
import duckdb
import pytest

from soundcharts_assets.automation.busy import UNFINISHED
from soundcharts_assets.sandbox.process import running_sandbox
from tests.automation.test_live import ROOT
from tests.conftest import TODAY
from tests.program import wait_for
from tests.reliability.contents import Contents, contents
from tests.reliability.kills import BOUND, LARGE, SMALL, Workshop, write_charts

pytestmark = pytest.mark.slow

TWO_MINUTES = 120
BACKFILL, UPDATE = "freshness", "chart_updates"


class House:
    """A folder in which Dagster's daemon starts everything by itself, until somebody kills it with all it started."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.workshop.folder / "daemon.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [str(Path(sys.executable).with_name("dagster-daemon")), "run"],
                cwd=self.workshop.folder,
                env=self.workshop.environment() | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the daemon, its code server and every run at once, as a machine that loses its power does."""
        if self._daemon is not None:
            os.killpg(self._daemon.pid, signal.SIGKILL)
            self._daemon.wait()
            self._daemon = None
            # The kernel takes a moment to clear away what its children were.
            wait_for("the dead to let go of the warehouse", self._is_let_go, 30)

    def _is_let_go(self) -> bool:
        try:
            duckdb.connect(str(self.workshop.warehouse), read_only=True).close()
        except duckdb.IOException:
            return False
        return True

    def kill_caller(self) -> None:
        """Kill the one process that is asking Soundcharts."""
        holder = self.workshop.warehouse.with_name(f"{self.workshop.warehouse.name}.lock.holder")
        found = re.search(r"process (\d+)", holder.read_text(encoding="utf-8"))
        assert found is not None
        os.kill(int(found[1]), signal.SIGKILL)

    def runs(self) -> list[dg.RunRecord]:
        """All runs, oldest first."""
        home = mock.patch.dict(os.environ, {"DAGSTER_HOME": str(self.workshop.folder)})
        with home, contextlib.chdir(self.workshop.folder), dg.DagsterInstance.get() as instance:
            return list(instance.get_run_records(ascending=True))

    def begun(self, since: float = 0.0, started_by: str | None = None) -> bool:
        """Whether a run began after an instant."""
        return any(
            (run.start_time or 0) > since and started_by in {None, run.dagster_run.tags.get("soundcharts/started_by")}
            for run in self.runs()
        )

    def quiet(self) -> bool:
        """Whether every run has ended."""
        return all(run.dagster_run.status not in UNFINISHED for run in self.runs())

    def is_complete(self, whole: Contents) -> bool:
        """Whether every run has ended and the tables hold this: a run that was closed may not be started again yet."""
        try:
            return self.quiet() and contents(self.workshop.warehouse) == whole
        except duckdb.IOException:  # a sensor holds the file
            return False


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house that is to update one chart, which is new, and to backfill the stale rows of another."""
    with running_sandbox(data=write_charts(tmp_path / "data"), today=TODAY.date()) as sandbox:
        (tmp_path / "house").mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(ROOT / name, tmp_path / "house" / name)
        workshop = Workshop(tmp_path / "house", sandbox, TODAY, (SMALL,))
        workshop.sync()
        with duckdb.connect(str(workshop.warehouse)) as connection:
            connection.execute(
                "UPDATE soundcharts.fetches SET fetched_at = fetched_at - INTERVAL 31 DAY "
                "WHERE subject LIKE '%/spotify'"
            )
        found = House(workshop)
        try:
            yield found
        finally:
            found.kill()


def test_what_was_under_way_goes_on_within_two_minutes_and_is_complete_in_the_end(house: House, tmp_path: Path) -> None:
    sandbox, workshop = house.workshop.sandbox, house.workshop
    whole = workshop.like(tmp_path / "whole", charts=(LARGE, SMALL))
    calls = whole.sync()
    dice = random.Random("daemon")  # noqa: S311 - repeatable on purpose
    workshop.charts = (LARGE, SMALL)
    workshop.write_settings()
    sandbox.reset()
    sandbox.switch(latency_seconds=0.4)

    house.start()
    wait_for("a run to call", lambda: sandbox.report().calls > dice.randint(5, 15), 180)
    house.kill_caller()
    killed = time.time()
    after_worker = wait_for("a run after that of the killed worker", lambda: house.begun(killed), TWO_MINUTES)

    wait_for("a backfill beside it", lambda: house.begun(started_by=BACKFILL), 180)
    called = sandbox.report().calls
    wait_for("more calls", lambda: sandbox.report().calls > called + dice.randint(5, 15), 60)
    house.kill()
    workshop.check_whole()
    assert not house.quiet()
    sandbox.switch(latency_seconds=0)
    house.start()
    restarted = time.time()
    after_house = wait_for("a run in the house started again", lambda: house.begun(restarted), TWO_MINUTES)
    complete = contents(whole.warehouse)
    wait_for("the tables of an undisturbed pass", lambda: house.is_complete(complete), 2 * TWO_MINUTES)

    print(f"the next run began {after_worker:.0f} s after its worker, {after_house:.0f} s after the whole house")  # noqa: T201
    workshop.check_whole()
    assert sandbox.report().calls - calls.total() <= 2 * BOUND
