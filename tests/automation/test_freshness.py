"""When charts are refreshed without being asked for: the condition of every asset, evaluated as Dagster does it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from soundcharts_assets.partitions import register_charts
from soundcharts_assets.sandbox.process import Sandbox
from tests.automation.operator import Operator
from tests.conftest import Bench

ONE, OTHER = "viral-50-40", "top-50-58"
FEW = {"track_audience": ["spotify"], "artist_audience": [], "artist_listening": []}


@pytest.fixture(scope="module")
def complete(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the warehouse of one followed chart, complete and fresh."""
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(shared_sandbox, tmp_path_factory.mktemp("complete"), instance)
        bench.follow(ONE, platforms=FEW)
        operator = operator_of(bench)
        for run in operator.sensor_tick():
            assert operator.carry_out(run)
        return bench.folder


def operator_of(bench: Bench) -> Operator:
    """An operator on the settings and the clock of a bench, whatever these become."""
    return Operator(lambda: bench.settings(bench.content), bench.instance, lambda: bench.now)


@pytest.fixture
def operator(bench: Bench, complete: Path) -> Operator:
    """An operator of a bench with that warehouse, who has looked once and found nothing to do."""
    shutil.copy(complete / "warehouse.duckdb", bench.folder)
    bench.follow(ONE, platforms=FEW)
    register_charts(bench.instance, [ONE])
    operator = operator_of(bench)
    assert operator.requested() == []
    return operator


def change(bench: Bench, statement: str) -> None:
    """Change the warehouse behind everybody's back."""
    with duckdb.connect(str(bench.folder / "warehouse.duckdb")) as connection:
        connection.execute(statement)


