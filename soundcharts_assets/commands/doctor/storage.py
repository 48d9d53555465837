"""Checks of the warehouse: its disk, its file, its tables, its spool."""

import os
import shutil
from pathlib import Path

import duckdb

from soundcharts_assets.commands.doctor.findings import Finding, Level, Scene, megabytes, nearest, some
from soundcharts_assets.warehouse.errors import WarehouseError, WarehouseLockedError
from soundcharts_assets.warehouse.schema import VERSION
from soundcharts_assets.warehouse.specification import SCHEMA
from soundcharts_assets.warehouse.tables import TABLES

_LITTLE_ROOM, _NO_ROOM = 1_000_000_000, 100_000_000


def check_disk(scene: Scene) -> Finding:
    """Whether the warehouse has room to grow."""
    if scene.settings.lake is not None:
        return _check_disk_of_lake(scene.settings.lake.files)
    path = scene.settings.warehouse_path
    size = path.stat().st_size if path.is_file() else 0
    return room_on_disk(shutil.disk_usage(nearest(path)).free, size)


def _check_disk_of_lake(files: str) -> Finding:
    if "://" in files:
        return Finding(Level.SKIPPED, f"the files of the lake are in {files}")
    size = sum(path.stat().st_size for path in Path(files).rglob("*") if path.is_file())
    return room_on_disk(shutil.disk_usage(nearest(Path(files))).free, size)


def room_on_disk(free: int, size: int) -> Finding:
    """Judge the bytes that are free beside a warehouse of a size."""
    found = f"{megabytes(free)} free beside a warehouse of {megabytes(size)}"
    if free < _NO_ROOM:
        return Finding(Level.FAILURE, found, "make room, or move the warehouse (SOUNDCHARTS_WAREHOUSE)")
    if free < max(_LITTLE_ROOM, size):
        return Finding(Level.WARNING, found, "make room for its growth and for a copy of it")
    return Finding(Level.OK, found)


def check_warehouse(scene: Scene) -> Finding:
    """Whether the tables can be written, or made, and are held by nobody."""
    if scene.settings.lake is not None:
        return _check_lake(scene)
    path = scene.settings.warehouse_path
    if not path.exists():
        there = nearest(path)
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            scene.missing["warehouse"] = "there is no warehouse yet"
            return Finding(Level.OK, f"{path.absolute()} is not there yet; the first sync makes it")
        scene.missing["warehouse"] = "the warehouse cannot be made"
        return Finding(Level.FAILURE, f"{path.absolute()} cannot be made: {there} is not to be written to", _ELSEWHERE)
    try:
        scene.warehouse.probe()
    except WarehouseLockedError as error:
        scene.missing["warehouse"] = "the warehouse is held by another process"
        return Finding(Level.FAILURE, str(error), "end that process, or have it open the file briefly and read-only")
    except WarehouseError as error:
        scene.missing["warehouse"] = "the warehouse cannot be opened"
        return Finding(Level.FAILURE, str(error), _ELSEWHERE)
    return Finding(Level.OK, f"{path.absolute()} can be written, {megabytes(path.stat().st_size)}, held by nobody")


def _check_lake(scene: Scene) -> Finding:
    name = scene.warehouse.name
    try:
        if not scene.warehouse.is_made():
            scene.missing["warehouse"] = "there is no warehouse yet"
            return Finding(Level.OK, f"{name} has no tables yet; the first sync makes them")
        scene.warehouse.probe()
    except WarehouseError as error:
        scene.missing["warehouse"] = "the warehouse cannot be opened"
        return Finding(Level.FAILURE, str(error), "see that the catalogue's database runs and lets this account in")
    return Finding(Level.OK, f"{name} can be read and written")


_ELSEWHERE = "name a path that can be written in SOUNDCHARTS_WAREHOUSE, or put a backup of the file in its place"


def check_tables(scene: Scene) -> Finding:
    """Compare the columns with those that this version would make. Opening the file has brought it up to date."""
    with duckdb.connect() as fresh:
        fresh.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in TABLES.values():
            fresh.execute(table.ddl())
        wanted = _columns(fresh)
    with scene.warehouse.connect() as connection:
        found = _columns(connection)
    wrong = [f"{name} is {found.get(name, 'missing')}, not {type_}" for name, type_ in wanted.items()
             if found.get(name) != type_]  # fmt: skip
    if wrong:
        return Finding(Level.FAILURE, some(wrong, "; "), "restore a backup, or start anew in another file")
    return Finding(Level.OK, f"{len(TABLES)} tables of version {VERSION} with all their {len(wanted)} columns")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute(
        """
        SELECT columns.table_name || '.' || columns.column_name, columns.data_type
        FROM duckdb_columns() AS columns
        JOIN duckdb_tables() AS tables USING (table_oid)
        WHERE columns.schema_name = $schema AND tables.schema_name = $schema
        ORDER BY columns.table_name, columns.column_index
        """,
        {"schema": SCHEMA},
    ).fetchall()
    return dict(rows)


def check_spool(scene: Scene) -> Finding:
    """Whether answers wait that are not stored yet."""
    waiting = scene.warehouse.spool.waiting()
    if waiting:
        found = f"{len(waiting):,} batches of paid answers wait in {scene.warehouse.spool.folder.absolute()}"
        return Finding(Level.WARNING, found, "leave them there: the next sync or run stores them first")
    return Finding(Level.OK, "nothing waits to be stored")
