"""The page: data in, HTML out. Pure but for reading the files it is made of.

What is on it is decided in `contents`, how it looks and behaves by the files in `page`. It can load nothing from
anywhere: styles, scripts and libraries are in it, and its policy allows these very ones and nothing else.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from soundcharts_assets.dashboard.contents import ENTITIES, Contents, SeriesOf
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
    bare = packed({**contents.details, "series": []})
    page = _page(contents, (), bare)
    series, details = fitting(contents, largest - len(page.encode()) + len(bare))
    return _page(contents, series, details) if series else page


def fitting(contents: Contents, room: int) -> tuple[Sequence[SeriesOf], str]:
    """The first of the series, as many as fit, and the details packed with them.

    Args:
        contents: Has series and details.
        room: How many bytes these may take.
    """
    series = contents.series
    while series:
        details = packed({**contents.details, "series": _grouped(series)})
        if len(details) <= room:
            return series, details
        fewer = int(len(series) * max(room, 0) / len(details) * 0.97)
        series = series[: min(len(series) - 1, fewer)]
    return (), ""


def _page(contents: Contents, series: Sequence[SeriesOf], details: str) -> str:
    known = {entity: _count(contents.series, entity) for entity in ENTITIES}
    shown = {entity: _count(series, entity) for entity in ENTITIES}
    overview = {**contents.overview, "series": {"shown": shown, "known": known}}
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
        "details": details,
        "scripts": "\n".join(f"<script>{text}</script>" for text in scripts),
    }
    # Each part is put in once, so that nothing in one of them is taken for the place of another.
    template = _file("page/template.html")
    found = []
    for piece in template.split("{{"):
        name, closed, rest = piece.partition("}}")
        found.append(parts[name.strip()] + rest if closed else piece)
    return "".join(found).lstrip()


def _count(series: Sequence[SeriesOf], entity: str) -> int:
    """Of how many tracks or artists these series are."""
    return len({one.number for one in series if one.entity == entity})


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
