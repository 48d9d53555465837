"""Opening the file, waiting for whoever holds it, and what becomes of answers that cannot be stored now."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import duckdb
import pytest

from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError, WarehouseLockedError
from tests.warehouse.helpers import (
    HOLD_FILE,
    NOON,
    REFUSED,
    TODAY,
    another_process,
    batch_of,
    commit,
    doubled_keys,
    end,
    line,
    open_warehouse,
    rows_of,
)

CALLS = ("hour", "endpoint", "status", "calls", "quota_remaining")
LISTENING = ("artist_uuid", "platform", "date", "value", "fetched_at")


def _artist(uuid: str, name: str) -> Batch:
    return batch_of(Change("artists", Mode.UPSERT, ("uuid", "name"), [(uuid, name)]))


def _names(warehouse: Warehouse) -> list[str]:
    return [name for (name,) in rows_of(warehouse, "SELECT name FROM soundcharts.artists ORDER BY uuid")]


@contextmanager
def _held(warehouse: Warehouse, how: str = "write") -> Iterator[Popen[str]]:
    """Let another process hold the file."""
    with warehouse.connect():
        """Made, since a reader cannot."""
    with another_process(HOLD_FILE, str(warehouse.path), how) as process:
        yield process
        end(process)


# Making and opening


def test_a_question_that_memory_does_not_suffice_for_names_the_setting(tmp_path: Path) -> None:
    small = Warehouse(tmp_path / "warehouse.duckdb", memory_limit="40MB", lock_timeout_seconds=0)
    with (
        pytest.raises(WarehouseError, match=r"needs more memory than warehouse\.memory_limit, 40MB; raise it"),
        small.connect() as connection,
    ):
        connection.execute("SELECT list(number) FROM range(20_000_000) AS numbers(number)")
    assert _names(open_warehouse(small.path)) == []


def test_file_and_folders_are_made_on_first_use_and_not_before(fresh: Warehouse) -> None:
    assert not fresh.path.parent.exists()
    with fresh.connect() as connection:
        assert connection.execute("SELECT count(*) FROM soundcharts.tracks").fetchall() == [(0,)]
    assert fresh.path.is_file()


def test_an_empty_batch_and_an_empty_spool_touch_nothing(fresh: Warehouse) -> None:
    fresh.commit(Batch())
    fresh.commit(batch_of(Change("artists", Mode.UPSERT, ("uuid", "name"), [])))
    assert fresh.catch_up() == 0
    assert not fresh.path.parent.exists()


def test_what_is_stored_is_there_for_the_next_process(fresh: Warehouse) -> None:
    fresh.commit(_artist("a", "Ada"))
    assert _names(open_warehouse(fresh.path)) == ["Ada"]


def test_a_view_of_an_older_version_of_the_code_is_made_anew(fresh: Warehouse) -> None:
    with fresh.connect() as connection:
        connection.execute("CREATE OR REPLACE VIEW soundcharts.reached AS SELECT 'outdated' AS uuid")
    assert rows_of(open_warehouse(fresh.path), "SELECT chart_slug, entity, uuid FROM soundcharts.reached") == []


@pytest.mark.parametrize(
    "name", ['it\'s a "warehouse"; --.duckdb', "ware\U0001f98ahouse", "tracks.duckdb", "incoming.db"]
)
def test_the_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    warehouse = open_warehouse(tmp_path / name)
    warehouse.commit(_artist("a", "Ada"))
    assert (tmp_path / name).is_file()
    assert _names(warehouse) == ["Ada"]


def test_the_connection_is_closed_when_the_block_ends_also_by_an_error(fresh: Warehouse) -> None:
    with pytest.raises(LookupError), fresh.connect() as connection:
        raise LookupError
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT 1")


def _unusable(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    (tmp_path / "letter.duckdb").write_text("Dear reader, this is no database.\n" * 1_000, encoding="utf-8")
    (tmp_path / "folder.duckdb").mkdir()
    return {
        "below a regular file": tmp_path / "file" / "warehouse.duckdb",
        "further below a regular file": tmp_path / "file" / "data" / "warehouse.duckdb",
        "no database": tmp_path / "letter.duckdb",
        "a folder": tmp_path / "folder.duckdb",
    }


@pytest.mark.parametrize("case", ["below a regular file", "further below a regular file", "no database", "a folder"])
def test_a_place_that_cannot_be_used_is_told_in_one_line_that_names_it(tmp_path: Path, case: str) -> None:
    warehouse = open_warehouse(_unusable(tmp_path)[case])
    for attempt in (lambda: rows_of(warehouse, "SELECT 1"), lambda: warehouse.commit(_artist("a", "Ada"))):
        with pytest.raises(WarehouseError) as raised:
            attempt()
        assert not isinstance(raised.value, WarehouseLockedError)
        assert str(warehouse.path) in str(raised.value)
        assert len(str(raised.value).splitlines()) == 1


def test_a_file_that_is_no_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = _unusable(tmp_path)["no database"]
    before = path.read_bytes()
    with pytest.raises(WarehouseError, match="not a valid DuckDB database"):
        open_warehouse(path).commit(_artist("a", "Ada"))
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_used_is_not_waited_for(tmp_path: Path) -> None:
    pauses: list[float] = []
    path = _unusable(tmp_path)["no database"]
    warehouse = Warehouse(path, memory_limit="500MB", lock_timeout_seconds=60, sleep=pauses.append)
    with pytest.raises(WarehouseError):
        warehouse.commit(_artist("a", "Ada"))
    assert pauses == []


def test_instants_are_shown_in_utc_whatever_the_time_zone_of_the_database(fresh: Warehouse) -> None:
    columns = ("chart_slug", "ranked_at", "entry_count", "fetched_at")
    shown = "SELECT ranked_at::VARCHAR FROM soundcharts.chart_rankings"
    with fresh.connect() as first:
        commit(fresh, Change("chart_rankings", Mode.UPSERT, columns, [("s", NOON, 1, NOON)]))
        first.execute("SET GLOBAL TimeZone = 'Asia/Tokyo'")
        with duckdb.connect(str(fresh.path), config={"memory_limit": "500MB"}) as other:
            assert other.execute(shown).fetchall() == [("2026-03-02 21:00:00+09",)]
        assert rows_of(fresh, shown) == [("2026-03-02 12:00:00+00",)]


# Waiting


def test_a_commit_waits_for_the_process_that_holds_the_file_and_is_stored_when_that_ends(fresh: Warehouse) -> None:
    with _held(fresh) as process:
        waiting = Warehouse(
            fresh.path, memory_limit="500MB", lock_timeout_seconds=30, sleep=lambda _: end(process)
        )  # fmt: skip
        waiting.commit(_artist("a", "Ada"))
        assert process.returncode == 0
    assert _names(fresh) == ["Ada"]
    assert fresh.spool.waiting() == []


@pytest.mark.parametrize("how", ["write", "read"])
def test_past_the_bound_the_error_names_program_and_process_and_the_batch_lies_in_the_spool(
    fresh: Warehouse, how: str
) -> None:
    with _held(fresh, how) as process:
        with pytest.raises(WarehouseLockedError) as raised:
            fresh.commit(_artist("a", "Ada"))
        message = str(raised.value)
        (spooled,) = fresh.spool.waiting()
    program = Path(sys.executable).resolve().name
    assert f"held by {program} (process {process.pid})" in message
    assert str(fresh.path) in message
    assert str(spooled.parent) in message
    assert len(message.splitlines()) == 1
    assert list(fresh.spool.read(spooled)) == list(_artist("a", "Ada"))


def test_a_question_past_the_bound_names_the_holder_and_leaves_nothing_in_the_spool(fresh: Warehouse) -> None:
    with _held(fresh) as process:
        with pytest.raises(WarehouseLockedError, match=rf"\(process {process.pid}\)"):
            rows_of(fresh, "SELECT 1")
        assert fresh.spool.waiting() == []


def test_pauses_between_tries_grow_and_stay_short(fresh: Warehouse) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            end(process)

    with _held(fresh) as process:
        Warehouse(fresh.path, memory_limit="500MB", lock_timeout_seconds=60, sleep=pause).commit(_artist("a", "Ada"))
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < pauses[-1] <= 0.5


_WRITER = """
import os
import sys
from pathlib import Path
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
warehouse = Warehouse(Path(sys.argv[1]), memory_limit="500MB", lock_timeout_seconds=20)
print("ready", flush=True)
sys.stdin.readline()
for number in range(4):
    batch = Batch()
    batch.add([Change("artists", Mode.UPSERT, ("uuid", "name"), [(f"theirs-{number}", "x")])])
    warehouse.commit(batch)
