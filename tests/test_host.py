"""As a stranger does it: an empty Dagster project, one YAML file, Dagster's own commands and daemon, a real table.

Minutes long, since ticks come every half minute: `make test-slow`.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from soundcharts_assets.automation.orphans import RunLocks
from soundcharts_assets.partitions import CASCADE, register_charts
from soundcharts_assets.sandbox.process import Sandbox
from soundcharts_assets.settings.reading import COMPONENT
from tests.conftest import TODAY
from tests.host import Host
from tests.program import wait_for

pytestmark = pytest.mark.slow

CHART = "viral-50-40"
ATTRIBUTES = f"""
  charts: [{CHART}]
  platforms: {{track_audience: [spotify], artist_audience: [], artist_listening: []}}
  api: {{backoff_seconds: 0.01, calls_per_minute: 100000, polls_per_minute: 100000}}
"""
THEIRS = """
import dagster as dg


@dg.asset
def theirs() -> None: ...
"""


class Household:
    """A host with the component, an asset of its own, the sandbox for a vendor, and the clock of the sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.host = Host(folder)
        self.host.write("src/host/defs/theirs.py", THEIRS)
        self.host.add(ATTRIBUTES)
        self.variables = {
            "SOUNDCHARTS_BASE_URL": sandbox.url,
            "SOUNDCHARTS_APP_ID": "soundcharts",
            "SOUNDCHARTS_API_KEY": "soundcharts",
            "SOUNDCHARTS_CLOCK_SHIFT": str(folder / "clock"),
        }
        ahead = (TODAY - datetime.now(UTC)).total_seconds()
        (folder / "clock").write_text(str(ahead), encoding="utf-8")

    def run(self, *command: str) -> tuple[int, str]:
        """Run a program in it."""
        return self.host.run(*command, **self.variables)

    def query(self, statement: str, *, read_only: bool = True) -> list[tuple[Any, ...]]:
        """Ask the warehouse, in a moment in which nobody holds it."""
        for _ in range(300):
            try:
                with duckdb.connect(str(self.host.warehouse), read_only=read_only) as connection:
                    return connection.execute(statement).fetchall()
            except duckdb.IOException:
                time.sleep(0.1)
        raise AssertionError("somebody holds the warehouse for half a minute")


@pytest.fixture
def household(tmp_path: Path, shared_sandbox: Sandbox) -> Household:
    """A household on the shared sandbox, uncounted."""
    shared_sandbox.reset()
    return Household(tmp_path, shared_sandbox)


@pytest.fixture
def instance(household: Household) -> Iterator[dg.DagsterInstance]:
    """The instance of the household."""
    with dg.DagsterInstance.from_config(str(household.host.home)) as instance:
        yield instance


def has_step_processes(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether each step of a run had a process of its own."""
    return bool(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_WORKER_STARTING))


def test_dagsters_commands_know_the_component_and_what_it_brings(household: Household) -> None:
    code, components = household.run("dg", "list", "components", "--json")
    assert code == 0
    assert COMPONENT in components

    assert household.run("dg", "check", "yaml") == (0, "All component YAML validated successfully.\n")
    code, checked = household.run("dg", "check", "defs")
    assert code == 0, checked
    assert "All definitions loaded successfully." in checked

    code, listed = household.run("dg", "list", "defs", "--json")
    assert code == 0, listed
    found = json.loads(listed[listed.index("{") :])
    assets = {asset["asset_key"] for asset in found["assets"]}
    assert {"theirs", "soundcharts/charts", "soundcharts/track_audience/spotify", "soundcharts/warehouse"} <= assets
    assert "soundcharts/artist_audience/spotify" not in assets
    assert {job["name"] for job in found["jobs"]} == {"cascade", "insights", "quality"}


def test_a_mistake_that_a_schema_cannot_say_is_a_line_of_the_check_of_definitions(household: Household) -> None:
    household.host.add("  freshness: {audience: {warn_hours: 30}}\n")
    assert household.run("dg", "check", "yaml")[0] == 0
    code, told = household.run("dg", "check", "defs")

    assert code == 1
    where = f"soundcharts_assets.settings.errors.SettingsError: {household.host.component.parent}: "
    assert f"{where}attributes.freshness.audience: warn_hours must not exceed fail_hours" in told.splitlines()


def test_a_charts_cascade_is_materialised_into_a_file(household: Household, instance: dg.DagsterInstance) -> None:
    register_charts(instance, [CHART])
    code, said = household.run("dg", "launch", "--job", CASCADE, "--partition", CHART)

    assert code == 0, said
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert not has_step_processes(instance, run)
    assert household.query("SELECT count(*) FROM soundcharts.tracks WHERE fetched_at IS NOT NULL")[0][0] > 40
    assert household.query("SELECT count(*) FROM soundcharts.track_audience WHERE platform = 'spotify'")[0][0] > 0


def test_so_it_is_where_each_step_has_a_process_and_nobody_takes_the_run_for_dead(
    household: Household, instance: dg.DagsterInstance, shared_sandbox: Sandbox
) -> None:
    register_charts(instance, [CHART])
    ours = 'key:"soundcharts/*" and not key:"soundcharts/warehouse"'
    launch = household.host.start("dg", "launch", "--assets", ours, "--partition", CHART, **household.variables)
    locks = RunLocks(household.host.warehouse)
    while launch.poll() is None:
        locks.close_killed(instance)  # as a tick of chart_updates does
        time.sleep(0.1)

    assert launch.returncode == 0, launch.said()
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert has_step_processes(instance, run)
    assert not instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE), "closed, and went on"
    assert household.query("SELECT count(*) FROM soundcharts.track_audience WHERE platform = 'spotify'")[0][0] > 0
    assert shared_sandbox.report().duplicates == 0


def test_the_daemon_of_the_host_keeps_it_fresh_through_backfills(
    household: Household, instance: dg.DagsterInstance
) -> None:
    def runs(cause: str) -> list[dg.DagsterRun]:
        return list(instance.get_runs(dg.RunsFilter(tags={"soundcharts/started_by": cause})))

    daemon = household.host.start(
        "dagster-daemon", "run", "-m", "host.definitions", "-d", str(household.host.folder), **household.variables
    )
    try:
        wait_for(
            "a run for the new ranking", lambda: any(run.is_finished for run in runs("chart_updates")), 180, daemon
        )
        household.query(
            "UPDATE soundcharts.fetches SET fetched_at = fetched_at - INTERVAL 31 DAY WHERE subject = 'tracks'",
            read_only=False,
        )
        wait_for("a backfill of what is stale", lambda: any(run.is_finished for run in runs("freshness")), 240, daemon)
    finally:
        daemon.end()

    # What is computed from them may have been under way when the daemon was told to end.
    (update,), (backfill,) = runs("chart_updates"), runs("freshness")
    assert {run.status for run in (update, backfill)} == {dg.DagsterRunStatus.SUCCESS}
    assert (has_step_processes(instance, update), has_step_processes(instance, backfill)) == (False, True)
    stale = "SELECT count(*) FROM soundcharts.fetches WHERE subject = 'tracks' AND fetched_at < DATE '2026-09-01'"
    assert household.query(stale) == [(0,)]
