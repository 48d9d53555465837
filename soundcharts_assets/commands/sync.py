"""One full pass: poll the charts, then one run of the cascade for each that was updated or has something due.

The pass decides which charts get a run and adds up what happened. What a run does is declared in `definitions`; how the
result is shown is the command line's business.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from soundcharts_assets.api.errors import AllowanceSpent, NotFound, SoundchartsError
from soundcharts_assets.assets.audience import STEP as AUDIENCE
from soundcharts_assets.automation.alerts import INTERRUPTIONS, why_it_failed
from soundcharts_assets.automation.following_up import INSIGHTS
from soundcharts_assets.automation.orphans import close_orphans
from soundcharts_assets.automation.tags import STARTED_BY, SYNC, tags_of_charts
from soundcharts_assets.commands.report import Failure, PassInterruptedError, PassReport
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import CASCADE, PARTITIONS, neighbours, register_charts
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.breaker import PausedError
from soundcharts_assets.refresh.catalogue import SUBJECT
from soundcharts_assets.refresh.charts import Poll
from soundcharts_assets.refresh.insights import insights_behind
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.values import check_slugs
from soundcharts_assets.warehouse.errors import WarehouseError

_CHARTS_PER_RUN = 50
"""Charts that one run takes together: some ten thousand tracks, whose work lists take a few dozen megabytes."""
_CHARTS_PER_AUDIENCE_RUN = 5
"""Charts whose audiences one run takes: about as many calls as the limit lets through in a minute. What Dagster writes
of a run, a hundredth of a second for each asset of each chart, is then written while the next calls wait anyway."""
_METADATA = frozenset({"tracks", "artists"})
"""Subjects of which something due makes a run of the metadata necessary; new rankings do, too."""

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Runs are on record in Dagster; on the terminal belongs the pass."""


def sync(
    refresher: Refresher,
    instance: dg.DagsterInstance,
    request: Request,
    named: Sequence[str] = (),
    *,
    insights: bool = True,
) -> PassReport:
    """Bring the named charts, or all followed ones, and what they reach up to date, then what is computed from them.

    Args:
        refresher: Of this pass alone; its progress is told how far it is.
        instance: Dagster's instance, on which the runs are recorded.
        request: What is asked for beyond the ordinary; the same for every run.
        named: Slugs; they need not be followed.
        insights: Whether computed tables are made anew that lack something, of this pass or of an earlier one.

    Returns:
        The report. What goes wrong is in it rather than raised.
    """
    started = time.monotonic()
    report = PassReport()
    try:
        _pass(refresher, instance, request, named, report)
    except (SoundchartsError, WarehouseError, SettingsError, PausedError, PassInterruptedError) as error:
        report.stop(error)
        insights = insights and not isinstance(error, SettingsError | WarehouseError | PassInterruptedError)
    if insights and not request.dry_run:
        _compute(refresher, instance, report)
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
    named: Sequence[str],
    report: PassReport,
) -> None:
    if not named and not refresher.settings.file.charts:
        raise SettingsError(f"{refresher.settings.config_path}: charts: none is followed; name one or add it there")
    check_slugs(named)
    with refresher.calling(SYNC, asks=not request.dry_run):
        close_orphans(instance, refresher)
        if not request.dry_run:
            refresher.renew_allowance()
        slugs = list(dict.fromkeys(named)) or _followed(refresher, request, report)
        refresher.follow()
        if not slugs:
            return
        if request.dry_run:
            _count(refresher, request, slugs, report)
            return
        register_charts(instance, slugs)
        polls = _poll(refresher, slugs, report)
        rankings = refresher.rankings_due(polls.values())
        updated = {slug for slug, count in rankings.items() if count or request.force}
        _settle(refresher, [poll for slug, poll in polls.items() if slug not in updated], report)
        runs = _Runs(refresher, instance, request, report)
        runs.cascade(updated, polls)
        # What charts share has been fetched by the updated ones, which may leave the others with nothing to do.
        due = refresher.due_counts(slugs, request.platforms, affordable=True)
        others = {slug: subjects for slug, subjects in due.items() if slug not in updated}
        runs.cascade(others, polls, only_audience={slug for slug in others if not _METADATA & others[slug].keys()})
        report.left_due = refresher.left_due(slugs, request.platforms)
        _count_avoided(refresher, slugs, report)


