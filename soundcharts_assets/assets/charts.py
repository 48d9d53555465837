"""Assets about charts: the charts themselves, their rankings and the places in them."""

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, Output, StepCheck, fetched_asset
from soundcharts_assets.settings.reading import Settings

GROUP = "charts"


def chart_assets(settings: Settings, condition: Condition, check: StepCheck) -> list[dg.AssetsDefinition]:
    """Declare `charts`, and `chart_rankings` with `chart_entries`, whose step checks what it has written."""
    window = settings.file.freshness.metadata_window
    return [
        fetched_asset(
            settings,
            [Output("charts", GROUP, (), "The chart as Soundcharts describes it, and what the settings say of it.")],
            window=window,
            condition=condition,
            refresh=lambda refresher, charts, request, _: [refresher.refresh_charts(charts, request)],
            declared_by=chart_assets,
        ),
        fetched_asset(
            settings,
            [
                Output(
                    "chart_rankings",
                    GROUP,
                    ("charts",),
                    "Rankings of the chart: the newest, and those of the wanted history that are missing.",
                ),
                Output(
                    "chart_entries",
                    GROUP,
                    ("charts",),
                    "Places of those rankings. Tracks appear here in minimal form.",
                ),
            ],
            window=window,
            condition=condition,
            refresh=lambda refresher, charts, request, _: [refresher.refresh_rankings(charts, request)],
            declared_by=chart_assets,
            check=check,
        ),
    ]
