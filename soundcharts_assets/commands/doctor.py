"""The `doctor` command: what stands in the way of complete and fresh data, and what to do about each of it.

Here belong the checks and what they find. None makes a billed call, changes a setting or prints a secret. How they are
shown is the business of `console`; how complete and fresh the data are, that of `status`.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import duckdb

from soundcharts_assets.api.errors import CredentialsRejected, QuotaExhausted, SoundchartsError
from soundcharts_assets.assets.declaration import asset_key
from soundcharts_assets.automation.chart_updates import LOADED
from soundcharts_assets.automation.orphans import RunLocks, killed_passes
from soundcharts_assets.automation.tags import PARTITION
from soundcharts_assets.clock import utc_now
from soundcharts_assets.commands.report import explain
from soundcharts_assets.refresh.budget import day_of
from soundcharts_assets.refresh.charts import CHARTS
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings import Settings, SettingsError
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.connection import Warehouse, WarehouseError, WarehouseLockedError
from soundcharts_assets.warehouse.lock import CallerLock
from soundcharts_assets.warehouse.schema import VERSION
from soundcharts_assets.warehouse.tables import SCHEMA, TABLES

OTHER, UNUSABLE, STOPPED = 1, 2, 3
"""Exit codes, as those of `sync`: settings, instance or warehouse; credentials or quota; anything else."""

_NOT_IN_THE_PLAN = frozenset({403, 404})
_PATIENCE_SECONDS = 3.0
"""How long a warehouse that somebody is writing to is waited for: longer than any commit takes."""
_LITTLE_ROOM, _NO_ROOM = 1_000_000_000, 100_000_000
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
_MOST_EXAMPLES = 5


class Level(StrEnum):
    """How grave it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "not checked"
    """What it takes to check is missing, which another check tells."""


class Finding(NamedTuple):
    """What a check found, and what to do about it; the exit code of a failure where it is not that of the check."""

    level: Level
    found: str
    todo: str = ""
    code: int | None = None


@dataclass(frozen=True)
class Check:
    """A check that was made. `code` is the exit code if it failed."""

    name: str
    level: Level
    found: str
    todo: str
    code: int

    def as_dict(self) -> dict[str, str]:
        """The check as a JSON object."""
        return {"check": self.name, "level": self.level.value, "found": self.found, "todo": self.todo}


@dataclass(frozen=True)
class Diagnosis:
    """All checks, in the order in which they were made."""

    checks: Sequence[Check]

    @property
    def exit_code(self) -> int:
        """0 nothing failed, 2 settings, instance or warehouse did, 3 credentials or quota, 1 anything else."""
        codes = {check.code for check in self.checks if check.level is Level.FAILURE}
        return next((code for code in (UNUSABLE, STOPPED, OTHER) if code in codes), 0)

    def as_dict(self) -> dict[str, Any]:
        """The diagnosis as one JSON object."""
        return {"exit_code": self.exit_code, "checks": [check.as_dict() for check in self.checks]}


OpenInstance = Callable[[], AbstractContextManager[dg.DagsterInstance]]


@dataclass
class _Scene:
    """What there is to look at, as far as it was found so far.

    Attributes:
        load: Reads the settings.
        open_instance: Opens Dagster's instance.
        stack: Closes at the end what was opened.
        missing: Why something that checks need is not to be had, by what it is.
        quota: What Soundcharts says is left, None where it did not.
        daemons_live: Whether the daemon that ticks sensors does.
        refresher: Made of the settings.
        instance: Dagster's.
    """

    load: Callable[[], Settings]
    open_instance: OpenInstance
    stack: ExitStack
    missing: dict[str, str] = field(default_factory=dict)
    quota: int | None = None
    daemons_live: bool = False
    refresher: Refresher = field(init=False)
    instance: dg.DagsterInstance = field(init=False)

    @property
    def settings(self) -> Settings:
        """What the user decided."""
        return self.refresher.settings

    @property
    def warehouse(self) -> Warehouse:
        """Where it would be."""
        return self.refresher.warehouse


def examine(load: Callable[[], Settings], open_instance: OpenInstance) -> Diagnosis:
    """Make all checks. Whatever is broken is a finding, never an exception.

    Args:
        load: Reads the settings.
        open_instance: Opens Dagster's instance.
    """
    with ExitStack() as stack:
        scene = _Scene(load, open_instance, stack)
        checks = [_check(scene, *one) for one in _CHECKS]
        if not scene.missing.keys() & {"settings", "warehouse"}:
            with suppress(WarehouseError):
                scene.refresher.commit(Batch())  # the call that was made, and what it said of the quota
    return Diagnosis(checks)


