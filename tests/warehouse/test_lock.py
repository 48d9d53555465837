"""One caller at a time, over processes."""

import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.lock import FileCallerLock
from tests.warehouse.helpers import another_process, end, line

_HOLD = """
import sys
from pathlib import Path
from soundcharts_assets.warehouse.lock import FileCallerLock
with FileCallerLock(Path(sys.argv[1])).held("tracks of chart 'global-28'"):
    print("held", flush=True)
    sys.stdin.read()
"""

_WAIT = """
import sys
from pathlib import Path
from soundcharts_assets.warehouse.lock import FileCallerLock
print("ready", flush=True)
with FileCallerLock(Path(sys.argv[1])).held("second", lambda holder: print("waits for", holder, flush=True)):
    print("held", flush=True)
"""


@pytest.fixture
def warehouse_path(tmp_path: Path) -> Path:
    """Where a warehouse would be; the lock needs no more than its name."""
    return tmp_path / "data" / "warehouse.duckdb"


def _unexpected(holder: str) -> None:
    raise AssertionError(holder)


def test_a_lock_that_is_free_is_taken_at_once_and_its_folder_made(warehouse_path: Path) -> None:
    lock = FileCallerLock(warehouse_path)
    assert not lock.is_held
    assert not warehouse_path.parent.exists()
    with lock.held("sync", _unexpected):
        assert lock.is_held
    assert not lock.is_held


def test_taking_the_lock_neither_makes_nor_opens_the_warehouse(warehouse_path: Path) -> None:
    with FileCallerLock(warehouse_path).held("sync"):
        assert not warehouse_path.exists()


def test_a_second_process_is_told_who_holds_the_lock_and_goes_on_when_the_first_ends(warehouse_path: Path) -> None:
    with another_process(_HOLD, str(warehouse_path)) as first:
        told: list[str] = []

        def let_first_end(holder: str) -> None:
            told.append(holder)
            end(first)

        lock = FileCallerLock(warehouse_path)
        with lock.held("second", let_first_end):
            assert first.returncode == 0
            assert lock.is_held
    assert told == [f"tracks of chart 'global-28' (process {first.pid})"]


def test_a_process_that_waits_begins_only_when_the_outermost_block_has_ended(warehouse_path: Path) -> None:
    lock = FileCallerLock(warehouse_path)
    with ExitStack() as outer:
        outer.enter_context(lock.held("sync of 3 charts"))
        with lock.held("sync of 3 charts", _unexpected):
            """Within a pass its runs take the lock again."""
        with another_process(_WAIT, str(warehouse_path)) as second:
            assert line(second) == f"waits for sync of 3 charts (process {os.getpid()})"
            with pytest.raises(TimeoutExpired):
                second.wait(0.2)
            outer.close()
            assert line(second) == "held"


def test_a_holder_that_is_killed_frees_the_lock(warehouse_path: Path) -> None:
    with another_process(_HOLD, str(warehouse_path)) as first:
        lock = FileCallerLock(warehouse_path)
        with lock.held("second", lambda _: os.kill(first.pid, signal.SIGKILL)):
            assert first.wait(10) == -signal.SIGKILL
            assert lock.is_held


def test_a_lock_left_behind_by_a_killed_process_is_free_and_blames_nobody(warehouse_path: Path) -> None:
    with another_process(_HOLD, str(warehouse_path)) as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
    with FileCallerLock(warehouse_path).held("second", _unexpected):
        assert not warehouse_path.exists()


def test_a_holder_that_cannot_be_named_is_another_process(warehouse_path: Path) -> None:
    told: list[str] = []
    with another_process(_HOLD, str(warehouse_path)) as first:
        warehouse_path.with_name(f"{warehouse_path.name}.lock.holder").unlink()

        def let_first_end(holder: str) -> None:
            told.append(holder)
            end(first)

        with FileCallerLock(warehouse_path).held("second", let_first_end):
            assert told == ["another process"]


def test_the_lock_of_one_warehouse_is_not_that_of_its_neighbour(warehouse_path: Path) -> None:
    with another_process(_HOLD, str(warehouse_path.with_name("warehouse2.duckdb"))) as neighbour:
        with FileCallerLock(warehouse_path).held("sync", _unexpected):
            assert neighbour.poll() is None
        end(neighbour)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder", encoding="utf-8")
    lock = FileCallerLock(tmp_path / "data" / "warehouse.duckdb")

    with pytest.raises(WarehouseError, match="data cannot be written"), lock.held("sync"):
        pass


def test_an_error_within_the_block_frees_the_lock(warehouse_path: Path) -> None:
    lock = FileCallerLock(warehouse_path)
    with pytest.raises(LookupError), lock.held("sync"):
        raise LookupError
    assert not lock.is_held
    with another_process(_WAIT, str(warehouse_path)) as second:
        assert line(second) == "held"


def test_a_block_within_a_block_of_the_same_lock_does_not_wait_and_does_not_free_it(warehouse_path: Path) -> None:
    lock = FileCallerLock(warehouse_path)
    with lock.held("sync"):
        with lock.held("tracks", _unexpected):
            assert lock.is_held
        assert lock.is_held
    assert not lock.is_held


def test_a_pass_holds_the_lock_for_its_runs_whichever_thread_they_run_in(warehouse_path: Path) -> None:
    lock = FileCallerLock(warehouse_path)
    seen: list[bool] = []

    def run() -> None:
        seen.append(lock.is_held)
        with lock.held("a run", _unexpected):
            seen.append(lock.is_held)

    with lock.held("sync"):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
        assert lock.is_held
    assert seen == [True, True]
    assert not lock.is_held
