"""A warehouse that an earlier version made is opened as it is, and gets the columns that came since."""

from pathlib import Path

import duckdb
import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.tables import TABLES
from soundcharts_assets.warehouse.work import last_quota, poll_states, spent_since
from tests.warehouse.helpers import HOUR, NOON, chart, commit, open_warehouse, rows_of, stored_ranking

FIRST_VERSION = {
    "api_calls": "hour TIMESTAMPTZ NOT NULL, endpoint VARCHAR NOT NULL, status VARCHAR NOT NULL, "
    "calls BIGINT NOT NULL, quota_remaining BIGINT",
    "chart_rankings": "chart_slug VARCHAR NOT NULL, ranked_at TIMESTAMPTZ NOT NULL, entry_count BIGINT NOT NULL, "
    "fetched_at TIMESTAMPTZ NOT NULL",
    "charts": "slug VARCHAR NOT NULL, followed BOOLEAN NOT NULL, cascade BOOLEAN NOT NULL",
}
"""Tables as they were, or with still less, by name; others are not there at all."""


@pytest.fixture
def older(tmp_path: Path) -> Warehouse:
    """A warehouse of the first version with a row in each of its tables."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE SCHEMA soundcharts")
        for name, columns in FIRST_VERSION.items():
            connection.execute(f"CREATE TABLE soundcharts.{name} ({columns})")
        connection.execute("INSERT INTO soundcharts.api_calls VALUES (?, 'song', '200', 3, 90)", [NOON])
        connection.execute("INSERT INTO soundcharts.chart_rankings VALUES ('s', ?, 1, ?)", [NOON, NOON])
        connection.execute("INSERT INTO soundcharts.charts VALUES ('s', true, true)")
    return open_warehouse(path)


def test_every_table_has_all_its_columns_after_it_was_opened_once(older: Warehouse) -> None:
    with older.connect() as connection:
        found = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'soundcharts'"
        ).fetchall()
    types = {
        (table, column): type_.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for table, column, type_ in found
    }
    for table in TABLES.values():
        for column in table.columns:
            assert types[table.name, column.name].startswith(column.type[:6]), (table.name, column.name)


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
    columns = "SELECT count(*) FROM duckdb_columns() WHERE schema_name = 'soundcharts'"
    first = rows_of(older, columns)
    assert rows_of(open_warehouse(older.path), columns) == first
    assert rows_of(older, "SELECT count(*) FROM soundcharts.api_calls") == [(1,)]
