"""A poll that was paid for serves whoever comes next, for an hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soundcharts_assets.refresh.charts import Poll, Polls
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.warehouse.spool import Spool
from tests.conftest import Bench

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SLUG = "global-28"
SLUGS = ["global-28", "top/50", "..", "it's 100%", "\U0001f98a"]
CHART = {
    "slug": "s",
    "name": "Top 28",
    "platform": "spotify",
    "type": "song",
    "frequency": "daily",
    "countryCode": "GB",
}
BODY: dict[str, Any] = {
    "related": {"chart": CHART, "date": "2026-03-02T00:00:00+00:00"},
    "items": [{"position": 1, "song": {"uuid": "t1", "name": "Song"}}],
    "page": {"offset": 0, "total": 1, "next": None, "previous": None, "limit": 100},
    "errors": [],
}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "warehouse.duckdb.spool")


def _polls(spool: Spool, now: datetime) -> Polls:
    return Polls(spool, "v2.14", lambda: now)


def _keep(spool: Spool, slug: str, body: Any) -> None:
    """Keep a poll as `Polls.poll` does, which needs a network."""
    if body is BODY:
        body = {**body, "related": {**body["related"], "chart": {**CHART, "slug": slug}}}
    spool.put_note("poll", slug, {"polled_at": NOON.isoformat(), "body": body})


@pytest.mark.parametrize("slug", SLUGS)
def test_a_poll_is_kept_for_the_next_process_whatever_the_slug(spool: Spool, slug: str) -> None:
    _keep(spool, slug, BODY)
    poll = _polls(spool, NOON + timedelta(minutes=5)).kept(slug)
    assert poll is not None
    assert (poll.slug, poll.polled_at, poll.text) == (slug, NOON, "2026-03-02T00:00:00+00:00")
    assert poll.ranked_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert poll.chart is not None
    assert (poll.chart.name, poll.chart.frequency) == ("Top 28", "daily")
    assert poll.page is not None
    assert (poll.page.total, len(poll.page.items)) == (1, 1)


def test_a_poll_stands_for_a_new_one_for_an_hour(spool: Spool) -> None:
    _keep(spool, "s", BODY)
    hour = timedelta(hours=1)
    assert _polls(spool, NOON + hour).kept("s") is not None
    assert _polls(spool, NOON + hour + timedelta(microseconds=1)).kept("s") is None


def test_a_chart_that_was_not_polled_has_no_poll(spool: Spool) -> None:
    _keep(spool, "s", BODY)
    assert _polls(spool, NOON).kept("s2") is None


@pytest.mark.parametrize(
    "body",
    [None, {"related": {"chart": CHART}, "items": [], "page": {"total": 0}}, {"items": [], "page": {"total": 0}}],
)
def test_a_chart_without_a_ranking_is_kept_as_such(spool: Spool, body: Any) -> None:
    _keep(spool, "s", body)
    assert _polls(spool, NOON).kept("s") == Poll("s", NOON)


def test_a_ranking_without_entries_is_a_ranking(spool: Spool) -> None:
    _keep(spool, "s", {**BODY, "items": [], "page": {"total": 0}})
    poll = _polls(spool, NOON).kept("s")
    assert poll is not None
    assert poll.ranked_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_a_poll_that_was_dropped_is_gone_and_dropping_it_again_is_no_error(spool: Spool) -> None:
    _keep(spool, "s", BODY)
    polls = _polls(spool, NOON)
    polls.drop("s")
    polls.drop("s")
    assert polls.kept("s") is None


# When a ranking was first seen


def _first_seen(bench: Bench) -> tuple[datetime | None, datetime | None]:
    """When the newest stored ranking was first seen, and last asked for in vain."""
    seen = bench.query("SELECT seen_at, unseen_at FROM soundcharts.chart_rankings ORDER BY ranked_at DESC LIMIT 1")
    return seen[0]


def _poll(bench: Bench) -> None:
    bench.refresher().poll_all([SLUG])


def _store(bench: Bench) -> None:
    bench.refresher().refresh_rankings([SLUG], Request())


def test_a_ranking_was_first_seen_by_the_first_poll_that_brought_it_whoever_stores_it_when(bench: Bench) -> None:
    bench.follow(SLUG)
    first = bench.now
    _poll(bench)
    for hours in (0.5, 2, 30):  # somebody else polls, the kept answer grows too old, the run comes a day later
        bench.let_pass(hours=hours)
        _poll(bench)
    bench.let_pass(hours=3)
    _store(bench)
    assert _first_seen(bench) == (first, None)


def test_where_the_answer_of_the_first_poll_is_lost_it_is_not_known_when_a_ranking_was_first_seen(bench: Bench) -> None:
    bench.follow(SLUG)
    _poll(bench)
    Polls(bench.refresher().warehouse.spool, "v2.14", lambda: bench.now).drop(SLUG)
    bench.let_pass(hours=2)
    _store(bench)
    assert _first_seen(bench) == (None, None)


def test_a_poll_in_vain_is_remembered_with_the_ranking_that_comes_after_it(moving_bench: Bench) -> None:
    bench = moving_bench
    bench.follow(SLUG)
    _poll(bench)
    _store(bench)
    newest = bench.one("SELECT max(ranked_at) FROM soundcharts.chart_rankings")
    for _ in range(10):
        in_vain = bench.now
        bench.sandbox.advance(1)
        bench.let_pass(days=1)
        _poll(bench)
        _store(bench)
        if bench.one("SELECT max(ranked_at) FROM soundcharts.chart_rankings") != newest:
            break
    assert _first_seen(bench) == (bench.now, in_vain)
