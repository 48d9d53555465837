"""A small vendor whose every body a test may replace, and a warehouse that asks it.

The sandbox is faithful; this one is not. What it answers where nothing was replaced is the contract's.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb

from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.catalogue import Scope
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.settings.reading import load_settings
from tests.api.local_server import Heard, Reply, local_server, refused, said
from tests.api.payloads import (
    artist,
    artist_light,
    artist_uuid,
    chart,
    collection,
    entry,
    followers_of,
    listeners_of,
    plots_of,
    related,
    song,
    song_uuid,
    without,
)

NOW = datetime(2026, 9, 16, 15, 30, tzinfo=UTC)
LATEST, EARLIER = "2026-09-14T12:00:00+00:00", "2026-09-13T12:00:00+00:00"
DAYS = ("2026-09-12", "2026-09-13", "2026-09-14")
YESTERDAY = "2026-09-15"
SOUND = "sound-1"
SETTINGS = """
platforms: {track_audience: [spotify, airplay], artist_audience: [spotify], artist_listening: [spotify]}
api: {attempts: 1, backoff_seconds: 0, calls_per_minute: 100000, workers: 4}
history_days: 1
charts: %s
"""

Thing: TypeAlias = tuple[str, str]
"""Subject and uuid, as the ledger names what is asked for."""


@dataclass
class Vendor:
    """Answers as the contract says, but for what was replaced.

    Attributes:
        tracks: How many tracks the sound chart has; the n-th is by the n-th artist.
        replaced: Bodies, or items of a batch, to answer instead, by what they are asked for.
        days: What there is of every series.
        heard: What every request asked for, as it was written.
    """

    tracks: int = 3
    days: tuple[str, ...] = DAYS
    replaced: dict[Thing, Any] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    def body(self, thing: Thing) -> Any:
        """What a thing is answered, unless it was replaced."""
        return self.replaced[thing] if thing in self.replaced else self.sound(thing)

    def sound(self, thing: Thing) -> Any:  # noqa: C901, PLR0911 - one for each endpoint
        """What the contract says of a thing."""
        subject, uuid = thing
        about = {"uuid": uuid, "name": "Song", "creditName": "Artist", "imageUrl": ""}
        artist_of_series = {"artist": {**artist_light(), "uuid": uuid}, "platform": "spotify", "lastCrawlDate": None}
        number = int(uuid[-12:]) if uuid[-12:].isdecimal() else 0
        match subject:
            case "chart_rankings":
                slug, _, at = uuid.rpartition("@")
                count = self.tracks if slug == SOUND else 2
                places = [entry(place, rankDate=at) for place in range(1, count + 1)]
                return collection(places, related=related(at, slug=slug))
            case "available_rankings":
                return collection([LATEST, EARLIER], related=without(chart(slug=uuid), "metric"))
            case "tracks":
                return song(number, artists=[artist_light(number)], mainArtists=[artist_light(number)])
            case "artists":
                return artist(number)
            case "track_audience/spotify":
                return collection([plots_of(day, 10, 20) for day in self.days], related=about)
            case "track_audience/airplay":
                play = {"airedAt": f"{YESTERDAY}T04:00:00+00:00", "duration": 180, "radio": {"slug": "r"}}
                return collection([play], total=7, related=about)
            case "artist_audience/spotify":
                days = [followers_of(day, followerCount=5_000, likeCount=7) for day in self.days]
                return collection(days, related=artist_of_series)
            case "artist_listening/spotify":
                return collection([listeners_of(day, 300) for day in self.days], related=artist_of_series)
            case "chart_platforms":
                return collection([{"name": "Spotify", "code": "spotify"}])
            case "chart_catalogue":
                listed = [without(chart(slug=f"{uuid}-{n}", platform=uuid), "metric") for n in (1, 2)]
                return collection(listed)
        raise KeyError(thing)

    def __call__(self, request: Heard) -> Reply:  # noqa: C901 - one case for each endpoint
        """Answer a request."""
        self.heard.append(request.target)
        parts = urlsplit(request.target).path.split("/")[2:]
        path, ids = [unquote(part) for part in parts], [unquote(part) for part in parts[-1].split(",")]
        offset = int(parse_qs(urlsplit(request.target).query).get("offset", ["0"])[0])
        match path:
            case ["v2.14", "chart", "song", slug, "ranking", at]:
                body = self.body(("chart_rankings", f"{slug}@{LATEST if at == 'latest' else at}"))
            case ["v2", "chart", "song", "platforms"]:
                body = self.body(("chart_platforms", ""))
            case ["v2", "chart", "song", "by-platform", platform]:
                body = self.body(("chart_catalogue", platform))
            case ["v2", "chart", "song", slug, "available-rankings"]:
                body = self.body(("available_rankings", slug))
            case ["v2.25", "song", _]:
                body = collection([self.body(("tracks", uuid)) for uuid in ids if self.knows("tracks", uuid)])
            case ["v2.9", "artist", _]:
                body = collection([self.body(("artists", uuid)) for uuid in ids if self.knows("artists", uuid)])
            case ["v2", "song", uuid, "audience", platform]:
                body = self.body((f"track_audience/{platform}", uuid))
            case ["v2", "song", uuid, "broadcasts"]:
                body = self.body(("track_audience/airplay", uuid))
            case ["v2", "artist", uuid, "audience", platform]:
                body = self.body((f"artist_audience/{platform}", uuid))
            case ["v2", "artist", uuid, "streaming", platform, "listening"]:
                body = self.body((f"artist_listening/{platform}", uuid))
            case _:
                return refused(404, "Not found.")
        return said(body) if offset == 0 else said(collection([]))

    def knows(self, subject: str, uuid: str) -> bool:
        """Whether a song or an artist is one of those that the sound chart names, or that were replaced."""
        return (subject, uuid) in self.replaced or uuid in {
            one(number) for number in range(1, self.tracks + 1) for one in (song_uuid, artist_uuid)
        }


class Books:
    """A warehouse that was filled by one pass over what a vendor answers."""

    def __init__(self, path: Path, accounts: list[Account]) -> None:
        self.path = path
        self.accounts = accounts

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.path), read_only=True)

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse, to which nobody writes any more."""
        return self._connection.execute(statement, list(parameters)).fetchall()

    def ledger(self) -> dict[Thing, str]:
        """How each thing ended."""
        found = self.rows("SELECT subject, uuid, status FROM soundcharts.fetches")
        return {(subject, uuid): status for subject, uuid, status in found}

    def malformed(self) -> dict[Thing, tuple[str, str | None]]:
        """Reason and payload of each malformed answer."""
        found = self.rows("SELECT subject, uuid, reason, payload FROM soundcharts.malformed_answers")
        return {(subject, uuid): (reason, payload) for subject, uuid, reason, payload in found}

    def table(self, name: str, key: str) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of a table by what they are about, but for when they were fetched and the payload."""
        found = self.rows(f"SELECT {key} AS about, * FROM soundcharts.{name} ORDER BY ALL")
        names = [column[0] for column in self._connection.description or ()][1:]
        kept = [index for index, column in enumerate(names) if column not in {"fetched_at", "payload", "seen_at"}]
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for about, *row in found:
            rows.setdefault(about, []).append(tuple(row[index] for index in kept))
        return rows


def refresher_of(folder: Path, url: str, charts: Sequence[str]) -> Refresher:
    """A refresher that asks this address, with a warehouse of its own."""
    (folder / "soundcharts.yaml").write_text(SETTINGS % json.dumps(charts, ensure_ascii=False), encoding="utf-8")
    environment = {
        "SOUNDCHARTS_BASE_URL": url,
        "SOUNDCHARTS_APP_ID": "app",
        "SOUNDCHARTS_API_KEY": "key",
        "SOUNDCHARTS_WAREHOUSE": str(folder / "warehouse.duckdb"),
        "SOUNDCHARTS_CONFIG": str(folder / "soundcharts.yaml"),
    }
    return Refresher(load_settings(environment), clock=lambda: NOW)


@contextmanager
def asked(folder: Path, vendor: Vendor, *charts: str) -> Iterator[Refresher]:
    """A refresher beside the vendor that it asks."""
    folder.mkdir(exist_ok=True)
    with local_server(vendor) as server:
        refresher = refresher_of(folder, server.url, [SOUND, *charts])
        try:
            yield refresher
        finally:
            refresher.client.close()


def one_pass(folder: Path, vendor: Vendor, *charts: str, platforms: tuple[str, ...] = ("spotify",)) -> Books:
    """Ask for everything once, as a pass does without Dagster. Whatever is answered, nothing may be raised."""
    with asked(folder, vendor, *charts) as refresher:
        slugs, request = [SOUND, *charts], Request()
        with refresher.calling("a test"):
            refresher.refresh_catalogue([Scope(platform) for platform in platforms])
            refresher.poll_all(slugs)
            refresher.refresh_charts(slugs, request)
            refresher.refresh_rankings(slugs, request)
            for subject in refresher.subjects.values():
                refresher.refresh_subject(subject, slugs, request)
    return Books(folder / "warehouse.duckdb", refresher.accounts)


def later(refresher: Refresher, **duration: float) -> None:
    """Let time go by for a refresher."""
    now = refresher.clock() + timedelta(**duration)
    refresher.clock = lambda: now
