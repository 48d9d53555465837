"""Runs whose process was killed are closed, those of living processes never; whoever cannot tell leaves them alone."""

import os
import signal

import dagster as dg

from soundcharts_assets.automation.busy import busy_charts
from soundcharts_assets.automation.orphans import RunLocks
from soundcharts_assets.partitions import CASCADE, PARTITIONS
from tests.automation.operator import Operator
from tests.automation.test_chart_updates import DAILY, OTHER, follow, operator_of
from tests.conftest import Bench
from tests.warehouse.helpers import another_process

AT_A_RUN = """
import sys
from pathlib import Path
from soundcharts_assets.automation.orphans import RunLocks
RunLocks(Path(sys.argv[1])).hold(sys.argv[2])
print("at it", flush=True)
sys.stdin.read()
"""


def locks(bench: Bench) -> RunLocks:
    return RunLocks(bench.folder / "warehouse.duckdb")


def files(bench: Bench) -> list[str]:
    return [path.name for path in (bench.folder / "warehouse.duckdb.runs").glob("*")]


def status(bench: Bench, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = bench.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def begun(bench: Bench, operator: Operator, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> dg.DagsterRun:
    """A run that this process is at; it passes for dead once the process is at another one."""
    run = operator.unfinished_run(DAILY, status)
    locks(bench).hold(run.run_id)
    return run


def test_a_living_run_is_left_alone_and_a_killed_one_is_closed_by_the_next_tick(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    run = operator.unfinished_run(DAILY, dg.DagsterRunStatus.STARTED)
    with another_process(AT_A_RUN, str(bench.folder / "warehouse.duckdb"), run.run_id) as worker:
        assert operator.sensor_tick() == []
        assert status(bench, run) is dg.DagsterRunStatus.STARTED
        assert busy_charts(bench.instance) == {DAILY}
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        assert [asked.charts for asked in operator.sensor_tick()] == [(DAILY,)]

    assert status(bench, run) is dg.DagsterRunStatus.FAILURE
    (told,) = bench.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "was killed; what it had fetched is stored" in told.message
    assert files(bench) == []


def test_a_process_may_say_twice_what_run_it_is_at(bench: Bench) -> None:
    locks(bench).hold("a run")
    locks(bench).hold("a run")
    assert files(bench) == ["a run"]


def test_it_is_closed_even_where_nothing_may_be_spent(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    run = begun(bench, operator)
    locks(bench).hold("another")
    operator.settings = lambda: bench.settings(
        bench.content, SOUNDCHARTS_BASE_URL="https://customer.api.soundcharts.com"
    )
    assert operator.sensor_tick() == []
    assert "until budget.daily is set" in operator.skipped
    assert status(bench, run) is dg.DagsterRunStatus.FAILURE


def test_a_run_that_somebody_was_cancelling_is_cancelled_so_that_nothing_starts_it_again(bench: Bench) -> None:
    operator = operator_of(bench)
    run = begun(bench, operator)
    bench.instance.report_run_canceling(run)
    locks(bench).hold("another")
    locks(bench).close_killed(bench.instance)
    assert status(bench, run) is dg.DagsterRunStatus.CANCELED


def test_a_pass_closes_killed_runs_of_the_daemon_too(bench: Bench) -> None:
    follow(bench, DAILY)
    run = begun(bench, operator_of(bench))
    locks(bench).hold("another")
    assert bench.sync().exit_code == 0
    assert status(bench, run) is dg.DagsterRunStatus.FAILURE


def test_a_run_that_has_no_lock_here_may_be_on_another_machine_and_is_left_alone(bench: Bench) -> None:
    run = operator_of(bench).unfinished_run(DAILY, dg.DagsterRunStatus.STARTED)
    locks(bench).close_killed(bench.instance)
    assert status(bench, run) is dg.DagsterRunStatus.STARTED


def test_the_lock_of_a_run_of_another_instance_is_left_alone(bench: Bench) -> None:
    locks(bench).hold("unknown here")
    locks(bench).hold("another")
    locks(bench).close_killed(bench.instance)
    assert sorted(files(bench)) == ["another", "unknown here"]


def test_a_run_that_ended_is_not_closed_again_and_leaves_no_lock(bench: Bench) -> None:
    follow(bench, DAILY, OTHER)
    operator = operator_of(bench)
    for run in operator.sensor_tick():
        assert operator.carry_out(run)
    operator.sensor_tick()

    assert {run.status for run in bench.instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
    assert len(files(bench)) == 1, "of the run that this process was at last"


def test_a_pass_that_was_killed_does_not_make_its_chart_wait(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    (asked,) = operator.sensor_tick()
    killed = {**asked.tags, "soundcharts/started_by": "sync"}
    run = operator.unfinished_run(DAILY, dg.DagsterRunStatus.STARTED, killed)
    bench.let_pass(seconds=30)
    assert [again.charts for again in operator.sensor_tick()] == [(DAILY,)]
    assert status(bench, run) is dg.DagsterRunStatus.FAILURE


def test_a_range_whose_ends_were_deleted_keeps_those_two_busy(bench: Bench) -> None:
    bench.instance.add_dynamic_partitions(PARTITIONS, ["a", "b", "c", "d"])
    span = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
    bench.instance.create_run_for_job(operator_of(bench).definitions().resolve_job_def(CASCADE), tags=span)
    assert busy_charts(bench.instance) == {"a", "b", "c"}
    bench.instance.delete_dynamic_partition(PARTITIONS, "c")
    assert busy_charts(bench.instance) == {"a", "c"}
