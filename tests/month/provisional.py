"""An operator without Dagster, straight on the refresher: to try the simulation itself.

It asks the same functions as the sensor and the condition do; what Dagster makes of the answers is not covered.
"""

from datetime import timedelta

from soundcharts_assets.refresh.polling import next_poll_at
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from tests.month.simulation import RunAsked

_GRACE = timedelta(minutes=30)
_CHARTS_PER_RUN = 10


class DirectOperator:
    """Polls when the time has come, runs each updated chart by itself, and stale ones together."""

    def __init__(self, refresher: Refresher) -> None:
        """Operate with this refresher, whose clock is the simulation's."""
        self._refresher = refresher

    def sensor_tick(self) -> list[RunAsked]:
        """Poll charts whose time has come; each with news gets a run."""
        refresher = self._refresher
        slugs = refresher.following.slugs
        now = refresher.clock()
        worth = [state.slug for state in refresher.poll_states(slugs) if next_poll_at(state) <= now]
        if worth:
            refresher.poll_all(worth)
        return [RunAsked((state.slug,), "update") for state in refresher.poll_states(slugs) if state.has_news]

    def automation_tick(self) -> list[RunAsked]:
        """Ask for runs of stale charts, so many together as a backfill takes."""
        due = sorted(self._refresher.charts_due(_GRACE))
        chunks = [due[start : start + _CHARTS_PER_RUN] for start in range(0, len(due), _CHARTS_PER_RUN)]
        return [RunAsked(tuple(chunk), "stale") for chunk in chunks]

    def carry_out(self, run: RunAsked) -> None:
        """Go down the cascade."""
        refresher = self._refresher
        with refresher.calling(run.cause):
            refresher.refresh_charts(run.charts, Request())
            refresher.refresh_rankings(run.charts, Request())
            for subject in refresher.subjects.values():
                refresher.refresh_subject(subject, run.charts, Request())
