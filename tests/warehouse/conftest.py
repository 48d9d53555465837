"""Warehouses, in files and in lakes: one a test that needs its own, one a module whose tables are emptied."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import doubled_keys, empty, open_lake, open_warehouse


@pytest.fixture(scope="module", params=["file", pytest.param("lake", marks=pytest.mark.lake)])
def module_warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse for the tests of a module, kept open meanwhile, since opening and closing one takes a while."""
    folder = tmp_path_factory.mktemp("shared")
    if request.param == "file":
        opened = open_warehouse(folder / "warehouse.duckdb")
    else:
        opened = open_lake(request.getfixturevalue("postgres").database(), folder)
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
