"""The view of chart health: what it says of a sound chart, and of each thing that can be wrong with one.

A view reads the clock of the machine, so rankings are stored relative to it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.tables import VIEWS
from tests.warehouse.helpers import DAY, HOUR, chart, commit, ledger, ranking, rows_of, stored_ranking

TRACKS = ("a", "b", "c")
NOW = datetime.now(UTC).replace(microsecond=0)
NEWEST = NOW - timedelta(hours=20)


def follow(warehouse: Warehouse, slug: str, frequency: str = "daily") -> None:
    commit(warehouse, chart(slug), Change("charts", Mode.UPSERT, ("slug", "frequency"), [(slug, frequency)]))


def store(warehouse: Warehouse, slug: str, ages: Sequence[int], period: timedelta = DAY) -> None:
    """Store rankings so many periods before the newest."""
    for age in ages:
        commit(warehouse, *stored_ranking(slug, *TRACKS, at=NEWEST - age * period))


def health(warehouse: Warehouse, slug: str) -> dict[str, Any]:
    names = [column.name for column in VIEWS["chart_health"].columns]
    rows = rows_of(warehouse, "FROM soundcharts.chart_health WHERE chart_slug = $slug", slug=slug)
    assert len(rows) == 1
    return dict(zip(names, rows[0], strict=True))


@pytest.mark.parametrize("name", VIEWS)
def test_columns_of_views_are_those_of_the_documentation(warehouse: Warehouse, name: str) -> None:
    described = rows_of(warehouse, f"DESCRIBE soundcharts.{name}")

    found = [(column, kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")) for column, kind, *_ in described]
    assert found == [(column.name, column.type) for column in VIEWS[name].columns]


def test_a_chart_with_a_ranking_for_each_day_is_good(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", range(40))

    found = health(warehouse, "s")

    assert (found["health"], found["reason"]) == ("good", None)
    assert (found["rankings"], found["expected_in_window"], found["stored_in_window"]) == (40, 30, 30)
    assert found["first_ranking"] == NEWEST - 39 * DAY
    assert found["newest_ranking"] == NEWEST
    assert timedelta(hours=20) <= found["newest_age"] < timedelta(hours=21)
    assert found["longest_gap"] == DAY
    assert found["is_overdue"] is False


@pytest.mark.parametrize(
    ("frequency", "period", "most"), [("weekly", 7 * DAY, 12), ("monthly", 28 * DAY, 6), ("now and then", DAY, 30)]
)
def test_what_is_expected_goes_by_the_frequency(
    warehouse: Warehouse, frequency: str, period: timedelta, most: int
) -> None:
    follow(warehouse, "s", frequency)
    store(warehouse, "s", range(most + 3), period)

    found = health(warehouse, "s")

    assert found["health"] == "good"
    assert found["expected_in_window"] == found["stored_in_window"] == most


def test_a_chart_followed_since_yesterday_lacks_nothing(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", [0])

    found = health(warehouse, "s")

    assert found["health"] == "good"
    assert (found["expected_in_window"], found["stored_in_window"], found["longest_gap"]) == (1, 1, None)


def test_a_chart_without_a_ranking_is_empty(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    commit(warehouse, ledger("charts", "s", "empty", NOW))

    found = health(warehouse, "s")

    assert (found["health"], found["reason"]) == ("empty", "no ranking is stored")
    assert found["last_polled_at"] == NOW
    assert (found["rankings"], found["newest_ranking"], found["is_overdue"]) == (0, None, False)


def test_a_chart_that_is_not_followed_is_left_out(warehouse: Warehouse) -> None:
    commit(warehouse, chart("s", followed=False), *stored_ranking("s", *TRACKS))

    assert rows_of(warehouse, "FROM soundcharts.chart_health") == []


def test_a_chart_is_late_half_a_period_after_its_ranking_was_expected(warehouse: Warehouse) -> None:
    for slug, age in (("in time", 59 * HOUR), ("late", 61 * HOUR)):
        follow(warehouse, slug)
        commit(warehouse, *stored_ranking(slug, *TRACKS, at=NOW - age))

    assert health(warehouse, "in time")["health"] == "good"
    late = health(warehouse, "late")
    assert (late["health"], late["is_overdue"]) == ("late", True)
    assert late["next_expected"] == NOW - 13 * HOUR
    assert late["reason"] == f"a ranking was expected by {NOW - 13 * HOUR:%Y-%m-%d %H:%M}"


def test_when_a_ranking_is_expected_is_learnt_from_when_others_were_seen(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    for age, delay in ((3, 30), (2, 5), (1, 3), (0, 2)):
        at = NEWEST - age * DAY
        commit(warehouse, *stored_ranking("s", *TRACKS, at=at, seen_at=at + delay * HOUR))

    # The first was there before anyone asked.
    assert health(warehouse, "s")["next_expected"] == NEWEST + DAY + 5 * HOUR


def test_a_chart_with_gaps_is_incomplete(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", [0, 1, 2, 6, 7, 8, 9, 10, 11, 12])

    found = health(warehouse, "s")

    assert (found["health"], found["reason"]) == ("incomplete", "10 of 13 rankings are stored")
    assert found["longest_gap"] == 4 * DAY


def test_a_single_ranking_that_soundcharts_misses_does_not_spoil_a_month(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", [age for age in range(35) if age != 8])

    found = health(warehouse, "s")

    assert found["health"] == "good"
    assert (found["expected_in_window"], found["stored_in_window"], found["longest_gap"]) == (30, 29, 2 * DAY)


def test_a_chart_with_listed_rankings_that_are_not_stored_is_incomplete(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", range(20))
    commit(
        warehouse,
        ledger("chart_rankings", f"s@{(NEWEST + DAY).isoformat()}", "failed"),
        ledger("chart_rankings", f"s@{(NEWEST - 5 * DAY - HOUR).isoformat()}", "wanted"),
        ledger("chart_rankings", f"s@{(NEWEST - 99 * DAY).isoformat()}", "wanted"),
        ledger("chart_rankings", f"s@{NEWEST.isoformat()}", "ok"),
    )

    found = health(warehouse, "s")

    assert (found["health"], found["wanted_rankings"]) == ("incomplete", 2)
    assert found["reason"] == "2 listed rankings are not stored"


def test_a_ranking_that_lacks_places_makes_a_chart_invalid(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", range(3))
    commit(warehouse, ranking("s", "a", "b", at=NEWEST))

    found = health(warehouse, "s")

    assert (found["health"], found["incomplete_rankings"], found["invalid_entries"]) == ("invalid", 1, 0)
    assert found["reason"] == "1 rankings do not hold the places they came with"


@pytest.mark.parametrize(
    ("defect", "incomplete"),
    [
        ("UPDATE soundcharts.chart_entries SET position = 0 WHERE track_uuid = 'a'", 0),
        ("UPDATE soundcharts.chart_entries SET position = 2 WHERE track_uuid = 'a'", 1),
        ("DELETE FROM soundcharts.tracks WHERE uuid = 'a'", 0),
    ],
)
def test_an_impossible_entry_makes_a_chart_invalid(fresh: Warehouse, defect: str, incomplete: int) -> None:
    follow(fresh, "s")
    store(fresh, "s", [0])
    with fresh.connect() as connection:
        connection.execute(defect)

    found = health(fresh, "s")

    assert (found["health"], found["invalid_entries"], found["incomplete_rankings"]) == ("invalid", 1, incomplete)
    assert "1 entries are impossible" in found["reason"]


def test_everything_that_is_wrong_is_said(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    for age in (9, 3):
        commit(warehouse, *stored_ranking("s", *TRACKS, at=NOW - age * DAY))
    commit(warehouse, ranking("s", "a", at=NOW - 3 * DAY))

    found = health(warehouse, "s")

    assert found["health"] == "invalid"
    assert [part.split()[0] for part in found["reason"].split("; ")] == ["1", "a", "2"]


def test_tracks_without_metadata_are_counted_unless_soundcharts_has_none(warehouse: Warehouse) -> None:
    follow(warehouse, "s")
    store(warehouse, "s", [0])
    fetched = Change("tracks", Mode.UPSERT, ("uuid", "name", "fetched_at"), [("a", "A", NOW)])
    commit(warehouse, fetched, ledger("tracks", "a", "ok", NOW), ledger("tracks", "b", "not_found", NOW))

    found = health(warehouse, "s")

    assert (found["health"], found["tracks_without_metadata"]) == ("good", 1)


def test_a_view_of_an_earlier_version_is_replaced(fresh: Warehouse) -> None:
    with fresh.connect() as connection:
        connection.execute("CREATE OR REPLACE VIEW soundcharts.chart_health AS SELECT 1 AS former")
    again = Warehouse(fresh.path, memory_limit="500MB", lock_timeout_seconds=1)
    follow(again, "s")

    assert health(again, "s")["health"] == "empty"
