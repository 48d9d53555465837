"""How the upkeep of the warehouse stands, for whoever runs it: freshness, calls and quota, failures, what is due.

What is due and how complete charts are is found out by `refresh.status`, what a month costs by `refresh.month`; here it
is asked for in the page's transaction, and put into plain lists without what is nobody else's business: no paths, no
addresses, no text of errors.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from soundcharts_assets.dashboard.encoding import columns
from soundcharts_assets.following import Following
from soundcharts_assets.refresh.month import month_of
from soundcharts_assets.refresh.polling import AT_ONCE
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.status import ChartStatus, WarehouseStatus, look_through
from soundcharts_assets.warehouse import work

_DAYS = 30
_OF_CHART = ("slug", "title", "health", "reason", "newest", "expected", "polled", "nextPoll", "rankings")
_OF_ROWS = ("tracks", "artists", "due", "metadata", "series", "failures")


@dataclass(frozen=True)
class Upkeep:
    """What the warehouse says of its upkeep.

    Attributes:
        status: How complete and fresh it is.
        month: Calls of the next thirty days, by asset.
        assumed: Charts for which that is an assumption.
        health: Of each followed chart: how it stands, why, and when its next ranking is expected.
        ledger: By kind of thing and how the last attempt ended: how many, oldest and newest.
        days: By day: calls, requests of the quota, refusals, quota left.
        endpoints: By endpoint and status: calls and requests of the quota.
    """

    status: WarehouseStatus
    month: Counter[str]
    assumed: int
    health: Sequence[tuple[Any, ...]]
    ledger: Sequence[tuple[Any, ...]]
    days: Sequence[tuple[Any, ...]]
    endpoints: Sequence[tuple[Any, ...]]


def look_after(
    connection: duckdb.DuckDBPyConnection,
    refresher: Refresher,
    following: Following,
    text: Callable[[str], str],
) -> Upkeep:
    """Find out how the upkeep stands.

    Args:
        connection: To the warehouse.
        refresher: Knows settings and clock.
        following: The charts that are followed.
        text: Returns the question of a name.
    """
    now = refresher.clock()
    states = work.poll_states(connection, following.slugs)
    cascading = [state for state in states if following.chart(state.slug).cascade]
    subjects = work.month(connection, refresher.all_due(now), now=now)
    lately = {"today": now.date(), "days": _DAYS}
    return Upkeep(
        status=look_through(connection, refresher, following),
        month=month_of(refresher.settings, following, states, cascading, subjects),
        assumed=sum(state.newest_stored is None for state in states),
        health=connection.execute(text("health")).fetchall(),
        ledger=connection.execute(text("ledger")).fetchall(),
        days=connection.execute(text("calls_by_day"), lately).fetchall(),
        endpoints=connection.execute(text("calls_by_endpoint"), lately).fetchall(),
    )


def operations(upkeep: Upkeep, now: datetime) -> dict[str, Any]:
    """Put it into plain lists."""
    status = upkeep.status
    breaker = status.breaker
    return {
        "followed": status.followed,
        "retired": status.retired,
        "daily": status.daily,
        "spentToday": status.spent_today,
        "reserve": status.reserve,
        "quotaLeft": status.quota_left,
        "spooled": status.spooled,
        "unreached": dict(status.unreached),
        # Its reason may quote what a server said, and stays at home.
        "breaker": breaker and {"kind": breaker.kind, "since": _iso(breaker.opened_at), "look": _iso(breaker.look_at)},
        "due": dict(status.due),
        "month": dict(upkeep.month),
        "monthAssumed": upkeep.assumed,
        "charts": _charts(status.charts, upkeep.health, now),
        "ledger": columns(
            ("subject", "status", "rows", "oldest", "newest"),
            ((subject, state, rows, _iso(old), _iso(new)) for subject, state, rows, old, new in upkeep.ledger),
        ),
        "days": columns(
            ("day", "calls", "requests", "refused", "quota"), ((_iso(day), *rest) for day, *rest in upkeep.days)
        ),
        "daysShown": _DAYS,
        "endpoints": columns(("endpoint", "status", "calls", "requests"), upkeep.endpoints),
    }


def _charts(charts: Sequence[ChartStatus], health: Sequence[tuple[Any, ...]], now: datetime) -> dict[str, list[Any]]:
    """A row for each chart that is followed."""
    stands = {slug: (word, reason, expected) for slug, word, reason, expected in health}
    return columns(
        (*_OF_CHART, *_OF_ROWS),
        (
            (
                chart.slug,
                chart.title,
                *stands.get(chart.slug, (None, None))[:2],
                _iso(chart.poll.newest_stored if chart.poll else None),
                _iso(stands[chart.slug][2]) if chart.slug in stands else None,
                _iso(chart.poll.polled_at if chart.poll else None),
                _next_poll(chart, now),
                chart.rankings,
                chart.reached("tracks"),
                chart.reached("artists"),
                chart.due,
                _iso(chart.oldest(metadata=True)),
                _iso(chart.oldest(metadata=False)),
                dict(sorted(chart.failures.items())),
            )
            for chart in charts
            if chart.followed
        ),
    )


def _next_poll(chart: ChartStatus, now: datetime) -> str | None:
    """When it is polled next: an instant, or a word where it is not an instant that decides."""
    if chart.has_news:
        return "at a run"
    if chart.next_poll is None:
        return None
    return "now" if chart.next_poll == AT_ONCE or chart.next_poll <= now else _iso(chart.next_poll)


def _iso(instant: Any) -> str | None:
    return (
        None
        if instant is None
        else instant.isoformat(timespec="seconds")
        if isinstance(instant, datetime)
        else instant.isoformat()
    )
