"""How complete and how fresh the warehouse is, chart by chart and over all.

What is found out belongs here: from the warehouse alone, without a call and without Dagster. How it is shown is the
business of whoever shows it. What is due is decided in `warehouse.work`, whose SQL is used here as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import duckdb

from soundcharts_assets.following import Following
from soundcharts_assets.refresh.breaker import BREAKER, Breaker, open_breaker
from soundcharts_assets.refresh.budget import day_of
from soundcharts_assets.refresh.charts import AVAILABLE, CHARTS, RANKINGS
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.polling import AT_ONCE, next_poll_at
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.subjects import past_fail
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.connection import SPOOL
from soundcharts_assets.warehouse.insights import INSIGHTS, behind
from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.work import PollState

NEVER_ASKED = "never asked"
_NO_FAILURES = frozenset({NEVER_ASKED, Status.OK, Status.EMPTY, Status.WANTED})


@dataclass
class AssetStatus:
    """One asset's part of a chart.

    Attributes:
        due: Rows that a run would ask for now.
        oldest: When the stalest of them was settled, those left aside that are told to wait; None for none.
        rows: Rows that the chart reaches, by how their last attempt ended.
    """

    due: int = 0
    oldest: datetime | None = None
    rows: Counter[str] = field(default_factory=Counter)

    @property
    def failures(self) -> dict[str, int]:
        """Rows whose last attempt brought nothing, by how it ended."""
        return {kind: count for kind, count in sorted(self.rows.items()) if kind not in _NO_FAILURES}

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """The asset as a JSON object."""
        return {
            "due": self.due,
            "oldest": _iso(self.oldest),
            "oldest_age_seconds": None if self.oldest is None else round((now - self.oldest).total_seconds()),
            "rows": dict(sorted(self.rows.items())),
            "failures": self.failures,
        }


@dataclass(frozen=True)
class ChartStatus:
    """A chart that is or was followed.

    Attributes:
        slug: Its name at Soundcharts.
        poll: What is known of it with regard to polling; None where there is no warehouse yet.
        followed: Whether it still is; where not, it is neither polled nor refreshed.
        cascade: Whether its tracks and artists are wanted too.
        rankings: How many are stored.
        assets: What it reaches, by asset.
    """

    slug: str
    poll: PollState | None
    followed: bool
    cascade: bool
    rankings: int
    assets: Mapping[str, AssetStatus]

    @property
    def title(self) -> str | None:
        """What it is called, as far as it was heard of."""
        return (self.poll.title or None) if self.poll else None

    @property
    def next_poll(self) -> datetime | None:
        """When the sensor asks again: `AT_ONCE` where it never did, None where it waits for a run or for nothing."""
        if not self.followed or self.has_news:
            return None
        return AT_ONCE if self.poll is None else next_poll_at(self.poll)

    @property
    def has_news(self) -> bool:
        """Whether a ranking was seen that no run has stored yet."""
        return self.poll is not None and self.poll.has_news

    @property
    def due(self) -> int:
        """Rows of all assets that a run would ask for now."""
        return sum(asset.due for asset in self.assets.values())

    @property
    def failures(self) -> Counter[str]:
        """Rows of all assets whose last attempt brought nothing, by how it ended."""
        return sum((Counter(asset.failures) for asset in self.assets.values()), Counter[str]())

    def reached(self, entity: str) -> int:
        """Tracks or artists that it reaches: all of them are wanted with their metadata."""
        return self.assets[entity].rows.total() if entity in self.assets else 0

    def oldest(self, *, metadata: bool) -> datetime | None:
        """When the stalest metadata, or else the stalest series, was settled."""
        instants = [
            asset.oldest
            for name, asset in self.assets.items()
            if asset.oldest is not None and ((name in {"tracks", "artists"}) if metadata else "/" in name)
        ]
        return min(instants, default=None)

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """The chart as a JSON object."""
        poll = self.poll
        return {
            "slug": self.slug,
            "title": self.title,
            "frequency": poll.frequency if poll else None,
            "followed": self.followed,
            "cascade": self.cascade,
            "newest_ranking": _iso(poll.newest_stored if poll else None),
            "newest_ranking_seen": _iso(poll.newest_seen if poll else None),
            "last_poll": _iso(poll.polled_at if poll else None),
            "next_poll": "at once" if self.next_poll == AT_ONCE else _iso(self.next_poll),
            "rankings": self.rankings,
            "tracks": self.reached("tracks"),
            "artists": self.reached("artists"),
            "due": self.due,
            "failures": dict(sorted(self.failures.items())),
            "assets": {name: asset.as_dict(now) for name, asset in self.assets.items()},
        }


@dataclass
class WarehouseStatus:
    """The whole.

    Attributes:
        at: As of when.
        place: Where the warehouse is: the path of a file, or the name of a lake.
        exists: Whether it is there yet; where not, all the rest is empty.
        charts: The followed ones in their order, then those that are followed no more; or those that were named.
        followed: How many are followed, named or not.
        retired: How many are known and followed no more.
        due: Rows due now by asset, what several charts reach counted once.
        breaker: What has stopped everything, if anything has.
        daily: Requests that may be spent a day.
        spent_today: Requests spent of them.
        reserve: Requests of the quota that are never spent.
        quota_left: What was left of it when it was last heard of.
        unreached: Tracks and artists that no followed chart reaches, and that are not refreshed.
        spooled: Batches that wait beside the warehouse.
        ledger: Everything ever asked for, by how the last attempt ended.
        behind: Computed tables that lack something that was fetched.
    """

    at: datetime
    place: str
    exists: bool
    charts: Sequence[ChartStatus] = ()
    followed: int = 0
    retired: int = 0
    due: Mapping[str, int] = field(default_factory=dict)
    breaker: Breaker | None = None
    daily: int | Literal["unlimited"] | None = None
    spent_today: int = 0
    reserve: int = 0
    quota_left: int | None = None
    unreached: Mapping[str, int] = field(default_factory=dict)
    spooled: int = 0
    ledger: Mapping[str, int] = field(default_factory=dict)
    behind: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """The whole as one JSON object."""
        breaker = self.breaker
        return {
            "at": self.at.isoformat(),
            "warehouse": {"path": self.place, "exists": self.exists},
            "charts": [chart.as_dict(self.at) for chart in self.charts],
            "followed": self.followed,
            "retired": self.retired,
            "due": dict(self.due),
            "breaker": breaker
            and {
                "kind": breaker.kind,
                "since": breaker.opened_at.isoformat(),
                "next_look": breaker.look_at.isoformat(),
                "reason": breaker.reason,
            },
            "budget": {"daily": self.daily, "spent_today": self.spent_today, "reserve": self.reserve},
            "quota_left": self.quota_left,
            "unreached": dict(self.unreached),
            "spooled": self.spooled,
            "ledger": dict(self.ledger),
            "behind": list(self.behind),
        }


def look(refresher: Refresher, named: Sequence[str] = ()) -> WarehouseStatus:
    """Find out how things stand. Neither a call is made nor a warehouse.

    Args:
        refresher: Knows settings, clock and warehouse.
        named: Only these charts; none means all that are followed or known.

    Raises:
        SettingsError: A named chart is neither followed nor known.
        WarehouseError: The warehouse cannot be read.
    """
    if not refresher.warehouse.is_made():
        found = _found(refresher, exists=False)
        found.charts = _charts(refresher, named, {}, {}, {})
        return found
    following = refresher.following
    with refresher.warehouse.connect() as connection:
        return look_through(connection, refresher, following, named)


def look_through(
    connection: duckdb.DuckDBPyConnection, refresher: Refresher, following: Following, named: Sequence[str] = ()
) -> WarehouseStatus:
    """Find out how things stand in a warehouse that is open, for whoever asks other questions of it too.

    Args:
        connection: To the warehouse.
        refresher: Knows settings and clock.
        following: The charts that are followed, which is found out before the warehouse is opened.
        named: Only these charts; none means all that are followed or known.

    Raises:
        SettingsError: A named chart is neither followed nor known.
    """
    found = _found(refresher, exists=True)
    cascading = [chart.slug for chart in following.charts if chart.cascade]
    wanted = past_fail(list(refresher.subjects.values()), found.at)
    rankings = dict(connection.execute(query("status_charts")).fetchall())
    polls = work.poll_states(connection, list(dict.fromkeys([*following.slugs, *rankings])))
    parameters = work.due_parameters(wanted, found.at)
    assets = _assets(connection, parameters, following)
    found.due = _due(connection, parameters)
    found.unreached = dict(connection.execute(query("status_unreached"), {"charts": cascading}).fetchall())
    found.ledger = _ledger(connection)
    found.behind = behind(connection, INSIGHTS)
    found.breaker = open_breaker(connection)
    found.spent_today = work.spent_since(connection, day_of(found.at))
    found.quota_left = work.last_quota(connection)
    found.retired = sum(not following.follows(slug) for slug in rankings)
    found.charts = _charts(refresher, named, {state.slug: state for state in polls}, rankings, assets)
    return found


def _found(refresher: Refresher, *, exists: bool) -> WarehouseStatus:
    """What is known without asking the warehouse."""
    warehouse, limits = refresher.warehouse, refresher.settings.file.budget
    place = str(warehouse.path.absolute()) if refresher.settings.lake is None else warehouse.name
    found = WarehouseStatus(refresher.clock(), place, exists, daily=limits.daily, reserve=limits.reserve)
    found.spooled = len(warehouse.spool.waiting())
    found.followed = len(refresher.following.slugs)
    return found


def _assets(
    connection: duckdb.DuckDBPyConnection,
    parameters: Mapping[str, Any],
    following: Following,
) -> dict[str, dict[str, AssetStatus]]:
    """What charts reach, by chart and asset. Of a chart that is not followed nothing is due."""
    parts = ("due_wanted", "reach_of_known", "reach_numbered", "due", "status_assets")
    reached = " ".join(map(query, parts))
    rows = connection.execute(query("status_rankings"), {"now": parameters["now"]}).fetchall()
    rows += connection.execute(reached, parameters).fetchall()
    found: dict[str, dict[str, AssetStatus]] = {}
    for slug, subject, status, count, due, oldest in rows:
        asset = found.setdefault(slug, {}).setdefault(subject, AssetStatus())
        asset.rows[status] += count
        asset.due += due if following.follows(slug) else 0
        asset.oldest = min((one for one in (asset.oldest, oldest) if one is not None), default=None)
    return found


def _due(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> dict[str, int]:
    """Rows due now by asset, each once, as automation sees them."""
    once = f"{query('due_wanted')} {query('reach_of_all')} {query('due')} {query('status_due')}"
    due = dict(connection.execute(once, parameters).fetchall())
    rankings = sum(work.unsettled_rankings(connection, now=parameters["now"]).values())
    return dict(sorted(({RANKINGS: rankings} | due if rankings else due).items()))


def _ledger(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(
        connection.execute(
            """
            SELECT status, count(*)
            FROM soundcharts.fetches
            WHERE subject NOT IN ($breaker, $spool)
            GROUP BY status
            ORDER BY status
            """,
            {"breaker": BREAKER, "spool": SPOOL},
        ).fetchall()
    )


def _charts(
    refresher: Refresher,
    named: Sequence[str],
    polls: Mapping[str, PollState],
    rankings: Mapping[str, int],
    assets: Mapping[str, Mapping[str, AssetStatus]],
) -> list[ChartStatus]:
    """Put together what is known of each chart, the assets in the order of the cascade."""
    following = refresher.following
    known = list(dict.fromkeys([*following.slugs, *rankings]))
    strange = [slug for slug in named if slug not in known]
    if strange:
        raise SettingsError(f"{', '.join(strange)}: neither followed nor in the warehouse")
    order = [CHARTS, AVAILABLE, RANKINGS, *refresher.subjects]
    return [
        ChartStatus(
            slug,
            polls.get(slug),
            following.follows(slug),
            following.follows(slug) and following.chart(slug).cascade,
            rankings.get(slug, 0),
            {name: assets[slug][name] for name in order if name in assets.get(slug, {})},
        )
        for slug in list(dict.fromkeys(named)) or known
    ]


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
