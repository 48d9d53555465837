"""What the vendor counts: calls, quota, rate windows, tokens; and what a test wants counted: repeated questions.

Belongs here: counters and the two limits.
Does not belong here: HTTP, the wording of refusals (`gateway`).
"""

import math
import secrets
import time
from collections import Counter
from typing import Any


class Meter:
    """Counts what is asked and answered. Quota outlives a reset, the counters do not."""

    def __init__(self) -> None:
        """Start a term with nothing used."""
        self.used = 0
        self._window_calls = 0
        self.open_window()
        self.reset()

    def reset(self) -> None:
        """Forget the counters and the questions asked so far."""
        self._billed = 0
        self._by_endpoint: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._questions: set[int] = set()
        self._duplicates = 0
        self._examples: list[str] = []
        self._second = 0
        self._second_calls = 0
        self._busiest_second = 0

    def asked(self, label: str, question: str | None) -> None:
        """Count a request; `question` is the whole target of a GET."""
        self._by_endpoint[label] += 1
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._second_calls = second, 0
        self._second_calls += 1
        self._busiest_second = max(self._busiest_second, self._second_calls)
        if question is None:
            return
        # The hash alone is kept: a long load test asks millions of long questions.
        if (known := hash(question)) in self._questions:
            self._duplicates += 1
            if len(self._examples) < 10 and question not in self._examples:  # noqa: PLR2004
                self._examples.append(question)
        self._questions.add(known)

    def answered(self, status: str) -> None:
        """Count how a request ended."""
        self._by_status[status] += 1

    def bill(self, cost: int) -> None:
        """Take an answered request off the quota."""
        self.used += cost
        self._billed += cost

    def remaining(self, quota: int) -> int:
        """What `x-quota-remaining` says (contract section 6.2)."""
        return max(0, quota - self.used)

    def exhausted(self, quota: int) -> bool:
        """Whether plan and tolerance are used up (contract section 6.3)."""
        return self.used >= quota * 11 // 10

    def open_window(self) -> None:
        """Begin a new rate window with the next request."""
        self._window_start = -math.inf

    def window(self, limit: int, seconds: float) -> tuple[int, int]:
        """Count a request in the fixed rate window.

        Returns:
            Calls left, negative for a request beyond the limit, and whole seconds to the next window.
        """
        now = time.monotonic()
        if now - self._window_start >= seconds:
            self._window_start, self._window_calls = now, 0
        self._window_calls += 1
        reset = max(1, math.ceil(self._window_start + seconds - now))
        return limit - self._window_calls, reset

    def report(self, quota: int) -> dict[str, Any]:
        """Everything counted since the last reset."""
        return {
            "calls": sum(self._by_endpoint.values()),
            "billed": self._billed,
            "by_endpoint": dict(sorted(self._by_endpoint.items())),
            "by_status": dict(sorted(self._by_status.items())),
            "duplicates": self._duplicates,
            "duplicate_examples": self._examples,
            "busiest_second": self._busiest_second,
            "quota_remaining": self.remaining(quota),
        }


class Tokens:
    """Access tokens that expire (contract section 2.2)."""

    def __init__(self) -> None:
        """Start with none issued."""
        self._expiries: dict[str, float] = {}

    def issue(self, lifetime: float) -> str:
        """A new token."""
        value = f"sandbox.{secrets.token_urlsafe(24)}"
        self._expiries[value] = time.monotonic() + lifetime
        return value

    def forget(self) -> None:
        """Take all of them back."""
        self._expiries.clear()

    def valid(self, value: str) -> bool:
        """Whether a token was issued here and still lives."""
        return time.monotonic() < self._expiries.get(value, -math.inf)
