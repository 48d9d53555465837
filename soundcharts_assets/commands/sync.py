"""One full pass: poll the charts, then one run of the cascade for each that was updated or has something due.

The pass decides which charts get a run and adds up what happened. What a run does is declared in `definitions`; how the
result is shown is the command line's business.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg

from soundcharts_assets.api.errors import Fatal, NotFound, SoundchartsError
from soundcharts_assets.commands.report import Failure, PassReport
from soundcharts_assets.definitions import CASCADE, build_definitions
from soundcharts_assets.partitions import register_charts
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.charts import Poll
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.settings import SettingsError, check_slugs
from soundcharts_assets.warehouse.connection import WarehouseError

STARTED_BY = "soundcharts/started_by"
_SYNC = "sync"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def sync(
    refresher: Refresher,
    instance: dg.DagsterInstance,
    request: Request,
    named: Sequence[str] = (),
) -> PassReport:
    """Bring the named charts, or all followed ones, and what they reach up to date.

    Args:
        refresher: Of this pass alone; its progress is told how far it is.
        instance: Dagster's instance, on which the runs are recorded.
        request: What is asked for beyond the ordinary; the same for every run.
        named: Slugs; they need not be followed.

    Returns:
        The report. What goes wrong is in it rather than raised.
    """
    started = time.monotonic()
    report = PassReport()
    slugs = list(dict.fromkeys(named)) or refresher.following.slugs
    try:
        _pass(refresher, instance, request, slugs, report)
    except (SoundchartsError, WarehouseError, SettingsError) as error:
        report.stop(error)
    report.accounts = [account for account in refresher.accounts if account.due or account.calls]
    report.calls = Counter(refresher.calls.totals())
    report.failures += [failure for account in report.accounts for failure in _failures(account)]
    report.quota_left = refresher.quota_left
    report.seconds = time.monotonic() - started
    return report


def _pass(
    refresher: Refresher,
    instance: dg.DagsterInstance,
    request: Request,
    slugs: Sequence[str],
    report: PassReport,
) -> None:
    if not slugs:
        raise SettingsError(f"{refresher.settings.config_path}: charts: none is followed; name one or add it there")
    check_slugs(slugs)
    with refresher.calling(_SYNC):
        _close_orphans(instance)
        refresher.follow()
        if request.dry_run:
            _count(refresher, request, slugs, report)
            return
        register_charts(instance, slugs)
        polls = _poll(refresher, slugs, report)
        rankings = refresher.rankings_due(polls)
        due = refresher.due_counts(slugs, request.platforms)
        updated = {slug for slug, count in rankings.items() if count or request.force}
        idle = [poll for poll in polls if poll.slug not in updated and poll.slug not in due]
        _settle(refresher, idle, report)
        for poll in polls:
            if poll.slug not in updated and poll.slug not in due:
                continue
            # What charts share is fetched by the first of them, which may leave a later one with nothing to do.
            if poll.slug not in updated and not refresher.due_counts([poll.slug], request.platforms):
                _settle(refresher, [poll], report)
                continue
            _run(refresher, instance, request, poll, report)
            if refresher.stopped_by is not None:
                raise refresher.stopped_by
        _count_avoided(refresher, slugs, report)


def _close_orphans(instance: dg.DagsterInstance) -> None:
    """Close runs of passes that were killed: this one holds the caller's lock, so no other pass is alive."""
    orphans = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED, tags={STARTED_BY: _SYNC}))
    for run in orphans:
        instance.report_run_failed(run, "The process of this run was killed; what it had fetched is stored.")


def _poll(refresher: Refresher, slugs: Sequence[str], report: PassReport) -> list[Poll]:
    """Poll all charts at once. A chart that fails hides no other; credentials and quota stop everything."""

    def ask(slug: str) -> Poll | SoundchartsError:
        try:
            return refresher.poll(slug)
        except SoundchartsError as error:
            return error

    refresher.client  # noqa: B018 - made here, before threads could make one each, and missing credentials told at once
    workers = min(len(slugs), refresher.settings.file.api.workers)
    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(ask, slugs))
    fatal = next((answer for answer in answers if isinstance(answer, Fatal)), None)
    if fatal is not None:
        raise fatal
    errors = {slug: error for slug, error in zip(slugs, answers, strict=True) if isinstance(error, SoundchartsError)}
    refresher.note_failed_polls(errors)
    report.failures += [Failure(slug, "charts", _explain_poll(slug, error)) for slug, error in errors.items()]
    report.charts |= dict.fromkeys(errors, "failed")
    return [answer for answer in answers if isinstance(answer, Poll)]


