"""The asset about the page for people, which follows the computed tables. What is on it is up to `dashboard`."""

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, asset_key, storage_kind
from soundcharts_assets.assets.insights import GROUP
from soundcharts_assets.dashboard.build import build
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.insights import INSIGHTS

DASHBOARD = "dashboard"


def dashboard_asset(settings: Settings, condition: Condition) -> dg.AssetsDefinition:
    """Declare the asset that is materialised by writing the page anew.

    Args:
        settings: Where the warehouse is.
        condition: When it is written without being asked for.
    """

    @dg.asset(
        key=asset_key(DASHBOARD),
        deps=[asset_key(name) for name in INSIGHTS],
        description="One page of HTML for people: what changed, every chart, track and artist, and its upkeep. "
        "It is written to `SOUNDCHARTS_DASHBOARD`, else to dashboard.html beside the warehouse, and loads nothing.",
        group_name=GROUP,
        kinds={storage_kind(settings), "html"},
        automation_condition=condition,
    )
    def dashboard(refresher: dg.ResourceParam[Refresher]) -> dg.MaterializeResult[None]:
        try:
            built = build(refresher, refresher.settings.dashboard_path)
        except (SettingsError, WarehouseError) as error:
            raise dg.Failure(description=str(error)) from error
        return dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.path(built.path.absolute()),
                "bytes": built.size,
                "charts": built.charts,
                "charts_left_out": built.charts_known - built.charts,
            }
        )

    return dashboard
