"""Questions about audiences by day: each answers all points of a window or fails (contract sections 10 and 11)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias, TypeVar

from soundcharts_assets.api import parse
from soundcharts_assets.api.client import Client, Json
from soundcharts_assets.api.errors import Malformed, reading
from soundcharts_assets.api.pages import Page, get_page, get_pages
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
    about: Mapping[tuple[str, ...], str] = {("uuid",): uuid, ("platform",): platform}
    return _days(client, f"song_audience/{platform}", path, start, end, parse.plots, about)[0]


def track_spins(client: Client, uuid: str, day: date) -> list[PlotPoint]:
    """Plays of a track on the radio on one day (UTC): `page.total` of a page that carries one play (section 10.5).

    The audience endpoint refuses `airplay`, and `broadcast-groups` gives totals of a whole window only.
    """
    start = datetime.combine(day, datetime.min.time()).isoformat() + "+00:00"
    end = datetime.combine(day, datetime.min.time()).replace(hour=23, minute=59, second=59).isoformat() + "+00:00"
    path = f"/api/v2/song/{part(uuid)}/broadcasts"
    params = {"startDate": start, "endDate": end}
    page = get_page(client, "song_broadcasts", path, params, limit=1)
    with reading("song_broadcasts", page.body):
        _about({("uuid",): uuid}, page)
        if bool(page.total) != bool(page.items):
            raise Malformed(f"{len(page.items)} plays came of {page.total}")
        # A server that overlooks the window would answer with the plays of another time.
        for play in (parse.Fields(item, f"items[{index}]") for index, item in enumerate(page.items)):
            aired_at = play.instant("airedAt")
            if aired_at is not None and aired_at.date() != day:
                raise Malformed(f"a play outside {day}: {aired_at.isoformat()}")
    return [PlotPoint(day, "", page.total)]


def artist_audience(client: Client, uuid: str, platform: str, start: date, end: date) -> FollowerSeries:
    """Followers and the like of an artist by day."""
    path = f"/api/v2/artist/{part(uuid)}/audience/{part(platform)}"
    about = {("artist", "uuid"): uuid, ("platform",): platform}
    points, related = _days(client, f"artist_audience/{platform}", path, start, end, parse.followers, about)
    return FollowerSeries(points, parse.last_crawl(related))


def artist_listening(client: Client, uuid: str, platform: str, start: date, end: date) -> list[ListeningPoint]:
    """Monthly listeners (spotify) or daily views (youtube) of an artist by day."""
    path = f"/api/v2/artist/{part(uuid)}/streaming/{part(platform)}/listening"
    about = {("artist", "uuid"): uuid, ("platform",): platform}
    return _days(client, f"artist_listening/{platform}", path, start, end, parse.listening, about)[0]


def _days(
    client: Client,
    endpoint: str,
    path: str,
    start: date,
    end: date,
    parse_items: Callable[[list[Any]], list[P]],
    about: Mapping[tuple[str, ...], str],
) -> tuple[list[P], Json]:
    """Points of all windows, and what the last page hangs from."""
    points: list[P] = []
    related: Json = {}
    for first, last in windows(start, end):
        params = {"startDate": first.isoformat(), "endDate": last.isoformat()}
        answered: list[P] = []
        for page in get_pages(client, endpoint, path, params):
            with reading(endpoint, page.body):
                _about(about, page)
                answered += parse_items(page.items)
                _check_days(answered, first, last)
            related = page.related
        points.extend(answered)
    return points, related


def _about(expected: Mapping[tuple[str, ...], str], page: Page) -> None:
    """Refuse an answer that says that it is about something else than was asked for."""
    for keys, value in expected.items():
        found: Any = page.related
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found not in (None, value):
            raise Malformed(f"the answer is about {'.'.join(keys)} {str(found)[:40]!r}")


def _check_days(points: Sequence[Point], first: date, last: date) -> None:
    """Refuse days that were not asked for, and days that come twice and differ; twice the same is usual."""
    figures: dict[object, Point] = {}
    for point in points:
        if not first <= point.date <= last:
            raise Malformed(f"a day outside the window {first} to {last}: {point.date}")
        key = point[:2] if isinstance(point, PlotPoint) else point.date
        if figures.setdefault(key, point) != point:
            raise Malformed(f"{point.date} comes twice, with different figures")
