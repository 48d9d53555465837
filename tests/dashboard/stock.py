"""A small warehouse by hand: two charts, seven tracks with names that mean mischief, series with a day missing.

| place | France, 8 March | 9 March | 10 March | worldwide, 3 March | 10 March |
|---|---|---|---|---|---|
| 1 | song | ghost | octopus | plain | song |
| 2 | ghost | song | ghost | song | plain |
| 3 | arabic | octopus | city | | |
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from soundcharts_assets.refresh.insights import rebuild_insights
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import load_settings
from soundcharts_assets.warehouse.tables import TABLES

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
TODAY = date(2026, 3, 10)

NAMES = {
    "song": ("Été </script><script>document.title = 'ran'</script>", "Beyoncé & Naïve"),
    "ghost": ("<img src=x onerror=\"document.title = 'ran'\">", 'O\'Brien "Quotes" <b>bold</b>'),
    "arabic": ("مدينة النور", "ليل طويل"),
    "octopus": ("🐙 Octo \U0001d54f", "Łukasz Große"),
    "city": ("Straße", "Łukasz Große feat. \u202eevil\u202c"),
    "plain": ("Plain \u2028 line", "{{ overview }}"),
}
ARTISTS = {"beyonce": "Beyoncé & Naïve", "obrien": 'O\'Brien "Quotes" <b>bold</b>', "lukasz": "Łukasz Große"}
CREDITS = {"song": ["beyonce"], "ghost": ["obrien"], "octopus": ["lukasz"], "city": ["lukasz", "beyonce"]}
GENRES = {"song": ["pop"], "ghost": ["rock", "pop"], "octopus": ["electronic"], "city": ["pop"]}

FRANCE, WORLD = "top-songs-1", "viral-2"
RANKINGS = {
    FRANCE: {8: ["song", "ghost", "arabic"], 9: ["ghost", "song", "octopus"], 10: ["octopus", "ghost", "city"]},
    WORLD: {3: ["plain", "song"], 10: ["song", "plain"]},
}

# By age in days. Of the two recordings on Spotify the larger counts; two days ago that one is missing.
OCTOPUS_ON_SPOTIFY = {
    "larger": {5: 100_000, 4: 110_000, 3: 121_000, 1: 140_000, 0: 152_000},
    "smaller": {age: 90_000 - age for age in (5, 4, 3, 1, 0)},
}
# Two videos, which add up.
OCTOPUS_ON_YOUTUBE = {"one": {2: 100, 1: 200, 0: 300}, "two": {2: 1_000, 1: 1_001, 0: 1_010}}
LUKASZ_LISTENERS = {3: 5_000, 2: 5_200, 1: 5_100}
LUKASZ_FOLLOWERS = {9: 800, 5: 810, 1: 830}


def uuid(name: str) -> str:
    """A track or artist of the example, as its address has it."""
    return f"{name}-uuid"


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows into a table."""
    for row in rows:
        names = ", ".join(row)
        marks = ", ".join(f"${name}" for name in row)
        connection.execute(f"INSERT INTO {TABLES[table].qualified} ({names}) VALUES ({marks})", row)


def refresher_in(
    folder: Path, charts: Sequence[str] = (FRANCE, WORLD), variables: Mapping[str, str] | None = None
) -> Refresher:
    """A refresher on the warehouse of a folder, at the example's time."""
    settings = folder / "soundcharts.yaml"
    settings.write_text("charts:\n" + "".join(f"  - {slug}\n" for slug in charts), encoding="utf-8")
    known = {
        "SOUNDCHARTS_WAREHOUSE": str(folder / "warehouse.duckdb"),
        "SOUNDCHARTS_CONFIG": str(settings),
        "SOUNDCHARTS_APP_ID": "an-app",
        "SOUNDCHARTS_API_KEY": "a-secret-key",
    }
    return Refresher(load_settings(known | dict(variables or {})), clock=lambda: NOW)


def stocked(folder: Path, *, insights: bool = True, variables: Mapping[str, str] | None = None) -> Refresher:
    """A refresher on a warehouse that holds the example."""
    refresher = refresher_in(folder, variables=variables)
    with refresher.warehouse.connect() as connection:
        connection.execute("BEGIN")
        for table, rows in _rows():
            insert(connection, table, [rows])
        connection.execute("COMMIT")
    if insights:
        rebuild_insights(refresher.warehouse, TODAY)
    return refresher


