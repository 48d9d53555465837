"""How what a page holds is written down: columns instead of objects, days as numbers, series as differences.

Pure, and undone by `page/data.js`. What is shown is decided elsewhere.
"""

import base64
import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

_DIGITS = 4
_STEP_SHARE = 100
"""A series is told to the hundredth part of its usual step, or better."""


class Series(NamedTuple):
    """Figures of days in a row.

    Attributes:
        first: Number of the first day; which day has number 0 is for the reader to know.
        unit: What the figures are counted in, a power of ten.
        steps: The first figure, then differences from the last one known; None for days without a figure.
    """

    first: int
    unit: int
    steps: Sequence[int | None]


def columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Turn rows into a list for each name."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    lists = list(found.values())
    for row in rows:
        for values, value in zip(lists, row, strict=True):
            values.append(value)
    return found


def days_ago(day: date | None, today: date) -> int | None:
    """How many days before today a day is."""
    return None if day is None else (today - day).days


def rounded(value: float | Decimal | None) -> float | int | None:
    """A figure to four digits at least, whole where it is large."""
    if value is None or not math.isfinite(value):
        return None
    value = float(value)
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(abs(value)))) if value else 0
    found = round(value, min(decimals, _DIGITS))
    return int(found) if found.is_integer() else found


def series_of(days: Sequence[int], figures: Sequence[int], *, exact: bool = False) -> Series:
    """Encode figures of days, of which some may be missing.

    Args:
        days: Numbers of the days, ascending.
        figures: Their figures.
        exact: Whether every figure counts as it is.
    """
    changes = [abs(later - earlier) for earlier, later in pairwise(figures) if later != earlier]
    unit = 1 if exact or not changes else unit_for(median(changes))
    known = dict(zip(days, figures, strict=True))
    steps: list[int | None] = []
    last = 0
    for day in range(days[0], days[-1] + 1):
        if day not in known:
            steps.append(None)
            continue
        figure = round(known[day] / unit)
        steps.append(figure - last)
        last = figure
    return Series(days[0], unit, steps)


def unit_for(step: float) -> int:
    """The largest power of ten that is at most a hundredth of a usual step; 1 where that would be a fraction."""
    return int(10 ** max(0, math.floor(math.log10(step / _STEP_SHARE)))) if step >= _STEP_SHARE else 1


def as_json(value: object) -> str:
    """Write JSON that may stand in a script element: nothing in it can end the element, or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def packed(value: Mapping[str, Any]) -> str:
    """Write JSON compressed, as text. The same value gives the same text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
