"""Assets about charts: the charts themselves, their rankings and the places in them."""

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, Output, StepCheck, fetched_asset
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings import Settings

GROUP = "charts"


def chart_assets(settings: Settings, condition: Condition, check: StepCheck) -> list[dg.AssetsDefinition]:
    """Declare `charts`, and `chart_rankings` with `chart_entries`, whose step checks what it has written."""
    window = settings.file.freshness.metadata_window
    return [
        fetched_asset(
            settings,
            [Output("charts", (), "The chart as Soundcharts describes it, and what the settings say of it.")],
            group=GROUP,
            window=window,
            condition=condition,
            refresh=Refresher.refresh_charts,
        ),
        fetched_asset(
            settings,
            [
                Output(
                    "chart_rankings",
                    ("charts",),
                    "Rankings of the chart: the newest, and those of the wanted history that are missing.",
                ),
                Output("chart_entries", ("charts",), "Places of those rankings. Tracks appear here in minimal form."),
            ],
            group=GROUP,
            window=window,
            condition=condition,
            refresh=Refresher.refresh_rankings,
            check=check,
        ),
    ]
