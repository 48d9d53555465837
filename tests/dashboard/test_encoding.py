"""How figures become small, and that nothing in a name ends the element it stands in."""

import base64
import gzip
import json
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.dashboard.encoding import (
    as_json,
    columns,
    days_ago,
    packed,
    rounded,
    series_of,
    unit_for,
)


def undone(steps: Sequence[int | None], unit: int) -> list[int | None]:
    """What `page/data.js` makes of steps."""
    last, values = 0, list[int | None]()
    for step in steps:
        last += step or 0
        values.append(None if step is None else last * unit)
    return values


def test_a_series_is_its_first_figure_and_what_came_after_and_says_which_days_are_missing() -> None:
    series = series_of([3, 4, 6], [50, 53, 60])

    assert (series.first, series.unit, series.steps) == (3, 1, [50, 3, None, 7])
    assert undone(series.steps, series.unit) == [50, 53, None, 60]


def test_figures_are_told_to_the_hundredth_part_of_a_usual_step() -> None:
    # Steps of 20,000, 1,000,000 and 40,000: the median is 40,000, its hundredth 400, the power of ten below it 100.
    series = series_of([1, 2, 3, 4], [1_234_567, 1_254_567, 2_254_567, 2_294_567])

    assert series.unit == 100
    assert undone(series.steps, series.unit) == [1_234_600, 1_254_600, 2_254_600, 2_294_600]


@pytest.mark.parametrize(
    ("step", "unit"), [(0, 1), (99, 1), (100, 1), (999, 1), (1_000, 10), (40_000, 100), (99_999, 100), (100_000, 1_000)]
)
def test_units_are_powers_of_ten(step: float, unit: int) -> None:
    assert unit_for(step) == unit


@given(st.dictionaries(st.integers(0, 90), st.integers(-(10**12), 10**12), min_size=1))
def test_an_exact_series_comes_back_as_it_was(figures: dict[int, int]) -> None:
    days = sorted(figures)
    series = series_of(days, [figures[day] for day in days], exact=True)

    values = undone(series.steps, series.unit)

    assert {series.first + index: value for index, value in enumerate(values) if value is not None} == figures


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (0.0, 0), (0.123456, 0.1235), (1.23456, 1.235), (12_345.6, 12_346), (float("nan"), None), (3.0, 3)],
)
def test_figures_are_rounded_to_four_digits_and_whole_where_large(value: float | None, expected: float | None) -> None:
    assert rounded(value) == expected


def test_days_are_counted_back_from_today() -> None:
    assert days_ago(date(2026, 3, 1), date(2026, 3, 10)) == 9
    assert days_ago(None, date(2026, 3, 10)) is None


def test_rows_become_columns() -> None:
    assert columns(("a", "b"), [(1, 2), (3, 4)]) == {"a": [1, 3], "b": [2, 4]}
    assert columns(("a", "b"), []) == {"a": [], "b": []}


@given(st.text())
def test_no_text_ends_a_script_element_and_every_one_comes_back(text: str) -> None:
    hostile = f"</script><!--{text}\u2028\u2029&"

    written = as_json({"name": hostile})

    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {"name": hostile}


def test_what_is_packed_comes_back_and_is_the_same_each_time() -> None:
    value = {"name": "Été 🐙", "figures": [1, None, 3]}

    assert packed(value) == packed(value)
    assert json.loads(gzip.decompress(base64.b64decode(packed(value)))) == value