def _followed(refresher: Refresher, request: Request, report: PassReport) -> list[str]:
    """Slugs of the followed charts, once it is known what the selectors find."""
    try:
        listings = [] if request.dry_run else refresher.refresh_catalogue()
    except AllowanceSpent as error:
        listings = []
        report.warnings.append(f"charts were not listed: {error}")
    failed = [listing for listing in listings if listing.status is not Status.OK]
    report.failures += [Failure("", SUBJECT, f"charts of {one.uuid} were not listed: {one.error}") for one in failed]
    following = refresher.following
    report.warnings += [f"no chart matches the selector ({selector})" for selector in following.unmatched]
    return following.slugs


def _poll(refresher: Refresher, slugs: Sequence[str], report: PassReport) -> dict[str, Poll]:
    """Poll all charts at once. A chart that fails hides no other; credentials and quota stop everything."""
    polls, errors = refresher.poll_all(slugs)
    failed = {slug: error for slug, error in errors.items() if not isinstance(error, AllowanceSpent)}
    report.failures += [Failure(slug, "charts", _explain_poll(slug, error)) for slug, error in failed.items()]
    report.charts |= dict.fromkeys(failed, "failed")
    report.charts |= {slug: f"not polled: {error}" for slug, error in errors.items() if slug not in failed}
    return polls


def _settle(refresher: Refresher, polls: Sequence[Poll], report: PassReport) -> None:
    refresher.forget_polls(polls)
    for poll in polls:
        newest = poll.ranked_at
        report.charts[poll.slug] = f"unchanged since {newest:%Y-%m-%d}" if newest else "has no ranking yet"


class _Runs:
    """The runs of one pass, neighbouring charts together: batches are fuller, and a run's fixed cost is met once."""

    def __init__(
        self,
        refresher: Refresher,
        instance: dg.DagsterInstance,
        request: Request,
        report: PassReport,
    ) -> None:
        self._refresher = refresher
        self._instance = instance
        self._request = request
        self._report = report
        self._definitions = build_definitions(refresher.settings, refresher)
        self._steps = {
            asset.op.name: list(asset.keys)
            for asset in self._definitions.assets or ()
            if isinstance(asset, dg.AssetsDefinition) and asset.is_executable and asset.partitions_def
        }

    def cascade(
        self,
        charts: Collection[str],
        polls: Mapping[str, Poll],
        only_audience: Collection[str] = (),
    ) -> None:
        """Run all steps for charts, and say in the report what became of each.

        Args:
            charts: Slugs; all of them are partitions.
            polls: What the pass has learnt of them.
            only_audience: Charts that need nothing else, where audiences get runs of their own.
        """
        seen = len(self._refresher.accounts)
        went_well: dict[str, bool] = {}
        for group, steps in self._groups(charts, only_audience):
            succeeded = self._run(group, steps)
            went_well |= {slug: went_well.get(slug, True) and succeeded for slug in group}
            if self._refresher.stopped_by is not None:
                raise self._refresher.stopped_by
        calls = sum(account.calls.total() for account in self._refresher.accounts[seen:])
        together = f"{calls:,} calls" if len(charts) == 1 else f"{calls:,} calls for {len(charts)} charts together"
        for slug in (slug for slug, well in went_well.items() if well):
            poll = polls.get(slug)
            if poll is not None or slug not in self._report.charts:
                newest = f"{poll.ranked_at:%Y-%m-%d}" if poll and poll.ranked_at else "no ranking yet"
                self._report.charts[slug] = f"ranking {newest}, {together}"

    def _groups(
        self,
        charts: Collection[str],
        only_audience: Collection[str],
    ) -> Iterator[tuple[list[str], Sequence[str]]]:
        known = self._instance.get_dynamic_partitions(PARTITIONS)
        every = list(self._steps)
        if self._request.limit is not None:
            # A limit is one of each chart.
            yield from ((group, every) for group in neighbours(known, charts, 1))
        elif len(charts) <= _CHARTS_PER_AUDIENCE_RUN or AUDIENCE not in every:
            yield from ((group, every) for group in neighbours(known, charts, _CHARTS_PER_RUN))
        else:
            others = [slug for slug in charts if slug not in only_audience]
            metadata = [step for step in every if step != AUDIENCE]
            yield from ((group, metadata) for group in neighbours(known, others, _CHARTS_PER_RUN))
            yield from ((group, [AUDIENCE]) for group in neighbours(known, charts, _CHARTS_PER_AUDIENCE_RUN))

    def _run(self, charts: Sequence[str], steps: Sequence[str]) -> bool:
        """Run steps for charts, and say whether that went well; where not, the report tells why."""
        states = {state.slug: state for state in self._refresher.poll_states(charts)}
        result = self._definitions.resolve_job_def(CASCADE).execute_in_process(
            partition_key=charts[0] if len(charts) == 1 else None,
            instance=self._instance,
            asset_selection=[key for step in steps for key in self._steps[step]],
            run_config=_run_config(steps, self._request),
            tags={STARTED_BY: SYNC, **tags_of_charts([states[slug] for slug in charts])},
            raise_on_error=False,
        )
        if result.success:
            return True
        if _was_interrupted(result):
            self._report.charts |= dict.fromkeys(charts, "interrupted")
            raise PassInterruptedError
        self._report.charts |= dict.fromkeys(charts, "failed")
        if self._refresher.stopped_by is None:
            failures = _failed_steps(result, ", ".join(charts))
            self._report.failures += failures
            if not failures:
                told = f"run {result.run_id} failed; Dagster's log says why"
                self._report.failures.append(Failure(", ".join(charts), "", told))
        return False


