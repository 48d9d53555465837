"""One caller at a time: an operating-system lock beside the warehouse, freed by the kernel when its holder dies.

Whoever asks Soundcharts holds it, whatever started them: a command, a daemon's run or a run of Dagster's UI. Dagster's
own pools do not serve, since a run in a command's own process passes them by.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class CallerLock:
    """The lock of one warehouse."""

    def __init__(self, warehouse: Path) -> None:
        """Remember where the lock is; its folder is made when it is first taken."""
        self._path = warehouse.with_name(f"{warehouse.name}.lock")
        self._holder = warehouse.with_name(f"{warehouse.name}.lock.holder")
        # Not local to a thread: a pass holds it for the runs it starts, whichever thread they run in.
        self._lock = FileLock(self._path, thread_local=False)

    @property
    def is_held(self) -> bool:
        """Whether this process holds it."""
        return self._lock.is_locked

    @contextmanager
    def held(self, who: str, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold the lock for the length of the block, waiting for it as long as it takes.

        Args:
            who: What this process is doing, for those who wait.
            on_wait: Told once who holds the lock, where it is not free.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            on_wait(self._read_holder())
            self._lock.acquire()
        try:
            self._holder.write_text(f"{who} (process {os.getpid()})", encoding="utf-8")
            yield
        finally:
            self._lock.release()

    @contextmanager
    def held_if_free(self, who: str) -> Iterator[bool]:
        """Hold the lock for the length of the block if nobody else does, and say whether that is so."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            self._holder.write_text(f"{who} (process {os.getpid()})", encoding="utf-8")
            yield True
        finally:
            self._lock.release()

    def _read_holder(self) -> str:
        try:
            return self._holder.read_text(encoding="utf-8") or "another process"
        except OSError:
            return "another process"
