"""Assets about artists: metadata and genres of every artist credited on a track that the chart reaches."""

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, Output, fetched_asset
from soundcharts_assets.refresh.subjects import Subject
from soundcharts_assets.settings.reading import Settings

GROUP = "artists"


def artist_assets(settings: Settings, subject: Subject, condition: Condition) -> list[dg.AssetsDefinition]:
    """Declare `artists` with `artist_genres`."""
    deps = ("track_artists",)
    return [
        fetched_asset(
            settings,
            [
                Output("artists", GROUP, deps, "Metadata of the artists credited on the chart's tracks."),
                Output("artist_genres", GROUP, deps, "Genres of those artists."),
            ],
            window=subject.window,
            condition=condition,
            refresh=lambda refresher, charts, request, _: [refresher.refresh_subject(subject, charts, request)],
            declared_by=artist_assets,
        ),
    ]
