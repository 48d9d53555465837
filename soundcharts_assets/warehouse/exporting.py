"""Taking tables out of a warehouse: as files for other programs, and as a whole that can be read all day.

All tables of an export show one state. A file appears whole or not at all, and takes the place of an earlier one.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from soundcharts_assets.warehouse.connection import Warehouse, literal
from soundcharts_assets.warehouse.copying import Copied, copy
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.extensions import load
from soundcharts_assets.warehouse.formats import Format
from soundcharts_assets.warehouse.specification import SCHEMA
from soundcharts_assets.warehouse.tables import TABLES, VIEWS

NAMES = (*TABLES, *VIEWS)
"""What can be exported: tables and views."""

_UNFINISHED = ".part"
_MOST_EXCEL_ROWS = 1_048_575
"""Rows that a sheet holds below its head."""
_OPTIONS = {
    Format.PARQUET: "FORMAT parquet, COMPRESSION zstd",
    Format.CSV: "FORMAT csv, HEADER true",
    Format.EXCEL: "FORMAT xlsx, HEADER true",
}


class Exported(NamedTuple):
    """A file that was written."""

    name: str
    path: Path
    rows: int


def export(warehouse: Warehouse, folder: Path, form: Format, names: Sequence[str] = NAMES) -> list[Exported]:
    """Write tables and views as files, each named after what it holds.

    The warehouse is open meanwhile, so a file keeps writers waiting.

    Args:
        warehouse: Read only.
        folder: Made where it does not exist.
        form: Kind of the files.
        names: Tables and views.

    Raises:
        WarehouseError: The warehouse cannot be read or a file not be written, or a table is too long for a sheet. Files
            written before stay.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"{folder} cannot be made: {error}") from error
    with warehouse.connect() as connection:
        if form is Format.EXCEL:
            load(connection, "excel")
        connection.execute("BEGIN")
        try:
            return [_write(connection, name, folder / f"{name}{form.suffix}", form) for name in names]
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"nothing more was exported to {folder}: {warehouse.told(error)}") from None
        finally:
            connection.execute("ROLLBACK")


def snapshot(warehouse: Warehouse, path: Path) -> Sequence[Copied]:
    """Write the whole warehouse into one DuckDB file of its own, in the place of an earlier one.

    Whoever reads the earlier one goes on reading that; nobody who reads either keeps a pass waiting.

    Raises:
        WarehouseError: See `copying.copy`; the earlier file stays then.
    """
    unfinished = path.with_name(f"{path.name}{_UNFINISHED}")
    try:
        unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise WarehouseError(f"{path}: cannot be written: {error.strerror}") from None
    target = Warehouse(unfinished, memory_limit=str(warehouse.options()["memory_limit"]), lock_timeout_seconds=0)
    try:
        copied = copy(warehouse, target)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return copied


def _write(connection: duckdb.DuckDBPyConnection, name: str, path: Path, form: Format) -> Exported:
    relation = f"{SCHEMA}.{name}"
    rows = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    if form is Format.EXCEL and rows > _MOST_EXCEL_ROWS:
        raise WarehouseError(
            f"{name} has {rows:,} rows, a sheet holds {_MOST_EXCEL_ROWS:,}; export it as csv or parquet"
        )
    unfinished = path.with_name(f"{path.name}{_UNFINISHED}")
    selected = ", ".join(_columns(connection, relation, form))
    try:
        connection.execute(f"COPY (SELECT {selected} FROM {relation}) TO {literal(str(unfinished))} ({_OPTIONS[form]})")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return Exported(name, path, int(rows))


def _columns(connection: duckdb.DuckDBPyConnection, relation: str, form: Format) -> Iterable[str]:
    """Columns as the format takes them: a sheet knows neither time zones nor lists, and numbers of 15 figures.

    Parquet knows no time that is less than none, which a ranking's age is until the instant it is stamped with.
    """
    none = "INTERVAL 0 SECONDS"
    for name, kind, *_ in connection.execute(f"DESCRIBE {relation}").fetchall():
        if form is Format.PARQUET and kind == "INTERVAL":
            yield f"CASE WHEN {name} < {none} THEN {none} ELSE {name} END AS {name}"
        elif form is not Format.EXCEL or kind in {"VARCHAR", "BOOLEAN", "DATE", "DOUBLE"}:
            yield name
        elif kind == "TIMESTAMP WITH TIME ZONE":
            yield f"({name} AT TIME ZONE 'UTC') AS {name}"
        elif kind == "BIGINT":
            yield f"{name}::DOUBLE AS {name}"
        else:
            yield f"{name}::VARCHAR AS {name}"
