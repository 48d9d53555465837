"""However a series grows and is asked for, the warehouse ends with exactly the series."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.refresh.subjects import series_changes, series_window, settled_through
from soundcharts_assets.settings.file import AudienceSettings, FileSettings
from soundcharts_assets.warehouse.batch import Mode
from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import doubled_keys, empty, open_warehouse, write

COLUMNS = ("track_uuid", "platform", "date", "identifier", "value", "fetched_at")
FIRST = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _row(day: date, value: int = 1, identifier: str = "") -> tuple[Any, ...]:
    return ("t", "spotify", day, identifier, value, NOON)


def _split(through: date | None, *days: date) -> tuple[list[date], list[date]]:
    """Days that are appended, and days that are corrected."""
    append, correct = series_changes("track_audience", COLUMNS, [_row(day) for day in days], through)
    assert (append.table, append.mode, append.columns) == ("track_audience", Mode.APPEND, COLUMNS)
    assert (correct.table, correct.mode, correct.columns) == ("track_audience", Mode.CORRECT, COLUMNS)
    return [row[2] for row in append.rows], [row[2] for row in correct.rows]


def test_all_days_of_a_series_never_settled_are_new() -> None:
    assert _split(None, FIRST, FIRST + DAY) == ([FIRST, FIRST + DAY], [])


def test_only_days_after_the_settled_ones_are_appended_without_looking() -> None:
    assert _split(FIRST, FIRST + DAY, FIRST - DAY, FIRST) == ([FIRST + DAY], [FIRST - DAY, FIRST])
    assert _split(FIRST + DAY, FIRST - DAY, FIRST) == ([], [FIRST - DAY, FIRST])
    assert _split(FIRST) == ([], [])


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("series") / "warehouse.duckdb")
    with warehouse.connect() as opened:
        yield opened


class Vendor:
    """Has a series that grows: days are missing, come late or never, and are corrected within the overlap."""

    def __init__(self, random: Random) -> None:
        self.points: dict[tuple[date, str], int] = {}
        self._random = random

    def move_on(self, first: date, last: date) -> None:
        """Change whatever is inside a window that is about to be asked for."""
        for number in range((last - first).days + 1):
            for identifier in ("", "x"):
                if self._random.random() < 0.5:
                    self.points[first + number * DAY, identifier] = self._random.randrange(2**40)

    def answer(self, first: date, last: date) -> list[tuple[Any, ...]]:
        """Points of the window, in no order."""
        rows = [_row(day, value, key) for (day, key), value in self.points.items() if first <= day <= last]
        self._random.shuffle(rows)
        return rows


@settings(max_examples=20, deadline=None)
@given(
    random=st.randoms(use_true_random=False),
    pauses=st.lists(st.sampled_from([0, 1, 1, 2, 7, 45]), min_size=1, max_size=6),
    overlap=st.integers(0, 4),
)
def test_repeated_fetches_of_a_growing_series_end_with_exactly_the_series(
    connection: duckdb.DuckDBPyConnection, random: Random, pauses: list[int], overlap: int
) -> None:
    wanted = FileSettings(audience=AudienceSettings(history_days=10, overlap_days=overlap))
    empty(connection)
    vendor = Vendor(random)
    today, through = FIRST, None
    for pause in pauses:
        today += pause * DAY
        first, last = series_window(through, today, wanted)
        if pause != 45:  # else nothing new came in the meantime, as when a series has ended
            vendor.move_on(first, last)
        rows = vendor.answer(first, last)
        write(connection, *series_changes("track_audience", COLUMNS, rows, through))
        through = settled_through([row[2] for row in rows], through, last)
    stored = connection.execute("SELECT date, identifier, value FROM soundcharts.track_audience").fetchall()
    assert sorted(stored) == sorted((*key, value) for key, value in vendor.points.items())
    assert doubled_keys(connection) == []
