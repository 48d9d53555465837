"""The partitions of the cascade: one per chart, its slug the key.

A chart is what a person follows, pauses and pays for, and one update of a chart becomes one run. Keys are added when a
chart is first synced and never deleted: deleting one under a run fails that run (dagster-io/dagster #33910).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

import dagster as dg

CASCADE = "cascade"
"""Name of the job that refreshes a chart and what it reaches."""

PARTITIONS = "charts"

charts_partitions = dg.DynamicPartitionsDefinition(name=PARTITIONS)


def register_charts(instance: dg.DagsterInstance, slugs: Iterable[str]) -> list[str]:
    """Add the charts that the instance does not know as partitions yet, and return them."""
    known = set(instance.get_dynamic_partitions(PARTITIONS))
    new = [slug for slug in dict.fromkeys(slugs) if slug not in known]
    if new:
        instance.add_dynamic_partitions(PARTITIONS, new)
    return new


def neighbours(known: Sequence[str], chosen: Collection[str], most: int) -> Iterator[list[str]]:
    """Yield the chosen charts in groups that one run can take: partitions that follow each other, so many at most.

    Dagster gives a run one partition or a range of them (dagster-io/dagster #32335).

    Args:
        known: All partitions, in Dagster's order.
        chosen: The charts, all of them known.
        most: Charts of a group.
    """
    group: list[str] = []
    for slug in known:
        if group and (slug not in chosen or len(group) == most):
            yield group
            group = []
        if slug in chosen:
            group.append(slug)
    if group:
        yield group
