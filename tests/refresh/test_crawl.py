"""When an artist's followers are worth another call: not before Soundcharts looks again, and then in time."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.api.records import FollowerPoint
from soundcharts_assets.refresh.subjects import fresh_until, next_crawl

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
EARLY = timedelta(minutes=20)


def _point(day: date, followers: int | None) -> FollowerPoint:
    return FollowerPoint(day, followers, None, None, None, None)


# When Soundcharts looks again


@pytest.mark.parametrize(
    ("followers", "days"),
    [
        (0, 15),
        (9, 15),
        (10, 7),
        (149, 7),
        (150, 5),
        (499, 5),
        (500, 3),
        (4_999, 3),
        (5_000, 2),
        (99_999, 2),
        (10**9, 2),
    ],
)
def test_soundcharts_looks_again_after_some_days_the_sooner_the_larger_the_artist(followers: int, days: int) -> None:
    assert next_crawl([_point(TODAY, followers)], TODAY) == TODAY + days * DAY


def test_the_days_count_from_the_day_on_which_it_looked_last_and_not_from_the_newest_point() -> None:
    assert next_crawl([_point(TODAY - 9 * DAY, 5_000)], TODAY - DAY) == TODAY + DAY


def test_an_artist_is_as_large_as_on_the_newest_day_whatever_the_order_of_the_points() -> None:
    points = [_point(TODAY - 2 * DAY, 5_000), _point(TODAY, 9), _point(TODAY - DAY, 600)]
    assert next_crawl(points, TODAY) == TODAY + 15 * DAY
    assert next_crawl(points[::-1], TODAY) == TODAY + 15 * DAY


def test_a_day_without_a_count_says_nothing_of_the_size() -> None:
    assert next_crawl([_point(TODAY - DAY, 600), _point(TODAY, None)], TODAY) == TODAY + 3 * DAY


@pytest.mark.parametrize("points", [[], [_point(TODAY, None)]])
def test_an_artist_of_unknown_size_may_be_looked_at_any_day(points: list[FollowerPoint]) -> None:
    assert next_crawl(points, TODAY) is None


def test_where_soundcharts_does_not_say_when_it_looked_it_may_look_any_day() -> None:
    assert next_crawl([_point(TODAY, 5_000)], None) is None


# How long an answer is all there is


@pytest.mark.parametrize("days", [1, 2, 15])
def test_an_answer_is_fresh_until_that_day_at_about_the_same_hour_twenty_minutes_early(days: int) -> None:
    assert fresh_until(TODAY + days * DAY, NOW) == NOW + days * DAY - EARLY


@pytest.mark.parametrize("minutes", [0, 5, 19, 20])
def test_it_is_fresh_until_that_day_begins_at_least(minutes: int) -> None:
    assert fresh_until(TODAY + 2 * DAY, MIDNIGHT + timedelta(minutes=minutes)) == MIDNIGHT + 2 * DAY


@pytest.mark.parametrize("days", [0, 1, 2, 400])
def test_where_the_day_has_come_or_is_over_the_next_look_is_overdue_and_no_wait_is_known(days: int) -> None:
    assert fresh_until(TODAY - days * DAY, NOW) is None


def test_where_the_day_is_not_known_no_wait_is() -> None:
    assert fresh_until(None, NOW) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 15),
)
def test_a_wait_ends_on_the_day_of_the_next_look_and_never_before_it(at: datetime, days: int) -> None:
    next_day = at.date() + days * DAY
    until = fresh_until(next_day, at)
    assert until is not None
    assert until > at
    assert until.date() == next_day
    assert until - at <= days * DAY
    assert until - at >= days * DAY - EARLY
