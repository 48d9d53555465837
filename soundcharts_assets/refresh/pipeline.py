"""Units of work through the pool and into the tables: fetched on threads, committed in batches by the calling thread.

What a unit asks for is its own business; what is due is decided in `refresher`.
"""

import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TypeAlias

from soundcharts_assets.api.errors import Fatal
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.loop import fan_out
from soundcharts_assets.refresh.outcomes import Outcome, Status, settlement
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.errors import UnstorableError, WarehouseError
from soundcharts_assets.warehouse.work import Work

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unit:
    """Ledger rows that are asked for together, what does it, and how many requests of the quota that takes."""

    works: Sequence[Work]
    fetch: Callable[[], Iterator[Outcome]]
    calls: int = 1


@dataclass(frozen=True)
class Task:
    """One subject's share of what is carried out together.

    Attributes:
        account: Counts how it ended.
        units: What to ask for.
        fail_window: How long an answer that settles without rows is good for.
        refused_for_all: Outcomes which, met once, every other row of the task would meet: the rest is settled without a
            call.
    """

    account: Account
    units: Sequence[Unit]
    fail_window: timedelta
    refused_for_all: frozenset[Status] = frozenset()


@dataclass(frozen=True)
class BatchLimits:
    """A batch is committed at so many rows, or when its oldest outcome has waited so many seconds."""

    rows: int
    seconds: float


def within(units: Sequence[Unit], room: int | None) -> Sequence[Unit]:
    """The first units that so many requests cover; all of them where there is no limit.

    A unit that is begun and not finished is paid for in vain, so none is begun that does not fit.
    """
    if room is None:
        return units
    needed = list(accumulate(unit.calls for unit in units))
    return units[: bisect_right(needed, room)]


def carry_out(
    tasks: Sequence[Task],
    *,
    workers: int,
    limits: BatchLimits,
    clock: Callable[[], datetime],
    commit: Callable[[Batch], None],
    finish: Callable[[Batch], None],
    on_outcome: Callable[[str, Outcome], None],
) -> None:
    """Fetch all units of all tasks and commit every outcome together with its row in the ledger.

    Tasks share threads and batches, so that none of them waits for the last answer or the commit of the one before.

    Args:
        tasks: What to do; their units are begun in this order.
        workers: Threads.
        limits: When to commit.
        clock: The time of an outcome that a mistake of ours makes.
        commit: Writes a batch, all of it or nothing.
        finish: Writes the last batch, which may be empty; called once, also where something went wrong.
        on_outcome: Told the subject and the outcome of each one.

    Raises:
        Fatal: Credentials, quota or host; all that came back before is committed, as it is where anything else, such
            as an interruption, ends it early.
        WarehouseError: A batch could not be written. No unit was begun after that; what came back is in the last batch.
    """
    hand = _Hand()
    shares = [_Share(task, clock) for task in tasks]
    stop = threading.Event()
    failed: WarehouseError | None = None
    results = fan_out(
        _fetch,
        [(share, unit) for share in shares for unit in share.task.units],
        workers=workers,
        patience_seconds=limits.seconds,
        stop=stop,
        keep=lambda result: hand.take(*result),  # somebody has interrupted it: what came is paid for
    )
    try:
        with closing(results):
            for result in results:
                if result is not None:
                    share, outcome = result
                    hand.take(share, outcome)
                    on_outcome(share.task.account.subject, outcome)
                if failed is None and hand.is_ripe(limits):
                    try:
                        hand.put_down(commit)
                    except WarehouseError as error:
                        # What came back while the file was waited for, and still comes, was paid for, too.
                        failed = error
                        stop.set()
    finally:
        hand.put_down(finish)
    if failed is not None:
        raise failed


def _fetch(work: "tuple[_Share, Unit]") -> "Iterator[tuple[_Share, Outcome]]":
    share, unit = work
    for outcome in share.fetch(unit):
        yield share, outcome


class _Hand:
    """The outcomes in hand: taken one by one, put down together."""

    def __init__(self) -> None:
        self._outcomes: list[_Taken] = []
        self._rows = 0
        self._since = 0.0

    def take(self, share: "_Share", outcome: Outcome) -> None:
        """Count an outcome and keep it until it is committed."""
        if not self._outcomes:
            self._since = time.monotonic()
        self._outcomes.append((share, outcome))
        self._rows += 1 + sum(len(change.rows) + len(change.parents) for change in outcome.changes)
        share.task.account.take(outcome)

    def is_ripe(self, limits: BatchLimits) -> bool:
        """Whether so much is in hand, or for so long, that it should be committed."""
        waited = time.monotonic() - self._since
        return bool(self._outcomes) and (self._rows >= limits.rows or waited >= limits.seconds)

    def put_down(self, write: Callable[[Batch], None]) -> None:
        """Write what is in hand. Rows that no table takes are malformed, and must not keep the others out."""
        outcomes, self._outcomes, self._rows = self._outcomes, [], 0
        self._write(outcomes, write)

    def _write(self, outcomes: "Sequence[_Taken]", write: Callable[[Batch], None]) -> None:
        """Write outcomes, by halves where a row is refused, until that one stands alone."""
        try:
            write(_batch(outcomes))
        except UnstorableError as error:
            if not outcomes:
                raise
            if len(outcomes) > 1:
                middle = len(outcomes) // 2
                try:
                    self._write(outcomes[:middle], write)
                finally:
                    # Where the file was locked meanwhile, this half must reach the spool, too.
                    self._write(outcomes[middle:], write)
                return
            ((share, outcome),) = outcomes
            rows = {change.table: change.rows for change in outcome.changes}
            reason = f"could not be stored: {error}"
            refused = Outcome(outcome.uuid, Status.MALFORMED, outcome.at, error=reason, payload=rows)
            share.task.account.take_back(outcome)
            share.task.account.take(refused)
            write(_batch([(share, refused)]))
            return
        for share, outcome in outcomes:
            share.task.account.keep_some(outcome)


def _batch(outcomes: "Sequence[_Taken]") -> Batch:
    batch = Batch()
    for share, outcome in outcomes:
        task = share.task
        batch.add(settlement(task.account.subject, share.works[outcome.uuid], outcome, task.fail_window))
    return batch


class _Share:
    """A task at work: stands between the workers and what they fetch, for what concerns more than one answer."""

    def __init__(self, task: Task, clock: Callable[[], datetime]) -> None:
        self.task = task
        self.works = {work.uuid: work for unit in task.units for work in unit.works}
        self._clock = clock
        self._refusal: Outcome | None = None

    def fetch(self, unit: Unit) -> Iterator[Outcome]:
        """Yield the unit's outcomes, or the refusal that an earlier one met."""
        refusal = self._refusal
        if refusal is not None:
            yield from (replace(refusal, uuid=work.uuid, at=self._clock()) for work in unit.works)
            return
        for outcome in self._without_surprises(unit):
            if outcome.status in self.task.refused_for_all:
                self._refusal = outcome
            yield outcome

    def _without_surprises(self, unit: Unit) -> Iterator[Outcome]:
        """Let no mistake in handling one payload stop the others; it counts as malformed, with the trace in the log."""
        settled: set[str] = set()
        try:
            for outcome in unit.fetch():
                settled.add(outcome.uuid)
                yield outcome
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            _LOG.exception("An answer could not be handled")
            reason = f"could not be handled: {type(error).__name__}: {error}"
            for work in unit.works:
                if work.uuid not in settled:
                    yield Outcome(work.uuid, Status.MALFORMED, self._clock(), error=reason)


_Taken: TypeAlias = tuple[_Share, Outcome]
