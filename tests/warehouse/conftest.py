"""Warehouses on disk: one for each test that needs its own file, and one a module whose tables are emptied."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import doubled_keys, empty, open_warehouse


@pytest.fixture(scope="module")
def module_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One file for the tests of a module, kept open meanwhile, since opening and closing one takes a while."""
    opened = open_warehouse(tmp_path_factory.mktemp("shared") / "warehouse.duckdb")
    with opened.connect():
        yield opened


@pytest.fixture
def warehouse(module_warehouse: Warehouse) -> Iterator[Warehouse]:
    """An empty warehouse, in which no key is stored twice when the test is over."""
    with module_warehouse.connect() as connection:
        empty(connection)
    yield module_warehouse
    with module_warehouse.connect() as connection:
        assert doubled_keys(connection) == []


@pytest.fixture
def fresh(tmp_path: Path) -> Warehouse:
    """A warehouse whose file does not exist yet, and whose bound is short."""
    return open_warehouse(tmp_path / "data" / "warehouse.duckdb", bound=0.1)
