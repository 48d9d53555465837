"""What can be changed on a running sandbox: its limits and its faults.

Belongs here: the switches, the fault rules, their validation and the choice of the fault that strikes.
Does not belong here: how a limit is counted (`metering`), how a fault is acted out (`gateway`).
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from soundcharts_assets.sandbox.bodies import encode

BatchCost = Literal["call", "id"]
FaultKind = Literal["status", "truncated", "malformed", "reset", "hang", "empty_items", "null_items"]


@dataclass(frozen=True, slots=True)
class Switches:
    """The sandbox's manners; the defaults are those of a generous, healthy vendor."""

    latency_seconds: float = 0.0
    jitter: float = 0.0
    requests_per_minute: int | None = None
    rate_window_seconds: float = 60.0
    tell_reset: bool = True
    quota: int = 1_000_000
    batch_max_ids: int = 100
    batch_cost: BatchCost = "call"
    clamp_limit: bool = False
    token_lifetime_seconds: float = 3600.0
    plan_forbidden: tuple[str, ...] = ()

    def changed(self, values: Mapping[str, Any]) -> "Switches":
        """These switches with some of them changed.

        Raises:
            ValueError: A name or a value is not understood.
        """
        unknown = set(values) - {known.name for known in fields(self)}
        if unknown:
            raise ValueError(f"unknown switches: {', '.join(sorted(unknown))}")
        changes = dict(values)
        if changes.get("batch_cost", "call") not in get_args(BatchCost):
            raise ValueError("batch_cost is call or id")
        for name in set(changes) - {"batch_cost", "clamp_limit", "plan_forbidden", "tell_reset"}:
            unlimited = name == "requests_per_minute" and changes[name] is None
            if not unlimited and not (isinstance(changes[name], int | float) and changes[name] >= 0):
                raise ValueError(f"{name} is a number, not below zero")
        if "plan_forbidden" in changes:
            changes["plan_forbidden"] = tuple(changes["plan_forbidden"] or ())
        return replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        """All switches by name."""
        return asdict(self)


@dataclass(slots=True)
class Fault:
    """One rule: which requests, what goes wrong, how often."""

    path: str
    kind: FaultKind
    status: int = 500
    times: int | None = None
    share: float = 1.0
    after: int = 0
    seconds: float = 60.0
    seed: int = 0
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _random: random.Random = field(init=False, repr=False)
    _matched: int = field(init=False, default=0)
    _struck: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Compile the pattern and seed the dice."""
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"unknown fault kind {self.kind!r}; one of {', '.join(get_args(FaultKind))}")
        self._pattern = re.compile(self.path)
        self._random = random.Random(f"{self.path} {self.kind} {self.status} {self.seed}")  # noqa: S311 - repeatable on purpose

    def strikes(self, target: str) -> bool:
        """Whether this request goes wrong; counts the ones it could have struck."""
        if not self._pattern.search(target):
            return False
        self._matched += 1
        if self._matched <= self.after or (self.times is not None and self._struck >= self.times):
            return False
        if self._random.random() >= self.share:
            return False
        self._struck += 1
        return True


def faults_from(rules: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Rules as the control API takes them.

    Raises:
        ValueError: A rule is not understood.
    """
    try:
        return [Fault(**rule) for rule in rules]
    except (TypeError, re.error) as reason:
        raise ValueError(f"a fault rule is not understood: {reason}") from reason


def spoil(body: bytes, kind: FaultKind) -> bytes:
    """A good body made bad in one of the ways that keep the status 200."""
    if kind == "truncated":
        return body[: len(body) * 2 // 3]
    whole = json.loads(body)
    spoiled: dict[str, Any]
    if kind == "malformed":
        spoiled = {"items": "not a list", "object": ["not", "an", "object"]}
    elif kind == "null_items":
        spoiled = {"items": None, "object": None}
    else:
        spoiled = {"items": [], "object": {}}
        if "page" in whole:
            whole["page"] |= {"total": 0, "next": None}
    return encode({**whole, **{key: value for key, value in spoiled.items() if key in whole}})
