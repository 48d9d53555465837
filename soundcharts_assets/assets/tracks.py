"""Assets about tracks: metadata, credits and genres of every track that the chart's stored entries hold."""

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, Output, fetched_asset
from soundcharts_assets.refresh.subjects import Subject
from soundcharts_assets.settings.reading import Settings

GROUP = "tracks"


def track_assets(settings: Settings, subject: Subject, condition: Condition) -> list[dg.AssetsDefinition]:
    """Declare `tracks` with `track_artists`, `track_genres` and `genres`, which one answer fills together."""
    deps = ("chart_entries",)
    return [
        fetched_asset(
            settings,
            [
                Output("tracks", GROUP, deps, "Metadata of the tracks that the chart's stored entries hold."),
                Output("track_artists", GROUP, deps, "Artists credited on those tracks, in order."),
                Output("track_genres", GROUP, deps, "Genres of those tracks."),
                Output("genres", GROUP, deps, "Genres as a hierarchy, from tracks and artists alike."),
            ],
            window=subject.window,
            condition=condition,
            refresh=lambda refresher, charts, request, _: [refresher.refresh_subject(subject, charts, request)],
            declared_by=track_assets,
        ),
    ]
