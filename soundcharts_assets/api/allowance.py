"""What may still be spent, counted to the request: a daily rest, a reserve of the quota, and what a batch costs.

Here is counted and refused. How large the rest is, is decided by whoever sets it; who asks for what first, too.
"""

import threading

from soundcharts_assets.api.errors import AllowanceSpent

_TELLING_BATCH = 10
"""A smaller batch proves nothing: another process may have made some calls in between."""


class Allowance:
    """Requests that may still be made; shared by all workers of a client. Unlimited until it is limited."""

    def __init__(self) -> None:
        """Start without any limit."""
        self._changed = threading.Condition()
        self._left: int | None = None
        self._reserve = 0
        self._quota: int | None = None
        self._in_flight = 0
        self._open_calls = 0

    @property
    def is_limited(self) -> bool:
        """Whether there is anything that could be spent."""
        return self._left is not None or self._reserve > 0

    @property
    def room(self) -> int | None:
        """Requests that may be made now, None for no limit that is known."""
        with self._changed:
            return self._room()

    def limit(self, left: int | None, reserve: int) -> None:
        """Say how many requests may be made from now on, None for no limit, and how many of the quota must remain."""
        with self._changed:
            self._left = left
            self._reserve = reserve
            self._changed.notify_all()

    def see(self, quota: int | None) -> None:
        """Note what is left of the quota, as a call outside the allowance told."""
        with self._changed:
            self._quota = quota
            self._changed.notify_all()

    def take(self, cost: int) -> None:
        """Reserve the cost of a call that is about to be sent; `settle` must follow.

        Where only the answers still on their way can tell whether there is room, they are waited for.

        Raises:
            AllowanceSpent: There is no room for it.
        """
        with self._changed:
            while (room := self._room()) is not None and room < cost:
                if not self._open_calls:
                    raise AllowanceSpent(self._reason())
                self._changed.wait()
            self._open_calls += 1
            self._in_flight += cost

    def settle(self, taken: int, spent: int, quota: int | None) -> None:
        """Note what a call that took part of the allowance has really cost, and what is left of the quota since."""
        with self._changed:
            self._open_calls -= 1
            self._in_flight -= taken
            if self._left is not None:
                self._left -= spent
            self._quota = quota
            self._changed.notify_all()

    def _room(self) -> int | None:
        rooms = [] if self._left is None else [self._left]
        if self._reserve and self._quota is not None:
            rooms.append(self._quota - self._reserve)
        return max(0, min(rooms) - self._in_flight) if rooms else None

    def _reason(self) -> str:
        if self._left is not None and self._left - self._in_flight <= 0:
            return "the budget of the day is spent"
        return f"only the reserve of {self._reserve:,} requests is left of the quota, or too little beside it"


class BatchPrice:
    """Learns from the quota that is left whether a batch costs one request, or one for each of its ids.

    The vendor does not say (contract sections 6.1 and 19.7).
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.per_id: bool | None = None
        self._suspected = False

    def is_unknown_for(self, ids: int) -> bool:
        """Whether only the quota can tell what a call cost, so that no other may be on its way."""
        return self.per_id is None and ids > 1

    def of(self, ids: int) -> int:
        """The most that a call for so many ids can cost."""
        return 1 if ids == 1 or self.per_id is False else ids

    def learn(self, ids: int, before: int | None, after: int | None) -> int:
        """Compare the quota before and after a call that was answered, and return what the call cost."""
        if ids > 1 and self.per_id is None:
            if before is None or after is None:
                return 1
            cost = min(max(before - after, 1), ids)
            if ids >= _TELLING_BATCH:
                # Calls of other processes in between look the same once, not twice.
                self.per_id = None if cost == ids and not self._suspected else cost == ids
                self._suspected = cost == ids
            return cost
        return self.of(ids)
