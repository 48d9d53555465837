"""The statements that carry a batch into the tables, all within one transaction of the caller's.

Frames are taken back only where a statement succeeded: in an aborted transaction that would hide what went wrong.

Names in these statements come from the table specification only, never from data; data is bound as frames.
"""

from collections.abc import Callable, Sequence

import duckdb
import pandas as pd

from soundcharts_assets.warehouse.batch import Batch, Change, Mode, frame
from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import TABLES

_PLAIN = {"VARCHAR", "BIGINT", "BOOLEAN", "DATE", "TIMESTAMPTZ"}


def apply(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Carry out every change of the batch. The caller begins and commits."""
    for change in batch:
        _apply_change(connection, change)
    _carry_last_charted(connection, batch)


def _apply_change(connection: duckdb.DuckDBPyConnection, change: Change) -> None:
    table = TABLES[change.table]
    if change.mode is Mode.REPLACE:
        _delete_children(connection, table, change)
    if not change.rows:
        return
    latest_by = "last_charted_at" if change.mode is Mode.DISCOVER else None
    incoming = frame(table, change.columns, change.rows, key=table.key, latest_by=latest_by)
    connection.register("incoming", incoming)
    if change.mode is Mode.CORRECT:
        _correct_days(connection, table, change.columns, incoming)
    else:
        connection.execute(_STATEMENTS[change.mode](table, change.columns))
    connection.unregister("incoming")


def _correct_days(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns: Sequence[str],
    incoming: pd.DataFrame,
) -> None:
    parameters = {"first": min(incoming["date"]), "last": max(incoming["date"])}
    platforms = set(incoming["platform"])
    one = {"platform": platforms.pop()} if len(platforms) == 1 else {}
    connection.execute(_correct(table, columns, shared=tuple(one)), {**parameters, **one})


def _delete_children(connection: duckdb.DuckDBPyConnection, table: Table, change: Change) -> None:
    parent = table.key[: len(change.parents[0])] if change.parents else ()
    if not parent:
        return
    connection.register("parents", frame(table, parent, change.parents, key=parent))
    connection.execute(f"DELETE FROM {table.qualified} AS stored USING parents WHERE {_same(parent, 'parents')}")
    connection.unregister("parents")


def _insert(table: Table, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table.qualified} BY NAME {_incoming(table, columns)}"


def _upsert(table: Table, columns: Sequence[str]) -> str:
    changing = [name for name in columns if name not in table.key]
    return _merge(table, columns, f"WHEN MATCHED THEN UPDATE SET {_assign(changing)}")


def _discover(table: Table, columns: Sequence[str]) -> str:
    newer = "stored.last_charted_at IS NULL OR stored.last_charted_at < fresh.last_charted_at"
    return _merge(table, columns, f"WHEN MATCHED AND ({newer}) THEN UPDATE SET {_assign(['last_charted_at'])}")


def _absent(table: Table, columns: Sequence[str]) -> str:
    unknown = f"ANTI JOIN {table.qualified} AS stored ON {_same(table.key, 'incoming')}"
    return f"INSERT INTO {table.qualified} BY NAME {_incoming(table, columns)} {unknown}"


def _correct(table: Table, columns: Sequence[str], shared: Sequence[str] = ()) -> str:
    # The bounds let DuckDB pass over all row groups but those of the last days; without them a merge reads everything.
    # What all rows of the batch share, the platform, is compared with a constant: it need not be hashed for each row.
    bounds = " AND stored.date BETWEEN $first AND $last"
    bounds += "".join(f" AND stored.{name} = ${name}" for name in shared)
    changing = [name for name in columns if name not in table.key]
    return _merge(table, columns, f"WHEN MATCHED THEN UPDATE SET {_assign(changing)}", bounds, shared)


def _add(table: Table, columns: Sequence[str]) -> str:
    sums = (
        "calls = stored.calls + fresh.calls, "
        # A batch that was spooled by an earlier version says nothing of it.
        f"{'cost = coalesce(stored.cost, 0) + fresh.cost, ' if 'cost' in columns else ''}"
        "quota_remaining = least(coalesce(stored.quota_remaining, fresh.quota_remaining), "
        "coalesce(fresh.quota_remaining, stored.quota_remaining))"
    )
    return _merge(table, columns, f"WHEN MATCHED THEN UPDATE SET {sums}")


def _merge(
    table: Table,
    columns: Sequence[str],
    when_matched: str,
    bounds: str = "",
    shared: Sequence[str] = (),
) -> str:
    key = [name for name in table.key if name not in shared]
    names = ", ".join(columns)
    values = ", ".join(f"fresh.{name}" for name in columns)
    return (
        f"MERGE INTO {table.qualified} AS stored "
        f"USING ({_incoming(table, columns)}) AS fresh ON {_same(key)}{bounds} "
        f"{when_matched} WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
    )


def _incoming(table: Table, columns: Sequence[str]) -> str:
    """Select the frame with every column cast to the table's type."""
    return f"SELECT {', '.join(_cast(table, name) for name in columns)} FROM incoming"


def _cast(table: Table, name: str) -> str:
    type_ = table.column(name).type
    nested = "" if type_ in _PLAIN else "::JSON"
    return f"incoming.{name}{nested}::{type_} AS {name}"


def _same(key: Sequence[str], other: str = "fresh") -> str:
    return " AND ".join(f"stored.{name} = {other}.{name}" for name in key)


def _assign(columns: Sequence[str]) -> str:
    return ", ".join(f"{name} = fresh.{name}" for name in columns)


_STATEMENTS: dict[Mode, Callable[[Table, Sequence[str]], str]] = {
    Mode.UPSERT: _upsert,
    Mode.DISCOVER: _discover,
    Mode.ABSENT: _absent,
    Mode.REPLACE: _insert,
    Mode.APPEND: _insert,
    Mode.ADD: _add,
}


def _carry_last_charted(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """An artist charts when a track of theirs does, whichever of ranking and credit was stored first."""
    touched = [
        row[:1]
        for change in batch
        for row in {"tracks": change.rows if change.mode is Mode.DISCOVER else (), "track_artists": change.parents}.get(
            change.table, ()
        )
    ]
    if not touched:
        return
    connection.register("touched", frame(TABLES["tracks"], ("uuid",), touched, key=("uuid",)))
    connection.execute(query("carry_last_charted"))
    connection.unregister("touched")
