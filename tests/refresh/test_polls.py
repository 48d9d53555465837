"""A poll that was paid for serves whoever comes next, for an hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soundcharts_assets.refresh.charts import Poll, Polls
from soundcharts_assets.warehouse.spool import Spool

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
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
