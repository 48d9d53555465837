"""Time passes: the sandbox's days go by, the operator is asked at every tick, and what becomes of the rows is watched.

The operator is whoever decides on polls and runs. What should have been asked is the oracle's business; what the result
must be like is said in the tests.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from soundcharts_assets.sandbox.process import Sandbox
from soundcharts_assets.warehouse.connection import Warehouse
from tests.month.oracle import NOON, Oracle, Rules, Run

POLLS = "ranking_latest"

# A row that had to wait is as old as its window when the waiting is over, however long ago it was asked for.
_AGES = """
WITH charted AS (
    SELECT entries.track_uuid AS uuid, max(entries.ranked_at) AS charted_at
    FROM soundcharts.chart_entries AS entries
    JOIN soundcharts.charts AS charts ON charts.slug = entries.chart_slug AND charts.followed AND charts.cascade
    GROUP BY entries.track_uuid
),
reachable AS (
    SELECT 'tracks' AS entity, tracks.uuid, charted.charted_at, tracks.discovered_at
    FROM charted
    JOIN soundcharts.tracks AS tracks ON tracks.uuid = charted.uuid
    UNION ALL
    SELECT 'artists', artists.uuid, max(charted.charted_at), any_value(artists.discovered_at)
    FROM charted
    JOIN soundcharts.track_artists AS credits ON credits.track_uuid = charted.uuid
    JOIN soundcharts.artists AS artists ON artists.uuid = credits.artist_uuid
    GROUP BY artists.uuid
),
wanted AS (
    SELECT
        unnest($subjects::VARCHAR[]) AS subject,
        unnest($entities::VARCHAR[]) AS entity,
        unnest($windows::INTERVAL[]) AS fail_window
)
SELECT
    wanted.subject,
    max($now::TIMESTAMPTZ - greatest(
        coalesce(ledger.fetched_at, reachable.discovered_at),
        ledger.not_before - wanted.fail_window
    )) AS age
FROM reachable
JOIN wanted ON wanted.entity = reachable.entity
LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = wanted.subject AND ledger.uuid = reachable.uuid
LEFT JOIN soundcharts.fetches AS metadata ON metadata.subject = reachable.entity AND metadata.uuid = reachable.uuid
WHERE coalesce(ledger.not_before <= $now::TIMESTAMPTZ, true)
  AND (wanted.subject = wanted.entity OR coalesce(reachable.charted_at >= $charted_since::TIMESTAMPTZ, true))
  AND (wanted.subject = wanted.entity OR coalesce(metadata.status NOT IN ('not_found', 'gone'), true))
GROUP BY wanted.subject
"""

_NEWEST = "SELECT chart_slug, max(ranked_at) FROM soundcharts.chart_rankings GROUP BY chart_slug"
_FOLLOWERS = """
SELECT * EXCLUDE (fetched_at)
FROM soundcharts.artist_audience
ORDER BY ALL
"""


class RunAsked(NamedTuple):
    """A run that the operator wants, and why."""

    charts: tuple[str, ...]
    cause: str


class Operator(Protocol):
    """Whoever decides when charts are polled and refreshed, and refreshes them."""

    def sensor_tick(self) -> list[RunAsked]:
        """Poll what is worth a poll, and ask for runs."""

    def automation_tick(self) -> list[RunAsked]:
        """Ask for runs of charts with stale rows."""

    def carry_out(self, run: RunAsked) -> None:
        """Do what a run does."""


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        calls: Calls by endpoint, as the sandbox counted them.
        needed: Calls by endpoint that the same runs needed, polls left out.
        runs: The runs that were carried out, by cause.
        published: Rankings that the charts published, or had at the begin.
        stored: Rankings in the warehouse.
        ages: Greatest age of a reachable row, by day and subject.
        daily_followers: Calls for artist audiences that the same runs would have taken without waiting for crawls.
        followers: Every row of `artist_audience`, but for when it was fetched.
    """

    calls: dict[str, int]
    needed: dict[str, int]
    runs: Counter[str]
    published: int
    stored: int
    ages: dict[tuple[date, str], timedelta]
    daily_followers: int
    followers: list[tuple[Any, ...]]

    @property
    def polls(self) -> int:
        """Polls that were made."""
        return self.calls.get(POLLS, 0)

    @property
    def polls_per_ranking(self) -> float:
        """Polls for each ranking that was published."""
        return self.polls / self.published

    @property
    def runs_per_ranking(self) -> float:
        """Runs, whatever their cause, for each ranking that was stored."""
        return self.runs.total() / self.stored

    def oldest(self, subject: str) -> timedelta:
        """The greatest age that a row of a subject ever reached."""
        return max((age for (_, name), age in self.ages.items() if name == subject), default=timedelta())


