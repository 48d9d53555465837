"""What the tables say of polls, of rankings that are wanting, and of what was spent."""

from datetime import timedelta

import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.work import (
    PollState,
    bills_by_id,
    last_quota,
    poll_states,
    spent_since,
    unsettled_rankings,
)
from tests.warehouse.helpers import AWKWARD_TEXTS, DAY, HOUR, MOMENT, NOON, commit, ledger, stored_ranking

MINUTE = timedelta(minutes=1)
CALLS = ("hour", "endpoint", "status", "calls", "cost", "quota_remaining")
WITHOUT_COST = ("hour", "endpoint", "status", "calls", "quota_remaining")
NOTHING_KNOWN = PollState("s", "", None, None, None, None, None, [], [], 0, None)


def _state(warehouse: Warehouse, slug: str = "s") -> PollState:
    with warehouse.connect() as connection:
        (state,) = poll_states(connection, [slug])
    return state


def _described(**columns: object) -> Change:
    row = {"slug": "s", "followed": True, "cascade": True} | columns
    return Change("charts", Mode.UPSERT, tuple(row), [tuple(row.values())])


# Polls


def test_of_a_chart_never_heard_of_nothing_is_known_but_its_slug(warehouse: Warehouse) -> None:
    assert _state(warehouse) == NOTHING_KNOWN
    assert not NOTHING_KNOWN.has_news


def test_a_chart_is_known_by_what_the_last_poll_said_of_it(warehouse: Warehouse) -> None:
    commit(
        warehouse,
        _described(name="Top 28", platform="spotify", frequency="daily", max_results=200, latest_ranked_at=NOON),
        ledger("charts", "s", "ok", NOON + HOUR),
    )
    assert _state(warehouse) == NOTHING_KNOWN._replace(
        title="Top 28, spotify", frequency="daily", polled_at=NOON + HOUR, newest_seen=NOON, places=200
    )


@pytest.mark.parametrize(
    ("place", "title"),
    [
        ({"country_name": "France", "city_name": None}, "Top, spotify, France"),
        ({"country_name": "France", "city_name": ""}, "Top, spotify, France"),
        ({"country_name": "France", "city_name": "Lyon"}, "Top, spotify, Lyon"),
        ({"country_name": None, "city_name": None}, "Top, spotify"),
    ],
)
def test_a_title_tells_name_platform_and_the_narrowest_place(
    warehouse: Warehouse, place: dict[str, str | None], title: str
) -> None:
    commit(warehouse, _described(name="Top", platform="spotify", **place))
    assert _state(warehouse).title == title


@pytest.mark.parametrize("status", ["failed", "malformed", "forbidden", "gone", "unsupported"])
def test_a_poll_that_failed_waits_as_the_ledger_says(warehouse: Warehouse, status: str) -> None:
    commit(warehouse, ledger("charts", "s", status, NOON, attempts=3, not_before=NOON + 4 * HOUR))
    state = _state(warehouse)
    assert (state.polled_at, state.waits_until, state.attempts) == (NOON, NOON + 4 * HOUR, 3)


@pytest.mark.parametrize("status", ["ok", "empty", "not_found"])
def test_a_poll_that_was_answered_does_not_wait(warehouse: Warehouse, status: str) -> None:
    commit(warehouse, ledger("charts", "s", status, NOON, not_before=NOON + 7 * DAY))
    assert _state(warehouse).waits_until is None


def test_news_is_a_ranking_that_was_seen_and_is_newer_than_all_that_are_stored(warehouse: Warehouse) -> None:
    commit(warehouse, _described(latest_ranked_at=NOON))
    assert _state(warehouse).has_news
    commit(warehouse, *stored_ranking("s", "t", at=NOON - DAY))
    assert _state(warehouse).has_news
    assert _state(warehouse).newest_stored == NOON - DAY
    commit(warehouse, *stored_ranking("s", "t"))
    assert not _state(warehouse).has_news
    commit(warehouse, *stored_ranking("s", "t", at=NOON + DAY))
    assert not _state(warehouse).has_news


def _habits(warehouse: Warehouse) -> list[tuple[timedelta, timedelta | None]]:
    """How long after their stamps rankings were seen, and asked for in vain before, newest first."""
    state = _state(warehouse)
    return list(zip(state.seen_after, state.unseen_after, strict=True))


