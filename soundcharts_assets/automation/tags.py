"""Tags of runs, in words that a person can read, and those of Dagster's that tell what a run is about."""

from collections.abc import Sequence

from soundcharts_assets.warehouse.work import PollState

STARTED_BY = "soundcharts/started_by"
SYNC = "sync"
"""Who started a run: a pass of the command line, which runs in that process and ends with it."""
CHART = "soundcharts/chart"
RANKING = "soundcharts/ranking"
PARTITION = "dagster/partition"
FIRST_OF_RANGE = "dagster/asset_partition_range_start"
LAST_OF_RANGE = "dagster/asset_partition_range_end"

_NAMED = 3
"""Charts of a run that its tag names."""


def run_tags(state: PollState) -> dict[str, str]:
    """Name the chart such that two of one title are told apart, and the ranking that a run is for."""
    # Dagster's own commands print tags on terminals, which obey some characters.
    title = "".join(char if char.isprintable() else " " for char in state.title or state.slug)
    tags = {CHART: title}
    if state.newest_seen is not None:
        tags[RANKING] = f"{state.newest_seen:%Y-%m-%d %H:%M:%S} UTC"
    return tags


def tags_of_charts(states: Sequence[PollState]) -> dict[str, str]:
    """Name the charts of a run, partitions that follow each other, and say so to Dagster where they are several."""
    first, *others = states
    if not others:
        return run_tags(first)
    names = "; ".join(run_tags(state)[CHART] for state in states[:_NAMED])
    more = f" and {len(states) - _NAMED} more" if len(states) > _NAMED else ""
    return {CHART: f"{names}{more}", FIRST_OF_RANGE: first.slug, LAST_OF_RANGE: others[-1].slug}
