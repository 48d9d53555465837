"""How a fetched asset is declared: its specification from the table's, its run configuration, its materialisation.

What is fetched and how does not belong here, and neither do the assets themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import dagster as dg
from pydantic import Field

from soundcharts_assets.api.errors import SoundchartsError
from soundcharts_assets.assets.preview import preview
from soundcharts_assets.assets.provenance import code_link
from soundcharts_assets.partitions import charts_partitions
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.breaker import PausedError
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.file import Window
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import LAKE, TABLES

PREFIX = "soundcharts"
"""First part of the key of every asset of ours, and of none of others in the same code location."""

Condition: TypeAlias = dg.AutomationCondition[dg.AssetKey] | None
Refresh: TypeAlias = Callable[[Refresher, Sequence[str], Request, Sequence[str]], Sequence[Account]]
"""Refreshes what charts reach, for the assets of these names; an account for each, or one for all."""

_CHARTS_PER_RUN = 10


class RefreshConfig(dg.Config):
    """What one run asks for beyond the ordinary. Everything left out means: what is due."""

    force: bool = Field(default=False, description="Ask for rows however fresh they are.")
    uuids: list[str] = Field(default=[], description="Only these tracks or artists.")
    platforms: list[str] = Field(default=[], description="Only these platforms; others are not materialised.")
    limit: int | None = Field(default=None, ge=0, description="At most so many rows; the others are deferred.")
    dry_run: bool = Field(default=False, description="Count what is due, ask for nothing, materialise nothing.")

    def request(self) -> Request:
        """The same, as the refresher takes it."""
        return Request(self.force, tuple(self.uuids), tuple(self.platforms), self.limit, self.dry_run)


@dataclass(frozen=True)
class Output:
    """One table that an asset writes.

    Attributes:
        table: Name of the table.
        group: Group in Dagster's UI.
        deps: Names of the assets it is made from.
        description: What it holds and where it comes from.
        platform: Where the asset is one platform's part of a table.
    """

    table: str
    group: str
    deps: tuple[str, ...]
    description: str
    platform: str | None = None

    @property
    def name(self) -> str:
        """Name of the asset: the table, and the platform below it."""
        return self.table if self.platform is None else f"{self.table}/{self.platform}"


@dataclass(frozen=True)
class StepCheck:
    """A check that a step makes of what it has written.

    Attributes:
        spec: What is checked.
        look: Checks what was written for charts since an instant.
    """

    spec: dg.AssetCheckSpec
    look: Callable[[Refresher, Sequence[str], datetime], dg.AssetCheckResult]


def asset_key(name: str) -> dg.AssetKey:
    """Return the key of an asset by its name, such as `track_audience/spotify`."""
    return dg.AssetKey([PREFIX, *name.split("/")])


def catalogue_of(settings: Settings) -> str:
    """Return the name by which DuckDB knows the catalogue of the tables."""
    return settings.warehouse_path.stem if settings.lake is None else LAKE


def is_ours(key: dg.AssetKey) -> bool:
    """Whether an asset is one of this project, in a code location that may have others."""
    return key.path[0] == PREFIX


def fetched_asset(
    settings: Settings,
    outputs: Sequence[Output],
    *,
    window: Window,
    condition: Condition,
    refresh: Refresh,
    declared_by: Callable[..., object],
    name: str | None = None,
    check: StepCheck | None = None,
) -> dg.AssetsDefinition:
    """Declare the tables that one step fetches, as assets partitioned by chart.

    Args:
        settings: Where the warehouse is.
        outputs: The tables. Where each is a platform's part of one, they may be materialised one by one.
        window: How old an answer may grow.
        condition: When charts are refreshed without being asked for.
        refresh: Refreshes the partitions of charts.
        declared_by: The function that declares the asset, for whoever looks for its code.
        name: Name of the step; by default that of the first table.
        check: What the step checks at its end.
    """
    catalogue = catalogue_of(settings)
    code = code_link(declared_by)
    specs = [_spec(output, settings, window, condition).merge_attributes(metadata=code) for output in outputs]

    @dg.multi_asset(
        name=name or outputs[0].table,
        specs=specs,
        can_subset=all(output.platform is not None for output in outputs),
        check_specs=[check.spec] if check else None,
        # A backfill takes neighbouring charts together: one run's fixed cost for ten, and fuller batches.
        backfill_policy=dg.BackfillPolicy.multi_run(_CHARTS_PER_RUN),
    )
    def fetched(
        context: dg.AssetExecutionContext,
        config: RefreshConfig,
        refresher: dg.ResourceParam[Refresher],
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        began = refresher.clock()
        yield from _refreshed(context, config.request(), refresher, outputs, catalogue, refresh)
        if check is not None:
            # Also where nothing was written: Dagster fails a step that leaves a check out.
            yield check.look(refresher, context.partition_keys, began)

    return fetched


def _refreshed(
    context: dg.AssetExecutionContext,
    request: Request,
    refresher: Refresher,
    outputs: Sequence[Output],
    catalogue: str,
    refresh: Refresh,
) -> Iterator[dg.MaterializeResult[None]]:
    """Refresh the charts of the run, and report what became of each table."""
    charts = context.partition_keys
    selected = [output for output in outputs if asset_key(output.name) in context.selected_asset_keys]
    asked = [output for output in selected if request.includes(output.platform)]
    if len(asked) < len(selected):
        # What was not looked at is not materialised: it would pass for fresh.
        left_out = [output.name for output in selected if output not in asked]
        context.log.info("%s: not among the platforms of this run", ", ".join(left_out))
    if not asked:
        return
    try:
        accounts = refresh(refresher, charts, request, [output.name for output in asked])
    except PausedError as paused:
        # No failure: the run that met the cause failed and was told of. Nothing was looked at here either.
        context.log.warning("%s", paused)
        return
    except (SoundchartsError, WarehouseError, SettingsError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    for account in accounts:
        _log(context, account)
    by_name = {account.subject: account for account in accounts}
    for output in asked:
        figures = _figures(output, by_name.get(output.name, accounts[0]), catalogue)
        if request.dry_run:
            # An observation, since nothing was materialised and freshness must not think so.
            for chart in charts:
                context.log_event(dg.AssetObservation(asset_key(output.name), partition=chart, metadata=figures))
        else:
            yield dg.MaterializeResult(asset_key=asset_key(output.name), metadata=figures)


def _log(context: dg.AssetExecutionContext, account: Account) -> None:
    """Say in the run's log what became of a subject."""
    context.log.info("%s of %s: %s", account.subject, account.chart, account.figures())
    if account.failed:
        context.log.warning("%d of %d failed and will be asked for again", account.failed, account.due)
    if account.held_back:
        context.log.warning("%d of %d wait: %s", account.deferred, account.due, account.held_back)