def _rows() -> Iterator[tuple[str, dict[str, Any]]]:
    common = {"type": "song", "followed": True, "cascade": True, "fetched_at": NOW}
    yield (
        "charts",
        {
            **common,
            "slug": FRANCE,
            "name": "Top <i>Songs</i>",
            "platform": "spotify",
            "frequency": "daily",
            "country_code": "FR",
            "country_name": "France",
            "web_url": "javascript:alert(1)",
            "metric": "streamcount",
        },
    )
    yield (
        "charts",
        {
            **common,
            "slug": WORLD,
            "name": "Viral",
            "platform": "shazam",
            "frequency": "weekly",
            "country_code": "",
            "country_name": "",
            "web_url": "https://charts.example.com/viral",
        },
    )
    for slug, rankings in RANKINGS.items():
        for day, names in rankings.items():
            at = datetime(2026, 3, day, 12, tzinfo=UTC)
            yield (
                "chart_rankings",
                {
                    "chart_slug": slug,
                    "ranked_at": at,
                    "entry_count": len(names),
                    "fetched_at": at + timedelta(hours=1),
                },
            )
            for position, name in enumerate(names, 1):
                yield (
                    "chart_entries",
                    {
                        "chart_slug": slug,
                        "ranked_at": at,
                        "position": position,
                        "track_uuid": uuid(name),
                        "metric_value": 1_000 * (10 - position),
                    },
                )
    for name, (title, credit) in NAMES.items():
        released = date(2026, 3, 1) if name == "octopus" else None
        yield "tracks", {"uuid": uuid(name), "name": title, "credit_name": credit, "release_date": released}
    for name, title in ARTISTS.items():
        yield "artists", {"uuid": uuid(name), "name": title, "country_code": "PL" if name == "lukasz" else None}
    for name, artists in CREDITS.items():
        for ordinal, artist in enumerate(artists, 1):
            yield "track_artists", {"track_uuid": uuid(name), "artist_uuid": uuid(artist), "ordinal": ordinal}
    for name, genres in GENRES.items():
        for genre in genres:
            yield "track_genres", {"track_uuid": uuid(name), "root": genre, "genre": genre}
    yield from _audiences()
    yield from _upkeep()


def _audiences() -> Iterator[tuple[str, dict[str, Any]]]:
    for platform, identifiers in (("spotify", OCTOPUS_ON_SPOTIFY), ("youtube", OCTOPUS_ON_YOUTUBE)):
        for identifier, days in identifiers.items():
            for age, value in days.items():
                yield (
                    "track_audience",
                    {
                        "track_uuid": uuid("octopus"),
                        "platform": platform,
                        "date": TODAY - timedelta(age),
                        "identifier": identifier,
                        "value": value,
                        "fetched_at": NOW,
                    },
                )
    of_lukasz = {"artist_uuid": uuid("lukasz"), "platform": "spotify", "fetched_at": NOW}
    for age, value in LUKASZ_LISTENERS.items():
        yield "artist_listening", {**of_lukasz, "date": TODAY - timedelta(age), "value": value}
    for age, value in LUKASZ_FOLLOWERS.items():
        yield "artist_audience", {**of_lukasz, "date": TODAY - timedelta(age), "followers": value}


def _upkeep() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, status in (("song", "ok"), ("ghost", "failed"), ("city", "malformed")):
        yield (
            "fetches",
            {
                "subject": "tracks",
                "uuid": uuid(name),
                "status": status,
                "fetched_at": NOW - timedelta(days=2) if status == "ok" else None,
                "attempts": 0 if status == "ok" else 1,
                "error": None if status == "ok" else "GET https://user:password@example.com said no",
            },
        )
    for hour, status, calls, left in ((9, "200", 40, 900), (9, "429", 2, 880), (10, "200", 7, 860)):
        yield (
            "api_calls",
            {
                "hour": datetime(2026, 3, hour, 12, tzinfo=UTC),
                "endpoint": "song_audience/spotify",
                "status": status,
                "calls": calls,
                "cost": calls,
                "quota_remaining": left,
            },
        )
