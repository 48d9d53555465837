"""Computed tables that are made anew in several parts: the rows of one, with others at the warehouse in between."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soundcharts_assets.refresh.insights import rebuild_insight
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.insights import INSIGHTS, Insight, behind, parts
from tests.warehouse.figures import audience, followers, growing, listening, made
from tests.warehouse.helpers import DAY, HOUR, NOON, ROOT, TODAY, commit, rows_of, stored_credits, stored_ranking

TRACKS = [f"track-{number}" for number in range(18)]
CHARTS = [f"chart-{number}" for number in range(7)]
SPLIT = ("track_momentum", "artist_momentum", "catalog")
"""Tables that are made anew by the first column of their key."""


def stock(warehouse: Warehouse) -> None:
    """Eighteen tracks on seven charts, each with an artist of its own and figures that differ from all others'."""
    for number, slug in enumerate(CHARTS):
        commit(warehouse, *stored_ranking(slug, *TRACKS[number : number + 8], at=NOON - DAY))
        commit(warehouse, *stored_ranking(slug, *TRACKS[number + 2 : number + 12], at=NOON))
    for number, track in enumerate(TRACKS, start=1):
        artist = f"artist-{number}"
        commit(
            warehouse,
            *stored_credits(track, artist),
            audience(track, "spotify", growing(range(40), 50_000 * number, number), "one"),
            audience(track, "youtube", growing(range(40), 90_000 * number, 3 * number), "one"),
            audience(track, "youtube", growing(range(0, 40, 2), 7_000 * number, number), "two"),
            followers(artist, growing(range(0, 40, 4), 10_000 * number, number)),
            listening(artist, "youtube", {age: number + age % 3 for age in range(30)}),
        )


