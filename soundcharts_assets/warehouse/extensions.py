"""DuckDB's extensions, loaded from packages: nothing is downloaded when the program runs."""

from importlib import import_module
from pathlib import Path

import duckdb

from soundcharts_assets.warehouse.connection import literal
from soundcharts_assets.warehouse.errors import WarehouseError

_PACKAGES = {
    "ducklake": ("duckdb_extension_ducklake", "lake"),
    "postgres_scanner": ("duckdb_extension_postgres_scanner", "lake"),
    "httpfs": ("duckdb_extension_httpfs", "lake"),
    "excel": ("duckdb_extension_excel", "excel"),
}
"""The package that brings an extension, and the extra of this program that brings the package."""


def load(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Load extensions into a connection.

    Raises:
        WarehouseError: One of them is not installed, or not for this DuckDB.
    """
    for name in names:
        connection.execute(f"LOAD {literal(_file(name))}")


def _file(name: str) -> str:
    package, extra = _PACKAGES[name]
    try:
        folder = Path(str(import_module(package).__file__)).parent
        return str(next(folder.glob(f"extensions/v{duckdb.__version__}/{name}.duckdb_extension")))
    except (ImportError, StopIteration):
        raise WarehouseError(
            f"DuckDB {duckdb.__version__} lacks its extension {name}: install this program with its extra `{extra}`"
        ) from None
