"""How rows meet those already stored, mode by mode."""

from datetime import date, datetime
from typing import Any

import pytest

from soundcharts_assets.warehouse.batch import Change, Mode, Row
from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import DAY, HOUR, NOON, TODAY, commit, rows_of

NAMED = ("uuid", "name")
CREDITS = ("track_uuid", "artist_uuid", "ordinal", "is_main")
ENTRIES = ("chart_slug", "ranked_at", "position", "track_uuid")
LISTENING = ("artist_uuid", "platform", "date", "value", "fetched_at")
PLOTS = ("track_uuid", "platform", "date", "identifier", "value", "fetched_at")
CALLS = ("hour", "endpoint", "status", "calls", "quota_remaining")
FOUND = ("uuid", "name", "credit_name", "discovered_at", "last_charted_at")


def _upsert(table: str, columns: tuple[str, ...], *rows: Row) -> Change:
    return Change(table, Mode.UPSERT, columns, rows)


def _found(name: str, at: datetime, credit: str | None = None, uuid: str = "t1") -> Row:
    return (uuid, name, credit, at + HOUR, at)


def _discover(*rows: Row) -> Change:
    return Change("tracks", Mode.DISCOVER, FOUND, rows)


def _credits(track: str, *artists: str) -> Change:
    rows = [(track, artist, ordinal, None) for ordinal, artist in enumerate(artists, start=1)]
    return Change("track_artists", Mode.REPLACE, CREDITS, rows, [(track,)])


def _day(day: date, value: int, uuid: str = "a1", platform: str = "spotify") -> Row:
    return (uuid, platform, day, value, NOON)


def _listening(mode: Mode, *rows: Row) -> Change:
    return Change("artist_listening", mode, LISTENING, rows)


def _series(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows_of(
        warehouse, "SELECT artist_uuid, platform, date, value FROM soundcharts.artist_listening ORDER BY ALL"
    )  # fmt: skip


# Upsert


def test_upsert_inserts_what_is_unknown_and_leaves_other_columns_empty(warehouse: Warehouse) -> None:
    commit(warehouse, _upsert("artists", NAMED, ("a1", "Ada")))
    assert rows_of(warehouse, "SELECT uuid, name, slug, payload FROM soundcharts.artists") == [
        ("a1", "Ada", None, None)
    ]


def test_upsert_replaces_the_given_columns_and_keeps_the_others(warehouse: Warehouse) -> None:
    commit(warehouse, _upsert("artists", ("uuid", "name", "slug", "isni"), ("a1", "Ada", "ada", "1")))
    commit(warehouse, _upsert("artists", ("uuid", "name", "isni"), ("a1", "Ada L.", None)))
    assert rows_of(warehouse, "SELECT name, slug, isni FROM soundcharts.artists") == [("Ada L.", "ada", None)]


def test_upsert_touches_no_row_with_another_key(warehouse: Warehouse) -> None:
    columns = ("subject", "uuid", "status", "attempts")
    commit(warehouse, _upsert("fetches", columns, ("tracks", "u", "ok", 0), ("artists", "u", "ok", 0)))
    commit(warehouse, _upsert("fetches", columns, ("tracks", "u", "failed", 1), ("tracks", "U", "ok", 0)))
    assert rows_of(warehouse, "SELECT subject, uuid, status FROM soundcharts.fetches ORDER BY ALL") == [
        ("artists", "u", "ok"),
        ("tracks", "U", "ok"),
        ("tracks", "u", "failed"),
    ]


def test_columns_of_one_batch_may_differ_from_row_to_row(warehouse: Warehouse) -> None:
    commit(
        warehouse,
        _upsert("artists", ("uuid", "name", "slug"), ("a1", "Ada", "ada")),
        _upsert("artists", ("uuid", "name", "isni"), ("a1", "Ada L.", "1"), ("a2", "Bob", "2")),
    )
    assert rows_of(warehouse, "SELECT uuid, name, slug, isni FROM soundcharts.artists ORDER BY ALL") == [
        ("a1", "Ada L.", "ada", "1"),
        ("a2", "Bob", None, "2"),
    ]


# Duplicates within a batch


@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.ABSENT, Mode.CORRECT, Mode.APPEND])
def test_rows_of_a_batch_with_the_same_key_are_stored_once_and_the_last_counts(
    warehouse: Warehouse, mode: Mode
) -> None:
    commit(warehouse, _listening(mode, _day(TODAY, 1), _day(TODAY, 2)), _listening(mode, _day(TODAY, 3)))
    assert _series(warehouse) == [("a1", "spotify", TODAY, 3)]