def _compute(refresher: Refresher, instance: dg.DagsterInstance, report: PassReport) -> None:
    """Make what is computed from fetched tables anew; nobody is kept from asking Soundcharts meanwhile."""
    try:
        if not insights_behind(refresher.warehouse):
            return
    except WarehouseError as error:
        report.stop(error)
        return
    result = (
        build_definitions(refresher.settings, refresher)
        .resolve_job_def(INSIGHTS)
        .execute_in_process(instance=instance, run_config=_QUIET, tags={STARTED_BY: SYNC}, raise_on_error=False)
    )
    if _was_interrupted(result):
        report.stop(PassInterruptedError())
        return
    report.failures += _failed_steps(result)


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether somebody ended the run: to Dagster that is one failure among others, after which the next run may go on.

    Where a step was running it is the step's failure, between two steps the run's.
    """
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    errors += [event.job_failure_data.error for event in result.all_events if event.is_job_failure]
    return any(error is not None and error.cls_name in INTERRUPTIONS for error in errors)


def _failed_steps(result: dg.ExecuteInProcessResult, chart: str = "") -> list[Failure]:
    failed = [event for event in result.all_events if event.is_step_failure]
    return [Failure(chart, event.step_key or "", why_it_failed(event) or "failed") for event in failed]


def _run_config(steps: Iterable[str], request: Request) -> dict[str, Any]:
    config = {
        "force": request.force,
        "uuids": list(request.uuids),
        "platforms": list(request.platforms),
        "dry_run": request.dry_run,
        **({} if request.limit is None else {"limit": request.limit}),
    }
    return {
        "ops": {step: {"config": config} for step in steps},
        **_QUIET,
    }


def _count(refresher: Refresher, request: Request, slugs: Iterable[str], report: PassReport) -> None:
    """Count what a pass would ask for, as far as the warehouse knows: a chart's new ranking may bring more."""
    for slug in slugs:
        for subject in refresher.subjects.values():
            refresher.refresh_subject(subject, [slug], request)
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


def _explain_poll(slug: str, error: SoundchartsError) -> str:
    if isinstance(error, NotFound):
        return f"Soundcharts has no chart {slug!r}; look its slug up and correct it in the settings"
    return str(error)
