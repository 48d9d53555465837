"""Units of work through the pool and into the tables: fetched on threads, committed in batches by the calling thread.

What a unit asks for is its own business; what is due is decided in `refresher`.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from soundcharts_assets.api.errors import Fatal
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.loop import fan_out
from soundcharts_assets.refresh.outcomes import Outcome, Status, ledger_change
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.work import Work

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unit:
    """Ledger rows that are asked for together, and the call or calls that do it."""

    works: Sequence[Work]
    fetch: Callable[[], Iterator[Outcome]]


@dataclass(frozen=True)
class BatchLimits:
    """A batch is committed at so many rows, or when its oldest outcome has waited so many seconds."""

    rows: int
    seconds: float


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
    """
    works = {work.uuid: work for unit in units for work in unit.works}
    batch, since = Batch(), 0.0
    guard = _Guard(refused_for_all, clock)
    results = fan_out(
        guard.fetch,
        units,
        workers=workers,
        patience_seconds=limits.seconds,
    )
    try:
        with closing(results):
            for outcome in results:
                if outcome is not None:
                    since = since if batch.size else time.monotonic()
                    row = ledger_change(account.subject, works[outcome.uuid], outcome, fail_window)
                    batch.add([*outcome.changes, row])
                    account.take(outcome)
                    on_outcome(outcome)
                ripe = batch.size >= limits.rows or time.monotonic() - since >= limits.seconds
                if batch.size and ripe:
                    full, batch = batch, Batch()
                    commit(full)
    finally:
        finish(batch)


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
