"""What charts reach, and what of it is due."""

from dataclasses import replace
from datetime import datetime

import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import (
    Wanted,
    Work,
    charts_for_due,
    due_counts,
    ledgered,
    platform_counts,
    reached_counts,
    row_counts,
)
from tests.warehouse.helpers import (
    AWKWARD_TEXTS,
    DAY,
    HOUR,
    MOMENT,
    NOON,
    TODAY,
    chart,
    commit,
    credits_of,
    ledger,
    ranking,
    rows_of,
    stored_credits,
    stored_ranking,
    work_list,
)

TRACKS = Wanted("tracks", "tracks", NOON - 30 * DAY)
ARTISTS = Wanted("artists", "artists", NOON - 30 * DAY)
PLAYS = Wanted("track_audience/spotify", "tracks", NOON - DAY)
FANS = Wanted("artist_audience/spotify", "artists", NOON - DAY)
EVERYTHING = (TRACKS, ARTISTS, PLAYS, FANS)
LATELY = NOON - 3 * DAY


def _due(
    warehouse: Warehouse, wanted: Wanted, slug: str = "s", *, uuids: tuple[str, ...] = (), force: bool = False
) -> list[str]:
    with warehouse.connect() as connection:
        found = work_list(connection, wanted, [slug], now=NOON, uuids=uuids, force=force)
    return [work.uuid for work in found]


def _reached(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    return sorted(rows_of(warehouse, "SELECT chart_slug, entity, uuid FROM soundcharts.reached"))


# Reach


def test_a_chart_reaches_the_tracks_of_all_its_rankings_and_their_artists_each_once(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), ranking("s", "t1", "t2"), ranking("s", "t2", "t3", at=NOON - DAY))
    commit(warehouse, credits_of("t1", "a1", "a2"), credits_of("t2", "a1"))
    assert _reached(warehouse) == [
        ("s", "artists", "a1"),
        ("s", "artists", "a2"),
        ("s", "tracks", "t1"),
        ("s", "tracks", "t2"),
        ("s", "tracks", "t3"),
    ]


def test_a_chart_whose_cascade_is_off_reaches_nothing_until_it_is_turned_on(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s", cascade=False), ranking("s", "t1"), credits_of("t1", "a1"))
    assert _reached(warehouse) == []
    assert [_due(warehouse, wanted, force=True) for wanted in EVERYTHING] == [[], [], [], []]
    commit(warehouse, chart("s"))
    assert [_due(warehouse, wanted) for wanted in EVERYTHING] == [["t1"], ["a1"], ["t1"], ["a1"]]


def test_what_two_charts_share_is_reached_by_both_and_once_by_each(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), ranking("x", "t1", "t2"), ranking("y", "t2", "t3"))
    commit(warehouse, credits_of("t1", "a1"), credits_of("t2", "a1"), credits_of("t3", "a1", "a2"))
    assert _reached(warehouse) == [
        ("x", "artists", "a1"),
        ("x", "tracks", "t1"),
        ("x", "tracks", "t2"),
        ("y", "artists", "a1"),
        ("y", "artists", "a2"),
        ("y", "tracks", "t2"),
        ("y", "tracks", "t3"),
    ]


def test_what_the_first_of_two_charts_settled_the_second_finds_fresh(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), ranking("x", "t1", "t2"), ranking("y", "t2", "t3"))
    assert (_due(warehouse, TRACKS, "x"), _due(warehouse, TRACKS, "y")) == (["t1", "t2"], ["t2", "t3"])
    commit(warehouse, ledger("tracks", "t1", "ok", NOON), ledger("tracks", "t2", "ok", NOON))
    assert (_due(warehouse, TRACKS, "x"), _due(warehouse, TRACKS, "y")) == ([], ["t3"])


def test_entries_of_a_chart_that_is_not_known_reach_nothing(warehouse: Warehouse) -> None:
    commit(warehouse, ranking("s", "t1"), credits_of("t1", "a1"), credits_of("t9", "a9"))
    assert _reached(warehouse) == []


