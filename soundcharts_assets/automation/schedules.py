"""What happens by the clock: a job of its own for each, once a day, in which Soundcharts is not asked.

What is done belongs to the assets and checks that are selected.
"""

import dagster as dg

from soundcharts_assets.automation.tags import STARTED_BY


def daily(name: str, selection: dg.AssetSelection, *, cron: str, description: str) -> dg.ScheduleDefinition:
    """Return a schedule, switched on, that runs a selection by a cron line in UTC; name and job are called the same."""
    job = dg.define_asset_job(
        name,
        selection=selection,
        description=description,
        tags={STARTED_BY: name},
        executor_def=dg.in_process_executor,
    )
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
