"""Asset checks: what should hold of the tables, in words, and the SQL of `warehouse.quality` that tells.

All checks of whole tables belong to one asset of their own, the warehouse, which nothing materialises: Dagster runs all
checks of an asset with every backfill of it (dagster-io/dagster #26841), and these are to run once a day. A run of the
cascade brings one check along, of the rankings that it has just written.

No call is made here and the caller's lock is not taken. The file is opened for one check at a time, so that a commit of
somebody else's waits for one at most.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
import duckdb

from soundcharts_assets.assets.declaration import StepCheck, asset_key, storage_kind
from soundcharts_assets.assets.provenance import code_link
from soundcharts_assets.automation.alerts import Alerts
from soundcharts_assets.automation.schedules import daily
from soundcharts_assets.refresh.breaker import open_breaker
from soundcharts_assets.refresh.charts import AVAILABLE, CHARTS, RANKINGS
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.subjects import past_fail
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse import quality
from soundcharts_assets.warehouse.errors import WarehouseError, WarehouseLockedError
from soundcharts_assets.warehouse.quality import Found

WAREHOUSE = "warehouse"
QUALITY = "quality"
"""Name of group, job and schedule of the daily checks. Dagster wants that of their step to be another one."""

GRACE = timedelta(hours=1)
"""So long past its fail window a row is tolerated: the automation begins after half of it, and a run takes a while."""

_EVERY_DAY = "50 4 * * *"
"""Away from the full hours, at which charts that stay stale are asked for again."""

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

Look = Callable[[Refresher, duckdb.DuckDBPyConnection], Found]


@dataclass(frozen=True)
class Check:
    """One property of the warehouse.

    Attributes:
        name: A sentence that says what holds if it passes, in what Dagster allows of a name: letters, digits and `_`.
        severity: ERROR where the tables are wrong, WARN where they lack something or something is strange.
        description: The same in full, with its bounds.
        remedy: What to do where it does not.
        look: Asks for what offends.
        excuse: Why rows may offend and nothing be wrong, such as a budget; then it only warns. None for no reason.
    """

    name: str
    severity: dg.AssetCheckSeverity
    description: str
    remedy: str
    look: Look
    excuse: Callable[[Refresher, duckdb.DuckDBPyConnection], str | None] = lambda *_: None


def _no_metadata_is_missing(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> Found:
    within = timedelta(hours=refresher.settings.file.quality.settled_within_hours)
    return quality.no_metadata_is_missing(connection, discovered_before=refresher.clock() - within)


def _no_row_is_past_its_window(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> Found:
    as_of = refresher.clock() - GRACE
    return quality.no_row_is_past_its_window(connection, past_fail(refresher.subjects.values(), as_of), now=as_of)


def _held_back(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> str | None:
    limits = refresher.settings.file.budget
    breaker = open_breaker(connection)
    if breaker is not None:
        return f"Everything is paused for {breaker.kind} since {breaker.opened_at:%Y-%m-%d %H:%M} UTC."
    if not refresher.settings.may_spend_unattended:
        return "Nothing is spent unattended, since budget.daily is not set."
    if limits.daily_limit is not None or limits.reserve:
        return "A budget is set, and what it does not cover stays due."
    return None


def _no_total_falls_sharply(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> Found:
    options = refresher.settings.file.quality
    since = refresher.clock().date() - timedelta(days=options.look_back_days)
    totals = [(subject.entity, subject.platform or "") for subject in refresher.subjects.values() if subject.is_total]
    return quality.no_total_falls_sharply(
        connection,
        track_platforms=[platform for entity, platform in totals if entity == "tracks"],
        artist_platforms=[platform for entity, platform in totals if entity == "artists"],
        since=since,
        largest_fall=options.largest_fall,
    )


def _no_platform_lacks_many_days(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> Found:
    options = refresher.settings.file.quality
    today = refresher.clock().date()
    since = {
        subject.name: today - timedelta(days=min(subject.daily_within, options.look_back_days))
        for subject in refresher.subjects.values()
        if subject.daily_within is not None and subject.platform is not None
    }
    return quality.no_platform_lacks_many_days(connection, since, most_missing=options.most_days_missing)


def _no_wanted_ranking_is_missing(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> Found:
    within = timedelta(hours=refresher.settings.file.quality.settled_within_hours)
    history = {slug: refresher.following.history_days(slug) for slug in refresher.following.slugs}
    return quality.no_wanted_ranking_is_missing(connection, history, known_before=refresher.clock() - within)


def _no_asset_fails_often(refresher: Refresher, connection: duckdb.DuckDBPyConnection) -> Found:
    options = refresher.settings.file.quality
    since = refresher.clock() - timedelta(days=options.look_back_days)
    subjects = [CHARTS, AVAILABLE, RANKINGS, *refresher.subjects]
    return quality.no_asset_fails_often(connection, subjects, since=since, most_failed=options.most_failed)


DAILY = (
    Check(
        "every_key_is_stored_once",
        _ERROR,
        "No table holds two rows of one key. Keys are those of docs/tables.md.",
        "Rows were written past the program, or the program has a mistake: please report it with the examples.",
        lambda _, connection: quality.every_key_is_stored_once(connection),
    ),
    Check(
        "every_ranking_is_complete",
        _ERROR,
        "Every stored ranking holds as many places as came with it, none below the first.",
        "Fetch the ranking again: delete its row in chart_rankings and run `soundcharts-assets sync --chart SLUG`.",
        lambda _, connection: quality.every_ranking_is_complete(connection),
    ),
    Check(
        "no_ranking_leaves_a_place_out",
        _WARN,
        "Places of every stored ranking run from 1 without a hole.",
        "Soundcharts sent it so. `sync --chart SLUG --force` asks for the newest ranking again.",
        lambda _, connection: quality.no_ranking_leaves_a_place_out(connection),
    ),
    Check(
        "every_ranked_track_has_a_row",
        _ERROR,
        "Every track on a stored ranking has a row in tracks.",
        "Fetch the ranking again: delete its row in chart_rankings and run `soundcharts-assets sync --chart SLUG`.",
        lambda _, connection: quality.every_ranked_track_has_a_row(connection),
    ),
    Check(
        "every_credit_has_its_artist",
        _ERROR,
        "Every artist credited on a track has a row in artists.",
        "Fetch the track's metadata again: run the asset tracks with `uuids` and `force` in its configuration.",
        lambda _, connection: quality.every_credit_has_its_artist(connection),
    ),
    Check(
        "no_metadata_is_missing",
        _WARN,
        "Tracks and artists that followed charts reach have metadata within quality.settled_within_hours of their "
        "discovery, unless Soundcharts does not know them.",
        "soundcharts.fetches tells what was said last, `soundcharts-assets plan` whether the budget covers them.",
        _no_metadata_is_missing,
    ),
    Check(
        "no_row_is_past_its_window",
        _ERROR,
        "No row that followed charts reach is past its fail window for more than an hour, going by the ledger. Rows "
        "that are told to wait count as fresh.",
        "`soundcharts-assets doctor` tells what stands still, `soundcharts-assets sync` refreshes everything now.",
        _no_row_is_past_its_window,
        _held_back,
    ),
    Check(
        "no_total_falls_sharply",
        _WARN,
        "Totals such as streams and views do not fall from one day to the next by more than quality.largest_fall.",
        "Platforms correct their figures; a large fall may mean that Soundcharts linked another recording or video. "
        "The last audience.overlap_days are read again with every refresh.",
        _no_total_falls_sharply,
    ),
    Check(
        "no_platform_lacks_many_days",
        _WARN,
        "Of the days of daily series no larger share is missing than quality.most_days_missing, platform by platform.",
        "Soundcharts misses days itself. Days that it had later than audience.overlap_days are not asked for again.",
        _no_platform_lacks_many_days,
    ),
    Check(
        "no_wanted_ranking_is_missing",
        _WARN,
        "Rankings that Soundcharts lists, within the wanted history of followed charts, are stored.",
        "soundcharts.fetches tells, for subject chart_rankings, why and when each is asked for again.",
        _no_wanted_ranking_is_missing,
    ),
    Check(
        "no_asset_fails_often",
        _WARN,
        "No asset has a larger share of failing rows than quality.most_failed.",
        "The examples tell what was said. Rows that fail are asked for again by themselves, after a day at most.",
        _no_asset_fails_often,
    ),
)


def warehouse_asset(settings: Settings, specs: Iterable[dg.AssetSpec]) -> dg.AssetSpec:
    """Return what the daily checks are checks of: the tables as a whole, made from all assets and by none."""
    return dg.AssetSpec(
        key=asset_key(WAREHOUSE),
        deps=[spec.key for spec in specs],
        description="All tables together. Nothing materialises it; its checks look at whole tables, once a day.",
        group_name=QUALITY,
        kinds={storage_kind(settings)},
        metadata=code_link(warehouse_asset),
    )


def daily_checks() -> dg.AssetChecksDefinition:
    """Return the checks of whole tables, which are one step."""
    key = asset_key(WAREHOUSE)

    @dg.multi_asset_check(
        name=f"{QUALITY}_checks",
        specs=[dg.AssetCheckSpec(check.name, asset=key, description=check.description) for check in DAILY],
        can_subset=True,
    )
    def checks(
        context: dg.AssetCheckExecutionContext,
        refresher: dg.ResourceParam[Refresher],
    ) -> Iterator[dg.AssetCheckResult]:
        selected = {selected.name for selected in context.selected_asset_check_keys}
        results = []
        for check in DAILY:
            if check.name in selected:
                results.append(evaluate(check, refresher))
                yield results[-1]
        if len(results) == len(DAILY):
            wrong = [result for result in results if not result.passed and result.severity is _ERROR]
            alerts = Alerts(refresher.settings, refresher.warehouse.spool)
            alerts.failed_checks({result.check_name or "": result.description or "" for result in wrong})

    return checks


def evaluate(check: Check, refresher: Refresher) -> dg.AssetCheckResult:
    """Look, and tell Dagster what was found."""
    try:
        with refresher.warehouse.connect() as connection:
            found = check.look(refresher, connection)
            excuse = check.excuse(refresher, connection) if found.offending else None
    except WarehouseLockedError as error:
        return _not_looked_at(check.name, WAREHOUSE, error)
    severity = _WARN if excuse else check.severity
    return _result(check.name, WAREHOUSE, found, severity, " ".join(filter(None, [excuse, check.remedy])))


def quality_schedule(checks: dg.AssetChecksDefinition) -> dg.ScheduleDefinition:
    """Return the schedule that runs the daily checks, in a job that does nothing else."""
    return daily(
        QUALITY,
        dg.AssetSelection.checks(checks),
        cron=_EVERY_DAY,
        description="Looks at whole tables, once a day. Soundcharts is not asked, and nobody is kept from asking.",
    )


def rankings_check() -> StepCheck:
    """Return the check that comes with every run of the cascade: are the rankings whole that it has just written?"""
    name, table = "new_rankings_are_whole", "chart_entries"

    def look(refresher: Refresher, charts: Sequence[str], since: datetime) -> dg.AssetCheckResult:
        try:
            with refresher.warehouse.connect() as connection:
                found = quality.new_rankings_are_whole(connection, charts, since)
        except WarehouseError as error:
            return _not_looked_at(name, table, error)
        return _result(name, table, found, _ERROR, "Run the chart again with `force` in the configuration.")

    spec = dg.AssetCheckSpec(
        name,
        asset=asset_key(table),
        description="The rankings that the run has just written hold the places that came with them, from 1 without a "
        "hole, and every track on them has a row. The daily checks look at all rankings.",
    )
    return StepCheck(spec, look)


def _result(name: str, asset: str, found: Found, severity: dg.AssetCheckSeverity, remedy: str) -> dg.AssetCheckResult:
    metadata: dict[str, str | int] = {"offending": found.offending, "looked_at": found.looked_at}
    if found.offending:
        # One entry each: Dagster's UI shows a text in one line, and a list behind a link.
        metadata |= {f"example_{number}": example for number, example in enumerate(found.examples, start=1)}
        metadata["what_to_do"] = remedy
    return dg.AssetCheckResult(
        passed=not found.offending,
        asset_key=asset_key(asset),
        check_name=name,
        severity=severity,
        description=f"{found.offending:,} of {found.looked_at:,} offend",
        metadata=metadata,
    )


def _not_looked_at(name: str, asset: str, error: WarehouseError) -> dg.AssetCheckResult:
    """Neither passed nor wrong, which Dagster has no word for: a warning says that nobody looked."""
    return dg.AssetCheckResult(
        passed=False,
        asset_key=asset_key(asset),
        check_name=name,
        severity=_WARN,
        description=f"Not looked at: {error}",
    )
