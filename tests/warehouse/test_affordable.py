"""Which of all due rows a budget covers: the worthiest, in an order that every chart and every process agrees on."""

from collections.abc import Sequence

import pytest

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.work import Wanted, affordable, due_counts
from tests.warehouse.helpers import DAY, HOUR, NOON, chart, commit, ledger, stored_credits, stored_ranking

TRACKS = Wanted("tracks", "tracks", NOON - 30 * DAY)
ARTISTS = Wanted("artists", "artists", NOON - 30 * DAY)
PLAYS = Wanted("track_audience/spotify", "tracks", NOON - DAY)
FANS = Wanted("artist_audience/spotify", "artists", NOON - DAY)
EVERYTHING = (TRACKS, ARTISTS, PLAYS, FANS)


def _order(
    warehouse: Warehouse,
    wanted: Sequence[Wanted] = EVERYTHING,
    charts: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """Due rows as they become affordable with one request more at a time."""
    order: list[tuple[str, str]] = []
    with warehouse.connect() as connection:
        room = 0
        while True:
            found = affordable(connection, wanted, now=NOON, charts=charts, room=room)
            if found is None:
                return order
            new = [
                (subject, uuid) for subject, uuids in found.items() for uuid in uuids if (subject, uuid) not in order
            ]
            assert len(new) == min(1, room), "a request more covers a row more"
            order += new
            room += 1


def _affordable(warehouse: Warehouse, wanted: Sequence[Wanted], subject: str, room: float) -> list[str] | None:
    with warehouse.connect() as connection:
        found = affordable(connection, wanted, now=NOON, room=room)
    return None if found is None else found[subject]


def test_what_charts_now_comes_by_its_best_place_each_track_with_its_metadata_first(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t1", "t2"), *stored_ranking("s", "old", at=NOON - DAY))
    commit(warehouse, *stored_credits("t1", "a"), *stored_credits("t2", "a", "b"))
    assert _order(warehouse) == [
        ("artists", "a"),
        ("tracks", "t1"),
        ("artist_audience/spotify", "a"),
        ("track_audience/spotify", "t1"),
        ("artists", "b"),
        ("tracks", "t2"),
        ("artist_audience/spotify", "b"),
        ("track_audience/spotify", "t2"),
        ("tracks", "old"),
    ]


def test_what_was_never_fetched_comes_before_what_is_stale_wherever_it_stands(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "stale", "new"), *stored_ranking("s", "gone", at=NOON - DAY))
    commit(warehouse, ledger("tracks", "stale", "ok", NOON - 40 * DAY))
    assert _order(warehouse, [TRACKS]) == [("tracks", "new"), ("tracks", "gone")]
    assert _affordable(warehouse, [TRACKS], "tracks", 2) == ["new", "gone"]


def test_of_rows_that_do_not_chart_any_more_the_stalest_comes_first(warehouse: Warehouse) -> None:
    commit(
        warehouse, chart("s"), *stored_ranking("s", "t1", "t2", "t3", "t4", at=NOON - DAY), *stored_ranking("s", "z")
    )
    ages = {"t1": 3 * DAY, "t2": 5 * DAY, "t3": 4 * DAY, "t4": 5 * DAY, "z": 2 * DAY}
    commit(warehouse, *(ledger(PLAYS.subject, uuid, "ok", NOON - age) for uuid, age in ages.items()))
    assert _affordable(warehouse, [PLAYS], PLAYS.subject, 4) == ["z", "t2", "t4", "t3"]


def test_a_place_of_a_chart_that_is_not_followed_or_does_not_cascade_counts_for_nothing(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), chart("left", followed=False), chart("flat", cascade=False))
    commit(warehouse, *stored_ranking("s", "t1", "t2", "t3"))
    commit(warehouse, *stored_ranking("left", "t3"), *stored_ranking("flat", "t3"))
    assert _affordable(warehouse, [TRACKS], "tracks", 2) == ["t1", "t2"]


