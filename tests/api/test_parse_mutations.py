"""Whatever is wrong with a payload: a parser gives records of the declared types, or says `Malformed`."""

import json
from collections.abc import Callable, Sized
from datetime import UTC, date, datetime
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundcharts_assets.api import charts, parse, series
from soundcharts_assets.api.auth import ClientCredentials
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import CredentialsRejected, Malformed
from soundcharts_assets.api.pages import read_page
from soundcharts_assets.api.records import ArtistProfile, ChartRecord, PlatformRecord, RankingPage, Song
from tests.api.conftest import Connect
from tests.api.local_server import local_server, said
from tests.api.mutations import KEYS, VALUES, mutated
from tests.api.payloads import (
    Json,
    artist,
    chart,
    collection,
    followers_of,
    listeners_of,
    old_song,
    plots_of,
    ranking,
    song,
    sparse_song,
)


def check(value: Any, declared: Any, where: str) -> None:
    """Whether a value is of the type that its record declares, and fit for a table."""
    origin = get_origin(declared)
    if origin is UnionType:
        chosen = type(None) if value is None else next(kind for kind in get_args(declared) if kind is not type(None))
        assert type(None) in get_args(declared), f"{where}: {declared}"
        check(value, chosen, where)
    elif origin is list:
        assert type(value) is list, where
        for index, one in enumerate(value):
            check(one, get_args(declared)[0], f"{where}[{index}]")
    elif hasattr(declared, "_fields"):
        assert type(value) is declared, where
        for name, kind in get_type_hints(declared).items():
            check(getattr(value, name), kind, f"{where}.{name}")
    else:
        assert type(value) is declared, f"{where} is {value!r}, not {declared}"
        if declared is int:
            assert -(2**63) <= value < 2**63, where
        elif declared is str:
            assert "\x00" not in value, where
            value.encode()
        elif declared is datetime:
            assert value.tzinfo is UTC, where


def parsed_ranking(body: Json) -> RankingPage:
    page = read_page(body, 0, "ranking")
    return parse.ranking_page(page.related, page.items)


def is_ranking(found: RankingPage) -> None:
    check(found, RankingPage, "page")
    assert len(found.entries) == len(found.tracks)
    assert all(one.position > 0 and one.ranked_at == found.ranked_at for one in found.entries)
    assert [one.track_uuid for one in found.entries] == [track.uuid for track in found.tracks]


def is_song(found: Song) -> None:
    check(found, Song, "song")
    for names in (found.track.composers, found.track.producers):
        assert all(type(name) is str for name in json.loads(names))
    for label in json.loads(found.track.labels):
        assert set(label) == {"name", "type"}
        assert type(label["name"]) is str
    assert type(json.loads(found.track.payload)) is dict
    assert found.track.audio_features is None or type(json.loads(found.track.audio_features)) is dict
    assert [credit.ordinal for credit in found.credits] == list(range(1, len(found.credits) + 1))
    assert len({credit.artist_uuid for credit in found.credits}) == len(found.credits)
    assert {credit.artist_uuid for credit in found.credits} == {one.uuid for one in found.artists}
    assert len(set(found.genres)) == len(found.genres)


def is_artist(found: ArtistProfile) -> None:
    check(found, ArtistProfile, "artist")
    assert type(json.loads(found.artist.payload)) is dict
    assert len(set(found.genres)) == len(found.genres)


def are_points(found: list[Any]) -> None:
    for index, point in enumerate(found):
        check(point, type(point), f"points[{index}]")
        assert type(point.date) is date
        assert any(figure is not None for figure in point[1:])


def items_of(read: Callable[[parse.Fields], Any]) -> Callable[[Json], list[Any]]:
    return lambda body: [read(parse.Fields(item, "item")) for item in read_page(body, 0, "list").items]


def are_records(found: list[Any]) -> None:
    for index, one in enumerate(found):
        check(one, type(one), f"items[{index}]")
        assert type(one) in {PlatformRecord, ChartRecord}


def days_of(parser: Callable[[list[Any]], list[Any]]) -> Callable[[Json], list[Any]]:
    return lambda body: parser(read_page(body, 0, "series").items)


CASES: dict[str, tuple[list[Json], Callable[[Any], Any], Callable[[Any], None]]] = {
    "ranking": ([ranking((1, 2)), ranking((1,), metric=None)], parsed_ranking, is_ranking),
    "song": ([song(), sparse_song(), old_song(), song(genres=["pop", "rock"])], parse.song, is_song),
    "artist": ([artist(), artist(genres=["pop"])], parse.artist, is_artist),
    "plots": ([collection([plots_of("2026-09-14", 7, 8), plots_of("2026-09-13")])], days_of(parse.plots), are_points),
    "followers": ([collection([followers_of("2026-09-14", followerCount=7)])], days_of(parse.followers), are_points),
    "listening": ([collection([listeners_of("2026-09-14", 7)])], days_of(parse.listening), are_points),
    "charts": ([collection([chart(), chart(slug="top-50", metric=None)])], items_of(parse.chart), are_records),
    "platforms": ([collection([{"name": "Spotify", "code": "spotify"}])], items_of(parse.platform), are_records),
}

