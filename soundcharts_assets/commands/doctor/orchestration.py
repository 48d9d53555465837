"""Checks of Dagster: its instance, daemons, sensors, runs, and what it has loaded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dagster as dg

from soundcharts_assets.assets.declaration import asset_key
from soundcharts_assets.automation.alerts import why_it_failed
from soundcharts_assets.automation.busy import is_about_ours
from soundcharts_assets.automation.chart_updates import LOADED
from soundcharts_assets.automation.orphans import RunLocks, killed_passes
from soundcharts_assets.automation.tags import PARTITION
from soundcharts_assets.clock import utc_now
from soundcharts_assets.commands.doctor.findings import MOST_EXAMPLES, Finding, Level, Scene, seconds, some
from soundcharts_assets.commands.instance import BrokenInstanceError
from soundcharts_assets.definitions import JOBS
from soundcharts_assets.settings.errors import SettingsError

_DAEMONS = {
    "SENSOR": "sensors",
    "BACKFILL": "backfills",
    "QUEUED_RUN_COORDINATOR": "run queue",
    "MONITORING": "run monitoring",
}
_SILENCE = timedelta(minutes=5)
"""Daemons give a sign of life every 30 seconds; a tick or a backfill on its way may keep one from it for a while."""
_SENSORS = ("chart_updates", "freshness")
_LONGEST_RUN = timedelta(hours=6)
"""Where the instance itself sets no bound."""
_LATELY = timedelta(days=1)
_MOST_FAILED_RUNS = 50


def check_instance(scene: Scene) -> Finding:
    """Whether Dagster's instance can be opened."""
    try:
        scene.instance = scene.stack.enter_context(scene.open_instance())
    except SettingsError as error:
        scene.missing["instance"] = "Dagster's instance cannot be opened"
        todo = "stand in the project's folder, or set DAGSTER_HOME to it"
        if isinstance(error, BrokenInstanceError):
            todo = "what dagster.yaml names under `storage` holds the history of runs, and nothing of the warehouse"
        return Finding(Level.FAILURE, str(error), todo)
    return Finding(Level.OK, f"{Path(os.environ.get('DAGSTER_HOME', '')).absolute()} can be opened")


def check_daemons(scene: Scene) -> Finding:
    """Whether Dagster's daemons give signs of life."""
    now = utc_now().timestamp()
    beats = scene.instance.get_daemon_heartbeats()
    ages = {
        daemon: timedelta(seconds=max(0.0, now - beats[daemon].timestamp)) for daemon in _DAEMONS if daemon in beats
    }
    scene.daemons_live = "SENSOR" in ages and ages["SENSOR"] < _SILENCE
    heard = ", ".join(f"{_DAEMONS[daemon]} {seconds(age)} ago" for daemon, age in ages.items())
    if not any(age < _SILENCE for age in ages.values()):
        found = f"no daemon is running, so nothing starts by itself (last heard of: {heard or 'never'})"
        return Finding(Level.WARNING, found, "start one: `make dev` or `dagster-daemon run`; or let cron sync")
    required = set(scene.instance.get_required_daemon_types())
    wrong = [f"{name} is switched off in dagster.yaml" for daemon, name in _DAEMONS.items() if daemon not in required]
    wrong += [
        f"{name} gave no sign of life for {seconds(ages[daemon]) if daemon in ages else 'as long as is known'}"
        for daemon, name in _DAEMONS.items()
        if daemon in required and ages.get(daemon, _SILENCE) >= _SILENCE
    ]
    wrong += [
        f"{_DAEMONS[daemon]} met an error: {' '.join(error.message.split())}"
        for daemon in ages
        for error in list(beats[daemon].errors or ())[:1]
    ]
    if wrong:
        return Finding(Level.WARNING, "; ".join(wrong), "look under Deployment in Dagster's UI; restart the daemon")
    return Finding(Level.OK, heard)


def check_sensors(scene: Scene) -> Finding:
    """What was switched by hand is on record; what never was is as the code declares it, which is on."""
    states: dict[str, set[str]] = {}
    for state in scene.instance.all_instigator_state():
        states.setdefault(state.instigator_name, set()).add(state.status.value)
    off = [name for name in _SENSORS if states.get(name) == {"STOPPED"}]
    if off:
        found = f"{' and '.join(off)} switched off by hand"
        return Finding(Level.WARNING, found, "switch on under Automation in Dagster's UI")
    return Finding(Level.OK, f"{' and '.join(_SENSORS)} are not switched off")


class _HeldError(Exception):
    """Somebody else is the one caller."""


