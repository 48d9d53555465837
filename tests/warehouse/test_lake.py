"""What a lake promises beyond every warehouse: readers never wait, writers take turns, the dead hold nothing."""

import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError, WarehouseLockedError
from tests.warehouse.helpers import (
    another_process,
    batch_of,
    chart,
    commit,
    doubled_keys,
    line,
    open_lake,
    rows_of,
)

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytestmark = pytest.mark.lake

SLUGS = "SELECT slug FROM soundcharts.charts ORDER BY slug"

_OPEN = """
import sys
from pathlib import Path
from tests.warehouse.helpers import *
lake = open_lake(sys.argv[1], Path(sys.argv[2]))
"""
_HOLD_CALLER = _OPEN + "with lake.caller_lock().held('sync'): print('held', flush=True); sys.stdin.read()"
_HOLD_WRITER = _OPEN + "with lake.writing(): print('held', flush=True); sys.stdin.read()"
_DIE_IN_COMMIT = (
    _OPEN
    + """
lake.probe()
with lake.writing(), lake.connect() as connection:
    connection.execute("BEGIN")
    for number in range(20_000):
        statement = "INSERT INTO soundcharts.charts (slug, followed, cascade) VALUES (?, true, true)"
        connection.execute(statement, [str(number)])
        if number == 50:
            print("writing", flush=True)
"""
)
_WRITE = (
    _OPEN
    + """
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    commit(lake, chart(f"chart-{number}"))
print("done", flush=True)
"""
)


@pytest.fixture
def catalogue(postgres: "Postgres") -> str:
    return postgres.database()


@pytest.fixture
def lake(catalogue: str, tmp_path: Path) -> Iterator[Warehouse]:
    """A lake of this test, of which no key is stored twice in the end."""
    opened = open_lake(catalogue, tmp_path, bound=1)
    yield opened
    with opened.connect() as connection:
        assert doubled_keys(connection) == []


def test_looking_whether_there_is_a_lake_makes_none(catalogue: str, tmp_path: Path) -> None:
    lake = open_lake(catalogue, tmp_path)

    assert not lake.is_made()
    assert not lake.is_made(), "looking changed nothing"
    lake.probe()
    assert lake.is_made()


def test_a_reader_neither_waits_for_a_writer_nor_keeps_one_out(lake: Warehouse, catalogue: str, tmp_path: Path) -> None:
    commit(lake, chart("first"))
    with another_process(_HOLD_WRITER, catalogue, str(tmp_path)):
        reader = open_lake(catalogue, tmp_path, bound=0)
        assert rows_of(reader, SLUGS) == [("first",)]
    with reader.connect() as connection:
        connection.execute("BEGIN")
        assert connection.execute(SLUGS).fetchall() == [("first",)]
        commit(lake, chart("second"))
        assert connection.execute(SLUGS).fetchall() == [("first",)], "a transaction sees one state"
    assert rows_of(reader, SLUGS) == [("first",), ("second",)]


def test_writers_that_insert_the_same_absent_key_leave_one_row(lake: Warehouse, catalogue: str, tmp_path: Path) -> None:
    lake.probe()
    count = 15
    with (
        another_process(_WRITE, catalogue, str(tmp_path), str(count)) as one,
        another_process(_WRITE, catalogue, str(tmp_path), str(count)) as other,
    ):
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert (line(one), line(other)) == ("done", "done")

    assert rows_of(lake, "SELECT count(*), count(DISTINCT slug) FROM soundcharts.charts") == [(count, count)]


