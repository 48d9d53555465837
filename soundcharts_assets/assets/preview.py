"""Some of the rows that a step wrote, as Dagster shows them with a materialisation.

Which rows are kept is the account's business (`refresh.account`); nothing is asked of the warehouse here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import dagster as dg

from soundcharts_assets.warehouse.specification import Table

_LONGEST = 100
"""Characters of a value that are shown."""


def preview(table: Table, rows: Iterable[Mapping[str, Any]]) -> dict[str, dg.TableMetadataValue]:
    """Return metadata that shows the rows, in those columns that all of them fill; nothing where there are none."""
    shown = list(rows)
    columns = [column for column in table.columns if shown and all(column.name in row for row in shown)]
    if not columns:
        return {}
    records = [dg.TableRecord({column.name: _cell(row[column.name]) for column in columns}) for row in shown]
    schema = dg.TableSchema([dg.TableColumn(column.name, column.type) for column in columns])
    return {"preview": dg.MetadataValue.table(records, schema)}


def _cell(value: Any) -> str | int | float | bool | None:
    """Return a value as a cell holds it: numbers as they are, anything else as text that is not too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
