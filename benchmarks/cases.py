"""The cases of the benchmark: which charts there are, and what the vendor is like.

Belongs here: invented charts and switches. Does not belong here: who is measured on them (`bench`), what they cost at
least (`minimal`).
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from soundcharts_assets.sandbox.generate import Plan, generate

_SEED = 11
_LIMIT = 5_000
"""Requests a minute that Soundcharts recommends not to exceed."""


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: Its name on the command line.
        title: What it is, in a line.
        plans: Its charts.
        latency_seconds: How long the vendor takes to answer.
        calls_per_minute: The vendor's limit and everybody's setting; None for neither.
        is_due: Whether days go by after the first pass, so that all audiences are due in a further one.
    """

    name: str
    title: str
    plans: tuple[Plan, ...]
    latency_seconds: float = 0.0
    calls_per_minute: int | None = None
    is_due: bool = False

    @property
    def slugs(self) -> list[str]:
        """The charts, in the order in which they are followed."""
        return [plan.slug for plan in self.plans]


def _plan(number: int, size: int, own: int, shared: tuple[tuple[int, int], ...] = ()) -> Plan:
    return Plan(
        chart_id=number,
        slug=_slug(number),
        name=f"Chart {number}",
        platform=("spotify", "shazam", "youtube")[number % 3],
        frequency="daily",
        size=size,
        own=own,
        shared=tuple((_slug(other), tracks) for other, tracks in shared),
    )


def _slug(number: int) -> str:
    return f"chart-{number:02d}"


_DAILY = (
    _plan(1, 200, own=260),
    _plan(2, 200, own=110, shared=((1, 150),)),
    _plan(3, 200, own=110, shared=((1, 90), (2, 60))),
)
_MANY = tuple(_plan(number, 200, own=205) for number in range(1, 22))
_SHARED = (
    _plan(1, 100, own=160),
    *(_plan(number, 100, own=30, shared=((1, 70), (number - 1, 40))) for number in range(2, 31)),
)
_FEW = (_plan(1, 120, own=140), _plan(2, 120, own=50, shared=((1, 100),)))

CASES = (
    Case("daily", "three daily charts of 200 places that share tracks", _DAILY),
    Case("latency", "the same, with answers that take 50 ms", _DAILY, latency_seconds=0.05),
    Case("shared", "thirty charts that share tracks", _SHARED),
    Case("limit", "twenty-one charts of 200 places at 5,000 calls a minute", _MANY, calls_per_minute=_LIMIT),
    Case(
        "due",
        "the same, two days later: every audience is due",
        _MANY,
        calls_per_minute=_LIMIT,
        is_due=True,
    ),
)
QUICK = Case("quick", "two charts of 120 places that share tracks", _FEW)


def write_data(folder: Path, plans: tuple[Plan, ...]) -> None:
    """Write a sandbox's folder with these charts, in which nothing is awkward: no gone tracks, no odd series."""
    generate(folder, _SEED, plans)
    with duckdb.connect(":memory:") as connection:
        awkward = connection.read_parquet(str(folder / "awkward.parquet")).limit(0)
        awkward.write_parquet(str(folder / "none.parquet"))
    (folder / "none.parquet").replace(folder / "awkward.parquet")
