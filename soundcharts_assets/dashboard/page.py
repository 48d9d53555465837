"""The page: data in, HTML out. Pure but for reading the files it is made of.

What is on it is decided in `data`, how it looks and behaves by the files in `page`. It can load nothing from anywhere:
styles, scripts and libraries are in it, and its policy allows these very ones and nothing else.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from soundcharts_assets.dashboard.data import Contents, SeriesOf
from soundcharts_assets.dashboard.encoding import as_json, packed

STYLES = ("vendor/uplot.css", "page/style.css")
SCRIPTS = (
    "vendor/htm-preact.js",
    "vendor/uplot.js",
    "page/text.js",
    "page/data.js",
    "page/route.js",
    "page/figures.js",
    "page/tables.js",
    "page/search.js",
    "page/changes.js",
    "page/charts.js",
    "page/tracks.js",
    "page/artists.js",
    "page/operations.js",
    "page/app.js",
)
"""In the order in which each finds what it needs."""

LARGEST = 6_000_000
"""Bytes that a page may have. What a mail may carry is more, and what a phone opens at once is not much more."""


def render(contents: Contents, largest: int = LARGEST) -> str:
    """Put the page together.

    Args:
        contents: What it shows.
        largest: How many bytes it may have. Series are left out from the end until it fits; without any, it is as large
            as it is.
    """
    bare = _page(contents, ())
    series = fitting(contents, largest - len(bare.encode())) if contents.series else ()
    return _page(contents, series) if series else bare


def fitting(contents: Contents, room: int) -> Sequence[SeriesOf]:
    """The first of the series: as many as add no more than so many bytes to the page."""
    series = contents.series
    bare = len(packed(contents.details))
    while series:
        added = len(packed({**contents.details, "series": _grouped(series)})) - bare
        if added <= room:
            break
        series = series[: min(len(series) - 1, int(len(series) * max(room, 0) / added * 0.97))]
    return series


def _page(contents: Contents, series: Sequence[SeriesOf]) -> str:
    with_series = {entity: len({one.number for one in series if one.entity == entity}) for entity in ("track", "artist")}
    having = {
        entity: len({one.number for one in contents.series if one.entity == entity}) for entity in ("track", "artist")
    }
    overview = {**contents.overview, "series": {"shown": with_series, "known": having}}
    details = {**contents.details, "series": _grouped(series)}
    styles = "\n".join(map(_file, STYLES))
    scripts = [_file(name) for name in SCRIPTS]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {_hash(styles)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "policy": policy,
        "styles": styles,
        "overview": as_json(overview),
        "details": packed(details),
        "scripts": "\n".join(f"<script>{text}</script>" for text in scripts),
    }
    # Each part is put in once, so that nothing in one of them is taken for the place of another.
    template = _file("page/template.html")
    found = []
    for piece in template.split("{{"):
        name, closed, rest = piece.partition("}}")
        found.append(parts[name.strip()] + rest if closed else piece)
    return "".join(found)


def _grouped(series: Sequence[SeriesOf]) -> list[dict[str, Any]]:
    """Series of the same kind side by side."""
    kinds: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in series:
        kind = kinds.setdefault(
            (one.entity, one.platform, one.metric),
            {
                "entity": one.entity,
                "platform": one.platform,
                "metric": one.metric,
                "count": one.is_count,
                "of": [],
                "first": [],
                "unit": [],
                "steps": [],
            },
        )
        kind["of"].append(one.number)
        kind["first"].append(one.series.first)
        kind["unit"].append(one.series.unit)
        kind["steps"].append(one.series.steps)
    return list(kinds.values())


@cache
def _file(name: str) -> str:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return f"\n{text.strip()}\n"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
