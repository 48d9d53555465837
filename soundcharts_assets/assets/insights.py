"""Assets that are computed from the fetched ones: one for each table of `warehouse.insights`, without partitions."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import dagster as dg

from soundcharts_assets.assets.declaration import Condition, asset_key, catalogue_of, storage_kind, table_metadata
from soundcharts_assets.assets.preview import preview
from soundcharts_assets.refresh.insights import rebuild_insight
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.insights import INSIGHTS, Insight

GROUP = "insights"

_DESCRIPTIONS = {
    "chart_movements": "Who is new, came back, rose, fell, stayed or left, ranking by ranking, with peaks and streaks.",
    "track_momentum": "What each track gains in 7 and 28 days on each platform, and how its newest figure compares "
    "with a usual one.",
    "artist_momentum": "What each artist gains in 7 and 28 days on each platform, and how the newest figure compares "
    "with a usual one.",
    "cross_chart": "Where each track charts and charted, where it did so first, and where best.",
    "genre_share": "Which genres make up each chart, ranking by ranking.",
    "catalog": "Everything that is known of a track in one wide row.",
    "notable": "What changed that somebody should know of, ranked, each with its reasons in one sentence.",
}


def insight_assets(
    settings: Settings, tables: Mapping[str, Sequence[dg.AssetKey]], condition: Condition
) -> list[dg.AssetsDefinition]:
    """Declare the computed tables.

    Args:
        settings: Where the warehouse is.
        tables: The assets that write each fetched table: one, or one for each platform.
        condition: When they are made anew without being asked for.
    """
    computed = {name: [asset_key(name)] for name in INSIGHTS}
    return [_asset(insight, settings, {**tables, **computed}, condition) for insight in INSIGHTS.values()]


def _asset(
    insight: Insight, settings: Settings, tables: Mapping[str, Sequence[dg.AssetKey]], condition: Condition
) -> dg.AssetsDefinition:
    table, catalogue = insight.table, catalogue_of(settings)
    lineage = _lineage(insight, tables)

    @dg.asset(
        key=asset_key(insight.name),
        deps=[key for name in insight.inputs for key in tables.get(name, ())],
        description=f"{_DESCRIPTIONS[insight.name]}\n\n{table.meaning} Unique by {', '.join(table.key)}.",
        group_name=GROUP,
        kinds={storage_kind(settings), "sql"},
        automation_condition=condition,
        metadata={**table_metadata(table, catalogue), "dagster/column_lineage": lineage},
    )
    def computed(refresher: dg.ResourceParam[Refresher]) -> dg.MaterializeResult[None]:
        try:
            rebuilt = rebuild_insight(refresher.warehouse, insight, refresher.clock().date())
        except WarehouseError as error:
            raise dg.Failure(description=str(error)) from error
        return dg.MaterializeResult(
            metadata={
                **table_metadata(table, catalogue),
                "dagster/column_lineage": lineage,
                "dagster/row_count": rebuilt.rows,
                "rows_written": rebuilt.written,
                **preview(table, rebuilt.preview),
            }
        )

    return computed


def _lineage(insight: Insight, tables: Mapping[str, Sequence[dg.AssetKey]]) -> dg.TableColumnLineage:
    """Where each column comes from, as the query says it."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=key, column_name=source)
                for table, source in (name.split(".") for name in sources)
                for key in tables.get(table, ())
            ]
            for column, sources in _sources()[insight.name].items()
        }
    )


@cache
def _sources() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Read what the queries say: `table.column` for each column of each computed table. `make snapshot` writes it."""
    text = resources.files(__package__).joinpath("column_lineage.json").read_text(encoding="utf-8")
    sources: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(text)
    return sources
