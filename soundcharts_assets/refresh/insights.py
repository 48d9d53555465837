"""Making the computed tables anew: nothing is fetched, and whoever asks Soundcharts is not waited for.

What the tables hold is in `warehouse.insights`; when they are made is decided by automation and passes.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import duckdb

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.insights import INSIGHTS, Insight, behind, ledger, parts, preview, rebuild


class Rebuilt(NamedTuple):
    """What became of a computed table.

    Attributes:
        written: Rows that were written.
        rows: Rows that it holds now.
        preview: Some of them by column, those first that a person would look at first.
    """

    written: int
    rows: int
    preview: Sequence[dict[str, Any]]


def rebuild_insight(warehouse: Warehouse, insight: Insight, today: date) -> Rebuilt:
    """Make one computed table anew. The warehouse is open as long as that takes, or part by part.

    Args:
        warehouse: Where the table and those that it is made from are.
        insight: The table.
        today: The day (UTC) up to which days count.

    Raises:
        WarehouseError: It could not be made; rows of what was not made stay.
    """
    try:
        with warehouse.writing(), warehouse.connect() as connection:
            of, made_of = parts(connection, insight, today), ledger(connection)
            written = rebuild(connection, insight, today, made_of, of=of)
            if of <= 1:
                return Rebuilt(written, *preview(connection, insight))
        for part in range(1, of):
            with warehouse.writing(), warehouse.connect() as connection:
                written += rebuild(connection, insight, today, made_of, part=part, of=of)
        with warehouse.connect() as connection:
            return Rebuilt(written, *preview(connection, insight))
    except duckdb.Error as error:
        raise WarehouseError(f"{insight.name} was not made anew: {warehouse.told(error)}") from None


def insights_behind(warehouse: Warehouse) -> list[str]:
    """Names of computed tables that lack something that was fetched, whoever fetched it and however that ended.

    Raises:
        WarehouseError: The warehouse cannot be used.
    """
    if not warehouse.is_made():
        return []
    with warehouse.connect() as connection:
        return behind(connection, INSIGHTS)


def rebuild_insights(
    warehouse: Warehouse, today: date, insights: Iterable[Insight] = INSIGHTS.values()
) -> dict[str, Rebuilt]:
    """Make all computed tables anew, one after the other, so that others get at the warehouse in between.

    Raises:
        WarehouseError: See `rebuild_insight`; tables before that one are new.
    """
    return {insight.name: rebuild_insight(warehouse, insight, today) for insight in insights}
