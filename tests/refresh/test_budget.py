"""What may be spent today, and what of it is kept for rankings."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.refresh.budget import day_of, held_for_rankings, left_today, room
from soundcharts_assets.settings.file import BudgetSettings
from soundcharts_assets.warehouse.work import PollState

NOW = datetime(2026, 3, 2, 15, 30, 7, 9, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# A day


@pytest.mark.parametrize("now", [MIDNIGHT, NOW, MIDNIGHT + DAY - timedelta(microseconds=1)])
def test_the_budget_of_a_day_begins_at_midnight_utc(now: datetime) -> None:
    assert day_of(now) == MIDNIGHT


@pytest.mark.parametrize(("spent", "left"), [(0, 100), (99, 1), (100, 0), (140, 0)])
def test_what_was_spent_is_taken_off_the_daily_budget_which_is_never_less_than_nothing(spent: int, left: int) -> None:
    assert left_today(BudgetSettings(daily=100), spent) == left


@pytest.mark.parametrize("limits", [BudgetSettings(), BudgetSettings(daily="unlimited"), BudgetSettings(reserve=9)])
def test_without_a_number_a_day_has_no_limit(limits: BudgetSettings) -> None:
    assert left_today(limits, 1_000_000) is None


def test_a_budget_of_nothing_is_a_limit() -> None:
    assert left_today(BudgetSettings(daily=0), 0) == 0


# Room


@pytest.mark.parametrize(
    ("reserve", "left", "quota", "expected"),
    [
        (0, None, None, None),
        (0, None, 5, None),
        (0, 70, 5, 70),
        (100, None, None, None),
        (100, None, 1_000, 900),
        (100, None, 100, 0),
        (100, None, 7, 0),
        (100, 70, 1_000, 70),
        (100, 70, 130, 30),
        (100, 70, None, 70),
        (100, 0, 1_000, 0),
    ],
)
def test_room_is_the_rest_of_the_day_or_what_the_reserve_leaves_of_the_quota_if_that_is_less(
    reserve: int, left: int | None, quota: int | None, expected: int | None
) -> None:
    assert room(BudgetSettings(reserve=reserve), left, quota) == expected


# What rankings will take


def _chart(
    polled_at: datetime | None = MIDNIGHT - HOUR,
    newest: datetime | None = MIDNIGHT - DAY,
    stored: datetime | None = MIDNIGHT - DAY,
    *,
    places: int | None = 200,
    frequency: str = "daily",
    waits_until: datetime | None = None,
) -> PollState:
    return PollState("s", "", frequency, polled_at, waits_until, newest, stored, [], [], 0, places)


def test_a_chart_that_is_still_polled_today_holds_a_request_for_each_page_of_its_ranking() -> None:
    for places, pages in ((1, 1), (50, 1), (100, 1), (101, 2), (200, 2), (201, 3)):
        assert held_for_rankings([_chart(places=places)], NOW) == pages


@pytest.mark.parametrize("places", [None, 0])
def test_a_chart_of_unknown_length_holds_one(places: int | None) -> None:
    assert held_for_rankings([_chart(places=places)], NOW) == 1


def test_a_chart_that_was_never_polled_holds_what_it_will_take() -> None:
    assert held_for_rankings([_chart(None, None, None)], NOW) == 2


def test_a_ranking_that_was_seen_holds_its_pages_but_the_first_which_the_poll_brought() -> None:
    for places, pages in ((200, 1), (100, 0), (50, 0), (None, 0)):
        assert held_for_rankings([_chart(newest=MIDNIGHT, places=places)], NOW) == pages


@pytest.mark.parametrize(
    "chart",
    [
        _chart(newest=MIDNIGHT, stored=MIDNIGHT),
        _chart(frequency="weekly"),
        _chart(waits_until=MIDNIGHT + DAY),
        _chart(NOW, None, None),
    ],
    ids=["has its ranking of today", "weekly", "waits until tomorrow", "has no ranking"],
)
def test_a_chart_that_is_not_polled_before_midnight_holds_nothing(chart: PollState) -> None:
    assert held_for_rankings([chart], NOW) == 0


def test_a_chart_whose_poll_failed_holds_what_its_next_one_takes() -> None:
    assert held_for_rankings([_chart(waits_until=MIDNIGHT + DAY - HOUR)], NOW) == 2


def test_charts_add_up_and_none_hold_nothing() -> None:
    assert held_for_rankings([], NOW) == 0
    assert (
        held_for_rankings([_chart(), _chart(newest=MIDNIGHT), _chart(places=100), _chart(frequency="weekly")], NOW) == 4
    )


@given(st.integers(0, 1_000), st.integers(0, 1_000), st.none() | st.integers(0, 1_000), st.integers(0, 1_000))
def test_what_is_spent_within_the_room_exceeds_neither_the_day_nor_touches_the_reserve(
    daily: int, spent: int, quota: int | None, reserve: int
) -> None:
    limits = BudgetSettings(daily=daily, reserve=reserve)
    found = room(limits, left_today(limits, spent), quota)
    assert found is not None
    assert found == 0 or spent + found <= daily
    assert not reserve or quota is None or found == 0 or quota - found >= reserve