def test_children_named_twice_are_stored_once_and_the_last_counts(warehouse: Warehouse) -> None:
    rows = [("t1", "a1", 1, True), ("t1", "a2", 2, True), ("t1", "a1", 3, False)]
    commit(warehouse, Change("track_artists", Mode.REPLACE, CREDITS, rows, [("t1",), ("t1",)]))
    assert rows_of(warehouse, "SELECT artist_uuid, ordinal, is_main FROM soundcharts.track_artists ORDER BY ALL") == [
        ("a1", 3, False),
        ("a2", 2, True),
    ]


# Discover


def test_discover_stores_a_track_that_was_never_seen(warehouse: Warehouse) -> None:
    commit(warehouse, _discover(_found("Song", NOON, "Ada")))
    stored = rows_of(warehouse, f"SELECT {', '.join(FOUND)} FROM soundcharts.tracks")
    assert stored == [("t1", "Song", "Ada", NOON + HOUR, NOON)]


def test_discover_never_overwrites_metadata(warehouse: Warehouse) -> None:
    known = ("t1", "The Song", "Ada & Bob", "ISRC1", NOON, NOON)
    commit(warehouse, _upsert("tracks", ("uuid", "name", "credit_name", "isrc", "fetched_at", "discovered_at"), known))
    commit(warehouse, _discover(_found("the song (as ranked)", NOON + DAY)))
    stored = rows_of(
        warehouse,
        "SELECT name, credit_name, isrc, fetched_at, discovered_at, last_charted_at FROM soundcharts.tracks",
    )
    assert stored == [(*known[1:], NOON + DAY)]


@pytest.mark.parametrize(
    ("first", "then", "newest"),
    [(NOON, NOON + DAY, NOON + DAY), (NOON + DAY, NOON, NOON + DAY), (NOON, NOON, NOON)],
)
def test_discover_only_moves_last_charted_at_forward(
    warehouse: Warehouse, first: datetime, then: datetime, newest: datetime
) -> None:
    commit(warehouse, _discover(_found("Song", first)))
    commit(warehouse, _discover(_found("Song", then)))
    assert rows_of(warehouse, "SELECT last_charted_at FROM soundcharts.tracks") == [(newest,)]


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_rankings_in_a_batch_the_newest_names_a_track(warehouse: Warehouse, newest_first: bool) -> None:  # noqa: FBT001
    rows = [_found("New name", NOON), _found("Old name", NOON - DAY), _found("Oldest name", NOON - 2 * DAY)]
    commit(warehouse, _discover(*(rows if newest_first else reversed(rows))))
    assert rows_of(warehouse, "SELECT name, last_charted_at FROM soundcharts.tracks") == [("New name", NOON)]


# Absent


def test_absent_inserts_where_nothing_is_and_leaves_what_is_there_alone(warehouse: Warehouse) -> None:
    commit(warehouse, _upsert("artists", ("uuid", "name", "slug"), ("a1", "Ada", "ada")))
    commit(warehouse, Change("artists", Mode.ABSENT, NAMED, [("a1", "as credited"), ("a2", "Bob")]))
    assert rows_of(warehouse, "SELECT uuid, name, slug FROM soundcharts.artists ORDER BY ALL") == [
        ("a1", "Ada", "ada"),
        ("a2", "Bob", None),
    ]


def test_absent_looks_at_the_whole_key(warehouse: Warehouse) -> None:
    columns = ("genre", "parent", "level")
    commit(warehouse, Change("genres", Mode.ABSENT, columns, [("rock", "", 0)]))
    commit(warehouse, Change("genres", Mode.ABSENT, columns, [("rock", "pop", 1), ("rock", "", 9)]))
    assert rows_of(warehouse, "SELECT genre, parent, level FROM soundcharts.genres ORDER BY ALL") == [
        ("rock", "", 0),
        ("rock", "pop", 1),
    ]