def _check(scene: _Scene, name: str, needs: Sequence[str], look: Callable[[_Scene], Finding], code: int) -> Check:
    reasons = [scene.missing[need] for need in needs if need in scene.missing]
    try:
        finding = Finding(Level.SKIPPED, reasons[0]) if reasons else look(scene)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding too, and hides no other
        lines = str(error).strip().splitlines() or [""]
        finding = Finding(Level.FAILURE, f"cannot be checked: {type(error).__name__}: {lines[0]}", "mend that first")
        scene.missing.setdefault(name, f"{name} cannot be checked")
    return Check(name, finding.level, finding.found, finding.todo, finding.code or code)


# Settings


def _settings(scene: _Scene) -> Finding:
    try:
        settings = scene.load()
    except SettingsError as error:
        scene.missing |= dict.fromkeys(("settings", "credentials", "warehouse"), "the settings are not valid")
        return Finding(Level.FAILURE, "; ".join(str(error).splitlines()), "correct it there")
    scene.refresher = Refresher(settings, attended=True, lock_timeout_seconds=_PATIENCE_SECONDS)
    path = settings.config_path.absolute()
    if not settings.file.charts:
        what = "follows no chart" if path.is_file() else "is not there, so all is at its default and no chart followed"
        return Finding(Level.WARNING, f"{path} {what}", "follow one: `soundcharts-assets charts add SLUG`")
    return Finding(Level.OK, f"{path} is valid")


def _webhook(scene: _Scene) -> Finding:
    if scene.settings.webhook is None:
        return Finding(Level.OK, "SOUNDCHARTS_WEBHOOK is not set; failures are told in Dagster's UI only")
    return Finding(Level.OK, "SOUNDCHARTS_WEBHOOK is set")


# Soundcharts


def _credentials(scene: _Scene) -> Finding:
    """Ask what is left of the quota, which is free."""
    url = scene.settings.base_url
    pairs = scene.settings.credentials
    pair = "SOUNDCHARTS_CLIENT_ID" if pairs.client_id and pairs.client_secret else "SOUNDCHARTS_APP_ID"
    try:
        scene.quota = scene.refresher.client.look_at_quota()
    except QuotaExhausted:
        scene.quota = 0
    except (SettingsError, SoundchartsError) as error:
        if isinstance(error, SoundchartsError) and error.status in _NOT_IN_THE_PLAN:
            found = f"{url} answers, but not what is left of the quota: {error}"
            todo = "if SOUNDCHARTS_BASE_URL is right, the plan does not include it: the next call will tell the quota"
            return Finding(Level.WARNING, found, todo)
        scene.missing["credentials"] = "Soundcharts cannot be asked"
        return _refused(error)
    return Finding(Level.OK, f"{url} answers and accepts the pair of {pair}")


def _refused(error: SettingsError | SoundchartsError) -> Finding:
    if isinstance(error, SettingsError):
        return Finding(Level.FAILURE, str(error), "set one of the pairs in the environment", UNUSABLE)
    if isinstance(error, CredentialsRejected):
        found, _, todo = explain(error).partition("; ")
        return Finding(Level.FAILURE, found, todo)
    todo = "check SOUNDCHARTS_BASE_URL and the network, or wait for Soundcharts to recover"
    return Finding(Level.FAILURE, str(error), todo, OTHER)


def _quota(scene: _Scene) -> Finding:
    limits = scene.settings.file.budget
    left = scene.quota
    if left is None and "warehouse" not in scene.missing:
        with scene.warehouse.connect() as connection:
            left = work.last_quota(connection)
    if left is None:
        return Finding(Level.WARNING, "what is left is not known", "the next call that Soundcharts answers tells it")
    if left <= limits.reserve:
        found = f"{left:,} requests left, all of them reserved" if left else "the quota is used up"
        todo = "see your plan at Soundcharts or wait for its next term"
        return Finding(Level.FAILURE, found, f"{todo}, or lower budget.reserve" if left else todo)
    found = f"{left:,} requests left" + (f", {limits.reserve:,} of them reserved" if limits.reserve else "")
    if limits.daily_limit is not None and left - limits.reserve < limits.daily_limit:
        todo = "extend your plan, or lower budget.daily"
        return Finding(Level.WARNING, f"{found}: less than the {limits.daily_limit:,} of budget.daily", todo)
    return Finding(Level.OK, found)


