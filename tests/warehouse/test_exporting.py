"""Exports and snapshots: every row and value arrives, and an earlier file stays until the new one is whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from soundcharts_assets.warehouse import exporting
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError, WarehouseLockedError
from soundcharts_assets.warehouse.exporting import NAMES, export, snapshot
from soundcharts_assets.warehouse.extensions import load
from soundcharts_assets.warehouse.formats import Format
from tests.warehouse.helpers import NOON, another_process, chart, commit, open_warehouse, rows_of, stored_ranking

AWKWARD = 'say "hello", O\'Brien;\nnext line, =1+1, \U0001f98a'


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    opened = open_warehouse(tmp_path / "warehouse.duckdb")
    columns = ("uuid", "name", "discovered_at", "composers", "duration_seconds", "explicit")
    track = ("t3", AWKWARD, NOON, '["Ada", "Bo"]', 9_007_199_254_740_991, True)
    tracks = Change("tracks", Mode.UPSERT, columns, [track])
    commit(opened, chart("top"), *stored_ranking("top", "t1", "t2"), tracks)
    return opened


@pytest.fixture
def _excel() -> None:
    """The extension for sheets, which is of one version of DuckDB only: these tests run on a later one as well."""
    pytest.importorskip("duckdb_extension_excel")


def read(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = "uuid, name, discovered_at, duration_seconds, explicit"
        return connection.execute(f"SELECT {columns} FROM '{path}' ORDER BY uuid").fetchall()


@pytest.mark.parametrize("form", [Format.PARQUET, Format.CSV])
def test_a_ranking_that_is_stamped_with_an_instant_to_come_is_of_no_age(tmp_path: Path, form: Format) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse.duckdb")
    commit(warehouse, chart("top"), *stored_ranking("top", "t1", at=datetime.now(UTC) + timedelta(hours=2)))

    (exported,) = export(warehouse, tmp_path, form, ["chart_health"])

    with duckdb.connect() as connection:
        ages = connection.execute(f"SELECT newest_age::INTERVAL FROM '{exported.path}'").fetchall()
    assert len(ages) == 1
    assert (ages[0][0] == timedelta()) is (form is Format.PARQUET)


@pytest.mark.parametrize("form", [Format.PARQUET, Format.CSV])
def test_every_table_and_view_becomes_a_file_that_others_can_read(
    warehouse: Warehouse, tmp_path: Path, form: Format
) -> None:
    folder = tmp_path / "out" / "of here"

    exported = export(warehouse, folder, form)

    assert [one.name for one in exported] == list(NAMES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}{form.suffix}" for name in NAMES)
    rows = {str(uuid): rest for uuid, *rest in read(folder / f"tracks{form.suffix}")}
    assert set(rows) == {"t1", "t2", "t3"}
    name, discovered_at, duration, explicit = rows["t3"]
    assert name == AWKWARD
    assert isinstance(discovered_at, datetime)
    assert discovered_at.replace(tzinfo=UTC) == NOON
    assert (duration, explicit) == (9_007_199_254_740_991, True)


@pytest.mark.usefixtures("_excel")
def test_a_sheet_holds_texts_as_texts_and_instants_in_utc(warehouse: Warehouse, tmp_path: Path) -> None:
    exported = export(warehouse, tmp_path, Format.EXCEL)

    assert [one.path.name for one in exported] == [f"{name}.xlsx" for name in NAMES]
    with duckdb.connect() as connection:
        load(connection, "excel")
        sheet = f"read_xlsx('{tmp_path / 'tracks.xlsx'}', all_varchar = true)"
        columns = (
            "name, duration_seconds::DOUBLE, '1899-12-30'::TIMESTAMP + to_hours((discovered_at::DOUBLE * 24)::INT)"
        )
        rows = connection.execute(f"SELECT {columns} FROM {sheet} WHERE uuid = 't3'").fetchall()
    assert rows == [(AWKWARD, 9_007_199_254_740_991.0, NOON.replace(tzinfo=None))]


def test_pandas_reads_what_was_exported(warehouse: Warehouse, tmp_path: Path) -> None:
    export(warehouse, tmp_path, Format.CSV, ["chart_entries"])

    frame = pd.read_csv(tmp_path / "chart_entries.csv")

    assert frame[["chart_slug", "position", "track_uuid"]].to_numpy().tolist() == [["top", 1, "t1"], ["top", 2, "t2"]]


@pytest.mark.usefixtures("_excel")
def test_a_table_that_is_too_long_for_a_sheet_is_told_before_anything_is_written(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_MOST_EXCEL_ROWS", 2)

    with pytest.raises(WarehouseError, match="tracks has 3 rows, a sheet holds 2; export it as csv or parquet"):
        export(warehouse, tmp_path / "out", Format.EXCEL, ["tracks"])

    assert list((tmp_path / "out").iterdir()) == []


def test_an_export_that_fails_leaves_the_earlier_file(warehouse: Warehouse, tmp_path: Path) -> None:
    export(warehouse, tmp_path, Format.PARQUET, ["tracks"])
    before = (tmp_path / "tracks.parquet").read_bytes()
    (tmp_path / "tracks.parquet.part").mkdir()

    with pytest.raises(WarehouseError, match="nothing more was exported"):
        export(warehouse, tmp_path, Format.PARQUET, ["tracks"])

    assert (tmp_path / "tracks.parquet").read_bytes() == before


def test_a_snapshot_takes_the_place_of_the_last_one_while_that_is_being_read(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = tmp_path / "for_bi.duckdb"
    slugs = "SELECT slug FROM soundcharts.charts ORDER BY slug"
    snapshot(warehouse, path)
    with duckdb.connect(str(path), read_only=True) as reader:
        # A pass goes on, and the next snapshot is taken, whoever reads the last one.
        commit(warehouse, chart("another"))
        snapshot(warehouse, path)
        assert reader.execute(slugs).fetchall() == [("top",)]
    assert rows_of(open_warehouse(path), slugs) == [("another",), ("top",)]
    assert [one.name for one in tmp_path.glob("*.part*")] == []


_WRITE_FOR_A_SECOND = """
import sys, time
import duckdb
with duckdb.connect(sys.argv[1]):
    print("open", flush=True)
    time.sleep(1)
"""


def test_a_snapshot_waits_for_whoever_has_the_file_open_up_to_the_bound(warehouse: Warehouse, tmp_path: Path) -> None:
    with another_process(_WRITE_FOR_A_SECOND, str(warehouse.path)):
        with pytest.raises(WarehouseLockedError, match="is held by"):
            snapshot(open_warehouse(warehouse.path, bound=0), tmp_path / "at_once.duckdb")
        copied = snapshot(warehouse, tmp_path / "patient.duckdb")

    assert not (tmp_path / "at_once.duckdb").exists()
    assert {one.rows for one in copied if one.table == "tracks"} == {3}


def test_a_snapshot_that_fails_leaves_the_earlier_one(warehouse: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "for_bi.duckdb"
    snapshot(warehouse, path)
    before = path.read_bytes()
    warehouse.spool.folder.mkdir()
    (warehouse.spool.folder / "batch-1-1.json").write_text("[]", encoding="utf-8")

    with pytest.raises(WarehouseError, match="answers wait"):
        snapshot(warehouse, path)

    assert path.read_bytes() == before
