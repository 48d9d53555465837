"""Which charts need a run of their own: never one that would do nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from soundcharts_assets.refresh.request import Request
from tests.conftest import Bench

NONE: dict[str, Any] = {"track_audience": [], "artist_audience": [], "artist_listening": []}
RADIO: dict[str, Any] = NONE | {"track_audience": ["airplay"]}
SLUG = "viral-50-40"


def _due(bench: Bench) -> set[str]:
    return bench.refresher().charts_due(timedelta())


def test_rankings_of_the_wanted_history_that_are_not_stored_make_a_chart_due(bench: Bench) -> None:
    bench.follow(SLUG, history_days=5, platforms=NONE)
    bench.sync(request=Request(limit=1))
    bench.content["charts"][0]["cascade"] = False
    bench.refresher().follow()
    assert _due(bench) == {SLUG}
    bench.sync()
    assert _due(bench) == set()


def test_rankings_that_are_not_wanted_any_more_do_not(bench: Bench) -> None:
    bench.follow(SLUG, history_days=5, platforms=NONE)
    bench.sync(request=Request(limit=1))
    bench.content |= {"history_days": 0, "charts": [{"slug": SLUG, "cascade": False}]}
    bench.refresher().follow()
    assert _due(bench) == set()


def test_a_chart_is_due_only_after_the_grace_that_its_own_next_update_is_given(bench: Bench) -> None:
    bench.follow(SLUG, platforms=NONE, freshness={"metadata": {"warn_days": 0.5, "fail_days": 1}})
    bench.sync()
    bench.let_pass(days=1, minutes=29)
    assert (bench.refresher().charts_due(timedelta(minutes=30)), _due(bench)) == (set(), {SLUG})
    bench.let_pass(minutes=1)
    assert bench.refresher().charts_due(timedelta(minutes=30)) == {SLUG}


@pytest.fixture
def billed_by_id(bench: Bench) -> Iterator[Bench]:
    """A bench whose sandbox bills a request for each id of a batch."""
    bench.sandbox.switch(batch_cost="id")
    yield bench
    bench.sandbox.switch(batch_cost="call")


def test_where_batches_are_billed_by_id_the_last_request_still_buys_a_row_and_then_no_run_is_due(
    billed_by_id: Bench,
) -> None:
    billed_by_id.follow("global-28", platforms=NONE, budget={"daily": 70})
    billed_by_id.sync()  # finds out what batches cost; another one of the usual size may not fit
    billed_by_id.sync()
    assert billed_by_id.sandbox.report().billed == 70
    assert _due(billed_by_id) == set()


def test_a_row_that_takes_several_calls_is_not_begun_where_they_do_not_fit(bench: Bench) -> None:
    bench.follow(SLUG, platforms=RADIO, audience={"airplay_history_days": 3}, budget={"daily": 30})
    bench.sync()
    asked = bench.sandbox.report()
    settled = bench.one(
        "SELECT count(*) FROM soundcharts.fetches WHERE subject = 'track_audience/airplay' AND fetched_at IS NOT NULL"
    )
    assert asked.by_endpoint["song_broadcasts"] == 3 * settled > 0
    assert asked.billed <= 30