def test_reached_counts_speak_of_the_named_charts_by_entity(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), chart("z", cascade=False), chart("empty"))
    commit(warehouse, ranking("x", "t1", "t2"), ranking("y", "t2"), ranking("z", "t1"))
    commit(warehouse, credits_of("t2", "a1", "a2"))
    with warehouse.connect() as connection:
        assert reached_counts(connection, ["x", "z", "empty", "nobody"]) == {("x", "tracks"): 2, ("x", "artists"): 2}


# Due


@pytest.fixture
def one_track(warehouse: Warehouse) -> Warehouse:
    """A chart that reaches one track by one artist."""
    commit(warehouse, chart("s"), ranking("s", "t"), credits_of("t", "a"))
    return warehouse


def test_what_was_never_asked_for_is_due_with_nothing_known_of_it(one_track: Warehouse) -> None:
    with one_track.connect() as connection:
        assert work_list(connection, PLAYS, ["s"], now=NOON) == [Work("t", None, None, None, 0)]


def test_an_answer_is_old_at_exactly_the_limit_and_not_before(warehouse: Warehouse) -> None:
    ages = {"hour to go": DAY - HOUR, "moment to go": DAY - MOMENT, "at the limit": DAY, "moment past": DAY + MOMENT}
    commit(warehouse, chart("s"), ranking("s", *ages))
    commit(warehouse, *(ledger(PLAYS.subject, uuid, "ok", NOON - age) for uuid, age in ages.items()))
    assert _due(warehouse, PLAYS) == ["moment past", "at the limit"]


@pytest.mark.parametrize("fetched_at", [None, NOON - 2 * DAY])
def test_what_was_told_to_wait_is_due_when_the_time_has_come(warehouse: Warehouse, fetched_at: datetime | None) -> None:
    waits = {"not told": None, "over": NOON - HOUR, "over now": NOON, "not over": NOON + MOMENT, "long": NOON + DAY}
    commit(warehouse, chart("s"), ranking("s", *waits))
    commit(warehouse, *(ledger(PLAYS.subject, uuid, "failed", fetched_at, not_before=w) for uuid, w in waits.items()))
    assert _due(warehouse, PLAYS) == ["not told", "over", "over now"]


def test_a_fresh_answer_is_not_due_because_waiting_is_over(one_track: Warehouse) -> None:
    commit(one_track, ledger(PLAYS.subject, "t", "failed", NOON - HOUR, attempts=1, not_before=NOON - HOUR))
    assert _due(one_track, PLAYS) == []


def test_a_due_row_comes_with_what_the_ledger_says_of_it(one_track: Warehouse) -> None:
    at = NOON - 2 * DAY
    commit(one_track, ledger(PLAYS.subject, "t", "failed", at, through=TODAY - 3 * DAY, attempts=4))
    with one_track.connect() as connection:
        assert work_list(connection, PLAYS, ["s"], now=NOON) == [Work("t", "failed", at, TODAY - 3 * DAY, 4)]


def test_subjects_are_judged_apart(one_track: Warehouse) -> None:
    commit(one_track, ledger("tracks", "t", "ok", NOON), ledger("track_audience/youtube", "t", "ok", NOON))
    commit(one_track, ledger("artists", "t", "ok", NOON))
    assert [_due(one_track, wanted) for wanted in EVERYTHING] == [[], ["a"], ["t"], ["a"]]


def test_force_ignores_age_and_waiting(warehouse: Warehouse) -> None:
    ages = {"fresh": NOON, "stale": NOON - 2 * DAY, "never settled": None}
    commit(warehouse, chart("s"), ranking("s", *ages, "never asked for"))
    commit(
        warehouse,
        *(ledger(PLAYS.subject, uuid, "failed", at, not_before=NOON + DAY) for uuid, at in ages.items()),
    )
    assert _due(warehouse, PLAYS) == ["never asked for"]
    assert _due(warehouse, PLAYS, force=True) == ["never asked for", "never settled", "stale", "fresh"]