def _settle(refresher: Refresher, polls: Sequence[Poll], report: PassReport) -> None:
    refresher.settle_polls(polls)
    for poll in polls:
        newest = poll.ranked_at
        report.charts[poll.slug] = f"unchanged since {newest:%Y-%m-%d}" if newest else "has no ranking yet"


def _run(
    refresher: Refresher,
    instance: dg.DagsterInstance,
    request: Request,
    poll: Poll,
    report: PassReport,
) -> None:
    definitions = build_definitions(refresher.settings, refresher)
    seen = len(refresher.accounts)
    result = definitions.resolve_job_def(CASCADE).execute_in_process(
        partition_key=poll.slug,
        instance=instance,
        run_config=_run_config(definitions, request),
        tags={STARTED_BY: _SYNC, "soundcharts/chart": _title(poll)},
        raise_on_error=False,
    )
    accounts = refresher.accounts[seen:]
    if result.success:
        newest = f"{poll.ranked_at:%Y-%m-%d}" if poll.ranked_at else "no ranking yet"
        calls = sum(account.calls.total() for account in accounts)
        report.charts[poll.slug] = f"ranking {newest}, {calls:,} calls"
    else:
        report.charts[poll.slug] = "failed"
        if refresher.stopped_by is None:
            steps = [event for event in result.all_events if event.is_step_failure]
            report.failures += [Failure(poll.slug, event.step_key or "", _reason(event)) for event in steps]
            if not steps:
                report.failures.append(Failure(poll.slug, "", f"run {result.run_id} failed; Dagster's log says why"))


def _run_config(definitions: dg.Definitions, request: Request) -> dict[str, Any]:
    config = {
        "force": request.force,
        "uuids": list(request.uuids),
        "platforms": list(request.platforms),
        "dry_run": request.dry_run,
        **({} if request.limit is None else {"limit": request.limit}),
    }
    steps = [asset.op.name for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)]
    return {
        "ops": {step: {"config": config} for step in steps},
        # The run is on record in Dagster; on the terminal belongs the pass.
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _count(refresher: Refresher, request: Request, slugs: Iterable[str], report: PassReport) -> None:
    """Count what a pass would ask for, as far as the warehouse knows: a chart's new ranking may bring more."""
    for slug in slugs:
        for subject in refresher.subjects.values():
            refresher.refresh_subject(subject, slug, request)
        report.charts[slug] = "1 poll, its news unknown until then"


def _count_avoided(refresher: Refresher, slugs: Sequence[str], report: PassReport) -> None:
    reached = refresher.reached_counts(slugs)
    assets: Counter[str] = Counter(subject.entity for subject in refresher.subjects.values())
    naive = sum(count * assets[entity] for (_, entity), count in reached.items())
    made = sum(account.calls.total() for account in refresher.accounts if account.subject in refresher.subjects)
    report.avoided = max(0, naive - made)


def _failures(account: Account) -> Iterator[Failure]:
    for example in account.examples:
        yield Failure(account.chart, account.subject, example)
    more = account.unsettled - len(account.examples)
    if more > 0:
        yield Failure(account.chart, account.subject, f"{more:,} more; soundcharts.fetches names them all")


def _title(poll: Poll) -> str:
    """Name a chart such that two of one title are told apart."""
    if poll.chart is None:
        return poll.slug
    where = poll.chart.city_name or poll.chart.country_name or poll.chart.country_code
    return ", ".join(part for part in (poll.chart.name, poll.chart.platform, where) if part)


def _reason(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    return " ".join(error.message.split()) if error else "failed"


def _explain_poll(slug: str, error: SoundchartsError) -> str:
    if isinstance(error, NotFound):
        return f"Soundcharts has no chart {slug!r}; look its slug up and correct it in the settings"
    return str(error)
