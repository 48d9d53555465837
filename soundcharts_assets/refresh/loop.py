"""Calls on a pool of threads, results to the thread that asked: what runs while the network is waited for.

Which calls are made and what becomes of results is passed in. Nothing here knows a subject, a table or an endpoint.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from soundcharts_assets.api.errors import Fatal

_WAITING_RESULTS = 6
_LOT = 2
"""Results of each worker that may wait while others are being stored, and that are taken at once: all of them are paid
for, and a kill would lose them."""
_GATHER_SECONDS = 0.05
"""How long fewer results than a lot may wait: to wake the consumer for each costs as much as to parse one."""

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class _Tray(Generic[Result]):
    """Results on their way from the workers to the consumer, who is woken for a lot of them rather than for each."""

    def __init__(self, workers: int) -> None:
        self._results: deque[Result] = deque()
        self._working = workers
        self._room, self._lot = _WAITING_RESULTS * workers, _LOT * workers
        self._is_abandoned = False
        lock = threading.Lock()
        self._filled, self._emptied = threading.Condition(lock), threading.Condition(lock)

    def put(self, result: Result) -> None:
        """Leave a result, as soon as there is room for it."""
        with self._emptied:
            while len(self._results) >= self._room and not self._is_abandoned:
                self._emptied.wait()
            self._results.append(result)
            if len(self._results) == self._lot:
                self._filled.notify()

    def leave(self) -> None:
        """Say that a worker has ended."""
        with self._filled:
            self._working -= 1
            if not self._working:
                self._filled.notify()

    def take(self, patience_seconds: float) -> list[Result] | None:
        """Return the next results, none where none came for so long, or None where none will come any more."""
        give_up_at = time.monotonic() + patience_seconds
        with self._filled:
            left = patience_seconds
            while len(self._results) < self._lot and self._working and left > 0:
                self._filled.wait(min(left, _GATHER_SECONDS))
                if self._results:
                    break
                left = give_up_at - time.monotonic()
            if not self._results and not self._working:
                return None
            lot = [self._results.popleft() for _ in range(min(self._lot, len(self._results)))]
            self._emptied.notify_all()
            return lot

    def abandon(self) -> list[Result]:
        """Let nobody wait for room any more, and return what is left when all workers have ended."""
        with self._filled:
            self._is_abandoned = True
            self._emptied.notify_all()
            while self._working:
                self._filled.wait()
            return list(self._results)


@dataclass
class _Shared(Generic[Unit, Result]):
    """What the workers of one fan-out share."""

    fetch: Callable[[Unit], Iterable[Result]]
    remaining: queue.SimpleQueue[Unit]
    tray: _Tray[Result]
    stop: threading.Event
    errors: list[BaseException]

    def work(self) -> None:
        """Take units until there are none, or somebody stops."""
        try:
            while not self.stop.is_set():
                for result in self.fetch(self.remaining.get_nowait()):
                    self.tray.put(result)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by the consumer's thread
            self.errors.append(error)
            self.stop.set()
        finally:
            self.tray.leave()


def fan_out(
    fetch: Callable[[Unit], Iterable[Result]],
    units: Sequence[Unit],
    *,
    workers: int,
    patience_seconds: float,
    stop: threading.Event | None = None,
    keep: Callable[[Result], None] | None = None,
) -> Generator[Result | None]:
    """Fetch units on threads and yield results as they come, in no order.

    Args:
        fetch: Runs on a worker and yields the results of a unit.
        units: What to fetch; taken in this order.
        workers: Threads; no more are started than there are units.
        patience_seconds: None is yielded whenever no result came for so long, so that the consumer can act.
        stop: Set by the consumer, it lets no further unit begin; what those under way bring is still yielded.
        keep: Told, where the consumer ends early, of all that was fetched and not yielded.

    Raises:
        Fatal: A worker met it. No unit was begun after that, and all that came back was yielded first.
    """
    working = min(workers, len(units))
    shared: _Shared[Unit, Result] = _Shared(fetch, queue.SimpleQueue(), _Tray(working), stop or threading.Event(), [])
    for unit in units:
        shared.remaining.put(unit)
    for _ in range(working):
        threading.Thread(target=shared.work, daemon=True).start()
    taken: deque[Result] = deque()
    try:
        while (lot := shared.tray.take(patience_seconds)) is not None:
            if not lot:
                yield None
            taken.extend(lot)
            while taken:
                yield taken.popleft()
    finally:
        # Reached early where the consumer failed: workers must neither begin a unit nor wait for room for ever.
        shared.stop.set()
        left = [*taken, *shared.tray.abandon()]
        if keep is not None:
            for result in left:
                keep(result)
    if shared.errors:
        raise next((error for error in shared.errors if isinstance(error, Fatal)), shared.errors[0])
