"""Which charts somebody is working on: the partitions of runs that are not finished.

Runs that pass for unfinished and are dead are the business of `orphans`.
"""

from collections.abc import Collection, Sequence

import dagster as dg

from soundcharts_assets.assets.declaration import is_ours
from soundcharts_assets.automation.tags import FIRST_OF_RANGE, LAST_OF_RANGE, PARTITION
from soundcharts_assets.partitions import CASCADE, PARTITIONS

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
    return {chart for run in runs if is_about_ours(run, [CASCADE]) for chart in charts_of(run, instance)}


def is_about_ours(run: dg.DagsterRun, jobs: Collection[str]) -> bool:
    """Whether a run is one of these jobs, or was started for assets of ours."""
    return run.job_name in jobs or any(map(is_ours, run.asset_selection or ()))


def charts_of(run: dg.DagsterRun, instance: dg.DagsterInstance) -> Sequence[str]:
    """Return the charts that a run is about, which its tags tell; none where it is about no chart."""
    if PARTITION in run.tags:
        return [run.tags[PARTITION]]
    if FIRST_OF_RANGE in run.tags and LAST_OF_RANGE in run.tags:
        first, last = run.tags[FIRST_OF_RANGE], run.tags[LAST_OF_RANGE]
        known = list(instance.get_dynamic_partitions(PARTITIONS))
        if first not in known or last not in known:
            return [first, last]  # somebody deleted a partition by hand: what lies between is not known any more
        return known[known.index(first) : known.index(last) + 1]
    return []
