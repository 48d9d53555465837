"""Which charts somebody is working on: the partitions of runs that are not finished and whose process is alive."""

from collections.abc import Iterable

import dagster as dg

from soundcharts_assets.assets.declaration import PREFIX
from soundcharts_assets.automation.tags import FIRST_OF_RANGE, LAST_OF_RANGE, PARTITION, STARTED_BY
from soundcharts_assets.partitions import CASCADE, PARTITIONS
from soundcharts_assets.refresh.refresher import Refresher

SYNC = "sync"
"""Who started a run: a pass of the command line, which runs in that process and ends with it."""

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def busy_charts(instance: dg.DagsterInstance) -> set[str]:
    """Return the charts that unfinished runs are about, queued ones included."""
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return {chart for run in runs if _is_ours(run) for chart in _charts_of(run, instance)}


def close_orphans(instance: dg.DagsterInstance) -> None:
    """Close runs of passes that were killed. Only for who holds the caller's lock: then no other pass is alive."""
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED, tags={STARTED_BY: SYNC})):
        instance.report_run_failed(run, "The process of this run was killed; what it had fetched is stored.")


def close_orphans_if_idle(instance: dg.DagsterInstance, refresher: Refresher) -> None:
    """Close them where nobody is asking Soundcharts at the moment."""
    if instance.get_runs_count(dg.RunsFilter(statuses=UNFINISHED, tags={STARTED_BY: SYNC})):
        with refresher.if_idle("looking for killed passes") as idle:
            if idle:
                close_orphans(instance)


def _is_ours(run: dg.DagsterRun) -> bool:
    return run.job_name == CASCADE or any(key.path[0] == PREFIX for key in run.asset_selection or ())


def _charts_of(run: dg.DagsterRun, instance: dg.DagsterInstance) -> Iterable[str]:
    if PARTITION in run.tags:
        return [run.tags[PARTITION]]
    if FIRST_OF_RANGE in run.tags and LAST_OF_RANGE in run.tags:
        known = list(instance.get_dynamic_partitions(PARTITIONS))
        return known[known.index(run.tags[FIRST_OF_RANGE]) : known.index(run.tags[LAST_OF_RANGE]) + 1]
    return []
