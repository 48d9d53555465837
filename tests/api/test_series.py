"""Series by day: all points of a window, or none (contract sections 10.4, 10.5, 11.2 and 11.3)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.api import series
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Forbidden, Malformed, NotFound, Refused, Transient
from soundcharts_assets.api.records import FollowerPoint, PlotPoint
from soundcharts_assets.sandbox.data import Catalogue
from soundcharts_assets.sandbox.process import Sandbox
from tests.api.conftest import TODAY, Connect
from tests.api.local_server import in_turn, local_server, pages, said
from tests.api.payloads import collection, followers_of, listeners_of, plots_of

Ask: TypeAlias = Callable[[Client, str, str, date, date], list[Any]]

YESTERDAY = TODAY - timedelta(days=1)
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)
DAYS = st.dates(date(1999, 1, 1), date(2100, 1, 1))


def artist_audience(client: Client, uuid: str, platform: str, start: date, end: date) -> list[FollowerPoint]:
    """The points alone, as the other series have them."""
    return series.artist_audience(client, uuid, platform, start, end).points


SERIES: list[tuple[Ask, str, str]] = [
    (series.track_audience, "song_audience", "/api/v2/song/id/audience/spotify"),
    (artist_audience, "artist_audience", "/api/v2/artist/id/audience/spotify"),
    (series.artist_listening, "artist_listening", "/api/v2/artist/id/streaming/spotify/listening"),
]
ASKS: list[Ask] = [ask for ask, _, _ in SERIES]


def with_case(catalogue: Catalogue, case: str) -> list[str]:
    """Ids of songs that are awkward in this way."""
    return sorted(uuid for uuid, track in catalogue.songs_by_uuid.items() if case in track.cases)


# Windows.


@given(start=DAYS, length=st.integers(-400, 2_000))
def test_windows_cover_every_day_once_and_none_is_too_long(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    covered: list[date] = []
    for first, last in series.windows(start, end):
        days = (last - first).days + 1
        assert 1 <= days <= 90
        covered += [first + timedelta(days=day) for day in range(days)]
    assert covered == [start + timedelta(days=day) for day in range(length + 1)]


@pytest.mark.parametrize(("days", "calls"), [(1, 1), (90, 1), (91, 2), (180, 2), (181, 3)])
def test_a_call_covers_ninety_days(days: int, calls: int) -> None:
    assert len(list(series.windows(YESTERDAY - timedelta(days=days - 1), YESTERDAY))) == calls


@pytest.mark.parametrize(("ask", "endpoint", "path"), SERIES)
def test_each_window_is_asked_for_by_its_dates(connect: Connect, ask: Ask, endpoint: str, path: str) -> None:
    with local_server(pages([])) as server:
        client = connect(server.url)
        assert ask(client, "id", "spotify", date(2026, 1, 1), date(2026, 4, 10)) == []
    assert [request.target for request in server.heard] == [
        f"{path}?startDate=2026-01-01&endDate=2026-03-31&offset=0&limit=100",
        f"{path}?startDate=2026-04-01&endDate=2026-04-10&offset=0&limit=100",
    ]
    assert client.calls.totals() == {f"{endpoint}/spotify": 2}


@pytest.mark.parametrize("ask", ASKS)
def test_a_window_without_days_is_not_asked_for(sandbox: Sandbox, connect: Connect, ask: Ask) -> None:
    assert ask(connect(sandbox.url), "id", "spotify", TODAY, YESTERDAY) == []
    assert sandbox.report().calls == 0


# What the sandbox says.


def test_the_totals_of_a_track_come_day_by_day(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    start = YESTERDAY - timedelta(days=199)
    client = connect(sandbox.url)
    points = [series.track_audience(client, uuid, "spotify", start, TODAY) for uuid in songs[:3]]
    assert sandbox.report().by_endpoint == {"song_audience/spotify": 9}
    for found in points:
        assert len(found) > 150
        assert {type(point) for point in found} == {PlotPoint}
        assert start <= min(point.date for point in found)
        assert max(point.date for point in found) <= YESTERDAY
        keys = [(point.date, point.identifier) for point in found]
        assert len(keys) == len(set(keys))
        # Cumulative: it only grows.
        by_identifier: dict[str, list[int]] = {}
        for point in sorted(found):
            by_identifier.setdefault(point.identifier, []).append(point.value)
        assert all(values == sorted(values) for values in by_identifier.values())


def test_a_day_may_have_several_identifiers(sandbox: Sandbox, connect: Connect, catalogue: Catalogue) -> None:
    client = connect(sandbox.url)
    start = YESTERDAY - timedelta(days=9)
    per_day: set[int] = set()
    for uuid in with_case(catalogue, "several_identifiers"):
        points = series.track_audience(client, uuid, "spotify", start, YESTERDAY)
        per_day |= {sum(point.date == day for point in points) for day in {point.date for point in points}}
    assert per_day == {2}


def test_a_series_without_any_day_is_empty(sandbox: Sandbox, connect: Connect, catalogue: Catalogue) -> None:
    (uuid, *_) = with_case(catalogue, "empty_series")
    client = connect(sandbox.url)
    assert series.track_audience(client, uuid, "spotify", YESTERDAY, TODAY) == []
    assert sandbox.report().calls == 1


def test_a_day_stamped_in_another_zone_stays_that_day(sandbox: Sandbox, connect: Connect, catalogue: Catalogue) -> None:
    client = connect(sandbox.url)
    start = YESTERDAY - timedelta(days=29)
    twice = 0
    for uuid in with_case(catalogue, "duplicate_day"):
        points = series.track_audience(client, uuid, "spotify", start, YESTERDAY)
        days = [point.date for point in points]
        twice += len(days) - len(set(days))
        assert len(points) - len(set(points)) == len(days) - len(set(days))  # both say the same
    assert twice > 0


def test_the_followers_of_an_artist_come_day_by_day(sandbox: Sandbox, connect: Connect, artists: list[str]) -> None:
    client = connect(sandbox.url)
    start = TODAY - timedelta(days=89)
    found = [
        point for uuid in artists[:5] for point in series.artist_audience(client, uuid, "tiktok", start, TODAY).points
    ]
    assert sandbox.report().by_endpoint == {"artist_audience/tiktok": 5}
    assert len(found) > 50
    assert all(start <= point.date <= TODAY for point in found)
    for point in found:
        assert point.followers is not None
        assert point.likes is not None
        assert point.posts is not None
        assert point.following is not None
        assert point.views is None  # tiktok has none


def test_the_listeners_of_an_artist_come_day_by_day(sandbox: Sandbox, connect: Connect, artists: list[str]) -> None:
    client = connect(sandbox.url)
    start = TODAY - timedelta(days=89)
    found = [point for uuid in artists[:5] for point in series.artist_listening(client, uuid, "spotify", start, TODAY)]
    assert sandbox.report().by_endpoint == {"artist_listening/spotify": 5}
    assert len(found) > 300
    assert all(start <= point.date <= YESTERDAY and point.value > 0 for point in found)


@pytest.mark.parametrize(
    ("ask", "platform"),
    [
        (series.track_audience, "airplay"),
        (series.track_audience, "myspace"),
        (series.artist_audience, "shazam"),
        (series.artist_listening, "tiktok"),
    ],
)
def test_an_unsupported_platform_is_refused(
    sandbox: Sandbox, connect: Connect, songs: list[str], artists: list[str], ask: Ask, platform: str
) -> None:
    uuid = songs[0] if ask is series.track_audience else artists[0]
    with pytest.raises(Refused) as caught:
        ask(connect(sandbox.url), uuid, platform, YESTERDAY, TODAY)
    assert caught.value.status == 400
    assert sandbox.report().calls == 1


def test_a_platform_outside_the_plan_is_forbidden(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    sandbox.switch(plan_forbidden=["shazam"])
    with pytest.raises(Forbidden):
        series.track_audience(connect(sandbox.url), songs[0], "shazam", YESTERDAY, TODAY)
    assert sandbox.report().calls == 1


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("uuid", ["unknown", "a/b", 'say "hi"', "100%", "a b", "a?b"])
def test_whoever_is_unknown_is_not_found(sandbox: Sandbox, connect: Connect, ask: Ask, uuid: str) -> None:
    with pytest.raises(NotFound):
        ask(connect(sandbox.url), uuid, "spotify", YESTERDAY, TODAY)
    assert sandbox.report().by_status == {"404": 1}


def test_a_window_that_fails_fails_the_series(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    start = YESTERDAY - timedelta(days=100)
    sandbox.faults([{"path": f"endDate={YESTERDAY}", "kind": "status", "status": 500}])
    with pytest.raises(Transient):
        series.track_audience(connect(sandbox.url, attempts=2), songs[0], "spotify", start, YESTERDAY)
    assert sandbox.report().by_status == {"200": 1, "500": 2}


# What the sandbox never says.


@pytest.mark.parametrize("day", ["2026-10-31", "2026-12-01", "1999-11-15"])
@pytest.mark.parametrize(
    ("ask", "item"),
    [
        (series.track_audience, lambda day: plots_of(day, 7)),
        (series.artist_audience, lambda day: followers_of(day, followerCount=7)),
        (series.artist_listening, lambda day: listeners_of(day, 7)),
    ],
)
def test_a_day_outside_the_window_is_malformed(
    connect: Connect, ask: Ask, item: Callable[[str], dict[str, Any]], day: str
) -> None:
    with (
        local_server(pages([item("2026-11-10"), item(day)])) as server,
        pytest.raises(Malformed, match=f"a day outside the window 2026-11-01 to 2026-11-30: {day}") as caught,
    ):
        ask(connect(server.url), "id", "spotify", *NOVEMBER)
    assert caught.value.endpoint.endswith("/spotify")


def test_the_first_and_the_last_day_belong_to_the_window(connect: Connect) -> None:
    items = [plots_of("2026-11-30", 8), plots_of("2026-11-01", 7)]
    with local_server(pages(items)) as server:
        points = series.track_audience(connect(server.url), "id", "spotify", *NOVEMBER)
    assert sorted(points) == [
        PlotPoint(date(2026, 11, 1), "id-1", 7),
        PlotPoint(date(2026, 11, 30), "id-1", 8),
    ]


def test_a_window_of_several_pages_is_collected_whole(connect: Connect) -> None:
    items = [listeners_of(f"2026-11-{1 + number % 30:02d}", number % 30) for number in range(130)]
    with local_server(pages(items)) as server:
        points = series.artist_listening(connect(server.url), "id", "spotify", *NOVEMBER)
    assert [point.value for point in points] == [number % 30 for number in range(130)]
    assert len(server.heard) == 2


# The radio.


def test_the_spins_of_a_day_are_its_plays(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    client = connect(sandbox.url)
    spins = [series.track_spins(client, uuid, YESTERDAY) for uuid in songs[:8]]
    assert sandbox.report().by_endpoint == {"song_broadcasts": 8}
    assert all([(point.date, point.identifier) for point in points] == [(YESTERDAY, "")] for points in spins)
    params = {"startDate": str(YESTERDAY), "endDate": str(YESTERDAY)}
    for uuid, (point,) in zip(songs[:8], spins, strict=True):
        groups = client.get("groups", f"/api/v2/song/{uuid}/broadcast-groups", params)
        assert point.value == sum(group["playCount"] for group in groups["items"])
    assert sum(point.value for points in spins for point in points) > 0


def test_the_spins_of_a_day_are_one_call_for_one_play(connect: Connect) -> None:
    with local_server(in_turn(said(collection([{"airedAt": "2026-11-21T05:11:00+00:00"}], total=1_159)))) as server:
        points = series.track_spins(connect(server.url), "id", YESTERDAY)
    assert points == [PlotPoint(YESTERDAY, "", 1_159)]
    (request,) = server.heard
    assert request.target == (
        "/api/v2/song/id/broadcasts"
        "?startDate=2026-11-21T00%3A00%3A00%2B00%3A00&endDate=2026-11-21T23%3A59%3A59%2B00%3A00&offset=0&limit=1"
    )


def test_a_track_that_was_not_played_has_no_spins(sandbox: Sandbox, connect: Connect, catalogue: Catalogue) -> None:
    (uuid, *_) = with_case(catalogue, "empty_series")
    assert series.track_spins(connect(sandbox.url), uuid, YESTERDAY) == [PlotPoint(YESTERDAY, "", 0)]


def test_the_spins_of_an_unknown_track_are_not_found(sandbox: Sandbox, connect: Connect) -> None:
    with pytest.raises(NotFound):
        series.track_spins(connect(sandbox.url), "unknown", YESTERDAY)
    assert sandbox.report().by_endpoint == {"song_broadcasts": 1}
