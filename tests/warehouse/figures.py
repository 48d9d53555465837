"""What tests of computed tables share: figures by their age, and tables made anew."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from soundcharts_assets.refresh.insights import rebuild_insight
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.insights import INSIGHTS
from tests.warehouse.helpers import NOON, TODAY, rows_of


def made(warehouse: Warehouse, name: str, today: date = TODAY) -> int:
    """Make a computed table anew."""
    return rebuild_insight(warehouse, INSIGHTS[name], today).written


def told(warehouse: Warehouse, name: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Make a computed table and those before it anew, and return columns of it."""
    for earlier in INSIGHTS:
        made(warehouse, earlier)
        if earlier == name:
            break
    return rows_of(warehouse, f"SELECT {', '.join(columns)} FROM soundcharts.{name} WHERE {where} ORDER BY ALL")


def noon(day: int) -> datetime:
    """Noon of a day of January."""
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def audience(track: str, platform: str, days: Mapping[int, int], identifier: str = "") -> Change:
    """Figures of a track by their age in days."""
    columns = ("track_uuid", "platform", "date", "identifier", "value", "fetched_at")
    rows = [(track, platform, TODAY - timedelta(age), identifier, value, NOON) for age, value in days.items()]
    return Change("track_audience", Mode.APPEND, columns, rows)


def followers(artist: str, days: Mapping[int, int], platform: str = "spotify", column: str = "followers") -> Change:
    """Figures of an artist by their age in days."""
    columns = ("artist_uuid", "platform", "date", column, "fetched_at")
    rows = [(artist, platform, TODAY - timedelta(age), value, NOON) for age, value in days.items()]
    return Change("artist_audience", Mode.APPEND, columns, rows)


def listening(artist: str, platform: str, days: Mapping[int, int]) -> Change:
    """Listeners or daily views of an artist by their age in days."""
    columns = ("artist_uuid", "platform", "date", "value", "fetched_at")
    rows = [(artist, platform, TODAY - timedelta(age), value, NOON) for age, value in days.items()]
    return Change("artist_listening", Mode.APPEND, columns, rows)


def growing(ages: Sequence[int], newest: int, a_day: int) -> dict[int, int]:
    """A total that grows by the same every day, by age."""
    return {age: newest - age * a_day for age in ages}
