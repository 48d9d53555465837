"""Runs that nobody named, since the daemon or a person in the UI started them: they get the names of their charts.

What a name looks like is said in `tags`; runs of passes and of the sensor of chart updates are named when they are
asked for.
"""

import logging
from collections.abc import Callable

import dagster as dg
import duckdb

from soundcharts_assets.automation.busy import charts_of
from soundcharts_assets.automation.tags import CHART, tags_of_charts
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.errors import WarehouseError

_LOG = logging.getLogger(__name__)


def name_run(run: dg.DagsterRun, instance: dg.DagsterInstance, open_refresher: Callable[[], Refresher]) -> None:
    """Tag a run with the names of its charts, unless it has them. A warehouse that cannot be asked leaves it nameless.

    Args:
        run: A run that begins.
        instance: Where it is on record.
        open_refresher: Makes a refresher that waits for nobody long.
    """
    charts = [] if CHART in run.tags else charts_of(run, instance)
    if not charts:
        return
    try:
        states = open_refresher().poll_states(charts)
    except (WarehouseError, duckdb.Error) as error:
        _LOG.warning("The run is not tagged with the names of its charts: %s", error)
        return
    instance.add_run_tags(run.run_id, {CHART: tags_of_charts(states)[CHART]})
