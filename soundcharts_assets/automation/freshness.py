"""Freshness without a clock of its own: charts with rows past their fail window are refreshed, through backfills.

What is due is asked of the ledger, the only truth about freshness. A partition is due as a whole, so every asset of the
cascade gives the same answer: Dagster groups identical subsets into one run (see `docs/architecture.md`).
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import dagster as dg

from soundcharts_assets.automation.busy import busy_charts
from soundcharts_assets.automation.conditions import ChartsThat
from soundcharts_assets.automation.tags import STARTED_BY
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.errors import WarehouseLockedError

GRACE = timedelta(minutes=30)
"""So long a row may be past its fail window before a run is started for it: the chart's next update is near, often, and
takes it along. The check of freshness allows an hour."""

EVERY_HOUR = "0 * * * *"
"""When what is still so is asked for again."""

_TICK_SECONDS = 30


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
    hourly = stale & dg.AutomationCondition.cron_tick_passed(EVERY_HOUR)
    return (stale.newly_true() | hourly) & ~busy & ~dg.AutomationCondition.in_progress()


def freshness_sensor(assets: Sequence[dg.AssetsDefinition]) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that evaluates the condition of fetched assets; runs it starts say so."""
    return automation_sensor("freshness", assets, "Backfills charts with rows past their fail window.")


def automation_sensor(
    name: str, assets: Sequence[dg.AssetsDefinition], description: str
) -> dg.AutomationConditionSensorDefinition:
    """Return a sensor, switched on, that evaluates the conditions of assets in our own process."""
    with warnings.catch_warnings():
        # The conditions are our own, so they are evaluated in our own process; Dagster calls the parameter beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.AutomationConditionSensorDefinition(
            name,
            target=dg.AssetSelection.assets(*assets),
            description=description,
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=_TICK_SECONDS,
            run_tags={STARTED_BY: name},
            use_user_code_server=True,
        )