def test_threads_of_one_process_take_turns_too(lake: Warehouse) -> None:
    def write() -> None:
        for number in range(5):
            commit(lake, chart(f"chart-{number}"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows_of(lake, "SELECT count(*) FROM soundcharts.charts") == [(5,)]


def test_a_writer_that_is_killed_in_a_commit_leaves_the_lake_whole_and_free(
    lake: Warehouse, catalogue: str, tmp_path: Path
) -> None:
    commit(lake, chart("first"))
    with another_process(_DIE_IN_COMMIT, catalogue, str(tmp_path)) as process:
        process.kill()
        process.wait()

    commit(lake, chart("second"))

    assert rows_of(lake, SLUGS) == [("first",), ("second",)]


def test_answers_are_set_aside_while_another_writes_for_too_long(
    lake: Warehouse, catalogue: str, tmp_path: Path
) -> None:
    lake.probe()
    with another_process(_HOLD_WRITER, catalogue, str(tmp_path)):
        with pytest.raises(WarehouseLockedError, match=r"is being written by .*set aside"):
            commit(lake, chart("late"))
        assert rows_of(lake, SLUGS) == []

    assert lake.catch_up() == 1
    assert rows_of(lake, SLUGS) == [("late",)]


def test_whoever_waits_for_the_caller_is_told_who_it_is_and_on_which_host(
    lake: Warehouse, catalogue: str, tmp_path: Path
) -> None:
    told: list[str] = []
    with another_process(_HOLD_CALLER, catalogue, str(tmp_path)) as holder:
        with lake.caller_lock().held_if_free("sensor") as idle:
            assert not idle
        threading.Timer(0.5, holder.kill).start()
        with lake.caller_lock().held("sync", told.append):
            assert lake.caller_lock().is_held
    assert told == [f"sync (process {holder.pid} on {socket.gethostname()})"]


def test_a_caller_that_is_killed_frees_the_lock_at_once(lake: Warehouse, catalogue: str, tmp_path: Path) -> None:
    with another_process(_HOLD_CALLER, catalogue, str(tmp_path)) as holder:
        holder.kill()
        holder.wait()
    began = time.monotonic()
    with lake.caller_lock().held("sync"):
        assert time.monotonic() - began < 2


def test_answers_are_set_aside_while_the_catalogue_is_away_and_stored_when_it_is_back(
    lake: Warehouse, postgres: "Postgres"
) -> None:
    commit(lake, chart("first"))
    postgres.stop()
    try:
        with pytest.raises(WarehouseLockedError, match=r"does not answer.*set aside"):
            commit(lake, chart("second"))
    finally:
        postgres.start()

    assert lake.catch_up() == 1
    assert rows_of(lake, SLUGS) == [("first",), ("second",)]


def test_who_lost_the_callers_lock_with_the_catalogue_stores_nothing_more_until_it_is_taken_again(
    lake: Warehouse, postgres: "Postgres"
) -> None:
    lake.probe()
    with lake.caller_lock().held("sync"):
        postgres.stop()
        postgres.start()
        for slug in ("one", "two"):
            with pytest.raises(WarehouseLockedError, match="set aside"):
                commit(lake, chart(slug))

    with lake.caller_lock().held("sync"):
        assert lake.catch_up() == 2
    assert rows_of(lake, SLUGS) == [("one",), ("two",)]


def test_no_password_is_told_whatever_goes_wrong(postgres: "Postgres", tmp_path: Path) -> None:
    dsn = postgres.database()
    secret = "s3cret-word"
    open_lake(dsn, tmp_path).probe()
    for wrong in (
        open_lake(f"{dsn} password={secret}", tmp_path / "other", bound=0),  # the catalogue knows another folder
        open_lake(f"host=127.0.0.1 port=1 dbname=none password={secret}", tmp_path, bound=0),
    ):
        with pytest.raises(WarehouseError) as refused, wrong.connect():
            pass
        chain = [str(refused.value), repr(refused.value.__cause__)]
        assert not any(secret in text for text in chain)
        assert secret not in wrong.name


def test_a_password_that_duckdb_quotes_in_the_middle_of_a_commit_is_told_to_nobody(
    postgres: "Postgres", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = open_lake(f"{postgres.database()} password=s3cret-word", tmp_path, bound=0)
    lake.probe()

    def fail(*_: object) -> None:
        raise duckdb.IOException('Unable to connect to Postgres at "host=db password=s3cret-word"\nand so on')

    monkeypatch.setattr("soundcharts_assets.warehouse.writes.apply", fail)
    with pytest.raises(WarehouseError, match=r"cannot be written: .*password=\.\.\.") as told:
        commit(lake, chart("top"))

    assert "s3cret-word" not in "".join(traceback.format_exception(told.value))


def test_maintenance_puts_small_files_together_and_forgets_the_old_past(lake: Warehouse) -> None:
    for number in range(8):
        slugs = [chart(f"chart-{number}-{place}") for place in range(50)]
        lake.commit(batch_of(*slugs))
    rows = rows_of(lake, SLUGS)
    snapshots = "SELECT count(*) FROM ducklake_snapshots('lake')"
    files = "SELECT file_count FROM ducklake_table_info('lake') WHERE table_name = 'charts'"
    many, before = rows_of(lake, files)[0][0], rows_of(lake, snapshots)[0][0]

    lake.maintain(datetime.now(UTC) - timedelta(days=7))
    assert rows_of(lake, snapshots)[0][0] > before, "nothing is as old as that"
    done = lake.maintain(datetime.now(UTC) + timedelta(minutes=1))

    assert many > 1
    assert rows_of(lake, files) == [(1,)]
    assert done["expire_snapshots"] > 0
    assert rows_of(lake, SLUGS) == rows


def test_the_past_can_be_read(lake: Warehouse) -> None:
    commit(lake, chart("top"))
    ((version,),) = rows_of(lake, "SELECT max(snapshot_id) FROM ducklake_snapshots('lake')")
    commit(lake, chart("another"))

    past = f"SELECT slug FROM soundcharts.charts AT (VERSION => {version})"
    assert rows_of(lake, past) == [("top",)]
    assert rows_of(lake, "SELECT slug FROM soundcharts.charts AT (TIMESTAMP => now()) ORDER BY slug") == [
        ("another",),
        ("top",),
    ]


def test_opening_a_lake_again_changes_nothing_in_it(lake: Warehouse, catalogue: str, tmp_path: Path) -> None:
    lake.probe()
    snapshots = "SELECT count(*) FROM ducklake_snapshots('lake')"
    before = rows_of(lake, snapshots)

    open_lake(catalogue, tmp_path).probe()

    assert rows_of(lake, snapshots) == before


def test_without_the_extensions_it_is_told_what_to_install(
    catalogue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb_extension_ducklake", None)

    with pytest.raises(WarehouseError, match=rf"DuckDB {duckdb.__version__} lacks its extension ducklake: .*`lake`"):
        open_lake(catalogue, tmp_path).probe()