def test_habits_are_when_the_last_rankings_were_seen_but_not_the_first_which_was_there_before(
    warehouse: Warehouse,
) -> None:
    for days in range(4):
        at = NOON + days * DAY
        seen_at = at + HOUR + days * MINUTE
        commit(warehouse, *stored_ranking("s", at=at, seen_at=seen_at, unseen_at=seen_at - 30 * MINUTE))
    found = [(HOUR + days * MINUTE, HOUR + (days - 30) * MINUTE) for days in (3, 2, 1)]
    assert _habits(warehouse) == found


def test_no_more_than_the_last_seven_are_told(warehouse: Warehouse) -> None:
    for days in range(12):
        at = NOON + days * DAY
        commit(warehouse, *stored_ranking("s", at=at, seen_at=at + days * HOUR))
    assert _habits(warehouse) == [(days * HOUR, None) for days in range(11, 4, -1)]


def test_the_poll_that_saw_the_ranking_before_was_not_in_vain(warehouse: Warehouse) -> None:
    for days in range(3):
        at = NOON + days * DAY
        commit(warehouse, *stored_ranking("s", at=at, seen_at=at + HOUR, unseen_at=at + HOUR - DAY))
    assert _habits(warehouse) == [(HOUR, None), (HOUR, None)]


def test_polls_for_a_ranking_that_never_came_say_nothing_of_the_next(warehouse: Warehouse) -> None:
    for days in (0, 1, 3, 4):
        at = NOON + days * DAY
        commit(warehouse, *stored_ranking("s", at=at, seen_at=at + HOUR, unseen_at=at - HOUR))
    assert _habits(warehouse) == [(HOUR, -HOUR), (HOUR, None), (HOUR, -HOUR)]


def test_a_delay_may_be_longer_than_a_month(warehouse: Warehouse) -> None:
    commit(warehouse, *stored_ranking("s", at=NOON, seen_at=NOON + HOUR))
    commit(warehouse, *stored_ranking("s", at=NOON + DAY, seen_at=NOON + 41 * DAY + MOMENT))
    assert _habits(warehouse) == [(40 * DAY + MOMENT, None)]


def test_rankings_that_came_with_history_say_nothing_of_habits(warehouse: Warehouse) -> None:
    commit(warehouse, *stored_ranking("s", at=NOON, seen_at=NOON + HOUR))
    commit(warehouse, *stored_ranking("s", at=NOON - DAY), *stored_ranking("s", at=NOON - 2 * DAY))
    assert _habits(warehouse) == []
    commit(warehouse, *stored_ranking("s", at=NOON + DAY, seen_at=NOON + DAY + 2 * HOUR))
    assert _habits(warehouse) == [(2 * HOUR, None)]


def test_charts_are_told_apart_whatever_their_slugs(warehouse: Warehouse) -> None:
    for number, slug in enumerate(AWKWARD_TEXTS):
        commit(warehouse, _described(slug=slug, max_results=number), ledger("charts", slug, "ok", NOON + number * HOUR))
    with warehouse.connect() as connection:
        found = {state.slug: (state.places, state.polled_at) for state in poll_states(connection, AWKWARD_TEXTS)}
        assert poll_states(connection, []) == []
    assert found == {slug: (number, NOON + number * HOUR) for number, slug in enumerate(AWKWARD_TEXTS)}


# Rankings that are wanting


def _unsettled(warehouse: Warehouse) -> dict[str, int]:
    with warehouse.connect() as connection:
        return unsettled_rankings(connection, now=NOON)


def test_rankings_that_are_wanting_are_counted_by_chart(warehouse: Warehouse) -> None:
    commit(warehouse, *(ledger("chart_rankings", f"x@{day}", "wanted") for day in range(3)))
    commit(warehouse, ledger("chart_rankings", "y@1", "failed"), ledger("chart_rankings", "y@2", "ok", NOON))
    commit(warehouse, ledger("chart_rankings", "z@1", "ok", NOON), ledger("charts", "z@2", "failed"))
    assert _unsettled(warehouse) == {"x": 3, "y": 1}


def test_rankings_that_wait_are_not_wanting_until_their_time_has_come(warehouse: Warehouse) -> None:
    waits = [None, NOON - HOUR, NOON, NOON + MOMENT, NOON + DAY]
    commit(warehouse, *(ledger("chart_rankings", f"x@{n}", "failed", not_before=w) for n, w in enumerate(waits)))
    assert _unsettled(warehouse) == {"x": 3}


