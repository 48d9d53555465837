"""Units of work through the pool and into the tables: fetched on threads, committed in batches by the calling thread.

What a unit asks for is its own business; what is due is decided in `refresher`.
"""

import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from soundcharts_assets.api.errors import Fatal
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.loop import fan_out
from soundcharts_assets.refresh.outcomes import Outcome, Status, settlement
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.connection import UnstorableError, WarehouseError
from soundcharts_assets.warehouse.work import Work

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unit:
    """Ledger rows that are asked for together, what does it, and how many requests of the quota that takes."""

    works: Sequence[Work]
    fetch: Callable[[], Iterator[Outcome]]
    calls: int = 1


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
    units: Sequence[Unit],
    account: Account,
    *,
    fail_window: timedelta,
    refused_for_all: frozenset[Status],
    workers: int,
    limits: BatchLimits,
    clock: Callable[[], datetime],
    commit: Callable[[Batch], None],
    finish: Callable[[Batch], None],
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Fetch all units and commit every outcome together with its row in the ledger.

    Args:
        units: What to ask for.
        account: Counts how it ended.
        fail_window: How long an answer that settles without rows is good for.
        refused_for_all: Outcomes which, met once, every other row would meet: the rest is settled without a call.
        workers: Threads.
        limits: When to commit.
        clock: The time of an outcome that a mistake of ours makes.
        commit: Writes a batch, all of it or nothing.
        finish: Writes the last batch, which may be empty; called once, also where something went wrong.
        on_outcome: Told of each one.

    Raises:
        Fatal: Credentials, quota or host; all that came back before is committed.
        WarehouseError: A batch could not be written. No unit was begun after that; what came back is in the last batch.
    """
    works = {work.uuid: work for unit in units for work in unit.works}
    hand = _Hand(account, works, fail_window)
    guard = _Guard(refused_for_all, clock)
    stop = threading.Event()
    failed: WarehouseError | None = None
    results = fan_out(
        guard.fetch,
        units,
        workers=workers,
        patience_seconds=limits.seconds,
        stop=stop,
    )
    try:
        with closing(results):
            for outcome in results:
                if outcome is not None:
                    hand.take(outcome)
                    on_outcome(outcome)
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


class _Hand:
    """The outcomes in hand: taken one by one, put down together."""

    def __init__(self, account: Account, works: Mapping[str, Work], fail_window: timedelta) -> None:
        self._account = account
        self._works = works
        self._fail_window = fail_window
        self._outcomes: list[Outcome] = []
        self._rows = 0
        self._since = 0.0

    def take(self, outcome: Outcome) -> None:
        """Count an outcome and keep it until it is committed."""
        if not self._outcomes:
            self._since = time.monotonic()
        self._outcomes.append(outcome)
        self._rows += 1 + sum(len(change.rows) + len(change.parents) for change in outcome.changes)
        self._account.take(outcome)

    def is_ripe(self, limits: BatchLimits) -> bool:
        """Whether so much is in hand, or for so long, that it should be committed."""
        waited = time.monotonic() - self._since
        return bool(self._outcomes) and (self._rows >= limits.rows or waited >= limits.seconds)

    def put_down(self, write: Callable[[Batch], None]) -> None:
        """Write what is in hand. Rows that no table takes are malformed, and must not keep the others out."""
        outcomes, self._outcomes, self._rows = self._outcomes, [], 0
        self._write(outcomes, write)

    def _write(self, outcomes: Sequence[Outcome], write: Callable[[Batch], None]) -> None:
        """Write outcomes, by halves where a row is refused, until that one stands alone."""
        try:
            write(self._batch(outcomes))
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
            (outcome,) = outcomes
            rows = {change.table: change.rows for change in outcome.changes}
            reason = f"could not be stored: {error}"
            refused = Outcome(outcome.uuid, Status.MALFORMED, outcome.at, error=reason, payload=rows)
            self._account.take_back(outcome)
            self._account.take(refused)
            write(self._batch([refused]))

    def _batch(self, outcomes: Sequence[Outcome]) -> Batch:
        batch = Batch()
        for outcome in outcomes:
            batch.add(settlement(self._account.subject, self._works[outcome.uuid], outcome, self._fail_window))
        return batch


class _Guard:
    """Stands between the workers and what they fetch, for what concerns more than one answer."""

    def __init__(self, refused_for_all: frozenset[Status], clock: Callable[[], datetime]) -> None:
        self._refused_for_all = refused_for_all
        self._clock = clock
        self._refusal: Outcome | None = None

    def fetch(self, unit: Unit) -> Iterator[Outcome]:
        """Yield the unit's outcomes, or the refusal that an earlier one met."""
        refusal = self._refusal
        if refusal is not None:
            yield from (replace(refusal, uuid=work.uuid, at=self._clock()) for work in unit.works)
            return
        for outcome in self._without_surprises(unit):
            if outcome.status in self._refused_for_all:
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