def in_parts(warehouse: Warehouse, name: str, count: int) -> Insight:
    """A computed table of which so little is made at once that it takes so many parts, at least."""
    insight = replace(INSIGHTS[name], at_once=1)
    with warehouse.connect() as connection:
        size = parts(connection, insight, TODAY)
        insight = replace(insight, at_once=size // count)
        assert parts(connection, insight, TODAY) >= count > 1
    return insight


def all_of(warehouse: Warehouse, name: str) -> list[tuple[Any, ...]]:
    return rows_of(warehouse, f"FROM soundcharts.{name} ORDER BY ALL")


def uuids(warehouse: Warehouse, name: str) -> list[str]:
    return [
        uuid for (uuid,) in rows_of(warehouse, f"SELECT DISTINCT {key_of(name)} FROM soundcharts.{name} ORDER BY 1")
    ]


def key_of(name: str) -> str:
    return INSIGHTS[name].table.key[0]


class TestRows:
    """Several parts make what one part makes."""

    @pytest.fixture(autouse=True)
    def stocked(self, warehouse: Warehouse) -> None:
        stock(warehouse)

    @pytest.mark.parametrize("name", SPLIT)
    def test_several_parts_give_the_rows_of_one(self, warehouse: Warehouse, name: str) -> None:
        for each in INSIGHTS:
            made(warehouse, each)
        at_once = all_of(warehouse, name)
        assert len(at_once) >= len(TRACKS)
        rebuilt = rebuild_insight(warehouse, in_parts(warehouse, name, 7), TODAY)
        assert all_of(warehouse, name) == at_once
        assert (rebuilt.written, rebuilt.rows) == (len(at_once), len(at_once))

    def test_more_charts_than_are_made_at_once_give_the_rows_of_all_at_once(self, warehouse: Warehouse) -> None:
        made(warehouse, "chart_movements")
        at_once = all_of(warehouse, "chart_movements")
        with warehouse.connect() as connection:
            connection.execute("DELETE FROM soundcharts.chart_movements")
        insight = replace(INSIGHTS["chart_movements"], at_once=2)
        with warehouse.connect() as connection:
            assert parts(connection, insight, TODAY) == 4, "of two charts each, and the seventh"
        rebuilt = rebuild_insight(warehouse, insight, TODAY)
        assert all_of(warehouse, "chart_movements") == at_once
        assert (rebuilt.written, rebuilt.rows) == (len(at_once), len(at_once))

    def test_charts_as_before_are_no_part(self, warehouse: Warehouse) -> None:
        insight = replace(INSIGHTS["chart_movements"], at_once=2)
        rebuild_insight(warehouse, insight, TODAY)
        for slug in CHARTS[:3]:
            commit(warehouse, *stored_ranking(slug, "track-0", at=NOON + DAY))
        with warehouse.connect() as connection:
            assert parts(connection, insight, TODAY) == 2
            connection.execute("UPDATE soundcharts.chart_movements SET peak_position = 99")
        rebuild_insight(warehouse, insight, TODAY)
        untouched = rows_of(
            warehouse, "SELECT DISTINCT chart_slug FROM soundcharts.chart_movements WHERE peak_position = 99 ORDER BY 1"
        )
        assert [slug for (slug,) in untouched] == CHARTS[3:]

    @pytest.mark.parametrize("name", SPLIT)
    def test_rows_of_what_vanished_go_in_whichever_part_they_are(self, warehouse: Warehouse, name: str) -> None:
        for each in INSIGHTS:
            made(warehouse, each)
        before = uuids(warehouse, name)
        vanished = before[::2]
        with warehouse.connect() as connection:
            for table, column in (
                ("tracks", "uuid"),
                ("track_audience", "track_uuid"),
                ("artist_audience", "artist_uuid"),
                ("artist_listening", "artist_uuid"),
            ):
                connection.execute(
                    f"DELETE FROM soundcharts.{table} WHERE list_contains($gone, {column})", {"gone": vanished}
                )
        insight = in_parts(warehouse, name, 3)
        assert len({part_of(warehouse, uuid, 3) for uuid in vanished}) == 3, "some in each part"
        rebuild_insight(warehouse, insight, TODAY)
        assert uuids(warehouse, name) == before[1::2]


def part_of(warehouse: Warehouse, uuid: str, of: int) -> int:
    """The part in which rows of a key are made anew."""
    ((part,),) = rows_of(warehouse, "SELECT hash($uuid::VARCHAR) % $of::UBIGINT", uuid=uuid, of=of)
    return int(part)


class TestFailures:
    """A part that is not made keeps its rows, and so do those after it."""

    def test_a_part_that_fails_leaves_old_rows_for_the_rest_and_the_next_time_makes_it_whole(
        self, warehouse: Warehouse
    ) -> None:
        for track in TRACKS:
            commit(warehouse, audience(track, "youtube", {1: 100, 8: 30}, "one"))
        insight = replace(INSIGHTS["track_momentum"], at_once=12)
        made(warehouse, "track_momentum")
        for track in TRACKS:
            commit(warehouse, audience(track, "youtube", {0: 200}, "one"))
        with warehouse.connect() as connection:
            assert parts(connection, insight, TODAY) == 5
        # Two videos whose views together are more than a column takes.
        broken = next(track for track in TRACKS if part_of(warehouse, track, 5) == 2)
        commit(warehouse, *(audience(broken, "youtube", {0: 2**63 - 1}, video) for video in ("two", "three")))

        with pytest.raises(WarehouseError, match="track_momentum was not made anew"):
            rebuild_insight(warehouse, insight, TODAY)
        levels = dict(rows_of(warehouse, "SELECT track_uuid, level FROM soundcharts.track_momentum"))
        assert levels == {track: 200 if part_of(warehouse, track, 5) < 2 else 100 for track in TRACKS}

        with warehouse.connect() as connection:
            connection.execute("DELETE FROM soundcharts.track_audience WHERE identifier <> 'one'")
        rebuild_insight(warehouse, insight, TODAY)
        assert rows_of(warehouse, "SELECT DISTINCT level, count(*) FROM soundcharts.track_momentum GROUP BY ALL") == [
            (200, len(TRACKS))
        ]

    @pytest.mark.parametrize("name", ["chart_movements", "track_momentum"])
    def test_a_kill_between_parts_leaves_old_rows_for_the_rest_and_the_next_time_makes_it_whole(
        self, fresh: Warehouse, name: str
    ) -> None:
        stock(fresh)
        insight = in_parts(fresh, name, 7)
        tomorrow = TODAY + DAY
        rebuild_insight(fresh, insight, TODAY)
        before = all_of(fresh, name)
        for number, track in enumerate(TRACKS):
            commit(fresh, audience(track, "spotify", {-1: 10_000_000 + number}, "one"))
        for slug in CHARTS:
            commit(fresh, *stored_ranking(slug, *reversed(TRACKS), at=NOON + DAY))

        killed = subprocess.run(
            [sys.executable, "-c", KILLED_AT_THIRD_PART, str(fresh.path), name, str(insight.at_once), str(tomorrow)],
            cwd=ROOT,
            check=False,
            timeout=60,
        )
        assert killed.returncode == -signal.SIGKILL
        between = all_of(fresh, name)

        rebuild_insight(fresh, insight, tomorrow)
        after = all_of(fresh, name)
        assert set(between) <= set(before) | set(after)
        assert set(between) - set(before), "the first parts are new"
        assert set(after) - set(between), "the others are as they were"
        with fresh.connect() as connection:
            connection.execute(f"DELETE FROM soundcharts.{name}")
        rebuild_insight(fresh, INSIGHTS[name], tomorrow)
        assert after == all_of(fresh, name)


KILLED_AT_THIRD_PART = """
import os, signal, sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from soundcharts_assets.refresh.insights import rebuild_insight
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.insights import INSIGHTS

class Killed(Warehouse):
    openings = 0
    def writing(self):
        self.openings += 1
        if self.openings == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().writing()

path, name, at_once, today = sys.argv[1:]
warehouse = Killed(Path(path), memory_limit="500MB", lock_timeout_seconds=5)
rebuild_insight(warehouse, replace(INSIGHTS[name], at_once=int(at_once)), date.fromisoformat(today))
"""
"""Make a table anew, and be killed when the third part would begin."""


class Visited(Warehouse):
    """A warehouse that lets somebody in whenever it is about to write."""

    def __init__(self, path: Path, visit: Callable[[], None]) -> None:
        super().__init__(path, memory_limit="500MB", lock_timeout_seconds=0.1)
        self.visit = visit

    def writing(self) -> AbstractContextManager[None]:
        """Let the visitor in first."""
        self.visit()
        return super().writing()


STORE_FIGURE = """
import duckdb, sys
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute(
        "INSERT INTO soundcharts.artist_listening (artist_uuid, platform, date, value, fetched_at) "
        "SELECT 'visitor', 'deezer', DATE '2026-01-01' + count(*)::INTEGER, 1, now() "
        "FROM soundcharts.artist_listening WHERE artist_uuid = 'visitor'"
    )
"""
"""Store a figure in a file, which nobody else may hold meanwhile."""


def test_another_process_stores_what_it_has_before_each_part(fresh: Warehouse) -> None:
    stock(fresh)
    insight = in_parts(fresh, "track_momentum", 3)
    with fresh.connect() as connection:
        count = parts(connection, insight, TODAY)

    def visit() -> None:
        subprocess.run([sys.executable, "-c", STORE_FIGURE, str(fresh.path)], check=True, timeout=60)

    rebuild_insight(Visited(fresh.path, visit), insight, TODAY)
    assert rows_of(fresh, "SELECT count(*) FROM soundcharts.artist_listening WHERE artist_uuid = 'visitor'") == [
        (count,)
    ]


def test_a_chart_that_changes_while_others_are_made_is_made_now_or_next_time(fresh: Warehouse) -> None:
    stock(fresh)
    insight = replace(INSIGHTS["chart_movements"], at_once=3)
    late = iter([[], ["chart-0"], []])

    def visit() -> None:
        for slug in next(late):
            commit(fresh, *stored_ranking(slug, "track-17", at=NOON + DAY))

    rebuild_insight(Visited(fresh.path, visit), insight, TODAY)
    rebuild_insight(fresh, insight, TODAY)
    made_bit_by_bit = all_of(fresh, "chart_movements")
    with fresh.connect() as connection:
        connection.execute("DELETE FROM soundcharts.chart_movements")
    made(fresh, "chart_movements")
    assert made_bit_by_bit == all_of(fresh, "chart_movements")


def test_only_days_that_count_make_parts(warehouse: Warehouse) -> None:
    """Figures of the future and those older than seventy days are not read, and are not counted."""
    commit(warehouse, audience("t", "shazam", {-1: 3, 0: 2, 70: 1, 71: 1}))
    with warehouse.connect() as connection:
        insight = replace(INSIGHTS["track_momentum"], at_once=1)
        assert parts(connection, insight, TODAY) == 2
        assert parts(connection, insight, TODAY + timedelta(days=200)) == 1


class TestWhatTheyWereMadeOf:
    """A computed table says whether it lacks something."""

    NAMES = ("track_momentum", "chart_movements")

    def lacking(self, warehouse: Warehouse) -> list[str]:
        with warehouse.connect() as connection:
            return behind(connection, self.NAMES)

    def settle(self, warehouse: Warehouse, uuid: str, at: datetime, subject: str = "tracks") -> None:
        row = (subject, uuid, "ok", at, 0)
        columns = ("subject", "uuid", "status", "fetched_at", "attempts")
        commit(warehouse, Change("fetches", Mode.UPSERT, columns, [row]))

    def make(self, warehouse: Warehouse) -> None:
        for name in self.NAMES:
            made(warehouse, name)
        assert self.lacking(warehouse) == []

    def test_nothing_lacks_where_nothing_was_fetched(self, fresh: Warehouse) -> None:
        assert self.lacking(fresh) == []

    def test_one_that_was_never_made_lacks_something(self, fresh: Warehouse) -> None:
        self.settle(fresh, "a", NOON)
        made(fresh, "track_momentum")
        assert self.lacking(fresh) == ["chart_movements"]

    @pytest.mark.parametrize("later", [HOUR, -HOUR], ids=["what is new", "what was set aside and is stored late"])
    def test_what_is_settled_since_is_lacking_whenever_it_was_fetched(self, fresh: Warehouse, later: timedelta) -> None:
        self.settle(fresh, "a", NOON)
        self.make(fresh)
        self.settle(fresh, "b", NOON + later)
        assert self.lacking(fresh) == list(self.NAMES)
        self.make(fresh)
        self.settle(fresh, "a", NOON + 2 * HOUR)
        assert self.lacking(fresh) == list(self.NAMES)

    def test_a_poll_in_vain_and_a_failure_add_nothing(self, fresh: Warehouse) -> None:
        self.settle(fresh, "a", NOON)
        self.make(fresh)
        self.settle(fresh, "some-chart", NOON + HOUR, subject="charts")
        failed = ("tracks", "b", "failed", 1, NOON + HOUR, "no answer")
        columns = ("subject", "uuid", "status", "attempts", "not_before", "error")
        commit(fresh, Change("fetches", Mode.UPSERT, columns, [failed]))
        assert self.lacking(fresh) == []

    def test_what_is_stored_while_it_is_made_is_lacking_still(self, fresh: Warehouse) -> None:
        stock(fresh)
        self.settle(fresh, "a", NOON)
        self.make(fresh)
        visits = iter(range(100))

        def visit() -> None:
            if next(visits) == 1:
                self.settle(fresh, "b", NOON)

        rebuild_insight(Visited(fresh.path, visit), in_parts(fresh, "track_momentum", 3), TODAY)
        assert "track_momentum" in self.lacking(fresh)
        made(fresh, "track_momentum")
        assert "track_momentum" not in self.lacking(fresh)

    def test_parts_that_are_missing_are_lacking(self, fresh: Warehouse) -> None:
        stock(fresh)
        self.settle(fresh, "a", NOON)
        self.make(fresh)
        self.settle(fresh, "b", NOON)
        visits = iter(range(100))

        def visit() -> None:
            if next(visits) == 2:
                raise WarehouseError("no room is left")

        with pytest.raises(WarehouseError):
            rebuild_insight(Visited(fresh.path, visit), in_parts(fresh, "track_momentum", 3), TODAY)
        assert "track_momentum" in self.lacking(fresh)