def test_named_uuids_narrow_what_is_due_and_widen_nothing(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), ranking("s", "t1", "t2", "t3"), ledger("tracks", "t2", "ok", NOON))
    assert _due(warehouse, TRACKS, uuids=("t1", "t2", "elsewhere", "t1")) == ["t1"]
    assert _due(warehouse, TRACKS, uuids=("t1", "t2", "elsewhere"), force=True) == ["t1", "t2"]
    assert _due(warehouse, TRACKS, uuids=("elsewhere",)) == []


@pytest.mark.parametrize("status", ["not_found", "gone"])
@pytest.mark.parametrize("force", [False, True])
def test_an_entity_unknown_to_soundcharts_is_asked_for_its_metadata_only(
    one_track: Warehouse,
    status: str,
    force: bool,  # noqa: FBT001
) -> None:
    long_ago = NOON - 60 * DAY
    commit(one_track, ledger("tracks", "t", status, long_ago), ledger("artists", "a", status, long_ago))
    found = [_due(one_track, wanted, force=force) for wanted in EVERYTHING]
    assert found == [["t"], ["a"], [], []]
    commit(one_track, ledger("tracks", "t", "ok", NOON))
    assert _due(one_track, PLAYS) == ["t"]


def test_an_entity_whose_metadata_did_not_come_is_asked_for_its_audience_all_the_same(warehouse: Warehouse) -> None:
    statuses = ["failed", "forbidden", "malformed", "ok", "unsupported"]
    commit(warehouse, chart("s"), ranking("s", *statuses))
    commit(warehouse, *(ledger("tracks", status, status, NOON) for status in statuses))
    assert _due(warehouse, PLAYS) == statuses


def test_an_audience_that_was_not_found_says_nothing_of_other_platforms(one_track: Warehouse) -> None:
    commit(one_track, ledger("track_audience/shazam", "t", "not_found", NOON))
    assert _due(one_track, PLAYS) == ["t"]
    assert _due(one_track, TRACKS) == ["t"]


def test_what_was_never_settled_comes_first_then_the_stalest(warehouse: Warehouse) -> None:
    ages = {"t1": 3, "t2": 5, "t3": None, "t4": 4, "t5": None, "t6": 5}
    commit(warehouse, chart("s"), ranking("s", *ages))
    settled = {uuid: None if days is None else NOON - days * DAY for uuid, days in ages.items()}
    commit(warehouse, *(ledger(PLAYS.subject, uuid, "ok", at) for uuid, at in settled.items()))
    commit(warehouse, ranking("s", "t0", at=NOON - DAY))
    assert _due(warehouse, PLAYS) == ["t0", "t3", "t5", "t2", "t6", "t4", "t1"]


def test_a_chart_that_is_not_known_has_nothing_due(one_track: Warehouse) -> None:
    assert _due(one_track, TRACKS, "nobody", force=True) == []


def test_slugs_and_uuids_may_hold_anything(warehouse: Warehouse) -> None:
    commit(warehouse, *(change for text in AWKWARD_TEXTS for change in (chart(text), ranking(text, text, "shared"))))
    for slug in AWKWARD_TEXTS:
        assert _due(warehouse, TRACKS, slug, uuids=(slug,)) == [slug]
    with warehouse.connect() as connection:
        counts = due_counts(connection, [TRACKS], now=NOON, charts=AWKWARD_TEXTS)
        assert counts == {slug: {"tracks": 2} for slug in AWKWARD_TEXTS}
        assert reached_counts(connection, AWKWARD_TEXTS[1:2]) == {(AWKWARD_TEXTS[1], "tracks"): 2}


