"""The fewest calls that can bring what is wanted, worked out from the vendor's data and its contract alone.

Belongs here: what must be asked, call by call. Does not belong here: anything of the project under test; of the package
only the sandbox is used, since it is the vendor here.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from soundcharts_assets.sandbox.data import Catalogue, artist_uuid, load, song_uuid
from soundcharts_assets.sandbox.endpoints import World
from soundcharts_assets.sandbox.gateway import Answer, Call, Gateway
from soundcharts_assets.sandbox.switches import Switches

PAGE = 100
BATCH = 50
TRACK_PLATFORMS = ("spotify", "youtube", "shazam")
ARTIST_PLATFORMS = ("spotify", "youtube", "instagram", "tiktok")
LISTENING_PLATFORMS = ("spotify", "youtube")
HISTORY_DAYS = 30

_LATER_DAYS = 5
_REFRESH_DAYS = ((10, 15), (150, 7), (500, 5), (5_000, 3))
_FASTEST_REFRESH_DAYS = 2
"""How often the vendor looks at an artist, by the number of followers (contract section 11.2)."""

_Item = TypeVar("_Item")


class Target(NamedTuple):
    """One call: the name under which the sandbox counts it, and the address without the host."""

    endpoint: str
    path: str


@dataclass(frozen=True)
class Reach:
    """What charts reach on a day: the pages of their newest rankings, the tracks there, the artists of those."""

    pages: tuple[Target, ...]
    tracks: tuple[int, ...]
    artists: tuple[int, ...]


def count(targets: Sequence[Target]) -> dict[str, int]:
    """Number of calls by endpoint, as the sandbox reports it."""
    return dict(sorted(Counter(target.endpoint for target in targets).items()))


class Vendor:
    """The vendor's data on a day, asked without HTTP and without being counted."""

    def __init__(self, folder: Path, today: date) -> None:
        """Load the folder that the sandbox under test serves, as of the same day."""
        self._catalogue: Catalogue = load(folder)
        self._world = World(self._catalogue, today, Gateway(Switches()))

    @property
    def today(self) -> date:
        """The day it is there."""
        return self._world.today

    def first_pass(self, slugs: Sequence[str]) -> list[Target]:
        """All calls of a pass with nothing known: rankings, metadata, each series once."""
        reach = self.reach(slugs)
        return [*reach.pages, *_metadata(reach), *_series(reach, self.today, HISTORY_DAYS)]

    def reach(self, slugs: Sequence[str]) -> Reach:
        """What these charts reach through their newest rankings."""
        pages: list[Target] = []
        tracks: dict[int, None] = {}
        for slug in slugs:
            newest = self._world.histories[slug].newest()
            assert newest is not None
            tracks.update(dict.fromkeys(newest.content.track_ids))
            pages += _ranking(slug, newest.ranked_at, len(newest.content.track_ids))
        credited = (credit.artist.artist_id for track in tracks for credit in self._catalogue.tracks[track].credits)
        return Reach(tuple(pages), tuple(tracks), tuple(dict.fromkeys(credited)))

    def pass_after(self, slugs: Sequence[str], days: int) -> list[Target]:
        """Let days go by after a first pass, and tell all calls of a pass then.

        New rankings, metadata of what is new in them, and the series of all that was reached before or is now. Left
        out are series that had no day at all, which are not asked for again within a week, and followers of artists at
        whom the vendor has not looked again by its own calendar.
        """
        before = self.reach(slugs)
        waiting = {
            _series_key(target)
            for target in _series(before, self.today, HISTORY_DAYS)
            if not self._has_news(target, self.today + timedelta(days=days))
        }
        self._world.advance(days)
        now = self.reach(slugs)
        new = Reach((), _without(now.tracks, before.tracks), _without(now.artists, before.artists))
        both = Reach((), (*before.tracks, *new.tracks), (*before.artists, *new.artists))
        later = [one for one in _series(both, self.today, _LATER_DAYS) if _series_key(one) not in waiting]
        return [*now.pages, *_metadata(new), *later]

    def _has_news(self, target: Target, on: date) -> bool:
        answer = self._ask(target)
        if target.endpoint.startswith("artist_audience/"):
            return _may_look_again(answer, on)
        return bool(answer["items"]) or target.endpoint == "song_broadcasts"

    def _ask(self, target: Target) -> dict[str, Any]:
        kind, _, platform = target.endpoint.partition("/")
        ask: dict[str, Callable[[Call], Answer]] = {
            "song_audience": self._world.song_audience,
            "song_broadcasts": self._world.song_broadcasts,
            "artist_audience": self._world.artist_audience,
            "artist_listening": self._world.artist_listening,
        }
        address = urlsplit(target.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        call = Call(address.path, {"uuid": address.path.split("/")[4], "platform": platform}, query)
        found: dict[str, Any] = json.loads(ask[kind](call).body)
        return found


def _may_look_again(answer: dict[str, Any], on: date) -> bool:
    days = {item["date"][:10]: item["followerCount"] for item in answer["items"] if item["followerCount"] is not None}
    if not answer["items"]:
        return False
    looked = answer["related"].get("lastCrawlDate")
    if not days or not looked:
        return True
    followers = days[max(days)]
    pause = next((pause for below, pause in _REFRESH_DAYS if followers < below), _FASTEST_REFRESH_DAYS)
    return date.fromisoformat(looked[:10]) + timedelta(days=pause) <= on


def _ranking(slug: str, ranked_at: datetime, places: int) -> Iterator[Target]:
    root = f"/api/v2.14/chart/song/{slug}/ranking"
    yield Target("ranking_latest", f"{root}/latest?offset=0&limit={PAGE}")
    for number in range(1, math.ceil(places / PAGE)):
        instant = quote(ranked_at.isoformat(), safe="")
        yield Target("ranking", f"{root}/{instant}?offset={number * PAGE}&limit={PAGE}")


def _metadata(reach: Reach) -> Iterator[Target]:
    for batch in _batches([song_uuid(track) for track in reach.tracks]):
        yield Target("song", f"/api/v2.25/song/{','.join(batch)}")
    for batch in _batches([artist_uuid(artist) for artist in reach.artists]):
        yield Target("artist", f"/api/v2.9/artist/{','.join(batch)}")


def _series(reach: Reach, today: date, days: int) -> Iterator[Target]:
    window = urlencode({"startDate": today - timedelta(days=days), "endDate": today, "offset": 0, "limit": PAGE})
    yesterday = today - timedelta(days=1)
    day = {"startDate": f"{yesterday}T00:00:00+00:00", "endDate": f"{yesterday}T23:59:59+00:00"}
    spins = urlencode({**day, "offset": 0, "limit": 1})
    for uuid in map(song_uuid, reach.tracks):
        for platform in TRACK_PLATFORMS:
            yield Target(f"song_audience/{platform}", f"/api/v2/song/{uuid}/audience/{platform}?{window}")
        yield Target("song_broadcasts", f"/api/v2/song/{uuid}/broadcasts?{spins}")
    for uuid in map(artist_uuid, reach.artists):
        for platform in ARTIST_PLATFORMS:
            yield Target(f"artist_audience/{platform}", f"/api/v2/artist/{uuid}/audience/{platform}?{window}")
        for platform in LISTENING_PLATFORMS:
            path = f"/api/v2/artist/{uuid}/streaming/{platform}/listening?{window}"
            yield Target(f"artist_listening/{platform}", path)


def _series_key(target: Target) -> tuple[str, str]:
    return target.endpoint, urlsplit(target.path).path


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _without(items: Sequence[int], known: Sequence[int]) -> tuple[int, ...]:
    left_out = set(known)
    return tuple(item for item in items if item not in left_out)
