"""A batch is stored as a whole or not at all, whatever ends it."""

from typing import Any

import duckdb
import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import (
    HOLD_FILE,
    NOON,
    REFUSED,
    TODAY,
    another_process,
    batch_of,
    commit,
    credits_of,
    ledger,
    line,
    rows_of,
)

LISTENING = ("artist_uuid", "platform", "date", "value", "fetched_at")


def _artists(*rows: tuple[Any, ...]) -> Change:
    return Change("artists", Mode.UPSERT, ("uuid", "name"), rows)


FAILURES = {
    "a null where there must be a value": Change("artists", Mode.ABSENT, ("uuid", "name"), [("b", None)]),
    "a missing column that must have a value": Change("artists", Mode.UPSERT, ("uuid", "slug"), [("b", "x")]),
    "a null in a key": Change(
        "fetches", Mode.UPSERT, ("subject", "uuid", "status", "attempts"), [(None, "b", "ok", 0)]
    ),
    "text that is no JSON": Change("tracks", Mode.UPSERT, ("uuid", "name", "payload"), [("t", "Song", "{half")]),
    "a list that is none": Change("tracks", Mode.UPSERT, ("uuid", "name", "composers"), [("t", "Song", '{"a":1}')]),
    "a parent whose children are bad": Change(
        "track_artists", Mode.REPLACE, ("track_uuid", "artist_uuid", "ordinal"), [("t1", "a1", None)], [("t1",)]
    ),
}


@pytest.mark.parametrize("failing", FAILURES.values(), ids=FAILURES)
def test_a_batch_that_fails_in_the_middle_leaves_nothing_of_it(warehouse: Warehouse, failing: Change) -> None:
    point = ("a", "spotify", TODAY, 1, NOON)
    commit(warehouse, _artists(("a", "Ada")), credits_of("t1", "a", "b"))
    with pytest.raises(REFUSED):
        commit(
            warehouse,
            _artists(("a", "changed"), ("c", "new")),
            credits_of("t1"),
            Change("artist_listening", Mode.APPEND, LISTENING, [point]),
            failing,
            ledger("artists", "a", "ok", NOON),
        )
    assert rows_of(warehouse, "SELECT uuid, name FROM soundcharts.artists") == [("a", "Ada")]
    assert rows_of(warehouse, "SELECT count(*) FROM soundcharts.track_artists") == [(2,)]
    for table in ("artist_listening", "fetches", "tracks"):
        assert rows_of(warehouse, f"SELECT count(*) FROM soundcharts.{table}") == [(0,)]


def test_a_table_that_does_not_exist_stops_the_batch_before_anything_is_stored(warehouse: Warehouse) -> None:
    with pytest.raises(KeyError, match="no_such_table"):
        commit(warehouse, _artists(("a", "Ada")), Change("no_such_table", Mode.UPSERT, ("x",), [(1,)]))
    assert rows_of(warehouse, "SELECT * FROM soundcharts.artists") == []


def test_after_a_batch_that_failed_the_next_one_is_stored(warehouse: Warehouse) -> None:
    with pytest.raises(REFUSED):
        commit(warehouse, _artists(("a", None)))
    commit(warehouse, _artists(("a", "Ada")))
    assert rows_of(warehouse, "SELECT name FROM soundcharts.artists") == [("Ada",)]


def test_a_batch_that_failed_is_not_mistaken_for_one_that_found_the_file_locked(warehouse: Warehouse) -> None:
    with pytest.raises(REFUSED):
        commit(warehouse, _artists(("a", None)))
    assert warehouse.spool.waiting() == []


def test_what_follows_a_commit_sees_its_rows_and_cannot_undo_it(warehouse: Warehouse) -> None:
    def count(connection: duckdb.DuckDBPyConnection) -> None:
        raise LookupError(connection.execute("SELECT count(*) FROM soundcharts.artists").fetchall())

    with pytest.raises(LookupError, match=r"\[\(1,\)\]"):
        warehouse.commit(batch_of(_artists(("a", "Ada"))), count)
    assert rows_of(warehouse, "SELECT name FROM soundcharts.artists") == [("Ada",)]


_KILLED = """
import os, signal, sys
from pathlib import Path
from soundcharts_assets.warehouse import writes
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse

def artists(first):
    batch = Batch()
    rows = [(str(number), "x" * 100) for number in range(first, first + 5000)]
    batch.add([Change("artists", Mode.UPSERT, ("uuid", "name"), rows)])
    return batch

warehouse = Warehouse(Path(sys.argv[1]), memory_limit="500MB", lock_timeout_seconds=5)
warehouse.commit(artists(0))
with warehouse.connect() as connection:
    connection.execute("BEGIN")
    writes.apply(connection, artists(5000))
    connection.execute("COMMIT")
    connection.execute("BEGIN")
    writes.apply(connection, artists(2500))
    writes.apply(connection, artists(10000))
    print("in the middle", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_in_the_middle_of_a_batch_loses_that_batch_and_nothing_else(fresh: Warehouse) -> None:
    with another_process(_KILLED, str(fresh.path)) as process:
        process.wait(timeout=10)
    counted = "SELECT count(*), count(DISTINCT uuid), max(uuid::INTEGER) FROM soundcharts.artists"
    assert rows_of(fresh, counted) == [(10_000, 10_000, 9_999)]


def test_a_reader_in_another_process_sees_rows_once_they_are_committed(fresh: Warehouse) -> None:
    commit(fresh, _artists(("a", "Ada")))
    script = HOLD_FILE + 'print(connection.execute("SELECT name FROM soundcharts.artists").fetchall(), flush=True)\n'
    with another_process(script, str(fresh.path), "read") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert line(process) == "[('Ada',)]"
