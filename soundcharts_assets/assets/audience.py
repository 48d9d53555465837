"""Assets about audiences: one per platform, from one declarative table. A platform is an asset, not a partition.

Freshness, checks and lineage are per asset in Dagster, and so is switching a platform on or off in the settings.
"""

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, Output, fetched_asset
from soundcharts_assets.refresh.subjects import Subject
from soundcharts_assets.settings.reading import Settings

_FIGURES = {
    ("track_audience", "spotify"): "Streams so far, by Spotify id.",
    ("track_audience", "youtube"): "Views so far, by video.",
    ("track_audience", "shazam"): "Shazams so far.",
    ("track_audience", "airplay"): "Plays on the radio of the day: one call a track and day.",
    ("track_audience", "tiktok"): "Videos made so far, by sound.",
    ("track_audience", "instagram"): "Reels made so far.",
    ("artist_audience", "spotify"): "Followers.",
    ("artist_audience", "youtube"): "Subscribers, videos and views.",
    ("artist_audience", "instagram"): "Followers, accounts followed and posts.",
    ("artist_audience", "tiktok"): "Followers, likes, accounts followed and videos.",
    ("artist_listening", "spotify"): "Listeners of the last 28 days.",
    ("artist_listening", "youtube"): "Views of the day, on videos of the artist and of others.",
}
_DEPS = {"tracks": "tracks", "artists": "artists"}


STEP = "audience"
"""One step fetches all platforms side by side: with a step each, every one would wait for the last answer and the
commit of the one before, and cost Dagster's events and an opening of the file of its own."""


def audience_assets(settings: Settings, subjects: list[Subject], condition: Condition) -> list[dg.AssetsDefinition]:
    """Declare the audience of tracks and of artists, and the listening figures of artists, platform by platform."""
    series = {subject.name: subject for subject in subjects if subject.platform is not None}
    if not series:
        return []
    return [
        fetched_asset(
            settings,
            [_output(subject) for subject in series.values()],
            window=settings.file.freshness.audience_window,
            condition=condition,
            refresh=lambda refresher, charts, request, names: refresher.refresh_subjects(
                [series[name] for name in names], charts, request
            ),
            declared_by=audience_assets,
            name=STEP,
        )
    ]


def _output(subject: Subject) -> Output:
    platform = subject.platform or ""
    figure = _FIGURES.get((subject.table, platform), f"Figures of {platform}.")
    owner = "tracks that the chart's stored entries hold" if subject.entity == "tracks" else "artists of its tracks"
    description = f"{figure} By day, for the {owner}."
    return Output(subject.table, subject.table, (_DEPS[subject.entity],), description, platform)
