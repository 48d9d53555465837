"""The one composition root: settings in, Dagster definitions out. Nothing is fetched or opened here."""

import dagster as dg

from soundcharts_assets.assets.artists import artist_assets
from soundcharts_assets.assets.audience import audience_assets
from soundcharts_assets.assets.charts import chart_assets
from soundcharts_assets.assets.tracks import track_assets
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings import Settings, load_settings

CASCADE = "cascade"


def build_definitions(settings: Settings, refresher: Refresher | None = None) -> dg.Definitions:
    """Declare all assets that the settings ask for, and the job that refreshes a chart and what it reaches.

    Args:
        settings: What the user decided.
        refresher: Shared with the caller's own calls, where it makes any; by default one of its own.
    """
    refresher = refresher or Refresher(settings)
    subjects = refresher.subjects
    assets = [
        *chart_assets(settings),
        *track_assets(settings, subjects["tracks"]),
        *artist_assets(settings, subjects["artists"]),
        *audience_assets(settings, list(subjects.values())),
    ]
    cascade = dg.define_asset_job(
        CASCADE,
        selection=dg.AssetSelection.assets(*assets),
        description="A chart, its rankings, their tracks, the artists on them, and the audiences of both.",
    )
    return dg.Definitions(
        assets=assets,
        jobs=[cascade],
        # One process a run: steps wait for each other at the caller's lock anyway, and a process each costs seconds.
        executor=dg.in_process_executor,
        resources={"refresher": refresher},
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Load the code location of this project."""
    return build_definitions(load_settings())
