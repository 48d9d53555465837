"""The sensor that polls charts when a new ranking is likely, and asks for a run of the cascade where there is one.

What it knows is in the ledger, so that a restart, a command or a run in between changes nothing. When a poll is likely
to bring something is decided in `refresh.polling`.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import dagster as dg

from soundcharts_assets.api.errors import AllowanceSpent, Fatal
from soundcharts_assets.assets.declaration import is_ours
from soundcharts_assets.automation.alerts import Alerts
from soundcharts_assets.automation.busy import busy_charts
from soundcharts_assets.automation.orphans import close_orphans
from soundcharts_assets.automation.tags import PARTITION, RANKING, STARTED_BY, SYNC, run_tags
from soundcharts_assets.partitions import CASCADE, register_charts
from soundcharts_assets.refresh.breaker import PausedError
from soundcharts_assets.refresh.polling import next_poll_at
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.errors import WarehouseLockedError
from soundcharts_assets.warehouse.spool import Spool
from soundcharts_assets.warehouse.work import PollState

_TICK_SECONDS = 30
_MOST_POLLS = 100
"""Polls of one tick: at the sensor's share of the rate they take half a minute, and a tick must end within one."""
_FIRST_PAUSE = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(days=1)
_BEFORE_OTHERS = {"dagster/priority": "1"}

LOADED = ("loaded", "assets")
"""Note beside the warehouse: the assets that the code location was loaded with, for whoever compares them."""


def chart_updates_sensor(open_refresher: Callable[[], Refresher]) -> dg.SensorDefinition:
    """Return the sensor.

    Args:
        open_refresher: Makes a refresher with the sensor's own share of the rate, from the settings as they are then.
    """

    @dg.sensor(
        name="chart_updates",
        job_name=CASCADE,
        minimum_interval_seconds=_TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Polls followed charts when a new ranking is likely, and starts the cascade where there is one.",
    )
    def chart_updates(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        refresher = open_refresher()
        _note_loaded(context, refresher.warehouse.spool)
        try:
            return tick(refresher, context.instance, Alerts(refresher.settings, refresher.warehouse.spool))
        except WarehouseLockedError as error:
            return dg.SkipReason(f"Nothing this time: {error}")

    return chart_updates


def tick(refresher: Refresher, instance: dg.DagsterInstance, alerts: Alerts) -> dg.SensorResult | dg.SkipReason:
    """Poll what is worth a poll and ask for runs. Failed polls change nothing, and hide no other chart."""
    # First, and whatever may be spent: dead runs keep others waiting in the queue.
    close_orphans(instance, refresher)
    if not refresher.settings.may_spend_unattended:
        return dg.SkipReason(
            "Nothing is spent unattended against Soundcharts until budget.daily is set in the settings: "
            "a number of requests a day, or unlimited"
        )
    try:
        refresher.heed_breaker()
        refresher.renew_allowance()
        _resolve_selectors(refresher)
        refresher.follow()
        slugs = refresher.following.slugs
        register_charts(instance, slugs)
        busy = busy_charts(instance)
        _poll(refresher, [state for state in refresher.poll_states(slugs) if state.slug not in busy])
    except PausedError as paused:
        alerts.breaker(paused.breaker)
        return dg.SkipReason(f"Nothing is asked for: {paused}")
    except Fatal as error:
        breaker = refresher.open_breaker(error)
        if breaker is not None:
            alerts.breaker(breaker)
        return dg.SkipReason(f"Stopped: {error}")
    states = refresher.poll_states(slugs)
    news = [state for state in states if state.has_news and state.slug not in busy]
    waiting = refresher.unsettled_news(news)
    requests = [
        request
        for state in news
        if state.slug not in waiting
        for request in _requests(instance, state, refresher.clock())
    ]
    return dg.SensorResult(run_requests=requests) if requests else dg.SkipReason(_calm(states))


def _resolve_selectors(refresher: Refresher) -> None:
    """List what the selectors choose from, if that is a day old; without room for it, the last listing stands."""
    with suppress(AllowanceSpent):
        refresher.refresh_catalogue()


def _note_loaded(context: dg.SensorEvaluationContext, spool: Spool) -> None:
    """Keep which assets this code location was loaded with: settings that changed since do not change them."""
    if context.repository_def is None:
        return
    loaded = sorted(key.to_user_string() for key in context.repository_def.assets_defs_by_key if is_ours(key))
    if spool.note(*LOADED) != loaded:
        spool.put_note(*LOADED, loaded)


def _poll(refresher: Refresher, states: Iterable[PollState]) -> None:
    """Poll what is worth it, those first whose turn came first."""
    now = refresher.clock()
    due = sorted((next_poll_at(state), state.slug) for state in states if not state.has_news)
    slugs = [slug for at, slug in due if at <= now][:_MOST_POLLS]
    if not slugs:
        return
    refresher.poll_all(slugs)


def _requests(instance: dg.DagsterInstance, state: PollState, now: datetime) -> Sequence[dg.RunRequest]:
    """Ask for a run for a new ranking: at once, and again after a growing pause where earlier runs did not store it."""
    ranking = run_tags(state)[RANKING]
    runs = instance.get_run_records(dg.RunsFilter(tags={PARTITION: state.slug, RANKING: ranking}))
    # A pass that was killed, or was stopped by a person, says nothing against a run of our own.
    earlier = [record for record in runs if record.dagster_run.tags.get(STARTED_BY) != SYNC]
    attempt = len(earlier)
    if attempt:
        ended = max((record.end_time or record.create_timestamp.timestamp()) for record in earlier)
        pause = min(_FIRST_PAUSE * 2 ** min(attempt - 1, 10), _LONGEST_PAUSE)
        if now.timestamp() < ended + pause.total_seconds():
            return []
    return [
        dg.RunRequest(
            run_key=f"{state.slug}@{ranking}#{attempt}",
            partition_key=state.slug,
            tags={STARTED_BY: "chart_updates", **run_tags(state), **_BEFORE_OTHERS},
        )
    ]


def _calm(states: Sequence[PollState]) -> str:
    """Why there is nothing to do, and when there may be."""
    if not states:
        return "No chart is followed; add one with: soundcharts-assets charts add SLUG"
    upcoming = min(states, key=next_poll_at)
    when = f"{next_poll_at(upcoming):%Y-%m-%d %H:%M} UTC"
    return f"Nothing new on {len(states)} charts; next poll: {upcoming.slug} at {when}"
