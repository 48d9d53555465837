"""Which rankings of a chart are wanted, when the list of rankings is worth a call, and what becomes of both."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.api.charts import Listed, Ranking
from soundcharts_assets.api.pages import Page
from soundcharts_assets.api.records import ChartRecord, EntryRecord, ListedTrack
from soundcharts_assets.refresh.charts import (
    Poll,
    WantedRanking,
    chart_outcome,
    is_corrected,
    list_outcome,
    needs_list,
    ranking_changes,
    ranking_uuid,
    wanted_rankings,
)
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.settings.charts import ChartSettings
from soundcharts_assets.warehouse.batch import Mode
from soundcharts_assets.warehouse.work import ChartState, RankingState, Work
from tests.warehouse.helpers import commit, open_warehouse, rows_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = NOON + timedelta(hours=5)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PAGE = Page({}, [], 100, 0)
NOTHING = ChartState(frozenset(), {})


def _text(at: datetime) -> str:
    return at.isoformat()


def _chart(frequency: str | None = "daily") -> ChartRecord:
    return ChartRecord("s", "Top 28", "spotify", "song", frequency, "", "Worldwide", None, 100, "streamcount", None)


def _poll(at: datetime = NOON, frequency: str | None = "daily") -> Poll:
    return Poll("s", NOW, PAGE, _chart(frequency), at, _text(at), NOW - HOUR, NOW - 2 * HOUR)


def _state(stored: Sequence[int] = (), unsettled: Mapping[int, RankingState] | None = None) -> ChartState:
    """A state by days before the newest ranking."""
    unsettled = unsettled or {}
    return ChartState(
        frozenset(NOON - days * DAY for days in stored),
        {_text(NOON - days * DAY): state for days, state in unsettled.items()},
    )


def _listed(*days_ago: int) -> list[Listed]:
    return [Listed(NOON - days * DAY, _text(NOON - days * DAY)) for days in days_ago]


def _wanted(state: ChartState, *listed: int, history: int = 0, force: bool = False) -> list[int]:
    """Days before the newest ranking of those that are wanted."""
    found = wanted_rankings(_poll(), state, _listed(*listed), history, now=NOW, force=force)
    return [(NOON - datetime.fromisoformat(one.text)).days for one in found]


# Wanted


def test_at_first_the_newest_ranking_is_wanted_with_the_page_that_the_poll_brought() -> None:
    work = Work(f"s@{_text(NOON)}", None, None, None, 0)
    first_seen = (NOW - HOUR, NOW - 2 * HOUR)
    expected = [WantedRanking(work, _text(NOON), PAGE, *first_seen)]
    assert wanted_rankings(_poll(), NOTHING, [], 0, now=NOW, force=False) == expected


def test_of_history_and_of_a_ranking_that_is_stored_it_is_not_said_when_it_was_first_seen() -> None:
    found = wanted_rankings(_poll(), NOTHING, _listed(0, 1), 1, now=NOW, force=False)
    assert [one.seen_at is None for one in found] == [False, True]
    (again,) = wanted_rankings(_poll(), _state(stored=[0]), [], 0, now=NOW, force=True)
    assert (again.first, again.seen_at, again.unseen_at) == (PAGE, None, None)


def test_when_a_ranking_was_first_seen_is_stored_and_never_forgotten(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse.duckdb")
    ranking = Ranking(_chart(), NOON, [], [])
    commit(warehouse, *ranking_changes(ranking, NOW, NOW - HOUR, NOW - 2 * HOUR))
    commit(warehouse, *ranking_changes(ranking, NOW + DAY))
    seen = rows_of(warehouse, "SELECT seen_at, unseen_at, fetched_at FROM soundcharts.chart_rankings")
    assert seen == [(NOW - HOUR, NOW - 2 * HOUR, NOW + DAY)]


def test_without_history_only_the_newest_is_wanted_whatever_there_is() -> None:
    assert _wanted(NOTHING, 0, 1, 2) == [0]
    assert _wanted(_state(unsettled={1: RankingState("wanted", None, 0)})) == [0]


def test_a_ranking_that_is_stored_is_not_wanted() -> None:
    assert _wanted(_state(stored=[0])) == []
    assert _wanted(_state(stored=[0, 2]), 0, 1, 2, 3, history=3) == [1, 3]


def test_history_is_what_was_listed_or_noted_within_its_days_newest_first() -> None:
    noted = {2: RankingState("wanted", None, 0), 5: RankingState("wanted", None, 0)}
    assert _wanted(_state(unsettled=noted), 7, 1, 8, history=7) == [0, 1, 2, 5, 7]
    assert _wanted(_state(unsettled=noted), history=7) == [0, 2, 5]


def test_history_reaches_back_from_the_newest_ranking_and_not_from_today() -> None:
    old = _poll(NOON - 400 * DAY)
    listed = _listed(400, 401, 402, 403)
    found = wanted_rankings(old, NOTHING, listed, 2, now=NOW, force=False)
    assert [one.text for one in found] == [_text(NOON - days * DAY) for days in (400, 401, 402)]


def test_only_the_newest_comes_with_a_page_and_a_noted_one_with_what_the_ledger_says() -> None:
    noted = {1: RankingState("failed", NOW - HOUR, 3)}
    newest, older = wanted_rankings(_poll(), _state(unsettled=noted), [], 1, now=NOW, force=False)
    assert (newest.first, older.first) == (PAGE, None)
    assert older.work == Work(f"s@{_text(NOON - DAY)}", "failed", None, None, 3)


@pytest.mark.parametrize("days", [0, 1])
@pytest.mark.parametrize(
    ("not_before", "is_wanted"),
    [(None, True), (NOW - HOUR, True), (NOW, True), (NOW + HOUR, False)],
)
def test_a_ranking_that_was_told_to_wait_waits_unless_forced(
    days: int,
    not_before: datetime | None,
    is_wanted: bool,  # noqa: FBT001
) -> None:
    state = _state(unsettled={days: RankingState("failed", not_before, 1)})
    assert (days in _wanted(state, history=1)) is is_wanted
    assert days in _wanted(state, history=1, force=True)


def test_force_wants_the_newest_again_and_no_other_that_is_stored() -> None:
    assert _wanted(_state(stored=[0, 1]), 0, 1, 2, history=3, force=True) == [0, 2]


def test_a_chart_without_a_ranking_wants_none() -> None:
    assert wanted_rankings(Poll("s", NOW), NOTHING, _listed(1), 30, now=NOW, force=True) == []


@pytest.mark.parametrize("written", ["2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00", "2026-03-02T12:00:00+0000"])
def test_the_newest_ranking_written_in_another_way_is_not_asked_for_twice(written: str) -> None:
    noted = ChartState(frozenset(), {written: RankingState("wanted", None, 0)})
    for state, listed, text in ((noted, [], written), (NOTHING, [Listed(NOON, written)], _text(NOON))):
        found = wanted_rankings(_poll(), state, listed, 30, now=NOW, force=False)
        assert [(one.text, one.first) for one in found] == [(text, PAGE)]


def test_an_older_ranking_written_in_two_ways_is_asked_for_once() -> None:
    state = ChartState(frozenset(), {"2026-03-01T13:00:00+01:00": RankingState("wanted", None, 0)})
    found = wanted_rankings(_poll(), state, [Listed(NOON - DAY, "2026-03-01T12:00:00Z")], 30, now=NOW, force=False)
    assert [one.text for one in found] == [_text(NOON), "2026-03-01T13:00:00+01:00"]


def test_a_ranking_that_is_stored_is_known_however_it_is_written() -> None:
    state = ChartState(frozenset({NOON, NOON - DAY}), {"2026-03-01T13:00:00+01:00": RankingState("failed", None, 1)})
    listed = [Listed(NOON - DAY, "2026-03-01T12:00:00Z"), *_listed(1)]
    assert wanted_rankings(_poll(), state, listed, 30, now=NOW, force=False) == []


def test_the_ledger_names_a_ranking_by_chart_and_text() -> None:
    assert ranking_uuid("top@home", "2026-03-02T12:00:00+00:00") == "top@home@2026-03-02T12:00:00+00:00"


DAYS = st.sets(st.integers(0, 9))


@given(stored=DAYS, noted=DAYS, waiting=DAYS, listed=DAYS, history=st.integers(0, 8), force=st.booleans())
def test_what_is_wanted_is_what_is_known_within_the_history_less_what_is_stored_or_waits(
    stored: set[int],
    noted: set[int],
    waiting: set[int],
    listed: set[int],
    history: int,
    force: bool,  # noqa: FBT001
) -> None:
    unsettled = {day: RankingState("failed", NOW + HOUR if day in waiting else None, 1) for day in sorted(noted)}
    found = _wanted(_state(sorted(stored), unsettled), *sorted(listed), history=history, force=force)
    known = {day for day in listed | noted | {0} if day <= history}
    expected = known - (stored - ({0} if force else set())) - (set() if force else noted & waiting)
    assert found == sorted(expected)


# Stored rankings that are read again


def _read_again(days: int, read_at: Mapping[int, datetime], *, stored: bool, force: bool = False) -> list[int]:
    """Days before the newest ranking, first seen an hour ago, of stored ones that are wanted."""
    state = ChartState(
        frozenset(NOON - day * DAY for day in [*read_at, *([0] if stored else [])]),
        {},
        {_text(NOON - day * DAY): at for day, at in read_at.items()},
        NOW - HOUR if stored else NOW - DAY,
    )
    found = wanted_rankings(_poll(), state, [], 0, now=NOW, force=force, reread_days=days)
    return [day for one in found if (day := (NOON - datetime.fromisoformat(one.text)).days) > 0]


@pytest.mark.parametrize("stored", [False, True])
def test_rankings_of_so_many_days_are_read_once_more_after_a_new_one_was_seen(stored: bool) -> None:  # noqa: FBT001
    read_at = {day: NOW - day * DAY for day in (1, 2, 3, 4)}
    assert _read_again(0, read_at, stored=stored) == []
    assert _read_again(3, read_at, stored=stored) == [1, 2, 3]
    assert _read_again(3, read_at | {2: NOW - HOUR, 3: NOW}, stored=stored) == [1], "once for every new one"
    assert _read_again(2, {1: NOW, 2: NOW}, stored=stored, force=True) == [1, 2]


def test_a_stored_ranking_that_the_ledger_wants_or_could_not_read_again_is_wanted_however_old() -> None:
    noted = {5: RankingState("wanted", None, 0, NOW - DAY), 6: RankingState("failed", NOW + HOUR, 1, NOW - DAY)}
    (newest, again) = wanted_rankings(_poll(), _state([5, 6], noted), [], 0, now=NOW, force=False)
    assert (newest.text, again.text) == (_text(NOON), _text(NOON - 5 * DAY))
    assert again.work == Work(f"s@{_text(NOON - 5 * DAY)}", "wanted", NOW - DAY, None, 0)


def test_a_list_does_not_note_stored_rankings_that_are_read_once_more() -> None:
    state = ChartState(frozenset({NOON - DAY}), {}, {_text(NOON - DAY): NOW - DAY})
    due = wanted_rankings(_poll(), state, _listed(0, 1, 2), 2, now=NOW, force=False, reread_days=1)
    (change,) = list_outcome("s", due, NOW).changes
    assert [row[1] for row in change.rows] == [f"s@{_text(NOON)}", f"s@{_text(NOON - 2 * DAY)}"]


CHARTED = {"slug": "s", "name": "S", "platform": "spotify", "metric": {"type": "streamcount"}}
ITEMS = [{"position": place, "song": {"uuid": f"t{place}", "name": "T"}, "metric": 10 - place} for place in (1, 2, 3)]
STORED = {(1, "t1", 9), (2, "t2", 8), (3, "t3", 7)}


@pytest.mark.parametrize(
    ("items", "total", "stored", "corrected"),
    [
        (ITEMS, 3, STORED, False),
        (ITEMS[::-1], 3, STORED, False),
        ([*ITEMS, {"position": 0, "song": {"uuid": "left"}}], 4, STORED, False),
        (ITEMS[:2], 3, STORED, False),
        (ITEMS[:2], 2, STORED, True),
        (ITEMS, 3, STORED - {(3, "t3", 7)}, True),
        (ITEMS, 3, STORED - {(3, "t3", 7)} | {(3, "t3", 6)}, True),
        (ITEMS, 3, STORED - {(3, "t3", 7)} | {(3, "t4", 7)}, True),
        (ITEMS[:2], 3, set(), True),
        ([], 0, set(), False),
    ],
)
def test_a_poll_tells_whether_its_ranking_was_corrected(
    items: list[Any],
    total: int,
    stored: set[tuple[int, str, int | None]],
    corrected: bool,  # noqa: FBT001
) -> None:
    page = Page({"chart": CHARTED, "date": _text(NOON)}, items, total, 0)
    assert is_corrected(Poll("s", NOW, page, _chart(), NOON, _text(NOON)), stored) is corrected


# The list of rankings


@pytest.mark.parametrize(
    ("frequency", "newest_stored", "is_needed"),
    [
        ("daily", 1, False),
        ("daily", 2, True),
        ("daily", 0, False),
        ("weekly", 7, False),
        ("weekly", 10, False),
        ("weekly", 14, True),
        ("fortnightly", 2, True),
        (None, 1, False),
    ],
)
def test_the_list_is_needed_where_rankings_may_lie_between_the_newest_and_the_newest_stored(
    frequency: str | None,
    newest_stored: int,
    is_needed: bool,  # noqa: FBT001
) -> None:
    state = _state(stored=[newest_stored, 30])
    assert needs_list(_poll(frequency=frequency), state, NOW, 30, NOW - 30 * DAY) is is_needed


def test_an_instant_at_an_odd_hour_is_no_gap() -> None:
    state = ChartState(frozenset({NOON - DAY - 11 * HOUR}), {})
    assert not needs_list(_poll(), state, NOW, 30, NOW - 30 * DAY)


@pytest.mark.parametrize(
    ("listed_at", "is_needed"),
    [(None, True), (NOW - 31 * DAY, True), (NOW - 30 * DAY, True), (NOW - 29 * DAY, False)],
)
def test_the_list_is_needed_at_first_and_when_it_has_grown_old(listed_at: datetime | None, is_needed: bool) -> None:  # noqa: FBT001
    assert needs_list(_poll(), _state(stored=[0]), listed_at, 30, NOW - 30 * DAY) is is_needed


def test_the_list_is_needed_again_where_nothing_of_the_chart_is_stored() -> None:
    assert needs_list(_poll(), NOTHING, NOW, 30, NOW - 30 * DAY)


def test_the_list_is_never_needed_where_no_history_is_wanted_or_there_is_no_ranking() -> None:
    assert not needs_list(_poll(), NOTHING, None, 0, NOW)
    assert not needs_list(Poll("s", NOW), NOTHING, None, 30, NOW)


def test_a_list_notes_what_is_missing_so_that_a_kill_does_not_cost_it_again() -> None:
    state = _state(stored=[2], unsettled={1: RankingState("failed", None, 2)})
    missing = wanted_rankings(_poll(), state, _listed(0, 1, 2, 3), 30, now=NOW, force=False)
    outcome = list_outcome("s", missing, NOW)
    (change,) = outcome.changes
    assert (outcome.uuid, outcome.status, outcome.at) == ("s", Status.OK, NOW)
    assert (change.table, change.mode) == ("fetches", Mode.UPSERT)
    noted = [dict(zip(change.columns, row, strict=True)) for row in change.rows]
    assert [row["uuid"] for row in noted] == [f"s@{_text(NOON)}", f"s@{_text(NOON - 3 * DAY)}"]
    assert {(row["subject"], row["status"], row["attempts"]) for row in noted} == {("chart_rankings", "wanted", 0)}
    assert {row["fetched_at"] for row in noted} == {None}
    assert {row["not_before"] for row in noted} == {None}


def test_a_list_with_nothing_new_notes_nothing() -> None:
    assert [list(change.rows) for change in list_outcome("s", [], NOW).changes] == [[]]


# The chart and the ranking themselves


def test_a_poll_brings_the_chart_up_to_date_with_the_flags_of_the_settings() -> None:
    outcome = chart_outcome(_poll(), ChartSettings(slug="s", cascade=False), followed=True)
    (change,) = outcome.changes
    (row,) = change.rows
    assert (outcome.uuid, outcome.status, outcome.at) == ("s", Status.OK, NOW)
    assert (change.table, change.mode) == ("charts", Mode.UPSERT)
    assert len(change.columns) == len(set(change.columns))
    assert dict(zip(change.columns, row, strict=True)) == {
        **_chart()._asdict(),
        "followed": True,
        "cascade": False,
        "latest_ranked_at": NOON,
        "fetched_at": NOW,
    }


def test_a_chart_that_never_had_a_ranking_is_known_with_its_flags_and_nothing_else(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse.duckdb")
    outcome = chart_outcome(Poll("s", NOW), ChartSettings(slug="s"), followed=False)
    commit(warehouse, *outcome.changes)
    assert outcome.status is Status.EMPTY
    stored = "SELECT slug, followed, cascade, name, platform, latest_ranked_at, fetched_at FROM soundcharts.charts"
    assert rows_of(warehouse, stored) == [("s", False, True, None, None, None, None)]


def test_a_chart_that_has_no_ranking_any_more_keeps_its_newest_instant(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse.duckdb")
    for poll in (_poll(), Poll("s", NOW)):
        commit(warehouse, *chart_outcome(poll, ChartSettings(slug="s"), followed=True).changes)
    assert rows_of(warehouse, "SELECT frequency, latest_ranked_at FROM soundcharts.charts") == [("daily", NOON)]


def _entry(position: int, track: str) -> EntryRecord:
    return EntryRecord("s", NOON, position, track, None, 0, 2**40, None, 1, "DOC", None)


def test_a_ranking_replaces_its_entries_and_discovers_its_tracks(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse.duckdb")

    def store(*tracks: str) -> None:
        listed = [ListedTrack(track, track.upper(), None, None) for track in tracks]
        entries = [_entry(position, track) for position, track in enumerate(tracks, start=1)]
        commit(warehouse, *ranking_changes(Ranking(_chart(), NOON, entries, listed), NOW, NOW))

    store("t1", "t2", "t1")
    store("t2", "t3")
    store("t2", "t3")
    rankings = rows_of(
        warehouse, "SELECT chart_slug, ranked_at, entry_count, fetched_at FROM soundcharts.chart_rankings"
    )
    assert rankings == [("s", NOON, 2, NOW)]
    entries = rows_of(warehouse, "SELECT position, track_uuid, metric_value FROM soundcharts.chart_entries ORDER BY 1")
    assert entries == [(1, "t2", 2**40), (2, "t3", 2**40)]
    tracks = rows_of(warehouse, "SELECT uuid, name, discovered_at, last_charted_at FROM soundcharts.tracks ORDER BY 1")
    assert tracks == [(uuid, uuid.upper(), NOW, NOON) for uuid in ("t1", "t2", "t3")]


def test_a_ranking_without_entries_is_stored_as_such(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse.duckdb")
    commit(warehouse, *ranking_changes(Ranking(_chart(), NOON, [], []), NOW, None))
    assert rows_of(warehouse, "SELECT entry_count FROM soundcharts.chart_rankings") == [(0,)]
    assert rows_of(warehouse, "SELECT * FROM soundcharts.chart_entries") == []