def test_due_counts_leave_out_what_is_not_due_and_charts_that_were_not_named(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), chart("z"))
    commit(
        warehouse, *stored_ranking("x", "t1", "t2"), *stored_ranking("y", "t2"), *stored_ranking("z", "t3")
    )  # fmt: skip
    commit(warehouse, ledger("tracks", "t2", "ok", NOON))
    with warehouse.connect() as connection:
        assert due_counts(connection, [TRACKS, PLAYS], now=NOON, charts=["x", "y", "nobody"]) == {
            "x": {"tracks": 1, PLAYS.subject: 2},
            "y": {PLAYS.subject: 1},
        }
        assert set(due_counts(connection, [TRACKS, PLAYS], now=NOON)) == {"x", "y", "z"}
        assert due_counts(connection, [ARTISTS], now=NOON) == {}
        assert due_counts(connection, [], now=NOON) == {}


def test_without_names_due_counts_speak_of_followed_charts_that_cascade(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("left", followed=False), chart("flat", cascade=False))
    for slug in ("x", "left", "flat", "not known"):
        commit(warehouse, *stored_ranking(slug, "shared", f"of {slug}"))
    commit(warehouse, *stored_credits("shared", "a1"), *stored_credits("of left", "a2"))
    with warehouse.connect() as connection:
        assert due_counts(connection, [TRACKS, FANS], now=NOON) == {"x": {"tracks": 2, FANS.subject: 1}}
        assert due_counts(connection, [TRACKS], now=NOON, charts=["left", "flat"]) == {"left": {"tracks": 2}}


def test_charts_named_together_are_asked_about_together_and_what_they_share_is_due_once(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), *stored_ranking("x", "t1", "t2"), *stored_ranking("y", "t2", "t3"))
    with warehouse.connect() as connection:
        found = work_list(connection, TRACKS, ["x", "y", "nobody"], now=NOON)
    assert [work.uuid for work in found] == ["t1", "t2", "t3"]


def test_of_charts_that_share_what_is_due_one_run_is_enough(warehouse: Warehouse) -> None:
    commit(warehouse, chart("x"), chart("y"), chart("z"), chart("left", followed=False))
    commit(warehouse, *stored_ranking("x", "t1", "t2", "t3"), *stored_ranking("y", "t2", "t3"))
    commit(warehouse, *stored_ranking("z", "t3", "t4"), *stored_ranking("left", "t1", "t2", "t3", "t4", "t5"))
    with warehouse.connect() as connection:
        assert charts_for_due(connection, [TRACKS, PLAYS], now=NOON) == {"x", "z"}
        commit(warehouse, *(ledger("tracks", track, "ok", NOON) for track in ("t1", "t4")))
        assert charts_for_due(connection, [TRACKS], now=NOON) == {"y"}
        commit(warehouse, *(ledger("tracks", track, "ok", NOON) for track in ("t2", "t3")))
        assert charts_for_due(connection, [TRACKS], now=NOON) == set()


def test_charts_that_are_alike_do_not_take_turns(warehouse: Warehouse) -> None:
    for slug in ("x", "y", "z"):
        commit(warehouse, chart(slug), *stored_ranking(slug, "t1", "t2"))
    with warehouse.connect() as connection:
        found = [charts_for_due(connection, [TRACKS], now=NOON) for _ in range(3)]
    assert found == [{"z"}] * 3


def test_as_of_an_earlier_instant_what_was_discovered_since_is_not_known(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "old", at=NOON - DAY), *stored_ranking("s", "new"))
    commit(warehouse, *stored_credits("old", "a"))
    with warehouse.connect() as connection:
        assert due_counts(connection, [TRACKS, ARTISTS], now=NOON - HOUR) == {"s": {"tracks": 1}}
        assert due_counts(connection, [TRACKS, ARTISTS], now=NOON) == {"s": {"tracks": 2, "artists": 1}}


# What charted lately


