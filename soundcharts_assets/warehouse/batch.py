"""A batch: changes to several tables that belong together, and how it becomes frames or a file and back.

A batch says what is to change. The statements that carry it out are in `writes`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, TypeAlias

import pandas as pd

from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import TABLES

Row: TypeAlias = tuple[Any, ...]

_FRAME_TYPES = {
    "VARCHAR": "str",
    "BIGINT": "Int64",
    "BOOLEAN": "boolean",
    "DATE": "datetime64[s]",
    "TIMESTAMPTZ": "datetime64[us, UTC]",
}
_NESTED_FRAME_TYPE = "str"  # lists, structs and JSON travel as JSON text and are cast by DuckDB


class Mode(StrEnum):
    """How rows meet those already stored. Every mode first keeps the last of rows with the same key."""

    UPSERT = "upsert"
    """Insert, or replace the given columns of the row with the same key."""
    DISCOVER = "discover"
    """Insert, or only move `last_charted_at` forward."""
    ABSENT = "absent"
    """Insert where no row has the key; leave others alone."""
    REPLACE = "replace"
    """Delete all rows of the given parents, then insert: MERGE never deletes."""
    APPEND = "append"
    """Insert without looking: only for keys known to be new, as days after the ledger's `through_date`."""
    CORRECT = "correct"
    """Insert or replace days that may be stored already, looking only between the batch's own first and last date."""
    ADD = "add"
    """Insert, or add `calls` and lower `quota_remaining` of the row with the same key."""


@dataclass(frozen=True)
class Change:
    """Rows for one table.

    Attributes:
        table: Name of the table.
        mode: How they meet stored rows.
        columns: Columns that the rows hold, in order.
        rows: The rows.
        parents: With REPLACE: values of the first columns of the key whose rows are replaced, also where none follow.
    """

    table: str
    mode: Mode
    columns: tuple[str, ...]
    rows: Sequence[Row]
    parents: Sequence[Row] = ()


@dataclass
class Batch:
    """Changes that are committed together, in the order in which their kinds first came."""

    changes: dict[tuple[str, Mode, tuple[str, ...]], tuple[list[Row], list[Row]]] = field(default_factory=dict)
    size: int = 0

    def add(self, changes: Iterable[Change]) -> None:
        """Take changes in; those of one table, mode and set of columns become one statement."""
        for change in changes:
            rows, parents = self.changes.setdefault((change.table, change.mode, change.columns), ([], []))
            rows.extend(change.rows)
            parents.extend(change.parents)
            self.size += len(change.rows) + len(change.parents)

    def __iter__(self) -> Iterator[Change]:
        """The changes, joined."""
        for (table, mode, columns), (rows, parents) in self.changes.items():
            yield Change(table, mode, columns, rows, parents)

    def repeatable(self) -> "Batch":
        """The same changes, such that carrying them out twice stores each row once."""
        batch = Batch()
        for change in self:
            again = Mode.CORRECT if change.mode is Mode.APPEND else change.mode
            batch.add([Change(change.table, again, change.columns, change.rows, change.parents)])
        return batch

    def to_json(self) -> str:
        """As text, for the spool."""
        return json.dumps(
            [
                {
                    "table": change.table,
                    "mode": change.mode,
                    "columns": change.columns,
                    "rows": change.rows,
                    "parents": change.parents,
                }
                for change in self
            ],
            default=_iso,
        )

    @classmethod
    def from_json(cls, text: str) -> "Batch":
        """Undo `to_json`. ValueError or KeyError where the text is no batch of this version."""
        batch = cls()
        for item in json.loads(text):
            table, columns = TABLES[item["table"]], tuple(item["columns"])
            rows = [_typed(table, columns, row) for row in item["rows"]]
            parents = [_typed(table, table.key, row) for row in item["parents"]]
            batch.add([Change(table.name, Mode(item["mode"]), columns, rows, parents)])
        return batch


def frame(
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    latest_by: str | None = None,
) -> pd.DataFrame:
    """Rows as a frame of the declared types, of those with the same key the last only, or the latest by a column.

    Column by column: a frame that is cast after it was made costs seven times as much for the small batches of a run.
    """
    if latest_by is not None:
        rows = sorted(rows, key=itemgetter(columns.index(latest_by)))
    key_of = itemgetter(*(columns.index(name) for name in key))
    last = {key_of(row): row for row in rows}
    values = zip(*(rows if len(last) == len(rows) else last.values()), strict=True)
    types = [_FRAME_TYPES.get(table.column(name).type, _NESTED_FRAME_TYPE) for name in columns]
    arrays = {
        name: pd.array(list(column), dtype=type_)  # type: ignore[call-overload]
        for name, type_, column in zip(columns, types, values, strict=True)
    }
    return pd.DataFrame(arrays, copy=False)


def _iso(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"a batch cannot hold {type(value).__name__}")


def _typed(table: Table, columns: Sequence[str], row: Sequence[Any]) -> Row:
    readers = {"DATE": date.fromisoformat, "TIMESTAMPTZ": datetime.fromisoformat}
    return tuple(
        value if value is None else readers.get(table.column(name).type, lambda same: same)(value)
        for name, value in zip(columns, row, strict=False)
    )
