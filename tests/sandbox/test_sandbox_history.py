"""Dates and rankings of a chart, without a server."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.sandbox.data import Chart, Content
from soundcharts_assets.sandbox.history import ChartHistory, replay_index, shift_for

TODAY = date(2026, 11, 22)


def chart(*listed: list[int], frequency: str = "daily") -> Chart:
    step = 7 if frequency == "weekly" else 1
    rankings = tuple(
        (date(2021, 5, 1) + timedelta(days=step * index), Content(range(1, len(ids) + 1), ids, [None] * len(ids)))
        for index, ids in enumerate(listed)
    )
    return Chart(1, "some-1", "Some", "spotify", frequency, "", "", 3, None, rankings)


DATES = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(DATES, DATES)
def test_a_weekly_chart_keeps_its_weekday_and_has_appeared_in_the_last_seven_days(newest: date, today: date) -> None:
    shift = shift_for("weekly", newest, today)
    assert shift.days % 7 == 0
    assert timedelta(0) <= today - (newest + shift) < timedelta(days=7)


@given(DATES, DATES)
def test_a_daily_chart_has_appeared_today_so_that_tomorrow_leaves_no_gap(newest: date, today: date) -> None:
    assert newest + shift_for("daily", newest, today) == today


def test_replay_goes_there_and_back() -> None:
    assert [replay_index(number, 4) for number in range(8)] == [2, 1, 0, 1, 2, 3, 2, 1]
    assert [replay_index(number, 1) for number in range(3)] == [0, 0, 0]


def test_what_an_entry_says_comes_from_earlier_rankings() -> None:
    history = ChartHistory(chart([7, 8], [8, 9], [7, 8, 9]), TODAY)
    first, second, third = (history.at(instant) for instant in history.instants)
    assert first is not None
    assert second is not None
    assert third is not None
    assert [(past.old_position, past.time_on_chart) for past in history.past(first)] == [(0, 1), (0, 1)]
    assert [(past.old_position, past.time_on_chart) for past in history.past(second)] == [(2, 2), (0, 1)]
    # Track 7 was away for one ranking: its last known position and first entry are those before it left.
    assert [(past.old_position, past.time_on_chart) for past in history.past(third)] == [(1, 2), (1, 3), (2, 2)]
    assert history.past(third)[0].entered_at == first.ranked_at


def test_later_rankings_look_back_on_the_corrected_one() -> None:
    history = ChartHistory(chart([7, 8], [7, 8]), TODAY)
    first, second = history.instants
    history.revise(first, Content([1], [8], [None]))
    ranking = history.at(second)
    assert ranking is not None
    assert [past.old_position for past in history.past(ranking)] == [0, 1]


def test_old_rankings_carry_the_crawl_instant() -> None:
    history = ChartHistory(chart(*([1, 2] for _ in range(30))), TODAY)
    assert {instant.time().second for instant in history.instants[:3]} != {0}
    assert all(instant.time().hour == 12 for instant in history.instants[3:])


def test_daily_chart_publishes_with_a_hole_now_and_then() -> None:
    history = ChartHistory(chart([1, 2], [2, 1]), TODAY)
    before = len(history.instants)
    for day in range(1, 61):
        history.advance(TODAY + timedelta(days=day))
        if day == 7:
            assert len(history.instants) == before + 7
    assert len(history.instants) == before + 56
    assert history.instants == sorted(set(history.instants))


def test_weekly_chart_keeps_its_weekday() -> None:
    history = ChartHistory(chart([1], [2], frequency="weekly"), TODAY)
    newest = history.instants[-1]
    for day in range(1, 22):
        history.advance(TODAY + timedelta(days=day))
    assert history.instants[-3:] == [newest + timedelta(weeks=week) for week in (1, 2, 3)]


def test_publishing_now_is_newer_than_the_newest() -> None:
    history = ChartHistory(chart([1], [2]), TODAY)
    history.publish_now(TODAY + timedelta(days=1))
    history.publish_now(TODAY + timedelta(days=1))
    assert history.instants[-2] == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert history.instants[-2] < history.instants[-1] < datetime(2026, 11, 24, 12, tzinfo=UTC)