@pytest.mark.parametrize(("days_ago", "is_due"), [(0, True), (2, True), (3, True), (4, False), (400, False)])
def test_series_are_asked_for_as_long_as_the_track_charts_or_did_lately(
    warehouse: Warehouse,
    days_ago: int,
    is_due: bool,  # noqa: FBT001
) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t", at=NOON - days_ago * DAY), *stored_credits("t", "a"))
    assert _due(warehouse, replace(PLAYS, charted_since=LATELY)) == ["t"] * is_due
    assert _due(warehouse, replace(FANS, charted_since=LATELY)) == ["a"] * is_due
    assert (_due(warehouse, TRACKS), _due(warehouse, ARTISTS)) == (["t"], ["a"])


def test_the_newest_ranking_tells_when_a_track_charted_and_the_last_of_its_tracks_when_an_artist_did(
    warehouse: Warehouse,
) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t1", "t2", at=NOON - 9 * DAY), *stored_ranking("s", "t2"))
    commit(warehouse, *stored_credits("t1", "a1", "both"), *stored_credits("t2", "a2", "both"))
    assert _due(warehouse, replace(PLAYS, charted_since=LATELY)) == ["t2"]
    assert _due(warehouse, replace(FANS, charted_since=LATELY)) == ["a2", "both"]


def test_each_chart_goes_by_its_own_rankings(warehouse: Warehouse) -> None:
    commit(warehouse, chart("old"), chart("new"), chart("left", followed=False))
    commit(warehouse, *stored_ranking("old", "t1", "t2", at=NOON - 9 * DAY), *stored_ranking("new", "t1"))
    commit(warehouse, *stored_ranking("left", "t2"))
    recent = replace(PLAYS, charted_since=LATELY)
    assert [_due(warehouse, recent, slug) for slug in ("old", "new", "left")] == [[], ["t1"], ["t2"]]
    with warehouse.connect() as connection:
        assert due_counts(connection, [recent], now=NOON) == {"new": {PLAYS.subject: 1}}


def test_force_does_not_bring_back_what_left_the_charts(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s"), *stored_ranking("s", "t", at=NOON - 9 * DAY))
    assert _due(warehouse, replace(PLAYS, charted_since=LATELY), force=True) == []


# When a thing was settled, and how much there is


def test_the_ledger_speaks_of_one_subject_and_thing(one_track: Warehouse) -> None:
    commit(one_track, ledger("available_rankings", "it's", "ok", NOON), ledger("charts", "it's", "failed"))
    with one_track.connect() as connection:
        assert ledgered(connection, "available_rankings", "it's").fetched_at == NOON
        assert ledgered(connection, "charts", "it's") == (None, None, 0)
        assert ledgered(connection, "available_rankings", "its").fetched_at is None


def test_rows_are_counted_by_table_and_those_of_series_by_platform(one_track: Warehouse) -> None:
    plots = [("t", platform, TODAY, "", 1, NOON) for platform in ("spotify", "youtube", "it's")]
    listening = [("a", platform, TODAY, 1, NOON) for platform in ("spotify", "youtube")]
    commit(
        one_track,
        Change("track_audience", Mode.APPEND, TABLES["track_audience"].names, plots),
        Change("artist_listening", Mode.APPEND, TABLES["artist_listening"].names, listening),
        Change("charts", Mode.UPSERT, ("slug", "platform", "followed", "cascade"), [("s", "spotify", True, True)]),
    )
    nothing = dict.fromkeys(TABLES, 0)
    others = nothing | {"charts": 1, "chart_entries": 1, "track_artists": 1}
    with one_track.connect() as connection:
        assert row_counts(connection) == others | {"track_audience": 3, "artist_listening": 2}
        assert platform_counts(connection, "track_audience") == {"spotify": 1, "it's": 1, "youtube": 1}
        assert platform_counts(connection, "artist_listening") == {"spotify": 1, "youtube": 1}
        assert platform_counts(connection, "artist_audience") == {}