@contextmanager
def reader(bench: Bench) -> Iterator[None]:
    """Somebody in another process who holds the warehouse."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('held', flush=True); input()"
    path = str(bench.folder / "warehouse.duckdb")
    process = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield
    process.communicate("\n")


def test_what_is_just_fresh_is_left_alone(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=19)
    assert operator.requested() == []


def test_between_warn_and_fail_no_run_is_started_but_one_takes_the_rows_along(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=22)
    assert operator.requested() == []

    operator.carry_out_for(ONE)
    assert bench.sandbox.report().by_endpoint["song_audience/spotify"] == 50


def test_past_fail_and_grace_a_chart_is_asked_for_once_then_hourly(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=24, minutes=29)
    assert operator.requested() == []
    bench.let_pass(minutes=2)
    assert operator.requested() == [ONE]
    bench.let_pass(minutes=1)
    assert operator.requested() == [], "asked for already"
    bench.let_pass(hours=1)
    assert operator.requested() == [ONE], "still stale an hour later"


def test_what_the_run_asks_for_is_what_was_stale(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=25)
    operator.sensor_tick()
    bench.sandbox.reset()
    for run in operator.automation_tick():
        operator.carry_out(run)

    assert bench.sandbox.report().by_endpoint == {"song_audience/spotify": 50}
    bench.let_pass(minutes=1)
    assert operator.requested() == []


def test_rows_that_were_never_fetched_are_due_once_the_grace_is_over(bench: Bench, operator: Operator) -> None:
    change(bench, "DELETE FROM soundcharts.fetches WHERE subject = 'track_audience/spotify'")
    bench.let_pass(minutes=10)
    assert operator.requested() == [], "the run that found them may still be at it"
    bench.let_pass(minutes=25)
    assert operator.requested() == [ONE]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_chart_that_a_run_is_about_is_not_asked_for(
    bench: Bench, operator: Operator, status: dg.DagsterRunStatus
) -> None:
    bench.let_pass(hours=25)
    run = operator.unfinished_run(ONE, status)
    assert operator.requested() == []

    bench.instance.report_run_failed(run)
    bench.let_pass(minutes=61)
    assert operator.requested() == [ONE]


def test_a_chart_whose_run_fails_is_asked_for_again_hourly_and_not_at_every_tick(
    bench: Bench, operator: Operator
) -> None:
    bench.let_pass(hours=24, minutes=35, seconds=13)
    asked = 0
    for _ in range(4 * 3):
        if operator.requested():
            asked += 1
            bench.instance.report_run_failed(operator.unfinished_run(ONE, dg.DagsterRunStatus.STARTED))
        bench.let_pass(minutes=20)
    assert 4 <= asked <= 5


def test_rows_that_failed_wait_as_the_ledger_says(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=25)
    bench.sandbox.faults([{"path": "/audience/spotify", "kind": "status", "status": 500}])
    for run in operator.automation_tick():
        assert operator.carry_out(run), "a failing row does not fail the run"
    bench.let_pass(minutes=59)
    assert operator.requested() == []
    bench.sandbox.faults([])
    bench.let_pass(minutes=61)
    assert operator.requested() == [ONE]


def test_a_retired_chart_is_left_alone(bench: Bench, operator: Operator) -> None:
    bench.follow(OTHER, platforms=FEW)
    bench.let_pass(hours=25)
    operator.sensor_tick()
    assert ONE not in operator.requested()


def test_a_chart_without_cascade_reaches_nothing_that_could_be_stale(bench: Bench, operator: Operator) -> None:
    bench.content["charts"] = [{"slug": ONE, "cascade": False}]
    operator.sensor_tick()
    bench.let_pass(hours=25)
    assert operator.requested() == []


def test_a_changed_policy_counts_from_the_next_tick_on(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=10)
    assert operator.requested() == []
    bench.content["freshness"] = {"audience": {"warn_hours": 5, "fail_hours": 6}}
    bench.let_pass(minutes=1)
    assert operator.requested() == [ONE]


def test_a_locked_warehouse_changes_nothing(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=25)
    with reader(bench):
        assert operator.requested() == []
        assert operator.sensor_tick() == []
        assert "held by" in operator.skipped
    bench.let_pass(minutes=1)
    assert operator.requested() == [ONE]


def test_a_restored_older_warehouse_is_believed(bench: Bench, operator: Operator) -> None:
    path = bench.folder / "warehouse.duckdb"
    older = path.read_bytes()
    bench.let_pass(hours=25)
    for run in operator.automation_tick():
        operator.carry_out(run)
    bench.let_pass(minutes=1)
    assert operator.requested() == []
    path.write_bytes(older)
    bench.let_pass(minutes=1)
    assert operator.requested() == [ONE]


def test_of_charts_that_share_their_stale_rows_one_is_enough(bench: Bench) -> None:
    bench.follow("top-songs-29", "global-28", platforms=FEW)
    operator = operator_of(bench)
    for run in operator.sensor_tick():
        operator.carry_out(run)
    shared = """
        SELECT uuid FROM soundcharts.reached WHERE entity = 'tracks'
        GROUP BY uuid HAVING count(*) = 2 ORDER BY uuid LIMIT 9
    """
    change(
        bench,
        f"UPDATE soundcharts.fetches SET fetched_at = fetched_at - INTERVAL 40 DAY "
        f"WHERE subject = 'tracks' AND uuid IN ({shared})",
    )
    assert len(operator.requested()) == 1


def test_nothing_is_spent_on_the_vendor_without_a_daily_budget(bench: Bench, operator: Operator) -> None:
    bench.let_pass(hours=25)
    vendor = {"SOUNDCHARTS_BASE_URL": "https://customer.api.soundcharts.com"}
    operator.settings = lambda: bench.settings(bench.content, **vendor)
    assert operator.requested() == []
    assert operator.sensor_tick() == []
    assert "budget.daily" in operator.skipped

    operator.settings = lambda: bench.settings({**bench.content, "budget": {"daily": "unlimited"}}, **vendor)
    bench.let_pass(minutes=1)
    assert operator.requested() == [ONE]


def test_the_subset_is_built_by_the_one_undocumented_piece_of_dagster(bench: Bench, operator: Operator) -> None:
    """If this fails after an upgrade, `automation/conditions.py` is the one place to mend."""
    register_charts(bench.instance, [OTHER])
    bench.let_pass(hours=25)
    assert operator.requested() == [ONE]


def test_what_becomes_stale_during_a_run_is_asked_for_within_the_hour(bench: Bench, operator: Operator) -> None:
    run = operator.unfinished_run(ONE, dg.DagsterRunStatus.STARTED)
    bench.let_pass(hours=25)
    assert operator.requested() == []
    bench.instance.report_run_failed(run)
    asked_after = 0
    while not operator.requested():
        bench.let_pass(minutes=5)
        asked_after += 5
        assert asked_after <= 60