def test_the_best_of_several_places_counts(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"))
    commit(warehouse, *stored_ranking("x", "t1", "t2", "t3"), *stored_ranking("y", "t3", "t1"))
    assert _affordable(warehouse, [TRACKS], "tracks", 2) == ["t1", "t3"]


def test_a_newest_ranking_without_entries_leaves_nothing_charting(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), *stored_ranking("x", "z", at=NOON - DAY), *stored_ranking("x"))
    commit(warehouse, *stored_ranking("y", "a", "b"))
    assert _affordable(warehouse, [TRACKS], "tracks", 2) == ["a", "b"]


def test_what_several_charts_reach_is_paid_for_once_and_counts_for_each(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), *stored_ranking("x", "t1", "t2"), *stored_ranking("y", "t1", "t3"))
    assert _affordable(warehouse, [TRACKS], "tracks", 1) == ["t1"]
    assert _affordable(warehouse, [TRACKS], "tracks", 2) == ["t1", "t2"]
    with warehouse.connect() as connection:
        counted = [due_counts(connection, [TRACKS], now=NOON, room=room) for room in range(4)]
    assert counted == [
        {},
        {"x": {"tracks": 1}, "y": {"tracks": 1}},
        {"x": {"tracks": 2}, "y": {"tracks": 1}},
        {"x": {"tracks": 2}, "y": {"tracks": 2}},
    ]


def test_rows_that_share_a_call_cost_a_share_of_it(warehouse: Warehouse) -> None:
    batched = Wanted("tracks", "tracks", NOON - 30 * DAY, cost=1 / 50)
    tracks = [f"t{number:03}" for number in range(120)]
    commit(warehouse, chart("s"), *stored_ranking("s", *tracks))
    assert _affordable(warehouse, [batched], "tracks", 0) == []
    assert _affordable(warehouse, [batched], "tracks", 1) == tracks[:50]
    assert _affordable(warehouse, [batched], "tracks", 2) == tracks[:100]
    assert _affordable(warehouse, [batched], "tracks", 3) is None


def test_thirds_of_a_call_add_up_to_a_whole_one(warehouse: Warehouse) -> None:
    third = Wanted("tracks", "tracks", NOON - 30 * DAY, cost=1 / 3)
    tracks = [f"t{number:03}" for number in range(400)]
    commit(warehouse, chart("s"), *stored_ranking("s", *tracks))
    assert _affordable(warehouse, [third], "tracks", 100) == tracks[:300]


def test_where_everything_fits_nothing_is_picked_out(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t1", "t2"))
    assert _affordable(warehouse, [TRACKS], "tracks", 2) is None
    assert _affordable(warehouse, [TRACKS, PLAYS], "tracks", 3) == ["t1", "t2"]
    assert _affordable(warehouse, [TRACKS, PLAYS], PLAYS.subject, 3) == ["t1"]
    assert _affordable(warehouse, [TRACKS, PLAYS], PLAYS.subject, 4) is None


def test_where_nothing_is_due_even_no_room_is_enough(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t"), ledger("tracks", "t", "ok", NOON))
    assert _affordable(warehouse, [TRACKS], "tracks", 0) is None


def test_what_waits_takes_no_room(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t1", "t2", "t3"))
    commit(warehouse, ledger("tracks", "t1", "failed", None, attempts=1, not_before=NOON + HOUR))
    assert _affordable(warehouse, [TRACKS], "tracks", 1) == ["t2"]


def test_charts_that_are_named_share_the_room_among_themselves(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), *stored_ranking("x", "t1", "t2"), *stored_ranking("y", "t3", "t2"))
    with warehouse.connect() as connection:
        assert affordable(connection, [TRACKS], now=NOON, charts=["y"], room=1) == {"tracks": ["t3"]}
        assert affordable(connection, [TRACKS], now=NOON, charts=["x", "y"], room=1) == {"tracks": ["t1"]}
        assert affordable(connection, [TRACKS], now=NOON, charts=["y"], room=2) is None


@pytest.mark.parametrize("room", [0, 0.5, 1])
def test_a_room_may_be_named_in_fractions(warehouse: Warehouse, room: float) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t1", "t2"))
    assert _affordable(warehouse, [TRACKS], "tracks", room) == ["t1"] * int(room)
