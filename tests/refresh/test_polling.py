"""When a chart is worth a poll: learnt from its frequency and from when earlier rankings were first seen."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.refresh.polling import AT_ONCE, next_poll_at, period_of, usual_delay
from soundcharts_assets.warehouse.work import PollState

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(seconds=30)


def _chart(
    newest: datetime | None = MIDNIGHT,
    polled_at: datetime | None = MIDNIGHT + 6 * HOUR,
    *,
    usually: timedelta = 6 * HOUR,
    frequency: str | None = "daily",
    waits_until: datetime | None = None,
) -> PollState:
    """A chart whose rankings were always seen so long after their stamps."""
    return PollState("s", "", frequency, polled_at, waits_until, newest, newest, [usually] * 7, [usually - HOUR] * 7)


# When it is asked for


def test_a_chart_that_was_never_asked_for_is_asked_for_at_once() -> None:
    assert next_poll_at(PollState("s", "", None, None, None, None, None, [], [])) == AT_ONCE
    assert AT_ONCE < MIDNIGHT


def test_after_a_hit_the_next_is_expected_a_period_after_its_stamp_and_as_late_as_usual_but_ten_minutes() -> None:
    assert next_poll_at(_chart()) == MIDNIGHT + DAY + 6 * HOUR - 10 * MINUTE


def test_of_a_chart_whose_habits_are_not_known_the_next_is_expected_a_period_after_the_stamp() -> None:
    state = _chart(polled_at=MIDNIGHT + 5 * HOUR)._replace(seen_after=[], unseen_after=[])
    assert next_poll_at(state) == MIDNIGHT + DAY


def test_a_poll_before_the_time_changes_nothing() -> None:
    for hours in (7, 12, 23, 29):
        assert next_poll_at(_chart(polled_at=MIDNIGHT + hours * HOUR)) == next_poll_at(_chart())


def test_a_miss_pauses_for_half_an_hour_and_then_for_three_times_as_long_as_the_ranking_is_late() -> None:
    expected = next_poll_at(_chart())
    at, pauses = expected, []
    for _ in range(4):
        following = next_poll_at(_chart(polled_at=at))
        pauses.append(following - at)
        at = following
    assert pauses == [30 * MINUTE, 90 * MINUTE, 6 * HOUR, 16 * HOUR]
    assert at == expected + DAY  # the next one's time has come


@pytest.mark.parametrize("late", [MINUTE, HOUR, 8 * HOUR, 13 * HOUR, 23 * HOUR + 59 * MINUTE])
def test_a_pause_never_goes_beyond_the_time_of_the_next_ranking(late: timedelta) -> None:
    expected = next_poll_at(_chart())
    assert next_poll_at(_chart(polled_at=expected + late)) <= expected + DAY


def test_on_the_day_after_one_that_was_missed_it_is_asked_for_as_often() -> None:
    slot = next_poll_at(_chart()) + DAY
    assert next_poll_at(_chart(polled_at=slot)) == slot + 30 * MINUTE
    assert next_poll_at(_chart(polled_at=slot + 30 * MINUTE)) == slot + 2 * HOUR


@pytest.mark.parametrize("days", [2, 3, 30, 1_000])
@pytest.mark.parametrize("late", [timedelta(), MINUTE, 5 * HOUR])
def test_a_ranking_that_does_not_come_for_two_periods_is_asked_for_once_a_period(days: int, late: timedelta) -> None:
    slot = next_poll_at(_chart()) + days * DAY
    assert next_poll_at(_chart(polled_at=slot + late)) == slot + DAY


@pytest.mark.parametrize(
    ("frequency", "days"), [("daily", 1), ("weekly", 7), ("monthly", 28), ("fortnightly", 1), ("", 1), (None, 1)]
)
def test_the_period_is_that_of_the_frequency_and_a_day_where_it_is_not_known(frequency: str | None, days: int) -> None:
    assert period_of(frequency) == days * DAY
    expected = MIDNIGHT + days * DAY + 6 * HOUR - 10 * MINUTE
    assert next_poll_at(_chart(frequency=frequency)) == expected
    assert next_poll_at(_chart(polled_at=expected + 3 * days * DAY, frequency=frequency)) == expected + 4 * days * DAY


@pytest.mark.parametrize("polled_at", [None, MIDNIGHT - 9 * DAY, MIDNIGHT + 6 * HOUR])
def test_a_poll_that_failed_waits_as_the_ledger_says(polled_at: datetime | None) -> None:
    waits = MIDNIGHT + 7 * HOUR
    assert next_poll_at(_chart(polled_at=polled_at, waits_until=waits)) == waits
    assert next_poll_at(_chart(None, polled_at, waits_until=waits)) == waits


def test_a_chart_without_a_ranking_is_asked_for_once_a_day() -> None:
    assert next_poll_at(_chart(None, MIDNIGHT + HOUR)) == MIDNIGHT + DAY + HOUR
    assert next_poll_at(_chart(None, MIDNIGHT + HOUR, frequency="weekly")) == MIDNIGHT + DAY + HOUR


# What is usual


def test_without_delays_none_is_usual() -> None:
    assert usual_delay([], []) == timedelta()


def test_between_a_poll_in_vain_and_the_first_sight_the_middle_is_tried_next() -> None:
    assert usual_delay([13 * HOUR], [5 * HOUR]) == 9 * HOUR
    assert usual_delay([9 * HOUR, 13 * HOUR], [None, 5 * HOUR]) == 7 * HOUR
    assert usual_delay([9 * HOUR, 13 * HOUR], [7 * HOUR, 5 * HOUR]) == 8 * HOUR


def test_a_poll_in_vain_that_was_later_than_the_earliest_sight_says_nothing() -> None:
    assert usual_delay([7 * HOUR, 6 * HOUR, 9 * HOUR], [6.5 * HOUR, 5.5 * HOUR, 8 * HOUR]) == 7 * HOUR - 10 * MINUTE


def test_once_they_are_an_hour_apart_a_little_before_the_longest_delay_is_tried_as_long_as_there_are_few() -> None:
    assert usual_delay([6 * HOUR], [5 * HOUR]) == 6 * HOUR - 10 * MINUTE
    assert usual_delay([6.5 * HOUR, 6 * HOUR], [None, 5.2 * HOUR]) == 6.5 * HOUR - 10 * MINUTE


@given(st.permutations([6 * HOUR - MINUTE, 6 * HOUR, 6 * HOUR + MINUTE]), st.integers(9, 10_000), st.integers(0, 3))
def test_one_outlier_among_the_last_does_not_count(delays: list[timedelta], hours: int, at: int) -> None:
    seen_after = [*delays[:at], hours * HOUR, *delays[at:]]
    assert usual_delay(seen_after, [5.5 * HOUR] * 4) == 6 * HOUR - 10 * MINUTE


def test_delays_from_when_the_hour_was_still_searched_for_do_not_count() -> None:
    assert usual_delay([6 * HOUR, 6 * HOUR, 7 * HOUR, 9 * HOUR, 13 * HOUR], [5.5 * HOUR] * 5) == 6 * HOUR - 10 * MINUTE


def test_three_late_days_count_as_a_new_habit() -> None:
    late = [11 * HOUR + MINUTE, 11 * HOUR, 11 * HOUR]
    assert usual_delay([*late, *[6 * HOUR] * 4], [10.5 * HOUR, 10.5 * HOUR, 10.5 * HOUR, *[5.5 * HOUR] * 4]) == (
        11 * HOUR - 10 * MINUTE
    )


def test_where_none_was_asked_for_in_vain_for_long_larger_and_larger_steps_are_taken_back() -> None:
    seen_after = [6 * HOUR] * 7
    steps = []
    for _ in range(4):
        seen_after = [usual_delay(seen_after, [None] * 7), *seen_after][:7]
        steps.append(seen_after[1] - seen_after[0])
    assert steps == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 80 * MINUTE]


# Whatever is known of a chart

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
STATES = st.builds(
    PollState,
    st.just("s"),
    st.just(""),
    st.sampled_from(["daily", "weekly", "monthly", "hourly", "", None]),
    INSTANTS,
    st.none(),
    st.none() | INSTANTS,
    st.none() | INSTANTS,
    st.lists(st.timedeltas(-DAY, 40 * DAY), max_size=7),
    st.just([]),
).flatmap(
    lambda state: st.lists(
        st.none() | st.timedeltas(-DAY, 40 * DAY), min_size=len(state.seen_after), max_size=len(state.seen_after)
    ).map(lambda unseen_after: state._replace(unseen_after=unseen_after))
)


@given(STATES)
def test_the_next_poll_is_always_later_than_the_last(state: PollState) -> None:
    assert state.polled_at is not None
    assert next_poll_at(state) > state.polled_at


@given(STATES)
def test_a_chart_that_is_late_is_asked_for_within_a_period(state: PollState) -> None:
    assert state.polled_at is not None
    if state.newest_seen is not None and state.polled_at >= state.newest_seen + 41 * DAY + period_of(state.frequency):
        assert next_poll_at(state) <= state.polled_at + period_of(state.frequency)


@given(STATES, st.timedeltas(timedelta(), 400 * DAY))
def test_nobody_waits_longer_for_having_asked_earlier(state: PollState, later: timedelta) -> None:
    assert state.polled_at is not None
    asked_later = state._replace(polled_at=state.polled_at + later)
    assert next_poll_at(state) <= max(next_poll_at(asked_later), state.polled_at + period_of(state.frequency))


# Habits of a vendor, lived through


@dataclass
class Lived:
    """What came of polling a vendor with some habit for a while.

    Attributes:
        polls: Polls that were made.
        published: Rankings that were published meanwhile.
        delays: How long each was published when it was seen; not of the first, which was there before.
    """

    polls: int = 0
    published: int = 0
    delays: list[timedelta] = field(default_factory=list)

    @property
    def polls_per_ranking(self) -> float:
        """Polls for each ranking that was published."""
        return self.polls / self.published

    @property
    def average_delay(self) -> timedelta:
        """From publication to sight."""
        return sum(self.delays, timedelta()) / len(self.delays)


def _published(
    after_stamp: timedelta, *, jitter: timedelta = timedelta(), period: timedelta = DAY, missing: int = 0
) -> Iterator[tuple[datetime, datetime]]:
    """Publications with their stamps, of a vendor that publishes so long after the stamp, give or take the jitter."""
    dice = random.Random(28)  # noqa: S311 - repeatable on purpose
    for number in range(-10, 120):
        if missing and number % missing == 7:
            continue
        stamp = MIDNIGHT + number * period
        yield stamp + after_stamp + jitter * dice.uniform(-1, 1), stamp


def _live(
    publications: Sequence[tuple[datetime, datetime]],
    *,
    periods: int = 90,
    frequency: str = "daily",
    followed_since: timedelta = timedelta(),
    usually: timedelta | None = None,
) -> Lived:
    """Ask at every tick of a sensor at which a poll is due, which is at the first tick after its time.

    Args:
        publications: What is published when.
        periods: How long.
        frequency: As Soundcharts says.
        followed_since: The time of day at which the chart is asked for first.
        usually: How long after their stamps earlier rankings were seen, where there are any.
    """
    lived, begin = Lived(), MIDNIGHT + followed_since
    known = [] if usually is None else [usually] * 7
    state = PollState("s", "", frequency, None, None, None, None, known, [delay - HOUR for delay in known])
    now, end = begin, begin + periods * period_of(frequency)
    polled_at = seen_at = begin
    lived.published = sum(begin <= at < end for at, _ in publications)
    while now < end:
        lived.polls += 1
        published_at, stamp = max((one for one in publications if one[0] <= now), key=itemgetter(1))
        if state.newest_seen is None:
            state = state._replace(newest_seen=stamp)
        elif stamp > state.newest_seen:
            # A poll that saw the ranking before was not in vain, nor was one for a ranking that never came.
            in_vain = polled_at > seen_at and stamp - state.newest_seen < 1.5 * period_of(frequency)
            state = state._replace(
                newest_seen=stamp,
                seen_after=[now - stamp, *state.seen_after][:7],
                unseen_after=[polled_at - stamp if in_vain else None, *state.unseen_after][:7],
            )
            seen_at = now
            lived.delays.append(now - published_at)
        polled_at = now
        state = state._replace(polled_at=polled_at)
        now += max(TICK, -((now - next_poll_at(state)) // TICK) * TICK)
    return lived


AFTER_STAMP = (0.5, 3, 6, 11.9, 18, 23.9, 30, 47, 55)
FOLLOWED_SINCE = (0.05, 5.3, 9.9, 14.2, 19.8)
ABOUT = pytest.mark.parametrize("jitter", [timedelta(), 20 * MINUTE], ids=["fixed", "give or take"])


@pytest.mark.parametrize("hours", AFTER_STAMP)
@ABOUT
def test_a_chart_that_is_published_at_about_the_same_time_every_day_costs_little_more_than_a_poll_a_day(
    hours: float, jitter: timedelta
) -> None:
    publications = list(_published(hours * HOUR, jitter=jitter))
    assert _live(publications, usually=hours * HOUR).polls_per_ranking < 1.3
    for since in FOLLOWED_SINCE:
        assert _live(publications, followed_since=since * HOUR).polls_per_ranking < 1.4


@pytest.mark.parametrize("hours", AFTER_STAMP)
@ABOUT
@pytest.mark.parametrize("missing", [0, 15])
def test_a_ranking_whose_hour_is_known_is_seen_soon_after_it_was_published(
    hours: float, jitter: timedelta, missing: int
) -> None:
    lived = _live(list(_published(hours * HOUR, jitter=jitter, missing=missing)), usually=hours * HOUR)
    assert lived.average_delay < 30 * MINUTE
    assert max(lived.delays) < 100 * MINUTE


@pytest.mark.parametrize(("frequency", "days"), [("weekly", 7), ("monthly", 28)])
def test_so_is_a_weekly_or_monthly_one(frequency: str, days: int) -> None:
    publications = list(_published(100 * HOUR, period=days * DAY, jitter=20 * MINUTE))
    lived = _live(publications, periods=30, frequency=frequency, usually=100 * HOUR)
    assert lived.polls_per_ranking < 1.3
    assert lived.average_delay < 30 * MINUTE


@pytest.mark.parametrize("hours", AFTER_STAMP)
@ABOUT
def test_the_hour_is_learnt_whenever_the_chart_was_asked_for_first(hours: float, jitter: timedelta) -> None:
    publications = list(_published(hours * HOUR, jitter=jitter))
    for since in FOLLOWED_SINCE:
        lived = _live(publications, followed_since=since * HOUR)
        assert max(lived.delays[20:]) < 2 * HOUR
        assert sum(lived.delays[20:], timedelta()) / len(lived.delays[20:]) < HOUR


@pytest.mark.parametrize("hours", AFTER_STAMP)
@ABOUT
def test_a_missing_day_in_fifteen_costs_a_third_of_a_poll_a_day(hours: float, jitter: timedelta) -> None:
    lived = _live(list(_published(hours * HOUR, jitter=jitter, missing=15)), usually=hours * HOUR)
    assert lived.polls_per_ranking < 1.55


@pytest.mark.parametrize(("hour", "most_days"), [(12, 1), (8, 20), (14, 1), (18, 10)])
def test_a_vendor_who_moves_to_another_hour_is_followed(hour: int, most_days: int) -> None:
    """Published at one o'clock for a month, and at another hour from then on."""
    changes_at = MIDNIGHT + 30 * DAY
    before = [one for one in _published(13 * HOUR) if one[1] < changes_at]
    after = [one for one in _published(hour * HOUR) if one[1] >= changes_at]
    lived = _live([*before, *after], usually=13 * HOUR)
    assert lived.polls_per_ranking < 1.4
    assert max(lived.delays[30 + most_days :]) < 2 * HOUR
