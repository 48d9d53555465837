"""The daily upkeep of a lake, as an asset with a schedule of its own. A warehouse in a file needs none.

What is done is the lake's own business (`warehouse.lake`); when, and how long the past is kept, is said here.
"""

from datetime import timedelta

import dagster as dg

from soundcharts_assets.assets.declaration import asset_key
from soundcharts_assets.automation.schedules import daily
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.errors import WarehouseError

MAINTENANCE = "lake_maintenance"
_EVERY_NIGHT = "40 3 * * *"


def maintenance_asset() -> dg.AssetsDefinition:
    """Declare the asset that is materialised by keeping the lake small and quick to read."""

    @dg.asset(
        key=asset_key(MAINTENANCE),
        group_name="operations",
        kinds={"ducklake"},
        description="Small files of the lake are put together, snapshots older than `warehouse.keep_snapshots_days` "
        "expire, and files that nobody needs any more are removed. Soundcharts is not asked; writers wait meanwhile, "
        "readers do not.",
    )
    def maintained(refresher: dg.ResourceParam[Refresher]) -> dg.MaterializeResult[None]:
        keep = timedelta(days=refresher.settings.file.warehouse.keep_snapshots_days)
        try:
            done = refresher.warehouse.maintain(refresher.clock() - keep)
        except WarehouseError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        return dg.MaterializeResult(metadata=done)

    return maintained


def maintenance_schedule(asset: dg.AssetsDefinition) -> dg.ScheduleDefinition:
    """Return the schedule that does it every night."""
    return daily(
        MAINTENANCE,
        dg.AssetSelection.assets(asset),
        cron=_EVERY_NIGHT,
        description="Keeps the lake small and quick to read.",
    )