print("done", flush=True)
"""


def test_two_processes_that_write_at_once_lose_nothing(fresh: Warehouse) -> None:
    ours = open_warehouse(fresh.path, bound=20)
    ours.commit(_artist("before", "x"))
    with another_process(_WRITER, str(fresh.path)) as process:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        for number in range(4):
            ours.commit(_artist(f"ours-{number}", "x"))
        assert line(process) == "done"
    stored = rows_of(ours, "SELECT uuid FROM soundcharts.artists WHERE uuid <> 'before' ORDER BY uuid")
    assert stored == [(f"{whose}-{number}",) for whose in ("ours", "theirs") for number in range(4)]


def test_another_thread_may_read_and_write_while_a_connection_is_open(fresh: Warehouse) -> None:
    seen: list[list[str]] = []

    def work() -> None:
        fresh.commit(_artist("b", "Bob"))
        seen.append(_names(fresh))

    with fresh.connect() as connection:
        connection.execute("INSERT INTO soundcharts.artists (uuid, name) VALUES ('a', 'Ada')")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
        assert seen == [["Ada", "Bob"]]
        assert connection.execute("SELECT count(*) FROM soundcharts.artists").fetchall() == [(2,)]


# Catching up


def test_what_was_set_aside_is_stored_once_and_oldest_first(fresh: Warehouse) -> None:
    for name in ("first", "second", "last"):
        fresh.spool.put(_artist("a", name))
    assert fresh.catch_up() == 3
    assert _names(fresh) == ["last"]
    assert fresh.spool.waiting() == []
    fresh.commit(_artist("a", "newer than all"))
    assert fresh.catch_up() == 0
    assert _names(fresh) == ["newer than all"]


def test_calls_that_were_set_aside_are_counted_once(fresh: Warehouse) -> None:
    row = (NOON, "song", "200", 3, 10)
    with _held(fresh), pytest.raises(WarehouseLockedError):
        commit(fresh, Change("api_calls", Mode.ADD, CALLS, [row]))
    commit(fresh, Change("api_calls", Mode.ADD, CALLS, [row]))
    assert [fresh.catch_up(), fresh.catch_up()] == [1, 0]
    assert rows_of(fresh, "SELECT calls FROM soundcharts.api_calls") == [(6,)]


def test_a_kill_between_storing_and_forgetting_a_batch_stores_and_counts_it_once(fresh: Warehouse) -> None:
    rows = [("a", "spotify", TODAY, 1, NOON)]
    for calls in (2, 3):
        listening = Change("artist_listening", Mode.APPEND, LISTENING, rows)
        fresh.spool.put(batch_of(listening, Change("api_calls", Mode.ADD, CALLS, [(NOON, "song", "200", calls, 10)])))
    last = fresh.spool.waiting()[-1]
    text = last.read_text(encoding="utf-8")
    fresh.catch_up()
    last.write_text(text, encoding="utf-8")
    assert fresh.catch_up() == 1
    assert fresh.spool.waiting() == []
    with fresh.connect() as connection:
        assert connection.execute("SELECT value FROM soundcharts.artist_listening").fetchall() == [(1,)]
        assert connection.execute("SELECT calls FROM soundcharts.api_calls").fetchall() == [(5,)]
        assert doubled_keys(connection) == []


def test_a_file_half_written_by_a_process_that_was_killed_is_passed_over(fresh: Warehouse) -> None:
    fresh.spool.put(_artist("a", "Ada"))
    (fresh.spool.folder / "batch-00000000000000000001-1.1.part").write_text('[{"table": "arti', encoding="utf-8")
    assert fresh.catch_up() == 1
    assert _names(fresh) == ["Ada"]


def test_what_killed_processes_had_begun_to_write_is_cleared_away_but_not_what_is_being_written(
    fresh: Warehouse,
) -> None:
    fresh.spool.put_note("poll", "viral-50-40", 1)
    begun = [fresh.spool.folder / name for name in ("batch-1-1.1.part", "poll-a.1.part")]
    for path in begun:
        path.write_text('[{"table": "arti', encoding="utf-8")
    long_ago = begun[0].stat().st_mtime - 4_000
    os.utime(begun[0], (long_ago, long_ago))
    fresh.catch_up()
    assert [path.exists() for path in begun] == [False, True]
    assert fresh.spool.note("poll", "viral-50-40") == 1


def test_what_was_set_aside_stays_while_the_file_is_locked(fresh: Warehouse) -> None:
    fresh.spool.put(_artist("a", "Ada"))
    with _held(fresh):
        with pytest.raises(WarehouseLockedError):
            fresh.catch_up()
        assert len(fresh.spool.waiting()) == 1
    assert fresh.catch_up() == 1
    assert _names(fresh) == ["Ada"]


def test_what_was_set_aside_stays_where_it_cannot_be_stored(fresh: Warehouse) -> None:
    fresh.spool.put(batch_of(Change("artists", Mode.UPSERT, ("uuid", "name"), [("a", None)])))
    with pytest.raises(REFUSED):
        fresh.catch_up()
    assert len(fresh.spool.waiting()) == 1


def test_a_spooled_file_that_cannot_be_stored_is_named_and_kept(fresh: Warehouse) -> None:
    fresh.spool.folder.mkdir(parents=True)
    broken = fresh.spool.folder / "batch-00000000000000000001-1.json"
    broken.write_text("[{", encoding="utf-8")
    with pytest.raises(WarehouseError, match=broken.name):
        fresh.catch_up()
    assert broken.exists()


def test_a_file_that_was_removed_meanwhile_is_made_anew(fresh: Warehouse) -> None:
    fresh.commit(_artist("a", "Ada"))
    fresh.path.unlink()
    fresh.commit(_artist("b", "Bob"))
    assert _names(fresh) == ["Bob"]