def _budget(scene: _Scene) -> Finding:
    settings = scene.settings
    if not settings.may_spend_unattended:
        todo = f"set budget.daily in {settings.config_path.absolute()}: a number of requests a day, or unlimited"
        return Finding(Level.WARNING, "nothing is spent unattended against Soundcharts without a daily budget", todo)
    limit = settings.file.budget.daily_limit
    if limit is None:
        return Finding(Level.OK, "no daily limit" if settings.is_vendor else "none is needed: this is not Soundcharts")
    spent = 0
    if "warehouse" not in scene.missing:
        with scene.warehouse.connect() as connection:
            spent = work.spent_since(connection, day_of(scene.refresher.clock()))
    found = f"{spent:,} of {limit:,} requests spent today"
    if spent >= limit:
        return Finding(Level.WARNING, found, "what is due waits for tomorrow (UTC), or for a higher budget.daily")
    return Finding(Level.OK, found)


def _breaker(scene: _Scene) -> Finding:
    breaker = scene.refresher.find_breaker()
    if breaker is None:
        return Finding(Level.OK, "nothing is paused")
    found = f"paused for {breaker.kind} since {breaker.opened_at:%Y-%m-%d %H:%M} UTC: {breaker.reason}"
    again = "`soundcharts-assets sync` looks again at once, Dagster every ten minutes"
    if "credentials" not in scene.missing and (scene.quota is None or scene.quota > scene.settings.file.budget.reserve):
        return Finding(Level.WARNING, f"{found}; by now Soundcharts lets us in", again)
    first = "correct the credentials" if breaker.kind == "credentials" else "see your plan, or wait for its next term"
    return Finding(Level.FAILURE, found, f"{first}; {again}")


def _charts(scene: _Scene) -> Finding:
    """Look for followed charts that do not exist; what was never asked for is not suspected."""
    following = scene.refresher.following
    with scene.warehouse.connect() as connection:
        rows = connection.execute(
            "SELECT uuid FROM soundcharts.fetches WHERE subject = $subject AND status = $status ORDER BY uuid",
            {"subject": CHARTS, "status": Status.NOT_FOUND.value},
        ).fetchall()
    unknown = [slug for (slug,) in rows if following.follows(slug)]
    found = [f"Soundcharts does not know {_some(unknown)}"] if unknown else []
    found += [f"no chart matches the selector ({selector})" for selector in following.unmatched]
    if found:
        todo = "find the right slug or selector with `soundcharts-assets charts search`, and correct the settings"
        return Finding(Level.WARNING, "; ".join(found), todo)
    return Finding(Level.OK, f"{len(following.slugs):,} followed, none that Soundcharts does not know")


# The warehouse


def _disk(scene: _Scene) -> Finding:
    path = scene.settings.warehouse_path
    size = path.stat().st_size if path.is_file() else 0
    return room_on_disk(shutil.disk_usage(_nearest(path)).free, size)


def room_on_disk(free: int, size: int) -> Finding:
    """Judge the bytes that are free beside a warehouse of a size."""
    found = f"{_megabytes(free)} free beside a warehouse of {_megabytes(size)}"
    if free < _NO_ROOM:
        return Finding(Level.FAILURE, found, "make room, or move the warehouse (SOUNDCHARTS_WAREHOUSE)")
    if free < max(_LITTLE_ROOM, size):
        return Finding(Level.WARNING, found, "make room for its growth and for a copy of it")
    return Finding(Level.OK, found)


def _warehouse(scene: _Scene) -> Finding:
    path = scene.settings.warehouse_path
    if not path.exists():
        nearest = _nearest(path)
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            scene.missing["warehouse"] = "there is no warehouse yet"
            return Finding(Level.OK, f"{path.absolute()} is not there yet; the first sync makes it")
        scene.missing["warehouse"] = "the warehouse cannot be made"
        return Finding(
            Level.FAILURE, f"{path.absolute()} cannot be made: {nearest} is not to be written to", _ELSEWHERE
        )
    try:
        scene.warehouse.probe()
    except WarehouseLockedError as error:
        scene.missing["warehouse"] = "the warehouse is held by another process"
        return Finding(Level.FAILURE, str(error), "end that process, or have it open the file briefly and read-only")
    except WarehouseError as error:
        scene.missing["warehouse"] = "the warehouse cannot be opened"
        return Finding(Level.FAILURE, str(error), _ELSEWHERE)
    return Finding(Level.OK, f"{path.absolute()} can be written, {_megabytes(path.stat().st_size)}, held by nobody")


