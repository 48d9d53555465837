"""Freshness without a clock of its own: charts with rows past their fail window are refreshed, through backfills.

What is due is asked of the ledger, the only truth about freshness. A partition is due as a whole, so every asset of the
cascade gives the same answer: Dagster groups identical subsets into one run (see `docs/architecture.md`).

`context.asset_graph_view` is the one piece of Dagster used here that its documentation does not cover; a test holds it.
"""

import warnings
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from soundcharts_assets.assets.declaration import PREFIX
from soundcharts_assets.automation.busy import busy_charts
from soundcharts_assets.automation.tags import STARTED_BY
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.connection import WarehouseLockedError

GRACE = timedelta(minutes=30)
"""So long a row may be past its fail window before a run is started for it: the chart's next update is near, often, and
takes it along. The check of freshness allows an hour."""

_EVERY_HOUR = "0 * * * *"
_TICK_SECONDS = 30

Look = Callable[[dg.DagsterInstance, datetime], Collection[str] | None]


class ChartsThat(dg.AutomationCondition[dg.AssetKey]):
    """True for the charts that a look finds; the look is taken once a tick, for all assets together."""

    def __init__(self, name: str, description: str, look: Look) -> None:
        """Say what to look for; a look that finds out nothing returns None, and then the last answer stands."""
        self._name = name
        self._description = description
        self._look = look
        self._looked_at: datetime | None = None
        self._found: Collection[str] | None = None

    @property
    def name(self) -> str:
        """Name in the evaluations that Dagster's UI shows."""
        return self._name

    @property
    def description(self) -> str:
        """What it is true for."""
        return self._description

    def evaluate(self, context: Any) -> dg.AutomationResult[dg.AssetKey]:
        """Return the candidates that the look finds."""
        view = context.asset_graph_view
        if self._looked_at != context.evaluation_time:
            self._found = self._look(view.instance, context.evaluation_time)
            self._looked_at = context.evaluation_time
        if self._found is None:
            last = context.previous_true_subset
            return dg.AutomationResult(context, true_subset=last if last is not None else context.get_empty_subset())
        known = context.candidate_subset.expensively_compute_partition_keys()
        found = view.get_subset_from_partition_keys(context.key, context.partitions_def, set(self._found) & known)
        return dg.AutomationResult(context, true_subset=found)


def stale_condition(open_refresher: Callable[[datetime], Refresher]) -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of every fetched asset.

    A chart that becomes due is asked for at once, then hourly for as long as it stays so, and never while a run is
    about it. Without the latch a chart whose run fails would be asked for at every tick.

    Args:
        open_refresher: Makes a refresher as of an instant, from the settings as they are then.
    """

    def due(_: dg.DagsterInstance, at: datetime) -> Collection[str] | None:
        refresher = open_refresher(at)
        if not refresher.settings.may_spend_unattended:
            return set()
        try:
            return refresher.charts_due(GRACE)
        except WarehouseLockedError:
            return None

    stale = ChartsThat("stale", "Rows of the chart are past their fail window, going by the ledger.", due)
    busy = ChartsThat("busy", "A run about the chart is not finished.", lambda instance, _: busy_charts(instance))
    hourly = stale & dg.AutomationCondition.cron_tick_passed(_EVERY_HOUR)
    return (stale.newly_true() | hourly) & ~busy & ~dg.AutomationCondition.in_progress()


def freshness_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that evaluates the condition of our assets; runs it starts say so."""
    with warnings.catch_warnings():
        # The condition is our own, so it is evaluated in our own process; Dagster calls the parameter beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.AutomationConditionSensorDefinition(
            "freshness",
            target=dg.AssetSelection.key_prefixes([PREFIX]),
            description="Backfills charts with rows past their fail window.",
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=_TICK_SECONDS,
            run_tags={STARTED_BY: "freshness"},
            use_user_code_server=True,
        )
