"""One caller at a time: a lock on the warehouse, which is freed when its holder dies, however that comes about.

Whoever asks Soundcharts holds it, whatever started them: a command, a daemon's run or a run of Dagster's UI. Dagster's
own pools do not serve, since a run in a command's own process passes them by.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from soundcharts_assets.warehouse.errors import WarehouseError


class CallerLock(ABC):
    """The lock of one warehouse. What it is made of is for those below to say."""

    @property
    @abstractmethod
    def is_held(self) -> bool:
        """Whether this process holds it."""

    @contextmanager
    def held(self, who: str, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold the lock for the length of the block, waiting for it as long as it takes.

        Args:
            who: What this process is doing, for those who wait.
            on_wait: Told once who holds the lock, where it is not free.
        """
        if not self._try():
            on_wait(self._holder() or "another process")
            self._wait()
        try:
            self._sign(who)
            yield
        finally:
            self._release()

    @contextmanager
    def held_if_free(self, who: str) -> Iterator[bool]:
        """Hold the lock for the length of the block if nobody else does, and say whether that is so."""
        if not self._try():
            yield False
            return
        try:
            self._sign(who)
            yield True
        finally:
            self._release()

    @abstractmethod
    def _try(self) -> bool:
        """Take the lock if it is free, and say whether it was."""

    @abstractmethod
    def _wait(self) -> None:
        """Take the lock once it is free."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of it."""

    @abstractmethod
    def _sign(self, who: str) -> None:
        """Leave word who holds it."""

    @abstractmethod
    def _holder(self) -> str:
        """Read who holds it; '' where that cannot be told."""


class FileCallerLock(CallerLock):
    """An operating-system lock beside the file; the kernel frees it."""

    def __init__(self, warehouse: Path) -> None:
        """Remember where the lock is; its folder is made when it is first taken."""
        self._path = warehouse.with_name(f"{warehouse.name}.lock")
        self._signature = warehouse.with_name(f"{warehouse.name}.lock.holder")
        # Not local to a thread: a pass holds it for the runs it starts, whichever thread they run in.
        self._lock = FileLock(self._path, thread_local=False)

    @property
    def is_held(self) -> bool:
        """Whether this process holds it."""
        return self._lock.is_locked

    def _try(self) -> bool:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise self._unusable(error) from None
        return True

    def _wait(self) -> None:
        self._lock.acquire()

    def _release(self) -> None:
        self._lock.release()

    def _sign(self, who: str) -> None:
        try:
            self._signature.write_text(f"{who} (process {os.getpid()})", encoding="utf-8")
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> WarehouseError:
        return WarehouseError(f"the folder {self._path.parent} cannot be written, where the warehouse is: {error}")

    def _holder(self) -> str:
        try:
            return self._signature.read_text(encoding="utf-8")
        except OSError:
            return ""
