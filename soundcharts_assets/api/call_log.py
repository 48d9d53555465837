"""Counting what was asked: calls by hour, endpoint and status, until they are drained into the warehouse."""

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class CallCount(NamedTuple):
    """Calls of one hour (UTC), endpoint and status.

    `cost` is how many requests of the quota they took; `quota_remaining` is the lowest seen among them, if any.
    """

    hour: datetime
    endpoint: str
    status: str
    calls: int
    quota_remaining: int | None
    cost: int = 0


class CallLog:
    """Counts of calls; safe to use from many threads."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = threading.Lock()
        self._pending: dict[tuple[datetime, str, str], tuple[int, int | None, int]] = {}
        self._total: dict[str, int] = {}

    def record(
        self,
        at: datetime,
        endpoint: str,
        status: str,
        quota_remaining: int | None,
        cost: int = 0,
    ) -> None:
        """Count one call that was sent, whatever came back, and what it took of the quota."""
        key = (at.replace(minute=0, second=0, microsecond=0), endpoint, status)
        with self._lock:
            self._add(CallCount(*key, 1, quota_remaining, cost))
            self._total[endpoint] = self._total.get(endpoint, 0) + 1

    def drain(self) -> list[CallCount]:
        """What was counted since the last drain; counting goes on from nothing."""
        with self._lock:
            pending, self._pending = self._pending, {}
        return [CallCount(*key, *value) for key, value in pending.items()]

    def give_back(self, counts: Iterable[CallCount]) -> None:
        """Take counts back that were drained and could not be stored; they come with the next drain."""
        with self._lock:
            for count in counts:
                self._add(count)

    def _add(self, count: CallCount) -> None:
        key = (count.hour, count.endpoint, count.status)
        calls, lowest, cost = self._pending.get(key, (0, None, 0))
        known = [value for value in (lowest, count.quota_remaining) if value is not None]
        self._pending[key] = (calls + count.calls, min(known, default=None), cost + count.cost)

    def pending_cost(self) -> int:
        """Requests of the quota that were spent since the last drain."""
        with self._lock:
            return sum(cost for _, _, cost in self._pending.values())

    def totals(self) -> dict[str, int]:
        """Calls by endpoint since the start, drained or not."""
        with self._lock:
            return dict(self._total)
