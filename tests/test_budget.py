"""A budget is kept to the call, a reserve is never touched, and a spent quota pauses everything until there is more."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from soundcharts_assets.refresh.breaker import PausedError
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from tests.conftest import Bench

pytestmark = pytest.mark.slow

FEW: dict[str, Any] = {"track_audience": ["spotify"], "artist_audience": ["spotify"], "artist_listening": []}
NONE: dict[str, Any] = {"track_audience": [], "artist_audience": [], "artist_listening": []}
SHARING = ("viral-50-40", "global-28")


@pytest.fixture(autouse=True)
def usual_price(bench: Bench) -> Iterator[None]:
    """Leave the sandbox billing by calls, as it does unless told otherwise."""
    yield
    bench.sandbox.switch(batch_cost="call")


def _cost(bench: Bench) -> int:
    return int(bench.one("SELECT coalesce(sum(cost), 0) FROM soundcharts.api_calls"))


def _fetched(bench: Bench) -> int:
    """Rows of tracks, artists and audiences that were fetched."""
    subjects = "subject IN ('tracks', 'artists') OR contains(subject, '_audience/')"
    return int(bench.one(f"SELECT count(*) FROM soundcharts.fetches WHERE fetched_at IS NOT NULL AND ({subjects})"))


# A day's budget


@pytest.mark.parametrize(("batch_cost", "daily"), [("call", 0), ("call", 2), ("call", 60), ("id", 3), ("id", 60)])
def test_a_pass_spends_no_more_than_the_budget_of_the_day_and_counts_what_it_spent_to_the_call(
    bench: Bench, batch_cost: str, daily: int
) -> None:
    bench.sandbox.switch(batch_cost=batch_cost)
    bench.follow("global-28", platforms=FEW, budget={"daily": daily})

    report = bench.sync()
    asked = bench.sandbox.report()

    assert report.exit_code == 0
    assert asked.billed == _cost(bench) <= daily
    # By calls there is always something left that one request buys; a batch billed by ids must fit as a whole.
    assert asked.billed == daily or batch_cost == "id"
    assert dict(report.calls) == asked.by_endpoint
    assert bench.one("SELECT coalesce(sum(calls), 0) FROM soundcharts.api_calls") == asked.calls
    named = sum(account.calls.total() for account in report.accounts)
    assert named + asked.by_endpoint.get("ranking_latest", 0) == asked.calls
    assert asked.duplicates == 0


def test_charts_and_passes_share_one_budget_a_day_and_what_was_left_is_fetched_on_the_next(bench: Bench) -> None:
    bench.follow(*SHARING, platforms=FEW, budget={"daily": 100})
    assert (bench.sync().left_due or 0) > 0
    bench.let_pass(hours=2)
    assert bench.sync().exit_code == 0
    assert bench.sandbox.report().billed == _cost(bench) == 100
    assert bench.refresher().charts_due(timedelta()) == set()  # a run could do nothing

    fetched = _fetched(bench)
    bench.let_pass(hours=7)  # past midnight, and nothing is due again yet
    assert bench.refresher().charts_due(timedelta()) != set()
    assert bench.sync().exit_code == 0
    # A few are left aside for what the charts will publish later that day.
    assert 190 < bench.sandbox.report().billed == _cost(bench) <= 200
    assert _fetched(bench) >= fetched + 90


def test_what_is_spent_goes_to_the_best_places_first(bench: Bench) -> None:
    bench.follow("global-28", platforms=FEW, budget={"daily": 40})
    bench.sync()
    places = bench.query(
        """
        SELECT entries.position, ledger.fetched_at IS NOT NULL
        FROM soundcharts.chart_entries AS entries
        LEFT JOIN soundcharts.fetches AS ledger
          ON ledger.uuid = entries.track_uuid AND ledger.subject = 'track_audience/spotify'
        ORDER BY entries.position
        """
    )
    fetched = [position for position, is_fetched in places if is_fetched]
    assert fetched == list(range(1, len(fetched) + 1))
    assert 1 <= len(fetched) < len(places)


def test_what_polls_of_the_day_will_take_is_left_aside(bench: Bench) -> None:
    bench.follow(*SHARING, platforms=FEW, budget={"daily": 30})
    refresher = bench.refresher()
    with refresher.warehouse.connect() as connection:
        assert refresher.room(connection) == 30 - len(SHARING)


def test_a_dry_run_spends_nothing_and_needs_no_budget(bench: Bench) -> None:
    bench.follow("global-28", platforms=FEW, budget={"daily": 0})
    assert bench.sync(request=Request(dry_run=True)).exit_code == 0
    assert bench.sandbox.report().calls == 0


# Prices that are not known


@pytest.mark.parametrize(
    ("switches", "api"),
    [({"batch_max_ids": 12}, {"batch_size": 30}), ({}, {"batch_size": 5})],
    ids=["batches refused", "small batches"],
)
def test_batches_billed_by_id_keep_to_the_budget_whatever_becomes_of_them(
    bench: Bench, switches: dict[str, int], api: dict[str, int]
) -> None:
    bench.sandbox.switch(batch_cost="id", **switches)
    quick = {"calls_per_minute": 100_000, "backoff_seconds": 0.01, "workers": 8}
    bench.follow("global-28", platforms=NONE, budget={"daily": 100}, api=quick | api)
    assert bench.sync().exit_code == 0
    assert bench.sandbox.report().billed == _cost(bench) <= 100


def test_calls_that_fail_are_not_counted_and_do_not_lead_over_the_budget(bench: Bench) -> None:
    bench.follow("global-28", platforms=FEW, budget={"daily": 80})
    bench.sandbox.faults([{"path": "audience", "kind": "status", "status": 503, "share": 0.3}])
    bench.sync()
    asked = bench.sandbox.report()
    assert asked.by_status["503"] > 0
    assert asked.billed == _cost(bench) <= 80


# A reserve


@pytest.mark.parametrize(("batch_cost", "reserve"), [("call", 900), ("id", 900), ("call", 2_000)])
def test_the_quota_never_falls_below_the_reserve(bench: Bench, batch_cost: str, reserve: int) -> None:
    bench.sandbox.switch(batch_cost=batch_cost, quota=1_000)
    bench.follow("global-28", platforms=FEW, budget={"reserve": reserve})
    for _ in range(2):
        assert bench.sync().exit_code == 0
    left = bench.sandbox.report().quota_remaining
    assert left >= min(reserve, 1_000)
    assert left == min(reserve, 1_000) or batch_cost == "id"
    assert bench.sandbox.report().billed == 1_000 - left == _cost(bench)


def test_of_a_budget_and_a_reserve_the_narrower_counts(bench: Bench) -> None:
    bench.sandbox.switch(quota=1_000)
    bench.follow("global-28", platforms=FEW, budget={"daily": 30, "reserve": 900})
    bench.sync()
    assert bench.sandbox.report().billed == 30


# A spent quota


def test_a_spent_quota_pauses_everything_until_there_is_quota_again(bench: Bench) -> None:
    bench.sandbox.switch(quota=30)
    bench.follow("global-28", platforms=FEW)
    assert bench.sync().exit_code == 3
    fetched = _fetched(bench)
    billed = bench.sandbox.report().billed
    assert billed == _cost(bench) == 33  # the quota and the tolerance of a tenth
    breaker = bench.refresher().find_breaker()
    assert breaker is not None
    assert (breaker.kind, breaker.opened_at) == ("quota", bench.now)

    bench.let_pass(minutes=30)
    unattended = bench.refresher()
    with pytest.raises(PausedError, match="paused since 2026-09-16 15:30 UTC for quota"):
        unattended.refresh_charts(["global-28"], Request(force=True))
    assert bench.refresher().charts_due(timedelta()) == set()
    assert bench.sync().exit_code == 3
    assert bench.sandbox.report().billed == billed

    bench.sandbox.switch(quota=1_000)
    bench.let_pass(minutes=10)
    assert bench.sync().exit_code == 0
    assert bench.refresher().find_breaker() is None
    assert _fetched(bench) > fetched
    assert bench.refresher().charts_due(timedelta()) == set()


def test_a_person_need_not_wait_for_the_next_look(bench: Bench) -> None:
    bench.sandbox.switch(quota=10)
    bench.follow("global-28", platforms=FEW)
    assert bench.sync().exit_code == 3
    bench.sandbox.switch(quota=1_000)
    attended = Refresher(bench.settings(bench.content), clock=lambda: bench.now, attended=True)
    attended.refresh_charts(["global-28"], Request(force=True))
    assert bench.refresher().find_breaker() is None
