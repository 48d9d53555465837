"""Making the computed tables anew: nothing is fetched, and whoever asks Soundcharts is not waited for.

What the tables hold is in `warehouse.insights`; when they are made is decided by automation and passes.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import duckdb

from soundcharts_assets.warehouse.connection import Warehouse, WarehouseError
from soundcharts_assets.warehouse.insights import INSIGHTS, Insight, preview, rebuild


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
    """Make one computed table anew. The warehouse is open for as long as that takes.

    Args:
        warehouse: Where the table and those that it is made from are.
        insight: The table.
        today: The day (UTC) up to which days count.

    Raises:
        WarehouseError: It could not be made; the rows before stay.
    """
    with warehouse.writing(), warehouse.connect() as connection:
        try:
            written = rebuild(connection, insight, today)
            return Rebuilt(written, *preview(connection, insight))
        except duckdb.Error as error:
            raise WarehouseError(f"{insight.name} was not made anew: {warehouse.told(error)}") from None


def rebuild_insights(
    warehouse: Warehouse, today: date, insights: Iterable[Insight] = INSIGHTS.values()
) -> dict[str, Rebuilt]:
    """Make all computed tables anew, one after the other, so that others get at the warehouse in between.

    Raises:
        WarehouseError: See `rebuild_insight`; tables before that one are new.
    """
    return {insight.name: rebuild_insight(warehouse, insight, today) for insight in insights}
