"""The rankings of a chart as the API dates them: shifted to the sandbox's week, published day by day, revised.

Belongs here: which rankings exist at which instant, and what a ranking says about its predecessors.
Does not belong here: JSON, HTTP, the content of songs and artists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from soundcharts_assets.sandbox.data import Chart, Content
from soundcharts_assets.sandbox.series import seed_of

_STAMP = time(12)
_CRAWL_STAMPS = (time(10, 10, 2), time(11, 43, 52), time(6, 15, 21), time(18, 0, 1))
_OLD_SHARE = 10
_HOLE_EVERY = 15
_QUIET_DAYS = 7


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier rankings of the chart say about one entry."""

    entered_at: datetime
    old_position: int
    time_on_chart: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """One published ranking."""

    ranked_at: datetime
    content: Content


def shift_for(frequency: str, newest: date, today: date) -> timedelta:
    """What brings the newest ranking to today or, in whole weeks, a weekly chart's into the seven days up to today."""
    if frequency == "weekly":
        return timedelta(weeks=(today - newest).days // 7)
    return today - newest


def replay_index(publication: int, stored: int) -> int:
    """Which stored ranking the n-th publication repeats: there and back, so that movement stays natural."""
    if stored == 1:
        return 0
    step = (publication + 1) % (2 * (stored - 1))
    return abs(stored - 1 - step)


class ChartHistory:
    """All rankings of one chart that exist on the sandbox's today, oldest first."""

    def __init__(self, chart: Chart, today: date) -> None:
        """Shift the stored rankings to the days up to today, as if the chart had never stopped."""
        self.chart = chart
        self._stored: list[Content] = [content for _, content in chart.rankings]
        self._seed = seed_of("chart", chart.slug)
        self._days = 0
        self._publications = 0
        self._rankings: list[Ranking] = []
        self._by_instant: dict[datetime, int] = {}
        self._past: list[list[Past]] = []
        self._seen: dict[int, Past] = {}
        if chart.rankings:
            shift = shift_for(chart.frequency, chart.rankings[-1][0], today)
            old = len(self._stored) // _OLD_SHARE
            for index, (ranked_on, content) in enumerate(chart.rankings):
                stamp = _CRAWL_STAMPS[(self._seed + index) % len(_CRAWL_STAMPS)] if index < old else _STAMP
                self._append(datetime.combine(ranked_on + shift, stamp, UTC), content)
            self._anchor = self._rankings[-1].ranked_at.date()

    @property
    def instants(self) -> Sequence[datetime]:
        """Instants of all rankings, ascending."""
        return [ranking.ranked_at for ranking in self._rankings]

    def newest(self) -> Ranking | None:
        """The ranking `latest` means, if there is any."""
        return self._rankings[-1] if self._rankings else None

    def at(self, instant: datetime) -> Ranking | None:
        """The ranking of exactly this instant."""
        index = self._by_instant.get(instant)
        return None if index is None else self._rankings[index]

    def past(self, ranking: Ranking) -> list[Past]:
        """What the preceding rankings say about each entry, in the order of the entries (contract section 8.5)."""
        index = self._by_instant[ranking.ranked_at]
        while len(self._past) <= index:
            self._past.append(self._look_back(self._rankings[len(self._past)]))
        return self._past[index]

    def advance(self, today: date) -> None:
        """Live through one more day: publish if the chart is due, unless this day is a hole in its history."""
        if not self._rankings:
            return
        self._days += 1
        if self.chart.frequency == "weekly":
            due = (today - self._anchor).days % 7 == 0
        else:
            # The first week after the start has no hole, so that short tests can rely on a ranking a day.
            hole = _QUIET_DAYS + 1 + self._seed % (_HOLE_EVERY - _QUIET_DAYS - 1)
            due = self._days % _HOLE_EVERY != hole
        if due:
            self._publish(datetime.combine(today, _STAMP, UTC))

    def publish_now(self, today: date) -> None:
        """Publish outside the calendar, as a vendor does who is late or crawls twice a day (contract section 9.3)."""
        if self._rankings:
            self._publish(datetime.combine(today, _STAMP, UTC))

    def revise(self, instant: datetime, content: Content) -> None:
        """Replace the content of a published ranking; later rankings look back on the corrected one."""
        index = self._by_instant[instant]
        self._rankings[index] = Ranking(instant, content)
        self._past.clear()
        self._seen.clear()

    def _publish(self, stamp: datetime) -> None:
        newest = self._rankings[-1].ranked_at
        content = self._stored[replay_index(self._publications, len(self._stored))]
        self._publications += 1
        self._append(stamp if stamp > newest else newest + timedelta(hours=1, seconds=1), content)

    def _append(self, ranked_at: datetime, content: Content) -> None:
        self._by_instant[ranked_at] = len(self._rankings)
        self._rankings.append(Ranking(ranked_at, content))

    def _look_back(self, ranking: Ranking) -> list[Past]:
        found = []
        for position, track_id in zip(ranking.content.positions, ranking.content.track_ids, strict=True):
            before = self._seen.get(track_id)
            if before is None:
                found.append(Past(ranking.ranked_at, 0, 1))
            else:
                found.append(Past(before.entered_at, before.old_position, before.time_on_chart + 1))
            # What is kept for the next ranking: its old position is this one.
            self._seen[track_id] = Past(found[-1].entered_at, position, found[-1].time_on_chart)
        return found
