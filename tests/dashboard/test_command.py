"""`soundcharts-assets dashboard` as a person runs it."""

import os
import re

import pytest

from tests.shop import Shop, lines


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop whose warehouse holds a chart's rankings."""
    shop.follow("viral-50-40", more="platforms: {track_audience: [], artist_audience: [], artist_listening: []}")
    assert shop.call("sync").returncode == 0
    shop.sandbox.reset()
    return shop


def test_it_writes_one_page_beside_the_warehouse_says_so_and_asks_soundcharts_nothing(stocked: Shop) -> None:
    nothing = {"SOUNDCHARTS_APP_ID": "", "SOUNDCHARTS_API_KEY": ""}
    done = stocked.call("dashboard", **nothing)

    page = stocked.warehouse.with_name("dashboard.html")
    assert done.returncode == 0
    (line,) = lines(done)
    assert re.fullmatch(r"data/dashboard\.html: \d\.\d MB, 1 chart, \d+\.\d s", line)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert stocked.sandbox.report().calls == 0


def test_it_brings_the_computed_tables_up_to_date_first(stocked: Shop) -> None:
    assert stocked.call("dashboard").returncode == 0
    assert stocked.query("SELECT count(*) FROM soundcharts.chart_movements") == [(50,)]


def test_the_page_goes_where_it_is_told(stocked: Shop) -> None:
    there = stocked.folder / "out" / "charts.html"
    named = stocked.folder / "named.html"

    assert stocked.call("dashboard", SOUNDCHARTS_DASHBOARD=str(there)).returncode == 0
    assert stocked.call("dashboard", "named.html", SOUNDCHARTS_DASHBOARD=str(there)).returncode == 0

    assert there.is_file()
    assert named.is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("data/warehouse.duckdb",), "is the warehouse itself"),
        (("data/../data/warehouse.duckdb",), "is the warehouse itself"),
        (("data",), "is a folder; name a file, such as data/dashboard.html"),
        (("pipe",), "pipe: is no file, but a device or the like; name a file, such as dashboard.html"),
        (("soundcharts.yaml/page.html",), "soundcharts.yaml/page.html: cannot be written"),
    ],
)
def test_what_cannot_be_written_is_one_clear_line(stocked: Shop, arguments: tuple[str, ...], says: str) -> None:
    os.mkfifo(stocked.folder / "pipe")

    done = stocked.call("dashboard", *arguments)

    assert done.returncode == 2
    assert len(lines(done)) == 1, lines(done)
    assert says in lines(done)[0]


def test_without_a_warehouse_nothing_is_made(shop: Shop) -> None:
    before = sorted(path.name for path in shop.folder.iterdir())

    done = shop.call("dashboard")

    assert done.returncode == 2
    assert "does not exist; `soundcharts-assets sync` makes it" in lines(done)[0]
    assert sorted(path.name for path in shop.folder.iterdir()) == before
