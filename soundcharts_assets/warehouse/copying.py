"""Copying a whole warehouse into another place: from a file into a lake, or back, all of it or nothing.

The source is attached for reading only. What was copied is counted and hashed on both sides, table by table.
"""

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.schema import VERSION
from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import SCHEMA_VERSIONS, TABLES

_SOURCE, _TARGET = "copied_from", "copied_to"


class Copied(NamedTuple):
    """What both sides hold of a table: rows, and a sum over the hashes of all of them."""

    table: str
    rows: int
    digest: str


def copy(source: Warehouse, target: Warehouse) -> list[Copied]:
    """Copy all tables into an empty warehouse, and compare both sides afterwards.

    Nobody may write to either meanwhile: whoever calls holds both callers' locks.

    Args:
        source: Read, never written.
        target: Made where it does not exist.

    Raises:
        WarehouseError: The source is not there, is of another version, or holds answers that wait to be stored; the
            target holds rows; something could not be read or written; or the two differ. Nothing is left in the target
            but in the last case.
    """
    require(source)
    if source.spool.waiting():
        raise WarehouseError(
            f"answers wait in {source.spool.folder} that {source.name} does not hold yet; run soundcharts-assets sync"
        )
    target.probe()
    options = target.options() | {"temp_directory": f"{target.path}.tmp"}
    try:
        with source.writing(), target.writing(), duckdb.connect(config=options) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            source.attach(connection, _SOURCE, read_only=True)
            target.attach(connection, _TARGET, read_only=False)
            _check(connection, source, target)
            # Where this is not reached to the end, the connection takes it back as it closes.
            connection.execute("BEGIN")
            for table in _tables():
                connection.execute(
                    f"INSERT INTO {_TARGET}.{table.qualified} BY NAME SELECT * FROM {_SOURCE}.{table.qualified}"
                )
            connection.execute("COMMIT")
            return list(_compared(connection, target))
    except duckdb.Error as error:
        told = source.redact(target.told(error))
        raise WarehouseError(f"{source.name} could not be copied to {target.name}: {told}") from None


def require(source: Warehouse) -> None:
    """See that there is something to copy, before anything is made for it.

    Raises:
        WarehouseError: There is not.
    """
    if not source.is_made():
        raise WarehouseError(f"{source.name} does not exist; there is nothing to copy")


def _check(connection: duckdb.DuckDBPyConnection, source: Warehouse, target: Warehouse) -> None:
    version = _value(connection, f"SELECT max(version) FROM {_SOURCE}.{SCHEMA_VERSIONS.qualified}")
    if version != VERSION:
        raise WarehouseError(
            f"{source.name} is of version {version}, this program of {VERSION}; "
            "let soundcharts-assets status bring it up to date first"
        )
    filled = [
        table.name for table in _tables() if _value(connection, f"SELECT count(*) FROM {_TARGET}.{table.qualified}")
    ]
    if filled:
        more = f" and {len(filled) - 1} more tables" if len(filled) > 1 else ""
        raise WarehouseError(f"{target.name} holds rows already, in {filled[0]}{more}; a copy wants an empty one")


def _compared(connection: duckdb.DuckDBPyConnection, target: Warehouse) -> Iterator[Copied]:
    for table in _tables():
        ours, theirs = (_digest(connection, catalogue, table) for catalogue in (_SOURCE, _TARGET))
        if ours != theirs:
            raise WarehouseError(
                f"{target.name} differs from what was copied in {table.name}: {theirs} instead of {ours}; discard it"
            )
        yield Copied(table.name, *ours)


def _digest(connection: duckdb.DuckDBPyConnection, catalogue: str, table: Table) -> tuple[int, str]:
    """Rows, and the sum of their hashes: whatever their order, and though a row came twice."""
    rows, digest = connection.execute(
        f"SELECT count(*), coalesce(sum(hash({', '.join(table.names)})::HUGEINT), 0) FROM {catalogue}.{table.qualified}"
    ).fetchall()[0]
    return int(rows), f"{digest:x}"


def _tables() -> list[Table]:
    """All but the versions, which every warehouse keeps of itself."""
    return [table for table in TABLES.values() if table is not SCHEMA_VERSIONS]


def _value(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return 0 if row is None or row[0] is None else int(row[0])