WHOLE: dict[str, tuple[int, ...]] = {
    "ranking": (2, 1),
    "song": (2, 0, 1, 2),
    "artist": (3, 1),
    "plots": (2,),
    "followers": (1,),
    "listening": (1,),
    "charts": (2,),
    "platforms": (1,),
}
"""How much each of these payloads holds: entries, credits, genres, points, items."""


def held(found: Any) -> int:
    kinds: dict[type, Callable[[Any], Sized]] = {
        RankingPage: lambda page: page.entries,
        Song: lambda one: one.credits,
        ArtistProfile: lambda one: one.genres,
        list: lambda items: items,
    }
    return len(kinds[type(found)](found))


@pytest.mark.parametrize("name", CASES)
def test_a_sound_payload_is_parsed_and_nothing_of_it_is_left_out(name: str) -> None:
    payloads, parser, verify = CASES[name]
    found = [parser(payload) for payload in payloads]
    for one in found:
        verify(one)
    assert tuple(map(held, found)) == WHOLE[name]


@pytest.mark.parametrize("name", CASES)
@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_a_changed_payload_gives_sound_records_or_is_malformed(name: str, data: st.DataObject) -> None:
    payloads, parser, verify = CASES[name]
    payload = data.draw(mutated(payloads))
    try:
        found = parser(payload)
    except Malformed as error:
        assert str(error)  # noqa: PT017 - one or the other
        return
    verify(found)


@pytest.mark.parametrize("name", CASES)
@settings(deadline=None, max_examples=60)
@given(value=st.recursive(VALUES, lambda inside: st.lists(inside) | st.dictionaries(KEYS, inside), max_leaves=8))
def test_any_json_at_all_gives_sound_records_or_is_malformed(name: str, value: Any) -> None:
    _, parser, verify = CASES[name]
    if not isinstance(value, dict):
        value = {"items": value, "page": {"total": 1}, "object": value}
    try:
        found = parser(value)
    except Malformed as error:
        assert str(error)  # noqa: PT017 - one or the other
        return
    verify(found)


# Questions that are more than a parser, asked over HTTP.

YESTERDAY = date(2026, 9, 14)
ASKED: dict[str, tuple[Json, Callable[[Client], Any]]] = {
    "available rankings": (
        collection(["2026-09-14T12:00:00+00:00", "2026-09-13T12:00:00+00:00"], related=chart()),
        lambda client: charts.available_rankings(client, "global-28"),
    ),
    "charts of a platform": (collection([chart()]), lambda client: charts.charts_of_platform(client, "spotify")),
    "platforms": (collection([{"name": "Spotify", "code": "spotify"}]), charts.song_platforms),
    "spins": (
        collection([{"airedAt": "2026-09-14T05:11:00+00:00"}], total=7, related={"uuid": "s"}),
        lambda client: series.track_spins(client, "s", YESTERDAY),
    ),
    "usage": ({"quota": {"used": 1, "limit": 10}, "rate": {"limit": 5_000}}, lambda client: client.look_at_quota()),
    "token": (
        {"access_token": "t" * 20, "expires_in": 3600, "token_type": "bearer"},
        lambda client: client.get("x", "/x"),
    ),
}


def is_sound(name: str, found: Any) -> None:
    if name == "available rankings":
        assert all(type(one.text) is str and one.text.isascii() and one.ranked_at.tzinfo is UTC for one in found)
        assert found == sorted(found, reverse=True)
    elif name in {"charts of a platform", "platforms"}:
        are_records(found)
        assert name == "platforms" or all(one.platform == "spotify" for one in found)
    elif name == "spins":
        ((day, identifier, count),) = found
        assert (day, identifier) == (YESTERDAY, "")
        assert 0 <= count < 2**63
    else:
        assert found is None or found == {}  # what is left is told by a header, and the address answers {}


@pytest.mark.parametrize("name", ASKED)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_answer_gives_sound_records_or_an_error_of_ours(
    name: str, connect: Connect, data: st.DataObject
) -> None:
    sound, ask = ASKED[name]
    body = data.draw(mutated([sound]))
    with local_server(lambda request: said({}) if request.target.startswith("/x") else said(body)) as server:
        token = ClientCredentials("id", "a-secret-of-some-length", f"{server.url}/oauth", timeout=(5, 5))
        client = connect(server.url, token if name == "token" else None, attempts=1)
        try:
            found = ask(client)
        except CredentialsRejected:
            assert name == "token"
            return
        except Malformed as error:
            kept = json.dumps(error.payload, default=str)  # what there is may be no more than a null
            assert kept in json.dumps(body, default=str)
            return
    is_sound(name, found)
