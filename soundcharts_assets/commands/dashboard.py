"""The `dashboard` command: computed tables made anew, then the page built from them.

What is on the page and how it is written is in `dashboard`; how it is told, in `console`.
"""

from pathlib import Path

from soundcharts_assets.dashboard.build import Built, build, require
from soundcharts_assets.refresh.insights import rebuild_insights
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.environment import USUAL_PAGE
from soundcharts_assets.settings.targets import check_target


def build_dashboard(refresher: Refresher, path: Path) -> Built:
    """Bring the computed tables up to date and build the page from them. Soundcharts is not asked.

    Args:
        refresher: Knows settings, clock and warehouse.
        path: Where the page goes; an earlier one is replaced.

    Raises:
        SettingsError: No page may take that place.
        WarehouseError: There is no warehouse, it cannot be used, or the page cannot be written.
    """
    check_target(path, refresher.settings, USUAL_PAGE)
    require(refresher.warehouse)
    rebuild_insights(refresher.warehouse, refresher.clock().date())
    return build(refresher, path)
