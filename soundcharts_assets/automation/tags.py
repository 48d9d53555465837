"""Tags of runs, in words that a person can read, and those of Dagster's that tell what a run is about."""

from soundcharts_assets.warehouse.work import PollState

STARTED_BY = "soundcharts/started_by"
SYNC = "sync"
"""Who started a run: a pass of the command line, which runs in that process and ends with it."""
CHART = "soundcharts/chart"
RANKING = "soundcharts/ranking"
PARTITION = "dagster/partition"
FIRST_OF_RANGE = "dagster/asset_partition_range_start"
LAST_OF_RANGE = "dagster/asset_partition_range_end"


def run_tags(state: PollState) -> dict[str, str]:
    """Name the chart such that two of one title are told apart, and the ranking that a run is for."""
    # Dagster's own commands print tags on terminals, which obey some characters.
    title = "".join(char if char.isprintable() else " " for char in state.title or state.slug)
    tags = {CHART: title}
    if state.newest_seen is not None:
        tags[RANKING] = f"{state.newest_seen:%Y-%m-%d %H:%M:%S} UTC"
    return tags
