"""What a page is made from: the questions that the warehouse is asked, and which charts they are about.

The questions are in `sql`, and all of them are asked in one transaction. What becomes of the answers is in `contents`;
how the upkeep stands is found out in `operations`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import duckdb

from soundcharts_assets.dashboard.contents import ENTITIES, LIMITS, Answers, Contents, Limits, SeriesAnswer, compose
from soundcharts_assets.dashboard.operations import look_after
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.queries import query


def gather(refresher: Refresher, limits: Limits = LIMITS) -> Contents:
    """Ask the warehouse for what a page shows.

    Args:
        refresher: Knows settings, clock and warehouse. It is not made to call.
        limits: How much is wanted at most.

    Raises:
        WarehouseError: The warehouse cannot be read.
    """
    now = refresher.clock()
    following = refresher.following  # which may open the warehouse as well
    warehouse = refresher.warehouse
    try:
        with warehouse.connect() as connection, _one_view(connection):
            charts = _ask(connection, "charts")
            shown = _shown(charts, limits)
            upkeep = look_after(connection, refresher, following, _text)
            rows, series = _rows(connection, shown, now.date(), limits)
    except duckdb.Error as error:
        raise WarehouseError(f"{warehouse.name} cannot be read: {warehouse.told(error)}") from None
    return compose(Answers(charts, shown, upkeep, rows, series), now, limits)


def _rows(
    connection: duckdb.DuckDBPyConnection, shown: Sequence[str], today: date, limits: Limits
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, SeriesAnswer]]:
    """Ask for all that is known of the charts shown, and of what is on them."""
    of_charts = {"charts": list(shown)}
    connection.execute(_text("rankings"), {**of_charts, "rankings": limits.rankings})
    rows = {
        "state": _ask(connection, "state"),
        "rankings": _all(connection, "FROM shown_rankings ORDER BY chart_slug, number"),
        "movements": _ask(connection, "movements", of_charts),
        "positions": _ask(connection, "positions"),
        "genre_shares": _ask(connection, "genre_shares"),
        "notable": _ask(connection, "notable", {"most": limits.notable}),
    }
    notable = {entity: [row["uuid"] for row in rows["notable"] if row["entity"] == entity] for entity in ENTITIES}
    current = list(dict.fromkeys([*(row["track_uuid"] for row in rows["movements"]), *notable["track"]]))
    past = sorted({row["track_uuid"] for row in rows["positions"]}.difference(current))
    of_tracks = {"tracks": [*current, *past]}
    for name in ("tracks", "credits", "cross_chart"):
        rows[name] = _ask(connection, name, of_tracks)
    now_on = set(current)
    credited = (uuid for row in rows["credits"] if row["track_uuid"] in now_on for uuid in row["artists"])
    artists = list(dict.fromkeys([*notable["artist"], *credited]))
    rows["artists"] = _ask(connection, "artists", {"artists": artists})
    series = {}
    for entity, uuids in (("track", current), ("artist", artists)):
        rows[f"{entity}_momentum"] = _ask(connection, f"{entity}_momentum", {"uuids": uuids})
        series[entity] = _series(connection, entity, uuids, {"today": today, "days": limits.days})
    return rows, series


def _series(
    connection: duckdb.DuckDBPyConnection, entity: str, uuids: Sequence[str], lately: Mapping[str, Any]
) -> SeriesAnswer:
    """Ask for the figures by day of tracks or artists, which are many: they come as arrays, and are cut up later."""
    days = f"{query(f'insights/{entity}_days')}\n{_text('series')}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE shown_series AS {days}", {"uuids": list(uuids), **lately, "part": 0, "parts": 1}
    )
    heads = _ask(connection, "series_heads")
    figures = connection.execute(_text("series_figures")).fetchnumpy()
    connection.execute("DROP TABLE shown_series")
    return SeriesAnswer(uuids, heads, figures["day"], figures["value"])


def _shown(charts: Sequence[Mapping[str, Any]], limits: Limits) -> list[str]:
    """Slugs of the charts that fit the page, of those in order; the first one always does."""
    shown: list[str] = []
    places = 0
    for chart in charts[: limits.charts]:
        places += chart["places"]
        if shown and places > limits.places:
            break
        shown.append(chart["slug"])
    return shown


@contextmanager
def _one_view(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Ask several questions about one state of the warehouse."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _ask(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    return _all(connection, _text(name), parameters)


def _all(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    found = connection.execute(statement, dict(parameters or {}))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@cache
def _text(name: str) -> str:
    """The question of `sql/<name>.sql`."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