# Replace


@pytest.mark.parametrize("now", [("a1",), ("a2", "a1", "a3", "a4"), (), ("a9",)])
def test_replace_leaves_exactly_the_children_it_was_given(warehouse: Warehouse, now: tuple[str, ...]) -> None:
    commit(warehouse, _credits("t1", "a1", "a2"), _credits("t2", "a1"))
    commit(warehouse, _credits("t1", *now))
    stored = rows_of(warehouse, "SELECT track_uuid, artist_uuid FROM soundcharts.track_artists ORDER BY 1, ordinal")
    assert stored == [*(("t1", artist) for artist in now), ("t2", "a1")]


def test_replace_of_a_parent_that_has_nothing_yet_only_inserts(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1"), _credits("t2", "a1"))
    assert rows_of(warehouse, "SELECT track_uuid FROM soundcharts.track_artists") == [("t2",)]


def test_replace_of_a_ranking_leaves_other_rankings_and_other_charts_alone(warehouse: Warehouse) -> None:
    def ranking(slug: str, at: datetime, *tracks: str) -> Change:
        rows = [(slug, at, position, track) for position, track in enumerate(tracks, start=1)]
        return Change("chart_entries", Mode.REPLACE, ENTRIES, rows, [(slug, at)])

    commit(warehouse, ranking("s", NOON, "x", "y"), ranking("s", NOON - DAY, "x", "y"), ranking("s2", NOON, "x"))
    commit(warehouse, ranking("s", NOON, "z"), ranking("s2", NOON))
    stored = rows_of(warehouse, "SELECT chart_slug, ranked_at, position, track_uuid FROM soundcharts.chart_entries")
    assert sorted(stored) == [("s", NOON - DAY, 1, "x"), ("s", NOON - DAY, 2, "y"), ("s", NOON, 1, "z")]


def test_replace_of_nothing_at_all_changes_nothing(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1", "a1"))
    commit(warehouse, Change("track_artists", Mode.REPLACE, CREDITS, [], []), _upsert("artists", NAMED, ("a1", "Ada")))
    assert rows_of(warehouse, "SELECT artist_uuid FROM soundcharts.track_artists") == [("a1",)]


def test_replace_knows_a_thousand_parents_apart(warehouse: Warehouse) -> None:
    before = [(f"t{number}", "old", 1, None) for number in range(1_000)]
    commit(warehouse, Change("track_artists", Mode.REPLACE, CREDITS, before, [row[:1] for row in before]))
    even = [(f"t{number}", "new", 1, None) for number in range(0, 1_000, 2)]
    commit(warehouse, Change("track_artists", Mode.REPLACE, CREDITS, even, [row[:1] for row in even]))
    stored = rows_of(warehouse, "SELECT artist_uuid, count(*) FROM soundcharts.track_artists GROUP BY 1 ORDER BY 1")
    assert stored == [("new", 500), ("old", 500)]


# Append and correct


def test_append_adds_days_to_those_that_are_there(warehouse: Warehouse) -> None:
    commit(warehouse, _listening(Mode.APPEND, _day(TODAY, 1)))
    commit(warehouse, _listening(Mode.APPEND, _day(TODAY + DAY, 2), _day(TODAY, 3, uuid="a2")))
    assert _series(warehouse) == [
        ("a1", "spotify", TODAY, 1),
        ("a1", "spotify", TODAY + DAY, 2),
        ("a2", "spotify", TODAY, 3),
    ]


def test_correct_replaces_and_inserts_days_and_touches_no_other_day_artist_or_platform(warehouse: Warehouse) -> None:
    others = [
        _day(TODAY - DAY, 10),
        _day(TODAY + 3 * DAY, 13),
        _day(TODAY, 20, uuid="a2"),
        _day(TODAY, 30, platform="youtube"),
    ]
    commit(warehouse, _listening(Mode.APPEND, *others, _day(TODAY, 11), _day(TODAY + DAY, 12)))
    commit(warehouse, _listening(Mode.CORRECT, _day(TODAY, 111), _day(TODAY + 2 * DAY, 99)))
    assert _series(warehouse) == sorted(
        [
            *(row[:4] for row in others),
            ("a1", "spotify", TODAY, 111),
            ("a1", "spotify", TODAY + DAY, 12),
            ("a1", "spotify", TODAY + 2 * DAY, 99),
        ]
    )


def test_correct_tells_identifiers_of_a_track_apart_also_the_empty_one(warehouse: Warehouse) -> None:
    def plots(mode: Mode, **values: int) -> Change:
        rows = [("t1", "spotify", TODAY, "" if key == "none" else key, value, NOON) for key, value in values.items()]
        return Change("track_audience", mode, PLOTS, rows)

    commit(warehouse, plots(Mode.APPEND, none=1, x=2))
    commit(warehouse, plots(Mode.CORRECT, none=10, y=3))
    assert rows_of(warehouse, "SELECT identifier, value FROM soundcharts.track_audience ORDER BY ALL") == [
        ("", 10),
        ("x", 2),
        ("y", 3),
    ]


def test_correct_finds_the_first_and_the_last_day_of_its_span(warehouse: Warehouse) -> None:
    days = [TODAY - 40 * DAY, TODAY, TODAY + 40 * DAY]
    commit(warehouse, _listening(Mode.APPEND, *(_day(day, 1) for day in days)))
    commit(warehouse, _listening(Mode.CORRECT, *(_day(day, 2) for day in days)))
    assert _series(warehouse) == [("a1", "spotify", day, 2) for day in days]


# Add


def test_add_sums_the_calls_of_an_hour_endpoint_and_status(warehouse: Warehouse) -> None:
    def calls(*rows: Row) -> None:
        commit(warehouse, Change("api_calls", Mode.ADD, CALLS, rows))

    calls((NOON, "song", "200", 3, None), (NOON, "song", "404", 1, None), (NOON, "artist", "200", 5, None))
    calls((NOON, "song", "200", 4, None), (NOON + HOUR, "song", "200", 2, None))
    assert sorted(rows_of(warehouse, "SELECT hour, endpoint, status, calls FROM soundcharts.api_calls")) == [
        (NOON, "artist", "200", 5),
        (NOON, "song", "200", 7),
        (NOON, "song", "404", 1),
        (NOON + HOUR, "song", "200", 2),
    ]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [(10, 7, 7), (7, 10, 7), (None, 7, 7), (7, None, 7), (None, None, None), (0, 5, 0)],
)
def test_add_keeps_the_lower_quota_and_does_not_take_unknown_for_zero(
    warehouse: Warehouse, before: int | None, after: int | None, kept: int | None
) -> None:
    for quota in (before, after):
        commit(warehouse, Change("api_calls", Mode.ADD, CALLS, [(NOON, "song", "200", 1, quota)]))
    assert rows_of(warehouse, "SELECT calls, quota_remaining FROM soundcharts.api_calls") == [(2, kept)]


# When an artist last charted


def _artists(warehouse: Warehouse) -> dict[str, datetime | None]:
    return dict(rows_of(warehouse, "SELECT uuid, last_charted_at FROM soundcharts.artists"))


def _known_artists(*uuids: str) -> Change:
    return Change("artists", Mode.ABSENT, NAMED, [(uuid, uuid.upper()) for uuid in uuids])


@pytest.mark.parametrize("ranking_first", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_artist_charts_when_a_track_does_whether_ranking_or_credits_came_first(
    warehouse: Warehouse,
    ranking_first: bool,  # noqa: FBT001
    at_once: bool,  # noqa: FBT001
) -> None:
    ranking = [_discover(_found("Song", NOON))]
    song = [_credits("t1", "a1", "a2"), _known_artists("a1", "a2", "a3")]
    parts = [ranking, song] if ranking_first else [song, ranking]
    for part in [[*parts[0], *parts[1]]] if at_once else parts:
        commit(warehouse, *part)
    assert _artists(warehouse) == {"a1": NOON, "a2": NOON, "a3": None}


def test_an_artist_last_charted_with_the_newest_of_all_tracks(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1", "a1"), _credits("t2", "a1", "a2"), _known_artists("a1", "a2"))
    commit(warehouse, _discover(_found("New", NOON), _found("Old", NOON - 5 * DAY, uuid="t2")))
    assert _artists(warehouse) == {"a1": NOON, "a2": NOON - 5 * DAY}


def test_an_older_ranking_that_comes_later_does_not_take_an_artist_back(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1", "a1"), _known_artists("a1"), _discover(_found("Song", NOON)))
    commit(warehouse, _discover(_found("Song", NOON - DAY)))
    assert _artists(warehouse) == {"a1": NOON}


def test_another_track_that_charted_earlier_does_not_take_an_artist_back(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1", "a1"), _credits("t2", "a1"), _known_artists("a1"))
    commit(warehouse, _discover(_found("New", NOON)))
    commit(warehouse, _discover(_found("Old", NOON - DAY, uuid="t2")))
    assert _artists(warehouse) == {"a1": NOON}


def test_an_artist_keeps_when_it_last_charted_after_losing_the_credit(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1", "a1"), _known_artists("a1", "a2"), _discover(_found("Song", NOON)))
    commit(warehouse, _credits("t1", "a2"))
    assert _artists(warehouse) == {"a1": NOON, "a2": NOON}


def test_metadata_that_comes_again_keeps_when_track_and_artist_last_charted(warehouse: Warehouse) -> None:
    commit(warehouse, _credits("t1", "a1"), _known_artists("a1"), _discover(_found("Song", NOON)))
    commit(warehouse, _upsert("tracks", NAMED, ("t1", "Song!")), _upsert("artists", NAMED, ("a1", "Ada")))
    assert _artists(warehouse) == {"a1": NOON}
    assert rows_of(warehouse, "SELECT name, last_charted_at FROM soundcharts.tracks") == [("Song!", NOON)]


# Order of columns


@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.ABSENT, Mode.APPEND, Mode.CORRECT, Mode.REPLACE])
def test_values_go_to_their_columns_in_whatever_order_these_are_named(warehouse: Warehouse, mode: Mode) -> None:
    shuffled = ("value", "fetched_at", "date", "platform", "artist_uuid")
    parents = [("a1",)] if mode is Mode.REPLACE else []
    for value in (1, 2) if mode not in {Mode.APPEND, Mode.ABSENT} else (2,):
        commit(
            warehouse, Change("artist_listening", mode, shuffled, [(value, NOON, TODAY, "spotify", "a1")], parents)
        )  # fmt: skip
    assert _series(warehouse) == [("a1", "spotify", TODAY, 2)]


def test_calls_and_discoveries_may_name_their_columns_in_any_order(warehouse: Warehouse) -> None:
    for _ in range(2):
        commit(
            warehouse,
            Change("api_calls", Mode.ADD, CALLS[::-1], [(9, 1, "200", "song", NOON)]),
            Change("tracks", Mode.DISCOVER, FOUND[::-1], [_found("Song", NOON)[::-1]]),
        )
    assert rows_of(warehouse, "SELECT hour, calls, quota_remaining FROM soundcharts.api_calls") == [(NOON, 2, 9)]
    assert rows_of(warehouse, "SELECT uuid, name, last_charted_at FROM soundcharts.tracks") == [("t1", "Song", NOON)]


# Order of changes


def test_changes_are_carried_out_in_the_order_in_which_their_kinds_came(warehouse: Warehouse) -> None:
    metadata, listed = _upsert("artists", NAMED, ("a1", "Ada")), Change("artists", Mode.ABSENT, NAMED, [("a1", "?")])
    commit(warehouse, listed, metadata)
    assert rows_of(warehouse, "SELECT name FROM soundcharts.artists") == [("Ada",)]
    commit(warehouse, Change("artists", Mode.ABSENT, NAMED, [("a2", "?")]), _upsert("artists", NAMED, ("a2", "Bob")))
    commit(warehouse, _upsert("artists", NAMED, ("a3", "Cy")), Change("artists", Mode.ABSENT, NAMED, [("a3", "?")]))
    assert rows_of(warehouse, "SELECT name FROM soundcharts.artists ORDER BY uuid") == [("Ada",), ("Bob",), ("Cy",)]