def test_the_chart_of_a_ranking_is_what_stands_before_its_last_at_sign(warehouse: Warehouse) -> None:
    slugs = [*AWKWARD_TEXTS, "top@home", "@", "top@home@night"]
    commit(warehouse, *(ledger("chart_rankings", f"{slug}@2026-03-01T12:00:00+00:00", "wanted") for slug in slugs))
    assert _unsettled(warehouse) == dict.fromkeys(slugs, 1)


# What was spent


def _count(
    hours_ago: int, endpoint: str = "song", calls: int = 1, cost: int | None = 1, quota: int | None = None
) -> Change:
    return Change("api_calls", Mode.ADD, CALLS, [(NOON - hours_ago * HOUR, endpoint, "200", calls, cost, quota)])


def test_spent_is_the_cost_of_the_hours_since_and_not_the_number_of_calls(warehouse: Warehouse) -> None:
    commit(warehouse, _count(0, cost=50), _count(0, "artist", cost=7), _count(12, cost=100), _count(13, cost=1_000))
    with warehouse.connect() as connection:
        spent = [spent_since(connection, NOON - hours * HOUR) for hours in (-1, 0, 12, 13)]
    assert spent == [0, 57, 157, 1_157]


def test_nothing_was_spent_where_nothing_was_asked_or_the_cost_was_not_noted_yet(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        assert spent_since(connection, NOON - DAY) == 0
    old = Change("api_calls", Mode.ADD, WITHOUT_COST, [(NOON, "song", "200", 9, None)])
    commit(warehouse, old)
    with warehouse.connect() as connection:
        assert spent_since(connection, NOON - DAY) == 0


def test_costs_of_an_hour_endpoint_and_status_add_up(warehouse: Warehouse) -> None:
    for cost in (1, 50, 0):
        commit(warehouse, _count(0, calls=2, cost=cost))
    with warehouse.connect() as connection:
        assert connection.execute("SELECT calls, cost FROM soundcharts.api_calls").fetchall() == [(6, 51)]
        assert spent_since(connection, NOON) == 51


def test_calls_counted_by_an_earlier_version_leave_the_cost_as_it_was(warehouse: Warehouse) -> None:
    old = Change("api_calls", Mode.ADD, WITHOUT_COST, [(NOON, "song", "200", 9, None)])
    for counted in (old, _count(0, cost=5), old, _count(0, cost=7)):
        commit(warehouse, counted)
    with warehouse.connect() as connection:
        assert connection.execute("SELECT calls, cost FROM soundcharts.api_calls").fetchall() == [(20, 12)]


def test_the_quota_is_the_lowest_of_the_last_hour_that_told_one(warehouse: Warehouse) -> None:
    commit(warehouse, _count(5, quota=10), _count(2, quota=900), _count(2, "artist", quota=800))
    commit(warehouse, _count(2, "team_usage"), _count(1))
    with warehouse.connect() as connection:
        assert last_quota(connection) == 800


def test_the_quota_may_be_nothing_and_may_be_unknown(warehouse: Warehouse) -> None:
    commit(warehouse, _count(1))
    with warehouse.connect() as connection:
        assert last_quota(connection) is None
    commit(warehouse, _count(0, quota=0))
    with warehouse.connect() as connection:
        assert last_quota(connection) == 0


@pytest.mark.parametrize(
    ("counts", "by_id"),
    [
        ([], False),
        ([_count(0, calls=9, cost=9)], False),
        ([_count(0, calls=2, cost=100)], True),
        ([_count(0, calls=2, cost=100), _count(900, "artist", calls=40, cost=40)], True),
        ([_count(0, "song_audience/spotify", calls=1, cost=100)], False),
        ([_count(0, calls=3, cost=None)], False),
    ],
    ids=["nothing", "by call", "by id", "by id with single calls", "other calls", "not noted"],
)
def test_that_batches_are_billed_by_id_is_seen_in_what_they_cost_so_far(
    warehouse: Warehouse,
    counts: list[Change],
    by_id: bool,  # noqa: FBT001
) -> None:
    commit(warehouse, *counts)
    with warehouse.connect() as connection:
        assert bills_by_id(connection) is by_id
