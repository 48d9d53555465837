"""A warehouse says which version its tables are of: an older one is brought up to date, a newer one is left alone."""

from pathlib import Path

import duckdb
import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.schema import VERSION
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import last_quota, poll_states, spent_since
from tests.warehouse.helpers import HOUR, NOON, chart, commit, open_warehouse, rows_of, stored_ranking

SCHEMAS = Path(__file__).parent / "schemas"
"""The statements that made the tables of each version, as they were then; those of the present one are made by
`make snapshot`."""
SNAPSHOT = SCHEMAS / f"{VERSION}.sql"
OLDER = [int(path.stem) for path in sorted(SCHEMAS.glob("*.sql")) if int(path.stem) < VERSION]


def older_warehouse(path: Path, version: int) -> Warehouse:
    """A warehouse of an earlier version with a row in some of its tables."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute((SCHEMAS / f"{version}.sql").read_text(encoding="utf-8"))
        connection.execute(
            "INSERT INTO soundcharts.api_calls (hour, endpoint, status, calls, quota_remaining) "
            "VALUES (?, 'song', '200', 3, 90)",
            [NOON],
        )
        connection.execute(
            "INSERT INTO soundcharts.chart_rankings (chart_slug, ranked_at, entry_count, fetched_at) "
            "VALUES ('s', ?, 1, ?)",
            [NOON, NOON],
        )
        connection.execute("INSERT INTO soundcharts.charts (slug, followed, cascade) VALUES ('s', true, true)")
    return open_warehouse(path)


def columns_of(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return rows_of(
        warehouse,
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE schema_name = 'soundcharts' ORDER BY ALL",
    )


def version_of(warehouse: Warehouse) -> object:
    return rows_of(warehouse, "SELECT max(version) FROM soundcharts.schema_versions")[0][0]


@pytest.fixture
def older(tmp_path: Path) -> Warehouse:
    """A warehouse of the first version."""
    return older_warehouse(tmp_path / "warehouse.duckdb", 1)


def test_whoever_changes_the_tables_raises_the_version() -> None:
    """Fails on purpose after a change: raise `VERSION`, write its migration, then `make snapshot`."""
    assert SNAPSHOT.read_text(encoding="utf-8") == schema_text()


def schema_text() -> str:
    """The statements that make the tables of the present version."""
    ddl = (table.ddl().replace("IF NOT EXISTS ", "") for table in TABLES.values())
    return "".join(
        [f"-- The tables of version {VERSION}.\nCREATE SCHEMA soundcharts;\n", *(f"{one};\n" for one in ddl)]
    )


def test_a_new_warehouse_says_of_which_version_it_is(tmp_path: Path) -> None:
    assert version_of(open_warehouse(tmp_path / "new.duckdb")) == VERSION


@pytest.mark.parametrize("version", OLDER)
def test_an_older_warehouse_becomes_what_a_new_one_is(tmp_path: Path, version: int) -> None:
    older = older_warehouse(tmp_path / "older.duckdb", version)
    assert columns_of(older) == columns_of(open_warehouse(tmp_path / "new.duckdb"))
    assert version_of(older) == VERSION


def test_a_warehouse_is_brought_up_to_date_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    older_warehouse(path, 1)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE soundcharts.api_calls")  # which the new version adds a column to
    before = path.read_bytes()
    with pytest.raises(WarehouseError, match="cannot be brought up to date, so nothing was changed"):
        rows_of(open_warehouse(path), "SELECT 1")
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute("DESCRIBE soundcharts.chart_rankings").fetchall()
    assert path.read_bytes() == before
    assert "seen_at" not in [name for name, *_ in columns]


def test_a_newer_warehouse_is_refused_in_one_line_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    commit(
        open_warehouse(path), Change("schema_versions", Mode.UPSERT, ("version", "applied_at"), [(VERSION + 3, NOON)])
    )
    before = path.read_bytes()
    with pytest.raises(WarehouseError) as refusal:
        rows_of(open_warehouse(path), "SELECT 1")
    said = str(refusal.value)
    assert f"of version {VERSION + 3}, this program knows them up to {VERSION}" in said
    assert "update soundcharts-assets" in said
    assert "\n" not in said
    assert path.read_bytes() == before


def test_what_was_stored_is_kept_and_new_columns_say_nothing_of_it(older: Warehouse) -> None:
    assert rows_of(older, "SELECT calls, quota_remaining, cost FROM soundcharts.api_calls") == [(3, 90, None)]
    rankings = rows_of(older, "SELECT chart_slug, ranked_at, entry_count, seen_at FROM soundcharts.chart_rankings")
    assert rankings == [("s", NOON, 1, None)]
    assert rows_of(older, "SELECT slug, cascade, latest_ranked_at FROM soundcharts.charts") == [("s", True, None)]


def test_an_older_file_is_written_and_asked_like_any_other(older: Warehouse) -> None:
    calls = ("hour", "endpoint", "status", "calls", "cost", "quota_remaining")
    commit(
        older,
        chart("s"),
        *stored_ranking("s", "t", at=NOON + HOUR, seen_at=NOON + 2 * HOUR),
        *stored_ranking("s", "t", at=NOON + 2 * HOUR, seen_at=NOON + 5 * HOUR),
        Change("api_calls", Mode.ADD, calls, [(NOON, "song", "200", 2, 50, 40), (NOON, "artist", "200", 1, 1, 39)]),
    )
    with older.connect() as connection:
        assert (spent_since(connection, NOON), last_quota(connection)) == (51, 39)
        (state,) = poll_states(connection, ["s"])
    assert (state.newest_stored, state.seen_after) == (NOON + 2 * HOUR, [3 * HOUR])
    assert rows_of(older, "SELECT calls, cost FROM soundcharts.api_calls WHERE endpoint = 'song'") == [(5, 50)]


def test_answers_that_an_earlier_version_set_aside_are_stored(older: Warehouse) -> None:
    older.spool.folder.mkdir(parents=True)
    row = f'["{NOON.isoformat()}", "song", "200", 4, 80]'
    columns = '["hour", "endpoint", "status", "calls", "quota_remaining"]'
    text = f'[{{"table": "api_calls", "mode": "add", "columns": {columns}, "rows": [{row}], "parents": []}}]'
    (older.spool.folder / "batch-00000000000000000001-1.json").write_text(text, encoding="utf-8")
    assert older.catch_up() == 1
    assert rows_of(older, "SELECT calls, cost, quota_remaining FROM soundcharts.api_calls") == [(7, None, 80)]


def test_opening_an_older_file_again_changes_nothing(older: Warehouse) -> None:
    first = columns_of(older), rows_of(older, "SELECT * FROM soundcharts.schema_versions")
    again = open_warehouse(older.path)
    assert (columns_of(again), rows_of(again, "SELECT * FROM soundcharts.schema_versions")) == first
    assert rows_of(older, "SELECT count(*) FROM soundcharts.api_calls") == [(1,)]
