"""Questions about audiences by day: each answers all points of a window or fails (contract sections 10 and 11)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias, TypeVar

from soundcharts_assets.api import parse
from soundcharts_assets.api.client import Client, Json
from soundcharts_assets.api.errors import Malformed
from soundcharts_assets.api.pages import get_collection, get_page
from soundcharts_assets.api.paths import part
from soundcharts_assets.api.records import FollowerPoint, ListeningPoint, PlotPoint

LONGEST_WINDOW_DAYS = 90
"""More was refused before release 2.46.1 and would not fit one page (contract section 16.11)."""

Point: TypeAlias = PlotPoint | FollowerPoint | ListeningPoint
P = TypeVar("P", PlotPoint, FollowerPoint, ListeningPoint)


class FollowerSeries(NamedTuple):
    """An artist's figures by day, and the day on which the vendor last looked, where it says so."""

    points: list[FollowerPoint]
    crawled_on: date | None


def windows(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Split `start` to `end`, both inclusive, into windows that may be asked for; nothing where start is after end."""
    while start <= end:
        last = min(end, start + timedelta(days=LONGEST_WINDOW_DAYS - 1))
        yield start, last
        start = last + timedelta(days=1)


def track_audience(client: Client, uuid: str, platform: str, start: date, end: date) -> list[PlotPoint]:
    """Cumulative totals of a track by day and identifier."""
    path = f"/api/v2/song/{part(uuid)}/audience/{part(platform)}"
    return _days(client, f"song_audience/{platform}", path, start, end, parse.plots)


def track_spins(client: Client, uuid: str, day: date) -> list[PlotPoint]:
    """Plays of a track on the radio on one day (UTC): `page.total` of a page that carries one play (section 10.5).

    The audience endpoint refuses `airplay`, and `broadcast-groups` gives totals of a whole window only.
    """
    start = datetime.combine(day, datetime.min.time()).isoformat() + "+00:00"
    end = datetime.combine(day, datetime.min.time()).replace(hour=23, minute=59, second=59).isoformat() + "+00:00"
    path = f"/api/v2/song/{part(uuid)}/broadcasts"
    params = {"startDate": start, "endDate": end}
    page = get_page(client, "song_broadcasts", path, params, limit=1)
    return [PlotPoint(day, "", page.total)]


def artist_audience(client: Client, uuid: str, platform: str, start: date, end: date) -> FollowerSeries:
    """Followers and the like of an artist by day."""
    path = f"/api/v2/artist/{part(uuid)}/audience/{part(platform)}"
    points, related = _days_and_related(client, f"artist_audience/{platform}", path, start, end, parse.followers)
    return FollowerSeries(points, parse.last_crawl(related))


def artist_listening(client: Client, uuid: str, platform: str, start: date, end: date) -> list[ListeningPoint]:
    """Monthly listeners (spotify) or daily views (youtube) of an artist by day."""
    path = f"/api/v2/artist/{part(uuid)}/streaming/{part(platform)}/listening"
    return _days(client, f"artist_listening/{platform}", path, start, end, parse.listening)


def _days(
    client: Client,
    endpoint: str,
    path: str,
    start: date,
    end: date,
    parse_items: Callable[[list[Any]], list[P]],
) -> list[P]:
    return _days_and_related(client, endpoint, path, start, end, parse_items)[0]


def _days_and_related(
    client: Client,
    endpoint: str,
    path: str,
    start: date,
    end: date,
    parse_items: Callable[[list[Any]], list[P]],
) -> tuple[list[P], Json]:
    points: list[P] = []
    related: Json = {}
    for first, last in windows(start, end):
        params = {"startDate": first.isoformat(), "endDate": last.isoformat()}
        related, items = get_collection(client, endpoint, path, params)
        try:
            answered = parse_items(items)
        except Malformed as error:
            raise Malformed(error.args[0], endpoint=endpoint) from None
        _inside(answered, first, last, endpoint)
        points.extend(answered)
    return points, related


def _inside(points: Sequence[Point], first: date, last: date, endpoint: str) -> None:
    for point in points:
        if not first <= point.date <= last:
            raise Malformed(f"a day outside the window {first} to {last}: {point.date}", endpoint=endpoint)
