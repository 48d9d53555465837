"""Whatever is wrong with a payload: a parser gives records of the declared types, or says `Malformed`."""

import json
import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.api import parse
from soundcharts_assets.api.errors import Malformed
from soundcharts_assets.api.pages import read_page
from soundcharts_assets.api.records import ArtistProfile, RankingPage, Song
from tests.api.payloads import (
    Json,
    artist,
    chart,
    collection,
    entry,
    followers_of,
    listeners_of,
    old_song,
    plots_of,
    ranking,
    song,
    sparse_song,
)

Path: TypeAlias = tuple[str | int, ...]

_DEEP: Any = None
for _ in range(60):
    _DEEP = [_DEEP]

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 7.0, 0.5, -0.0, 1e308, math.inf, -math.inf, math.nan,
    2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**40, float(2**63),
    "", " ", "0", "true", "NUL\x00", "\ud83d", "é" * 300, "null",
    "2026-09-14", "20260914", "2026-W37-1", "2026-02-30", "2026-09-14T12:00:00", "2026-09-14T24:00:00+00:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-09-14T12:00:00+99:00", "-2026-09-14", "12:00",
    "2026-09-14T12:00:00+00:00", "2026-09-14\u200012:00:00+00:00", "\uff12\uff10\uff12\uff16-09-14",
    "2026-09-14T12:00:00+00:00:00.1",
    [], {}, [None], [[]], [{}], {"": {}}, {"uuid": None}, {"root": ""}, {"value": 7}, ["text"], _DEEP,
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(ODD).map(deepcopy),
    st.text(max_size=20),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
)
KEYS = st.sampled_from(
    sorted({*song(), *old_song(), *artist(), *chart(), *entry(), "date", "value", "plots", "identifier", "root", "sub"})
)


def paths(value: Any, prefix: Path = ()) -> Iterator[Path]:
    """Where in a JSON value something stands."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*prefix, key)
        yield from paths(one, (*prefix, key))


@st.composite
def mutated(draw: st.DrawFn, payloads: list[Json]) -> Json:
    """A valid payload that was changed in one to three places: dropped, replaced, doubled or added to."""
    payload = deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(1, 3))):
        known = list(paths(payload))
        if not known:
            break
        path = draw(st.sampled_from(known))
        above, last = path[:-1], path[-1]
        holder: Any = payload
        for key in above:
            holder = holder[key]
        change = draw(st.sampled_from(["drop", "replace", "replace", "double", "add"]))
        if change == "drop":
            del holder[last]
        elif change == "replace":
            holder[last] = draw(VALUES)
        else:
            added = deepcopy(holder[last]) if change == "double" else draw(VALUES)
            if isinstance(holder, list):
                holder.insert(draw(st.integers(0, len(holder))), added)
            else:
                holder[draw(st.one_of(KEYS, st.text(max_size=5)))] = added
    return payload


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


def days_of(parser: Callable[[list[Any]], list[Any]]) -> Callable[[Json], list[Any]]:
    return lambda body: parser(read_page(body, 0, "series").items)


CASES: dict[str, tuple[list[Json], Callable[[Any], Any], Callable[[Any], None]]] = {
    "ranking": ([ranking((1, 2)), ranking((1,), metric=None)], parsed_ranking, is_ranking),
    "song": ([song(), sparse_song(), old_song(), song(genres=["pop", "rock"])], parse.song, is_song),
    "artist": ([artist(), artist(genres=["pop"])], parse.artist, is_artist),
    "plots": ([collection([plots_of("2026-09-14", 7, 8), plots_of("2026-09-13")])], days_of(parse.plots), are_points),
    "followers": ([collection([followers_of("2026-09-14", followerCount=7)])], days_of(parse.followers), are_points),
    "listening": ([collection([listeners_of("2026-09-14", 7)])], days_of(parse.listening), are_points),
}


@pytest.mark.parametrize("name", CASES)
def test_a_sound_payload_is_parsed(name: str) -> None:
    payloads, parser, verify = CASES[name]
    for payload in payloads:
        verify(parser(payload))


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
