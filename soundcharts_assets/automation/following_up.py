"""When what is computed from fetched tables is made anew: after a cascade, and not in the middle of one.

What is made is declared in `assets.insights`.
"""

from collections.abc import Sequence

import dagster as dg

from soundcharts_assets.automation.busy import busy_charts
from soundcharts_assets.automation.conditions import SomeChartThat
from soundcharts_assets.automation.freshness import EVERY_HOUR, automation_sensor

INSIGHTS = "insights"
"""Name of the job that makes all of it anew, and of the sensor that does so where something changed."""


def following_condition() -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of every computed asset.

    It is made anew once something that it is made from was updated and no run is about a chart, and hourly where there
    always is one. A partition that was never materialised holds nothing up.
    """
    busy = SomeChartThat("busy", "A run about some chart is not finished.", lambda instance, _: busy_charts(instance))
    changed = dg.AutomationCondition.newly_missing() | dg.AutomationCondition.any_deps_updated()
    calm = ~busy | dg.AutomationCondition.cron_tick_passed(EVERY_HOUR)
    return changed.since_last_handled() & calm & ~dg.AutomationCondition.in_progress()


def following_sensor(assets: Sequence[dg.AssetsDefinition]) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that evaluates that condition."""
    return automation_sensor(INSIGHTS, assets, "Makes computed tables anew once a cascade has ended.")
