"""The one composition root: settings in, Dagster definitions out. Nothing is fetched or opened here.

They may be a part of somebody else's code location (`component`), so all of them are about what is ours and nothing
else. What a location has one of, its executor, is set only where the location is ours alone.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import dagster as dg

from soundcharts_assets.assets.artists import artist_assets
from soundcharts_assets.assets.audience import audience_assets
from soundcharts_assets.assets.charts import chart_assets
from soundcharts_assets.assets.dashboard import dashboard_asset
from soundcharts_assets.assets.insights import insight_assets
from soundcharts_assets.assets.provenance import with_provenance
from soundcharts_assets.assets.tracks import track_assets
from soundcharts_assets.automation.alerts import failure_sensor
from soundcharts_assets.automation.chart_updates import chart_updates_sensor
from soundcharts_assets.automation.following_up import INSIGHTS, following_condition, following_sensor
from soundcharts_assets.automation.freshness import freshness_sensor, stale_condition
from soundcharts_assets.automation.maintenance import MAINTENANCE, maintenance_asset, maintenance_schedule
from soundcharts_assets.automation.naming import name_run
from soundcharts_assets.automation.orphans import RunLocks
from soundcharts_assets.checks import QUALITY, daily_checks, quality_schedule, rankings_check, warehouse_asset
from soundcharts_assets.clock import ahead
from soundcharts_assets.partitions import CASCADE
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings, load_settings

_MOMENT_SECONDS = 3.0
"""How long a tick waits for a commit of somebody else's to end."""

JOBS = (CASCADE, INSIGHTS, QUALITY, MAINTENANCE)
"""Names of our jobs; the last one is there with a lake only."""


def build_definitions(
    settings: Settings,
    refresher: Refresher | None = None,
    reload: Callable[[], Settings] | None = None,
    clock: Callable[[], datetime] | None = None,
    *,
    alone: bool = False,
) -> dg.Definitions:
    """Declare all assets that the settings ask for, the cascade, what starts it unattended, and what checks the tables.

    Args:
        settings: What the user decided.
        refresher: Shared with the caller's own calls, where it makes any; by default one of its own.
        reload: Reads the settings anew, for ticks; by default they stay what they were.
        clock: Tells the sensor the time; by default the clock that the settings ask for.
        alone: Whether the code location has no other definitions. Then backfills take one process a run, too, as jobs
            of ours do anyway; otherwise the executor of the location decides.
    """
    refresher = refresher or Refresher(settings)
    read = reload or (lambda: settings)
    condition = stale_condition(lambda at: _for_a_tick(read(), lambda: at + ahead(read())))
    subjects = refresher.subjects
    assets = [
        *chart_assets(settings, condition, rankings_check()),
        *track_assets(settings, subjects["tracks"], condition),
        *artist_assets(settings, subjects["artists"], condition),
        *audience_assets(settings, list(subjects.values()), condition),
    ]
    following = following_condition()
    computed = [*insight_assets(settings, _by_table(assets), following), dashboard_asset(settings, following)]
    cascade = dg.define_asset_job(
        CASCADE,
        selection=dg.AssetSelection.assets(*assets),
        description="A chart, its rankings, their tracks, the artists on them, and the audiences of both.",
        # One process a run: steps wait for each other at the caller's lock anyway, and a process each costs seconds.
        executor_def=dg.in_process_executor,
    )
    insights = dg.define_asset_job(
        INSIGHTS,
        selection=dg.AssetSelection.assets(*computed),
        description="Everything that is computed from fetched tables, and the dashboard. Soundcharts is not asked.",
        executor_def=dg.in_process_executor,
    )
    checks = daily_checks()
    upkeep = [] if settings.lake is None else [maintenance_asset()]
    whole = warehouse_asset(settings, (spec for asset in assets for spec in asset.specs))
    return dg.Definitions(
        assets=with_provenance([*assets, *computed, whole, *upkeep], settings.file),
        asset_checks=[checks],
        jobs=[cascade, insights],
        schedules=[quality_schedule(checks), *map(maintenance_schedule, upkeep)],
        sensors=[
            chart_updates_sensor(lambda: _for_a_tick(read(), clock)),
            freshness_sensor(assets),
            following_sensor(computed),
            failure_sensor(lambda: _for_a_tick(read()), JOBS),
        ],
        executor=dg.in_process_executor if alone else None,
        resources={"refresher": _for_a_run(refresher, lambda job: alone or job in JOBS)},
    )


def _by_table(assets: Iterable[dg.AssetsDefinition]) -> Mapping[str, list[dg.AssetKey]]:
    """Return the assets that write each table: one, or one for each platform."""
    found: dict[str, list[dg.AssetKey]] = {}
    for spec in (spec for asset in assets for spec in asset.specs):
        found.setdefault(spec.key.path[1], []).append(spec.key)
    return found


def _for_a_run(refresher: Refresher, is_one_process: Callable[[str], bool]) -> dg.ResourceDefinition:
    """Hand the refresher to a run, which from then on can be told from a dead one, and has a name.

    Of a run whose steps have processes of their own, neither is so.
    """

    def begin(context: dg.InitResourceContext) -> Refresher:
        if context.run is not None and is_one_process(context.run.job_name):
            RunLocks(refresher.settings.warehouse_path).hold(context.run.run_id)
            if context.instance is not None:
                name_run(context.run, context.instance, lambda: _for_a_tick(refresher.settings))
        return refresher

    return dg.ResourceDefinition(begin, description="What fetches and stores; the same for all steps of a process.")


def _for_a_tick(settings: Settings, clock: Callable[[], datetime] | None = None) -> Refresher:
    """Make a refresher that waits for nobody long, and keeps to the sensors' own share of the rate."""
    return Refresher(settings.for_polling(), clock=clock, lock_timeout_seconds=_MOMENT_SECONDS)


@dg.definitions
def defs() -> dg.Definitions:
    """Load the code location of this project."""
    return build_definitions(load_settings(), reload=load_settings, alone=True)