_ELSEWHERE = "name a path that can be written in SOUNDCHARTS_WAREHOUSE, or put a backup of the file in its place"


def _tables(scene: _Scene) -> Finding:
    """Compare the columns with those that this version would make. Opening the file has brought it up to date."""
    with duckdb.connect() as fresh:
        fresh.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in TABLES.values():
            fresh.execute(table.ddl())
        wanted = _columns(fresh)
    with scene.warehouse.connect() as connection:
        found = _columns(connection)
    wrong = [f"{name} is {found.get(name, 'missing')}, not {type_}" for name, type_ in wanted.items()
             if found.get(name) != type_]  # fmt: skip
    if wrong:
        return Finding(Level.FAILURE, _some(wrong, "; "), "restore a backup, or start anew in another file")
    return Finding(Level.OK, f"{len(TABLES)} tables of version {VERSION} with all their {len(wanted)} columns")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute(
        """
        SELECT columns.table_name || '.' || columns.column_name, columns.data_type
        FROM duckdb_columns() AS columns
        JOIN duckdb_tables() AS tables USING (table_oid)
        WHERE columns.schema_name = $schema
        ORDER BY columns.table_name, columns.column_index
        """,
        {"schema": SCHEMA},
    ).fetchall()
    return dict(rows)


def _spool(scene: _Scene) -> Finding:
    waiting = scene.warehouse.spool.waiting()
    if waiting:
        found = f"{len(waiting):,} batches of paid answers wait in {scene.warehouse.spool.folder.absolute()}"
        return Finding(Level.WARNING, found, "leave them there: the next sync or run stores them first")
    return Finding(Level.OK, "nothing waits to be stored")


# Dagster


def _instance(scene: _Scene) -> Finding:
    try:
        scene.instance = scene.stack.enter_context(scene.open_instance())
    except SettingsError as error:
        scene.missing["instance"] = "Dagster's instance cannot be opened"
        return Finding(Level.FAILURE, str(error), "stand in the project's folder, or set DAGSTER_HOME to it")
    return Finding(Level.OK, f"{Path(os.environ.get('DAGSTER_HOME', '')).absolute()} can be opened")


