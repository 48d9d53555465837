"""The page as a text: that it can load nothing, that data stays data, and that it keeps to its size."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from soundcharts_assets.dashboard.build import build, write_whole
from soundcharts_assets.dashboard.contents import Contents, SeriesOf
from soundcharts_assets.dashboard.data import gather
from soundcharts_assets.dashboard.encoding import Series
from soundcharts_assets.dashboard.page import SCRIPTS, render
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.warehouse.errors import WarehouseError
from tests.dashboard.stock import NAMES, refresher_in, stocked


class _Elements(HTMLParser):
    """Every element with its attributes, and the text of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))
        self.open = True

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - which one does not matter
        self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)


def elements(page: str) -> list[tuple[str, dict[str, str | None], str]]:
    parser = _Elements()
    parser.feed(page)
    return parser.found


def blocks(page: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Overview and details, as the browser reads them."""
    texts = {attributes.get("id"): text for tag, attributes, text in elements(page) if tag == "script"}
    overview = json.loads(str(texts["overview"]))
    return overview, json.loads(gzip.decompress(base64.b64decode(str(texts["details"]))))


@pytest.fixture(scope="module")
def page(contents: Contents) -> str:
    return render(contents)


def test_the_policy_allows_the_pages_own_scripts_and_styles_and_nothing_else(page: str) -> None:
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes, _ in elements(page)
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    own = [text for tag, attributes, text in elements(page) if tag == "script" and "type" not in attributes]
    styles = [text for tag, _, text in elements(page) if tag == "style"]

    def hashes(texts: list[str]) -> list[str]:
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return [f"'sha256-{digest}'" for digest in digests]

    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(hashes(own)),
        "style-src": " ".join(hashes(styles)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(own) == len(SCRIPTS)


def test_no_element_loads_anything(page: str) -> None:
    for tag, attributes, _ in elements(page):
        assert not {"src", "href", "srcset", "style"} & set(attributes), (tag, attributes)
        assert tag not in {"link", "iframe", "img", "object", "embed"}


def test_a_name_that_ends_a_script_ends_none(page: str) -> None:
    scripts = [attributes for tag, attributes, _ in elements(page) if tag == "script"]
    overview, _ = blocks(page)

    assert len(scripts) == len(SCRIPTS) + 2
    assert NAMES["song"][0] in overview["tracks"]["name"]
    # A name that looks like a place of the template is not filled in.
    assert NAMES["plain"][1] in overview["tracks"]["credit"]


def test_series_that_do_not_fit_are_left_out_from_the_end_and_counted(contents: Contents) -> None:
    figures = [(seed * 7919) % 100_003 for seed in range(60)]
    many = [SeriesOf("track", number, "spotify", "", False, Series(1, 1, figures[number:])) for number in range(5)]
    contents = replace(contents, series=many)
    whole = render(contents)

    cut = render(contents, largest=len(whole.encode()) - 1)
    bare = render(contents, largest=0)

    assert blocks(whole)[0]["series"] == {"shown": {"track": 5, "artist": 0}, "known": {"track": 5, "artist": 0}}
    shown = blocks(cut)[0]["series"]["shown"]["track"]
    assert 0 < shown < 5
    assert blocks(cut)[1]["series"][0]["of"] == list(range(shown))
    assert len(cut.encode()) < len(whole.encode())
    assert blocks(bare)[1]["series"] == []
    assert blocks(bare)[0]["series"]["known"]["track"] == 5


def test_the_same_data_gives_the_same_page(contents: Contents) -> None:
    assert render(contents) == render(contents)


def test_libraries_are_named_with_version_and_licence() -> None:
    vendor = Path(__file__).parents[2] / "soundcharts_assets" / "dashboard" / "vendor"
    told = (vendor / "README.md").read_text(encoding="utf-8")

    for path in vendor.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in told, path.name
    assert "uPlot (v1.6.32)" in (vendor / "uplot.js").read_text(encoding="utf-8")
    assert re.search(r"\| 1\.6\.32 \|", told)


def test_a_page_is_written_whole_or_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "page.html"
    write_whole(path, b"old")
    taken = tmp_path / "taken"
    taken.mkdir()

    with pytest.raises(WarehouseError, match=r"taken: cannot be written"):
        write_whole(taken, b"new")

    assert path.read_bytes() == b"old"
    assert [one.name for one in path.parent.iterdir()] == ["page.html"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new folder", "taken"]


def test_a_page_never_takes_the_place_of_the_warehouse_by_whatever_path(tmp_path: Path) -> None:
    refresher = stocked(tmp_path)
    warehouse = refresher.settings.warehouse_path
    link = tmp_path / "page.html"
    link.symlink_to(warehouse)
    hard = tmp_path / "hard.html"
    hard.hardlink_to(warehouse)

    for path in (warehouse, tmp_path / ".." / tmp_path.name / warehouse.name, link, hard):
        with pytest.raises(SettingsError, match="is the warehouse itself; name another file"):
            build(refresher, path)

    assert gather(refresher).overview["state"]["charts"] == 2


def test_without_a_warehouse_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"does not exist; `soundcharts-assets sync` makes it"):
        build(refresher_in(tmp_path), tmp_path / "page.html")

    assert not list(tmp_path.glob("*.duckdb"))
    assert not list(tmp_path.glob("*.html"))


def test_what_was_built_is_told(refresher: Refresher, tmp_path: Path) -> None:
    built = build(refresher, tmp_path / "page.html")

    assert built.size == built.path.stat().st_size
    assert (built.charts, built.charts_known) == (2, 2)
