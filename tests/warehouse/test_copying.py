"""Copying a warehouse: everything arrives, the source stays as it was, and nothing is overwritten."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.copying import Copied, copy
from soundcharts_assets.warehouse.errors import WarehouseError
from tests.warehouse.helpers import (
    AWKWARD_TEXTS,
    NOON,
    batch_of,
    chart,
    commit,
    ledger,
    open_lake,
    open_warehouse,
    rows_of,
    stored_credits,
    stored_ranking,
)

if TYPE_CHECKING:
    from tests.postgres import Postgres


@pytest.fixture
def source(tmp_path: Path) -> Warehouse:
    """A warehouse with a little of everything."""
    opened = open_warehouse(tmp_path / "source.duckdb")
    texts = [ledger("tracks", text, "ok", NOON) for text in AWKWARD_TEXTS]
    commit(opened, chart("top"), *stored_ranking("top", "t1", "t2"), *stored_credits("t1", "a1", "a2"), *texts)
    return opened


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def by_table(copied: list[Copied]) -> dict[str, int]:
    return {one.table: one.rows for one in copied if one.rows}


def test_everything_arrives_and_the_source_keeps_every_byte(source: Warehouse, tmp_path: Path) -> None:
    before = digest(source.path)

    copied = copy(source, open_warehouse(tmp_path / "elsewhere" / "target.duckdb"))

    assert digest(source.path) == before
    assert by_table(copied) == {
        "charts": 1, "chart_rankings": 1, "chart_entries": 2, "tracks": 2, "artists": 2, "track_artists": 2,
        "fetches": len(AWKWARD_TEXTS),
    }  # fmt: skip


@pytest.mark.lake
def test_there_and_back_through_a_lake_all_hashes_are_the_same(
    source: Warehouse, tmp_path: Path, postgres: "Postgres"
) -> None:
    lake = open_lake(postgres.database(), tmp_path)

    there = copy(source, lake)
    back = copy(lake, open_warehouse(tmp_path / "back.duckdb"))

    assert there == back
    assert rows_of(lake, "SELECT uuid FROM soundcharts.fetches ORDER BY uuid") == sorted(
        (text,) for text in AWKWARD_TEXTS
    )


def test_a_warehouse_that_holds_something_is_not_overwritten(source: Warehouse, tmp_path: Path) -> None:
    target = open_warehouse(tmp_path / "target.duckdb")
    commit(target, chart("another"))

    with pytest.raises(WarehouseError, match=r"target\.duckdb holds rows already, in charts"):
        copy(source, target)

    assert rows_of(target, "SELECT slug FROM soundcharts.charts") == [("another",)]


def test_a_source_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    missing = open_warehouse(tmp_path / "missing.duckdb")

    with pytest.raises(WarehouseError, match="does not exist"):
        copy(missing, open_warehouse(tmp_path / "target.duckdb"))

    assert not missing.path.exists()


def test_answers_that_wait_are_stored_first(source: Warehouse, tmp_path: Path) -> None:
    source.spool.put(batch_of(chart("waiting")))

    with pytest.raises(WarehouseError, match=r"answers wait in .* run soundcharts-assets sync"):
        copy(source, open_warehouse(tmp_path / "target.duckdb"))


def test_what_cannot_be_written_leaves_the_target_empty(source: Warehouse, tmp_path: Path) -> None:
    target = open_warehouse(tmp_path / "target.duckdb")
    target.probe()
    with target.connect() as connection:
        # Half way through the tables, one that takes no rows.
        connection.execute("ALTER TABLE soundcharts.track_artists ADD COLUMN wanted VARCHAR DEFAULT 'x'")
        connection.execute("ALTER TABLE soundcharts.track_artists ALTER COLUMN wanted DROP DEFAULT")
        connection.execute("ALTER TABLE soundcharts.track_artists ALTER COLUMN wanted SET NOT NULL")

    with pytest.raises(WarehouseError, match=r"could not be copied to .*track_artists"):
        copy(source, target)

    assert rows_of(target, "SELECT count(*) FROM soundcharts.charts") == [(0,)]