def storage_kind(settings: Settings) -> str:
    """Return the kind by which Dagster marks, with an icon, what lies in the warehouse."""
    return "duckdb" if settings.lake is None else "ducklake"


def _spec(
    output: Output,
    settings: Settings,
    window: Window,
    condition: Condition,
) -> dg.AssetSpec:
    table = TABLES[output.table]
    grain = f"{table.meaning} Unique by {', '.join(table.key)}."
    return dg.AssetSpec(
        key=asset_key(output.name),
        deps=[asset_key(name) for name in output.deps],
        description=f"{output.description}\n\n{grain}",
        group_name=output.group,
        kinds={storage_kind(settings), *([output.platform] if output.platform else [])},
        partitions_def=charts_partitions,
        skippable=True,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=window.fail, warn_window=window.warn),
        automation_condition=condition,
        metadata=table_metadata(table, catalogue_of(settings)),
    )


def table_metadata(table: Table, catalogue: str) -> dict[str, dg.TableSchema | str]:
    """What Dagster shows of a table: its columns, and how DuckDB calls it."""
    columns = [
        dg.TableColumn(
            column.name,
            column.type,
            description=column.meaning,
            constraints=dg.TableColumnConstraints(nullable=column.nullable),
        )
        for column in table.columns
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/relation_identifier": f"{catalogue}.{table.qualified}",
    }


def _figures(
    output: Output, account: Account, catalogue: str
) -> dict[str, dg.TableSchema | dg.TableMetadataValue | str | int]:
    table = TABLES[output.table]
    return {
        **table_metadata(table, catalogue),
        "dagster/row_count": account.stored.get(output.table, 0),
        "rows_written": account.rows[output.table],
        **account.figures(),
        **preview(table, account.written.get(table.name, {}).values()),
    }
