"""Charts for a simulated month: many small ones that share tracks, some daily, most weekly, two without cascade.

Only how the charts are made up belongs here; how their history is invented is the sandbox generator's business.
"""

from dataclasses import dataclass
from pathlib import Path

from soundcharts_assets.sandbox.generate import Plan, generate

_SEED = 9
_SMALLEST, _SPREAD = 20, 21
_NEIGHBOURS = (1, 3, 7)
"""A chart takes tracks of the charts that so many places before it."""


@dataclass(frozen=True)
class Charts:
    """The charts of a folder.

    Attributes:
        folder: Data for a sandbox.
        slugs: All charts, in the order in which they are followed.
        rankings_only: Those whose cascade is off.
    """

    folder: Path
    slugs: tuple[str, ...]
    rankings_only: frozenset[str]


def write_charts(folder: Path, number: int) -> Charts:
    """Write a sandbox's folder with so many charts: two in five daily, the others weekly on five days of the week."""
    plans = [_plan(index) for index in range(number)]
    generate(folder, _SEED, plans)
    slugs = tuple(plan.slug for plan in plans)
    return Charts(folder, slugs, frozenset({slugs[number // 4], slugs[number // 2]}))


def _plan(index: int) -> Plan:
    size = _SMALLEST + 8 * index % _SPREAD
    return Plan(
        chart_id=index + 1,
        slug=_slug(index),
        name=f"Chart {index}",
        platform=("spotify", "shazam", "youtube")[index % 3],
        frequency="daily" if index % 5 in {0, 3} else "weekly",
        size=size,
        own=size,
        shared=tuple((_slug(index - back), size // 4) for back in _NEIGHBOURS if index >= back),
    )


def _slug(index: int) -> str:
    return f"chart-{index:02d}"
