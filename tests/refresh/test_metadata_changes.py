"""Which rows the metadata of a song or an artist becomes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from soundcharts_assets.api import parse
from soundcharts_assets.api.records import ArtistRecord, TrackRecord
from soundcharts_assets.refresh.subjects import artist_changes, song_changes
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import commit, open_warehouse, rows_of

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
GENRES = ("genre", "parent", "level")


def _song(**fields: Any) -> list[Change]:
    return song_changes(parse.song({"uuid": "t1", "name": "Song", **fields}), AT)


def _artist(**fields: Any) -> list[Change]:
    return artist_changes(parse.artist({"uuid": "a1", "name": "Ada", **fields}), AT)


def _change(changes: list[Change], table: str) -> Change:
    (found,) = [change for change in changes if change.table == table]
    return found


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse.duckdb")


def test_a_song_is_stored_with_when_it_was_fetched_and_keeps_when_it_was_seen() -> None:
    change = _change(_song(), "tracks")
    assert (change.mode, change.columns) == (Mode.UPSERT, (*TrackRecord._fields, "fetched_at"))
    assert len(change.rows) == 1
    assert {"discovered_at", "last_charted_at"}.isdisjoint(change.columns)
    assert dict(zip(change.columns, change.rows[0], strict=True))["fetched_at"] == AT


def test_credits_replace_those_of_the_song_in_their_order_and_artists_are_only_added() -> None:
    artists = [{"uuid": uuid, "name": uuid.upper(), "slug": None} for uuid in ("a2", "a1")]
    changes = _song(artists=artists, mainArtists=[{"uuid": "a1", "name": "A1"}])
    credited = _change(changes, "track_artists")
    assert (credited.mode, credited.parents) == (Mode.REPLACE, [("t1",)])
    assert list(credited.rows) == [("t1", "a2", 1, False), ("t1", "a1", 2, True)]
    listed = _change(changes, "artists")
    assert (listed.mode, listed.columns) == (Mode.ABSENT, ("uuid", "name", "slug", "image_url", "discovered_at"))
    assert list(listed.rows) == [("a2", "A2", None, None, AT), ("a1", "A1", None, None, AT)]


def test_a_song_without_artists_and_genres_loses_those_it_had() -> None:
    changes = _song()
    for table in ("track_artists", "track_genres"):
        change = _change(changes, table)
        assert (change.mode, list(change.rows), list(change.parents)) == (Mode.REPLACE, [], [("t1",)])
    assert list(_change(changes, "genres").rows) == []


@pytest.mark.parametrize("table", ["track_genres", "artist_genres"])
def test_genres_are_a_root_and_those_below_it(table: str) -> None:
    genres = [{"root": "pop", "sub": ["synth pop", "indie pop"]}, {"root": "rock", "sub": []}]
    changes = _song(genres=genres) if table == "track_genres" else _artist(genres=genres)
    owner = "t1" if table == "track_genres" else "a1"
    own = _change(changes, table)
    assert (own.mode, own.parents) == (Mode.REPLACE, [(owner,)])
    assert list(own.rows) == [
        (owner, "pop", "pop"),
        (owner, "pop", "synth pop"),
        (owner, "pop", "indie pop"),
        (owner, "rock", "rock"),
    ]
    known = _change(changes, "genres")
    assert (known.mode, known.columns) == (Mode.ABSENT, GENRES)
    assert sorted(set(known.rows)) == [
        ("indie pop", "pop", 1),
        ("pop", "", 0),
        ("rock", "", 0),
        ("synth pop", "pop", 1),
    ]


def test_a_genre_may_stand_under_several_roots_and_be_a_root_itself(warehouse: Warehouse) -> None:
    genres = [{"root": "folk", "sub": ["rock"]}, {"root": "rock", "sub": ["folk", "rock"]}, "rock"]
    for changes in (_song(genres=genres), _artist(genres=genres), _song(genres=genres)):
        commit(warehouse, *changes)
    assert rows_of(warehouse, "SELECT genre, parent, level FROM soundcharts.genres ORDER BY ALL") == [
        ("folk", "", 0),
        ("folk", "rock", 1),
        ("rock", "", 0),
        ("rock", "folk", 1),
    ]
    assert rows_of(warehouse, "SELECT root, genre FROM soundcharts.track_genres ORDER BY ALL") == [
        ("folk", "folk"),
        ("folk", "rock"),
        ("rock", "folk"),
        ("rock", "rock"),
    ]


def test_an_artists_own_metadata_wins_over_how_songs_name_it_whichever_came_first(warehouse: Warehouse) -> None:
    song = _song(artists=[{"uuid": "a1", "name": "ada", "slug": "as-credited"}])
    artist = _artist(slug="ada-lovelace", countryCode="GB")
    for changes in (song, artist, song):
        commit(warehouse, *changes)
    stored = "SELECT name, slug, country_code, discovered_at, fetched_at FROM soundcharts.artists"
    assert rows_of(warehouse, stored) == [("Ada", "ada-lovelace", "GB", AT, AT)]


def test_an_artist_is_stored_with_when_it_was_fetched_and_touches_no_song() -> None:
    changes = _artist(genres=["pop"])
    change = _change(changes, "artists")
    assert (change.mode, change.columns) == (Mode.UPSERT, (*ArtistRecord._fields, "fetched_at"))
    assert sorted(change.table for change in changes) == ["artist_genres", "artists", "genres"]


def test_songs_and_artists_of_one_batch_are_stored_together(warehouse: Warehouse) -> None:
    commit(
        warehouse,
        *_song(artists=[{"uuid": "a1", "name": "ada"}, {"uuid": "a2", "name": "bob"}], genres=["pop"]),
        *song_changes(parse.song({"uuid": "t2", "name": "Other", "artists": [{"uuid": "a2", "name": "bob"}]}), AT),
        *_artist(genres=["rock"]),
    )
    assert rows_of(warehouse, "SELECT uuid, name FROM soundcharts.artists ORDER BY ALL") == [
        ("a1", "Ada"),
        ("a2", "bob"),
    ]
    assert rows_of(warehouse, "SELECT track_uuid, artist_uuid FROM soundcharts.track_artists ORDER BY ALL") == [
        ("t1", "a1"),
        ("t1", "a2"),
        ("t2", "a2"),
    ]
    assert rows_of(warehouse, "SELECT genre FROM soundcharts.genres ORDER BY ALL") == [("pop",), ("rock",)]
