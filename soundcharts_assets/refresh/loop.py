"""Calls on a pool of threads, results to the thread that asked: what runs while the network is waited for.

Which calls are made and what becomes of results is passed in. Nothing here knows a subject, a table or an endpoint.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from soundcharts_assets.api.errors import Fatal

_WAITING_RESULTS = 8
"""Results of each worker that may wait while others are being stored: they are paid for, and a kill would lose them."""

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class _Done:
    """Put into the queue by a worker that ends."""


@dataclass
class _Shared(Generic[Unit, Result]):
    """What the workers of one fan-out share."""

    fetch: Callable[[Unit], Iterable[Result]]
    remaining: queue.SimpleQueue[Unit]
    results: queue.Queue[Result | _Done]
    stop: threading.Event
    errors: list[BaseException]

    def work(self) -> None:
        """Take units until there are none, or somebody stops."""
        try:
            while not self.stop.is_set():
                for result in self.fetch(self.remaining.get_nowait()):
                    self.results.put(result)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by the consumer's thread
            self.errors.append(error)
            self.stop.set()
        finally:
            self.results.put(_Done())


def fan_out(
    fetch: Callable[[Unit], Iterable[Result]],
    units: Sequence[Unit],
    *,
    workers: int,
    patience_seconds: float,
    stop: threading.Event | None = None,
) -> Generator[Result | None]:
    """Fetch units on threads and yield results as they come, in no order.

    Args:
        fetch: Runs on a worker and yields the results of a unit.
        units: What to fetch; taken in this order.
        workers: Threads; no more are started than there are units.
        patience_seconds: None is yielded whenever no result came for so long, so that the consumer can act.
        stop: Set by the consumer, it lets no further unit begin; what those under way bring is still yielded.

    Raises:
        Fatal: A worker met it. No unit was begun after that, and all that came back was yielded first.
    """
    working = min(workers, len(units))
    shared: _Shared[Unit, Result] = _Shared(
        fetch, queue.SimpleQueue(), queue.Queue(_WAITING_RESULTS * working), stop or threading.Event(), []
    )
    for unit in units:
        shared.remaining.put(unit)
    for _ in range(working):
        threading.Thread(target=shared.work, daemon=True).start()
    try:
        while working:
            try:
                result = shared.results.get(timeout=patience_seconds)
            except queue.Empty:
                yield None
                continue
            if isinstance(result, _Done):
                working -= 1
            else:
                yield result
    finally:
        # Reached early where the consumer failed: workers must neither begin a unit nor wait at a full queue for ever.
        shared.stop.set()
        while working:
            working -= isinstance(shared.results.get(), _Done)
    if shared.errors:
        raise next((error for error in shared.errors if isinstance(error, Fatal)), shared.errors[0])