@dataclass
class Simulation:
    """A sandbox, a warehouse and a clock that move together.

    Attributes:
        sandbox: Just started, on the day of the clock.
        warehouse: What the operator fills; absent at first.
        clock: The operator's.
        rules: By which rows are reachable.
        oracle: By the same rules.
        daily: An oracle whose rules do not wait for crawls.
        tick: How often the operator is asked.
    """

    sandbox: Sandbox
    warehouse: Warehouse
    clock: Clock
    rules: Rules
    oracle: Oracle
    daily: Oracle
    tick: timedelta = timedelta(minutes=30)
    _runs: Counter[str] = field(default_factory=Counter)
    _ages: dict[tuple[date, str], timedelta] = field(default_factory=dict)
    _newest: dict[str, datetime] = field(default_factory=dict)

    def live(self, operator: Operator, days: int) -> Result:
        """Let so many days go by, from the clock's hour to the same hour."""
        # Held open all the while: an operator of this process then opens it at once, which else takes half of the time.
        with self.warehouse.connect():
            self._pass_time(operator, self.clock.now + timedelta(days=days))
            return self._result()

    def _pass_time(self, operator: Operator, end: datetime) -> None:
        today = self.clock.now.date()
        while self.clock.now < end:
            if datetime.combine(today + timedelta(days=1), NOON) <= self.clock.now:
                self._watch()
                today = self.sandbox.advance(1)
            self._carry_out(operator, operator.sensor_tick())
            self._carry_out(operator, operator.automation_tick())
            self.clock.now += self.tick

    def _result(self) -> Result:
        self.oracle.live_until(self.clock.now - self.tick)
        return Result(
            calls=self.sandbox.report().by_endpoint,
            needed={endpoint: count for endpoint, count in self.oracle.calls.items() if count},
            runs=self._runs,
            published=self.oracle.published,
            stored=len(self._query("SELECT 1 FROM soundcharts.chart_rankings")),
            ages=self._ages,
            daily_followers=sum(
                count for endpoint, count in self.daily.calls.items() if endpoint.startswith("artist_audience/")
            ),
            followers=self._query(_FOLLOWERS),
        )

    def _carry_out(self, operator: Operator, asked: Sequence[RunAsked]) -> None:
        """Carry out runs and tell the oracles of them. Rows are as old as they get right before."""
        if asked:
            self._watch()
        for run in asked:
            operator.carry_out(run)
            newest = dict(self._query(_NEWEST))
            published = frozenset(slug for slug in run.charts if newest.get(slug) != self._newest.get(slug))
            self._newest = newest
            self._runs[run.cause] += 1
            for oracle in (self.oracle, self.daily):
                oracle.take(Run(self.clock.now, run.charts, published))
        if asked:
            self._watch()

    def _watch(self) -> None:
        """Note how old the oldest row of each subject is now."""
        subjects = self.rules.subjects
        within = self.rules.charted_within
        parameters = {
            "subjects": list(subjects),
            "entities": list(subjects.values()),
            "windows": [self.rules.fail_window(subject) for subject in subjects],
            "now": self.clock.now,
            "charted_since": None if within is None else self.clock.now - within,
        }
        for subject, age in self._query(_AGES, parameters):
            key = (self.clock.now.date(), subject)
            self._ages[key] = max(age, self._ages.get(key, timedelta()))

    def _query(self, statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(statement, parameters or {}).fetchall()
