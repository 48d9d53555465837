"""Telling a person that something needs one: a message to a webhook, once for each cause, not once for each chart."""

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg
import requests

from soundcharts_assets.assets.declaration import is_ours
from soundcharts_assets.automation.tags import CHART, PARTITION
from soundcharts_assets.refresh.breaker import Breaker
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.errors import WarehouseLockedError
from soundcharts_assets.warehouse.spool import Spool

_LOG = logging.getLogger(__name__)

INTERRUPTIONS = frozenset({KeyboardInterrupt.__name__, dg.DagsterExecutionInterruptedError.__name__})
"""What errors are called in Dagster's events that are none: somebody ended the run."""
_NOTE = "alert"
_CHECKS = "checks"
_QUIET = timedelta(hours=1)
_TIMEOUT_SECONDS = 10
_LONGEST_REASON = 500


class Alerts:
    """Posts to the webhook of the settings, and remembers beside the warehouse what was told."""

    def __init__(
        self, settings: Settings, spool: Spool, post: Callable[..., requests.Response] = requests.post
    ) -> None:
        """Say where to and where it is remembered; without a webhook nothing is ever sent."""
        self._webhook = settings.webhook
        self._spool = spool
        self._post = post

    def breaker(self, breaker: Breaker) -> bool:
        """Tell of an open breaker, once for each time that it opened. Returns whether something was sent now."""
        text = (
            f"soundcharts_assets: paused for {breaker.kind} since {breaker.opened_at:%Y-%m-%d %H:%M} UTC. "
            f"{breaker.reason}. Nothing is asked for until Soundcharts says otherwise; it is asked every ten minutes, "
            "which is free. `soundcharts-assets doctor` tells what to do."
        )
        return self._tell(f"breaker {breaker.kind}", text, breaker.opened_at.isoformat())

    def failed_run(self, job: str, run_id: str, charts: str, reason: str, now: datetime) -> bool:
        """Tell of a failed run; another one that fails for the same reason within the hour is not told."""
        cause = hashlib.sha256(f"{job} {reason}".encode()).hexdigest()[:16]
        note = self._spool.note(_NOTE, f"run {cause}")
        if note is not None and now - datetime.fromisoformat(note) < _QUIET:
            return False
        text = f"soundcharts_assets: run {run_id} of {job} failed for {charts}: {reason[:_LONGEST_REASON]}"
        return self._tell(f"run {cause}", text, now.isoformat())

    def failed_checks(self, failed: Mapping[str, str]) -> bool:
        """Tell of daily checks that failed, by name and with what was found; the same ones are not told of again."""
        if not failed:
            self._spool.drop_note(_NOTE, _CHECKS)
            return False
        found = ", ".join(f"{name} ({said})" for name, said in failed.items())
        text = f"soundcharts_assets: checks failed: {found}. The asset soundcharts/warehouse names examples in Dagster."
        return self._tell(_CHECKS, text, " ".join(failed))

    def _tell(self, cause: str, text: str, occasion: str) -> bool:
        if self._webhook is None or self._spool.note(_NOTE, cause) == occasion:
            return False
        try:
            with _unlogged():
                answer = self._post(
                    self._webhook.get_secret_value(),
                    json={"text": text},
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            # The error names the address, and the address is a secret.
            _LOG.warning("The webhook could not be reached: %s", type(error).__name__)
            return False
        if not answer.ok:
            _LOG.warning("The webhook answered %d", answer.status_code)
            return False
        self._spool.put_note(_NOTE, cause, occasion)
        return True


@contextmanager
def _unlogged() -> Iterator[None]:
    """Let nothing be logged of this thread's requests: at its lowest level urllib3 tells the path, a secret here."""
    thread = threading.get_ident()
    loggers = [logging.getLogger(name) for name in ("urllib3.connectionpool", "urllib3.util.retry")]

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.thread != thread

    for logger in loggers:
        logger.addFilter(is_of_another)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_another)


def failure_sensor(open_refresher: Callable[[], Refresher], jobs: Collection[str]) -> dg.SensorDefinition:
    """Return the sensor that tells of failed runs: of the breaker behind them where there is one, else of the run.

    Args:
        open_refresher: Makes a refresher from the settings as they are then.
        jobs: Our jobs. Of other runs, what is told of is failed steps of our assets, or that a run with some died.
    """

    @dg.run_failure_sensor(
        name="failures",
        description="Posts to the webhook of SOUNDCHARTS_WEBHOOK, once for each cause.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def failures(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        refresher = open_refresher()
        if refresher.settings.webhook is None:
            return dg.SkipReason("SOUNDCHARTS_WEBHOOK is not set")
        run = context.dagster_run
        failed = context.get_step_failure_events()
        if run.job_name not in jobs:
            ours = _steps_of_ours(context.instance, run)
            if not ours or (failed and ours.isdisjoint(event.step_key for event in failed)):
                return dg.SkipReason(f"Nothing of ours failed in run {run.run_id} of {run.job_name}")
            failed = [event for event in failed if event.step_key in ours]
        alerts = Alerts(refresher.settings, refresher.warehouse.spool)
        try:
            breaker = refresher.find_breaker()
        except WarehouseLockedError:
            breaker = None
        if breaker is not None:
            alerts.breaker(breaker)
        else:
            charts = run.tags.get(CHART) or run.tags.get(PARTITION) or "several charts"
            reason = next(filter(None, map(why_it_failed, failed)), context.failure_event.message or "no reason given")
            alerts.failed_run(run.job_name, run.run_id, charts, " ".join(reason.split()), datetime.now(UTC))
        return None

    return failures


def why_it_failed(step: dg.DagsterEvent) -> str | None:
    """Return what a failed step said in a line, without the class of Dagster's that carried it; None for nothing."""
    data = step.step_failure_data
    if data.error and data.error.cls_name in INTERRUPTIONS:
        return "somebody interrupted it"
    told = data.user_failure_data.description if data.user_failure_data else None
    said = told or (data.error.message if data.error else None)
    return " ".join(said.split()) if said else None


def _steps_of_ours(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str | None]:
    """Return the steps of a run that were to materialise assets of ours."""
    planned = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    events = [entry.dagster_event for entry in planned if entry.dagster_event]
    return {event.step_key for event in events if event.asset_key and is_ours(event.asset_key)}