def _daemons(scene: _Scene) -> Finding:
    now = utc_now().timestamp()
    beats = scene.instance.get_daemon_heartbeats()
    ages = {
        daemon: timedelta(seconds=max(0.0, now - beats[daemon].timestamp)) for daemon in _DAEMONS if daemon in beats
    }
    scene.daemons_live = "SENSOR" in ages and ages["SENSOR"] < _SILENCE
    heard = ", ".join(f"{_DAEMONS[daemon]} {_seconds(age)} ago" for daemon, age in ages.items())
    if not any(age < _SILENCE for age in ages.values()):
        found = f"no daemon is running, so nothing starts by itself (last heard of: {heard or 'never'})"
        return Finding(Level.WARNING, found, "start one: `make dev` or `dagster-daemon run`; or let cron sync")
    required = set(scene.instance.get_required_daemon_types())
    wrong = [f"{name} is switched off in dagster.yaml" for daemon, name in _DAEMONS.items() if daemon not in required]
    wrong += [
        f"{name} gave no sign of life for {_seconds(ages[daemon]) if daemon in ages else 'as long as is known'}"
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


def _sensors(scene: _Scene) -> Finding:
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


def _orphans(scene: _Scene) -> Finding:
    asking = None
    found = []
    killed = {run.run_id: run for run in RunLocks(scene.settings.warehouse_path).killed(scene.instance)}
    try:
        with _caller_lock(scene.settings.warehouse_path):
            # No pass is alive while the lock is here.
            killed |= {run.run_id: run for run in killed_passes(scene.instance)}
    except _HeldError as held:
        asking = str(held)
    if killed:
        charts = [run.tags.get(PARTITION, run.run_id) for run in killed.values()]
        found.append(f"{len(killed)} runs that were killed pass for alive, and keep their charts: {_some(charts)}")
    bound = timedelta(seconds=scene.instance.run_monitoring_max_runtime_seconds) or _LONGEST_RUN
    late = [
        record.dagster_run.run_id
        for record in scene.instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        if record.start_time is not None
        and utc_now().timestamp() - record.start_time > bound.total_seconds()
        and record.dagster_run.run_id not in killed
    ]
    if late:
        found.append(f"{len(late)} runs are started for longer than {bound}: {_some(late)}")
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
def _caller_lock(warehouse: Path) -> Iterator[None]:
    """Be the one caller for a moment, or say at once who is."""

    def refuse(holder: str) -> None:
        raise _HeldError(holder)

    if not warehouse.parent.is_dir():
        yield  # nobody ever was
        return
    with CallerLock(warehouse).held("doctor", refuse):
        yield


def _failed_runs(scene: _Scene) -> Finding:
    """Tell the causes of the failed runs of a day, the most frequent first."""
    since = utc_now() - _LATELY
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    runs = [record.dagster_run for record in scene.instance.get_run_records(failed, limit=_MOST_FAILED_RUNS)]
    if not runs:
        return Finding(Level.OK, "none within a day")
    charts: dict[str, list[str]] = {}
    for run in runs:
        charts.setdefault(_reason(scene.instance, run), []).append(run.tags.get(PARTITION) or run.run_id)
    causes = sorted(charts.items(), key=lambda cause: -len(cause[1]))
    told = [f"{len(names)} x {reason} ({_some(names)})" for reason, names in causes[:_MOST_EXAMPLES]]
    count = f"{len(runs)}{' or more' if len(runs) == _MOST_FAILED_RUNS else ''}"
    todo = "what failed stays due and is tried again; Dagster's UI shows the log of each run"
    return Finding(Level.WARNING, f"{count} within a day: {'; '.join(told)}", todo)


def _reason(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What the first step that failed said, or else the run."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run.run_id, of_type=kinds):
        event = entry.dagster_event
        if event is None:
            continue
        said = event.message
        if event.is_step_failure:
            data = event.step_failure_data
            told = data.user_failure_data.description if data.user_failure_data else None
            said = told or (data.error.message if data.error else event.message)
        return " ".join((said or "no reason given").split())
    return "no reason given"


def _code_location(scene: _Scene) -> Finding:
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
        found = [f"Dagster has not loaded {_some(lacking)}"] if lacking else []
        found += [f"Dagster still has {_some(left)}"] if left else []
        todo = "reload the code location: Deployment in Dagster's UI, or restart `make dev`"
        return Finding(Level.WARNING, "; ".join(found), todo)
    return Finding(Level.OK, f"Dagster has loaded all {len(wanted)} assets of the settings")


# Words and figures


def _nearest(path: Path) -> Path:
    """The path, or what there is of the way to it."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB" if size < 10 * _LITTLE_ROOM else f"{size / 1_000_000_000:,.0f} GB"


def _seconds(age: timedelta) -> str:
    return f"{age.total_seconds():.0f} s"


def _some(names: Sequence[str], separator: str = ", ") -> str:
    more = len(names) - _MOST_EXAMPLES
    return separator.join(names[:_MOST_EXAMPLES]) + (f" and {more:,} more" if more > 0 else "")


_CHECKS: tuple[tuple[str, Sequence[str], Callable[[_Scene], Finding], int], ...] = (
    ("settings", (), _settings, UNUSABLE),
    ("webhook", ("settings",), _webhook, OTHER),
    ("credentials", ("settings",), _credentials, STOPPED),
    ("disk", ("settings",), _disk, UNUSABLE),
    ("warehouse", ("settings",), _warehouse, UNUSABLE),
    ("tables", ("warehouse",), _tables, UNUSABLE),
    ("spool", ("settings",), _spool, OTHER),
    ("quota", ("settings", "credentials"), _quota, STOPPED),
    ("budget", ("settings",), _budget, STOPPED),
    ("breaker", ("warehouse",), _breaker, STOPPED),
    ("charts", ("warehouse",), _charts, OTHER),
    ("instance", (), _instance, UNUSABLE),
    ("daemons", ("instance",), _daemons, OTHER),
    ("sensors", ("instance",), _sensors, OTHER),
    ("runs", ("settings", "instance"), _orphans, OTHER),
    ("failed runs", ("instance",), _failed_runs, OTHER),
    ("code location", ("settings", "instance"), _code_location, OTHER),
)
"""Name, what must be there, the check, and the exit code of its failure. What a check takes comes before it."""