def check_orphans(scene: Scene) -> Finding:
    """Whether runs pass for alive that are not, or run for too long."""
    asking = None
    found = []
    killed = {run.run_id: run for run in RunLocks(scene.settings.warehouse_path).killed(scene.instance)}
    try:
        with _caller_lock(scene):
            # No pass is alive while the lock is here.
            killed |= {run.run_id: run for run in killed_passes(scene.instance)}
    except _HeldError as held:
        asking = str(held)
    if killed:
        charts = [run.tags.get(PARTITION, run.run_id) for run in killed.values()]
        found.append(f"{len(killed)} runs that were killed pass for alive, and keep their charts: {some(charts)}")
    bound = timedelta(seconds=scene.instance.run_monitoring_max_runtime_seconds) or _LONGEST_RUN
    late = [
        record.dagster_run.run_id
        for record in scene.instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        if record.start_time is not None
        and utc_now().timestamp() - record.start_time > bound.total_seconds()
        and record.dagster_run.run_id not in killed
        and is_about_ours(record.dagster_run, JOBS)
    ]
    if late:
        found.append(f"{len(late)} runs are started for longer than {bound}: {some(late)}")
    if found:
        todo = (
            "the daemon's next tick closes runs that were killed, and so does `soundcharts-assets sync`; "
            "terminate others in Dagster's UI"
        )
        return Finding(Level.WARNING, "; ".join(found), todo)
    return Finding(
        Level.OK, f"none; {asking} is asking Soundcharts" if asking else "none; nobody is asking Soundcharts"
    )


@contextmanager
def _caller_lock(scene: Scene) -> Iterator[None]:
    """Be the one caller for a moment, or say at once who is."""

    def refuse(holder: str) -> None:
        raise _HeldError(holder)

    if scene.settings.lake is None and not scene.settings.warehouse_path.parent.is_dir():
        yield  # nobody ever was
        return
    with scene.warehouse.caller_lock().held("doctor", refuse):
        yield


def check_failed_runs(scene: Scene) -> Finding:
    """Tell the causes of the failed runs of a day, the most frequent first."""
    since = utc_now() - _LATELY
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    found = [record.dagster_run for record in scene.instance.get_run_records(failed, limit=_MOST_FAILED_RUNS)]
    # The instance may have others' as well.
    runs = [run for run in found if is_about_ours(run, JOBS)]
    if not runs:
        return Finding(Level.OK, "none within a day")
    charts: dict[str, list[str]] = {}
    for run in runs:
        charts.setdefault(_reason(scene.instance, run), []).append(run.tags.get(PARTITION) or run.run_id)
    causes = sorted(charts.items(), key=lambda cause: -len(cause[1]))
    told = [f"{len(names)} x {reason} ({some(names)})" for reason, names in causes[:MOST_EXAMPLES]]
    count = f"{len(runs)}{' or more' if len(found) == _MOST_FAILED_RUNS else ''}"
    todo = "what failed stays due and is tried again; Dagster's UI shows the log of each run"
    return Finding(Level.WARNING, f"{count} within a day: {'; '.join(told)}", todo)


def _reason(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What the first step that failed said, or else the run."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run.run_id, of_type=kinds):
        event = entry.dagster_event
        if event is None:
            continue
        said = (why_it_failed(event) if event.is_step_failure else None) or event.message
        return " ".join((said or "no reason given").split())
    return "no reason given"


def check_code_location(scene: Scene) -> Finding:
    """Compare the assets that Dagster has loaded, as its sensor noted, with the platforms of the settings as they are.

    Definitions are made once, when they are loaded: what the settings say later is an asset only after a reload.
    """
    if not scene.daemons_live:
        return Finding(Level.SKIPPED, "no daemon is running, so nothing tells what is loaded")
    note = scene.warehouse.spool.note(*LOADED)
    if note is None:
        return Finding(Level.SKIPPED, f"the sensor {_SENSORS[0]} tells at its next tick what is loaded")
    wanted = {asset_key(name).to_user_string(): name for name in scene.refresher.subjects}
    platforms = {key for key in note if key.count("/") == next(iter(wanted)).count("/") + 1}
    lacking = [name for key, name in wanted.items() if key not in note]
    left = sorted(platforms - wanted.keys())
    if lacking or left:
        found = [f"Dagster has not loaded {some(lacking)}"] if lacking else []
        found += [f"Dagster still has {some(left)}"] if left else []
        todo = "reload the code location: Deployment in Dagster's UI, or restart `make dev`"
        return Finding(Level.WARNING, "; ".join(found), todo)
    return Finding(Level.OK, f"Dagster has loaded all {len(wanted)} assets of the settings")
