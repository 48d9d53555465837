# ruff: noqa: PLR2004 - the shares and sizes of an invented world mean nothing beyond their line
"""Writes the sandbox's own chart history: invented, seeded, the same every time.

Belongs here: who charts where and when, and the Parquet files that say so.
Does not belong here: names (`names`), anything computed when serving (`history`, `metadata`, `series`).
"""

import argparse
import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from soundcharts_assets.sandbox import names
from soundcharts_assets.sandbox.data import DEFAULT_FOLDER

_LAST_DAY = date(2026, 6, 28)
_DAILY_RANKINGS = 70
_WEEKLY_RANKINGS = 26
_STEADY = 0.5
_NOISE = 0.06


@dataclass(frozen=True, slots=True)
class Plan:
    """What one chart is, and where its tracks come from."""

    chart_id: int
    slug: str
    name: str
    platform: str
    frequency: str
    size: int
    country: str | None = None
    city: str | None = None
    metric: str | None = None
    top: int = 0
    language: str = "en"
    own: int = 0
    shared: tuple[tuple[str, int], ...] = ()


PLANS = (
    Plan(28, "global-28", "Top Songs", "spotify", "daily", 200, metric="spotify_streams", top=8_200_000, own=330),
    Plan(
        29,
        "top-songs-29",
        "Top Songs",
        "spotify",
        "daily",
        200,
        country="US",
        metric="spotify_streams",
        top=1_900_000,
        own=140,
        shared=(("global-28", 160),),
    ),
    Plan(
        31,
        "top-songs-31",
        "Top Songs",
        "spotify",
        "weekly",
        200,
        country="FR",
        metric="spotify_streams_week",
        top=4_100_000,
        language="fr",
        own=130,
        shared=(("global-28", 150),),
    ),
    Plan(
        40,
        "viral-50-40",
        "Viral 50",
        "spotify",
        "daily",
        50,
        country="BR",
        language="pt",
        own=60,
        shared=(("global-28", 20),),
    ),
    Plan(
        52,
        "top-200-52",
        "Top 200",
        "shazam",
        "daily",
        200,
        own=20,
        shared=(("global-28", 200), ("top-songs-29", 70), ("top-songs-31", 40), ("viral-50-40", 10)),
    ),
    Plan(
        58,
        "top-50-58",
        "Top 50",
        "shazam",
        "daily",
        50,
        country="DE",
        city="Köln",
        own=8,
        shared=(("top-200-52", 60),),
    ),
    Plan(
        61,
        "airplay-100-61",
        "Airplay 100",
        "airplay",
        "daily",
        100,
        country="DE",
        metric="radio_spins",
        top=1_400,
        language="de",
        own=50,
        shared=(("global-28", 100),),
    ),
    Plan(
        70,
        "top-songs-70",
        "Top Songs",
        "youtube",
        "weekly",
        100,
        metric="youtube_views_week",
        top=61_000_000,
        own=15,
        shared=(("global-28", 120), ("viral-50-40", 20)),
    ),
    Plan(
        77,
        "top-100-77",
        "Top 100",
        "apple-music",
        "daily",
        100,
        country="JP",
        language="ja",
        own=110,
        shared=(("global-28", 20),),
    ),
    Plan(99, "empty-99", "Top 100", "deezer", "daily", 100, country="NL"),
)

_CASES = (
    ("track", "not_found", 6),
    ("track", "no_isrc", 8),
    ("track", "no_release_date", 8),
    ("track", "sparse", 8),
    ("track", "counter_drops", 10),
    ("track", "several_identifiers", 12),
    ("track", "empty_series", 8),
    ("track", "duplicate_day", 4),
    ("track", "credit_drift", 4),
    ("track", "relinked", 4),
    ("artist", "not_found", 4),
    ("artist", "sparse", 6),
    ("artist", "empty_series", 5),
    ("artist", "duplicate_day", 4),
)


_COLUMNS = {
    "charts": "chart_id SMALLINT, slug VARCHAR, name VARCHAR, platform VARCHAR, entity VARCHAR, country_code VARCHAR, "
    "city VARCHAR, frequency VARCHAR, size SMALLINT, metric_name VARCHAR, first_date DATE, last_date DATE, "
    "n_rankings INTEGER, n_entries INTEGER, source_ids VARCHAR, licence VARCHAR, date_meaning VARCHAR",
    "rankings": "chart_id SMALLINT, ranking_date DATE, source_id VARCHAR, n_entries INTEGER, max_position SMALLINT",
    "song_entries": "chart_id SMALLINT, ranking_date DATE, position SMALLINT, track_id INTEGER, "
    "prev_position SMALLINT, peak_position SMALLINT, periods_on_chart SMALLINT, metric BIGINT",
    "tracks": "track_id INTEGER, title VARCHAR, credit VARCHAR, duration_ms INTEGER, duration_source VARCHAR, "
    "album_title VARCHAR, first_charted DATE, last_charted DATE",
    "artists": "artist_id INTEGER, name VARCHAR, spotify_id VARCHAR, country VARCHAR, genre VARCHAR",
    "track_artists": "track_id INTEGER, artist_id INTEGER, credit_order SMALLINT, role VARCHAR, "
    "credited_as VARCHAR, basis VARCHAR",
    "track_external_ids": "track_id INTEGER, platform VARCHAR, external_id VARCHAR, basis VARCHAR, source_id VARCHAR",
    "sources": "source_id VARCHAR, repository VARCHAR, commit VARCHAR, commit_date VARCHAR, licence VARCHAR, "
    "upstream VARCHAR, how_obtained VARCHAR",
    "awkward": "entity VARCHAR, id INTEGER, case VARCHAR",
}


@dataclass(slots=True)
class _Draft:
    """Everything to be written, as rows."""

    artists: list[str] = field(default_factory=list)
    tracks: list[tuple[Any, ...]] = field(default_factory=list)
    credits: list[tuple[Any, ...]] = field(default_factory=list)
    identifiers: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    pools: dict[str, list[int]] = field(default_factory=dict)


def generate(out: Path, seed: int, plans: Sequence[Plan] = PLANS) -> None:
    """Write the folder with these charts; the same seed writes the same rows."""
    # Not for secrets: the whole point is that it repeats.
    dice = random.Random(seed)  # noqa: S311
    draft = _Draft()
    artist_ids = _artists(draft, dice)
    for plan in plans:
        own = _tracks(draft, dice, plan, artist_ids)
        borrowed = [
            track_id
            for slug, number in plan.shared
            for track_id in dice.sample(draft.pools[slug], min(number, len(draft.pools[slug])))
        ]
        draft.pools[plan.slug] = list(dict.fromkeys((*own, *borrowed)))
        if plan.own:
            draft.entries.extend(_history(plan, draft.pools[plan.slug], dice))
    _write(out, draft, dice, plans)


def _artists(draft: _Draft, dice: random.Random) -> dict[str, list[int]]:
    western = dict.fromkeys(islice(names.artists(dice), 720))
    plain = [name for name in western if name not in names.AWKWARD_ARTISTS]
    japanese = names.japanese_artists()
    draft.artists = [*names.AWKWARD_ARTISTS, *japanese, *plain]
    first = len(names.AWKWARD_ARTISTS) + 1
    ids = list(range(1, len(draft.artists) + 1))
    return {
        "en": [*ids[: first - 1], *ids[first - 1 + len(japanese) :]],
        "ja": ids[first - 1 : first - 1 + len(japanese)],
    }


def _tracks(draft: _Draft, dice: random.Random, plan: Plan, artist_ids: dict[str, list[int]]) -> list[int]:
    titles = list(islice(names.titles(dice, plan.language), plan.own))
    if plan.slug == "global-28":
        titles[5 : 5 + 2 * len(names.AWKWARD_TITLES) : 2] = names.AWKWARD_TITLES
    made = []
    for title in titles:
        track_id = 1000 + len(draft.tracks)
        made.append(track_id)
        roster = artist_ids["ja"] if plan.language == "ja" and dice.random() < 0.9 else artist_ids["en"]
        # A few artists have many songs, most have one or two.
        number = dice.choices((0, 1, 2, 3, 5), (0.02, 0.62, 0.24, 0.09, 0.03))[0]
        chosen = list(dict.fromkeys(roster[int(len(roster) * dice.random() ** 1.6)] for _ in range(number)))
        featured = len(chosen) > 1 and dice.random() < 0.4
        for order, artist_id in enumerate(chosen, 1):
            role = "featured" if featured and order > 1 else "main"
            draft.credits.append((track_id, artist_id, order, role, draft.artists[artist_id - 1], "invented"))
        credit = _credit([draft.artists[artist_id - 1] for artist_id in chosen], featured=featured)
        duration = None if dice.random() < 0.1 else dice.randint(95, 330) * 1000 + dice.randint(0, 999)
        draft.tracks.append((track_id, title, credit, duration, "invented" if duration else None, None))
        _identify(draft, dice, track_id)
    return made


def _credit(credited: Sequence[str], *, featured: bool) -> str:
    if not credited:
        return "Various Artists"
    if featured:
        return f"{credited[0]} feat. {' & '.join(credited[1:])}"
    return ", ".join(credited)


def _identify(draft: _Draft, dice: random.Random, track_id: int) -> None:
    for platform, share, form in (("spotify", 0.85, "0Synthetic{:011d}{}"), ("youtube", 0.6, "dQ{:08d}{}")):
        if dice.random() < share:
            for copy in range(1 + (dice.random() < 0.12)):
                draft.identifiers.append((track_id, platform, form.format(track_id, copy), "invented", "generator"))


def _history(plan: Plan, pool: Sequence[int], dice: random.Random) -> Iterable[tuple[Any, ...]]:
    """Rankings of a chart: every track rises, stays or fades, and the strongest of each day are listed."""
    weekly = plan.frequency == "weekly"
    number = _WEEKLY_RANKINGS if weekly else _DAILY_RANKINGS
    step = 7 if weekly else 1
    # More slots than rankings: some stay empty, as in the vendor's own history.
    holes = set() if weekly else set(dice.sample(range(3, number), 3))
    slots = [slot for slot in range(number + len(holes)) if slot not in holes]
    last_day = _LAST_DAY - timedelta(days=plan.chart_id % 5)
    lives = {track_id: _life(dice, len(slots) + len(holes)) for track_id in pool}
    for slot in slots:
        ranked_on = last_day - timedelta(days=step * (slots[-1] - slot))
        strength = {
            track_id: peak * _fame(slot - born, half_life) * math.exp(dice.gauss(0, _NOISE))
            for track_id, (peak, born, half_life) in lives.items()
        }
        listed = sorted((track for track in pool if strength[track] > 0), key=lambda track: -strength[track])
        listed = listed[: plan.size]
        missing = _missing(plan, slot, len(listed), dice)
        previous = None
        for position, track_id in enumerate(listed, 1):
            metric = None
            if plan.metric is not None:
                metric = round(plan.top * (position + 2.2) ** -0.55 * 1.9 * (1 + dice.random() * 0.002))
                metric = metric if previous is None else min(metric, previous - 1)
                previous = metric
            if position not in missing:
                unknown = plan.platform == "airplay" and position > 97 and slot % 9 == 0
                yield (plan.chart_id, ranked_on, position, track_id, None, None, None, None if unknown else metric)


def _life(dice: random.Random, length: int) -> tuple[float, float, float]:
    """Peak strength, slot of birth and half-life of a track on a chart."""
    peak = 1 / (1 + 60 * dice.random() ** 1.4)
    if dice.random() < _STEADY:
        return peak, -length, 40.0 * length
    return 1.5 * peak, dice.uniform(-0.6 * length, length), dice.uniform(0.15, 0.8) * length


def _fame(age: float, half_life: float) -> float:
    if age < 0:
        return 0.0
    rise, decay = 1 - math.pow(0.6, age + 1), math.pow(0.5, age / half_life)
    return rise * decay


def _missing(plan: Plan, slot: int, listed: int, dice: random.Random) -> set[int]:
    """Places a ranking lacks: cut off at the end now and then, one in the middle rarely."""
    if plan.city and slot % 3 == 0:
        return set(range(listed - dice.randint(0, 6), listed + 1))
    if slot % 17 == 11:
        return set(range(listed - 1 - slot % 3, listed + 1))
    if slot % 23 == 7:
        return {listed // 2}
    return set()


def _write(out: Path, draft: _Draft, dice: random.Random, plans: Sequence[Plan]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    seen: dict[int, list[date]] = {}
    for entry in draft.entries:
        seen.setdefault(entry[3], []).append(entry[1])
    charted = sorted(seen)
    credited = sorted({credit[1] for credit in draft.credits if credit[0] in seen})
    rankings: dict[tuple[int, date], list[int]] = {}
    for entry in draft.entries:
        rankings.setdefault((entry[0], entry[1]), []).append(entry[2])
    chosen = {"track": dice.sample(charted, len(charted)), "artist": dice.sample(credited, len(credited))}
    tables: dict[str, Sequence[tuple[Any, ...]]] = {
        "charts": [_chart_row(plan, rankings) for plan in plans],
        "rankings": [(*key, "generator", len(places), max(places)) for key, places in rankings.items()],
        "song_entries": draft.entries,
        "tracks": [(*track, min(seen[track[0]]), max(seen[track[0]])) for track in draft.tracks if track[0] in seen],
        "artists": [(artist_id, draft.artists[artist_id - 1], None, None, None) for artist_id in credited],
        "track_artists": [credit for credit in draft.credits if credit[0] in seen],
        "track_external_ids": [known for known in draft.identifiers if known[0] in seen],
        "sources": [("generator", None, None, None, "MIT", None, "invented by soundcharts_assets.sandbox.generate")],
        "awkward": [(entity, chosen[entity].pop(), case) for entity, case, number in _CASES for _ in range(number)],
    }
    with duckdb.connect(":memory:") as connection, TemporaryDirectory() as workspace:
        for name, rows in tables.items():
            _write_table(connection, Path(workspace), out / f"{name}.parquet", rows)


def _write_table(
    connection: duckdb.DuckDBPyConnection, workspace: Path, path: Path, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Write rows by way of a JSON file: single inserts take DuckDB a hundred times as long."""
    columns = dict(column.split() for column in _COLUMNS[path.stem].split(", "))
    lines = workspace / f"{path.stem}.json"
    with lines.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(columns, row, strict=True)), default=str) + "\n")
    relation = connection.read_json(str(lines), columns=columns, format="newline_delimited")
    relation.write_parquet(str(path), compression="zstd")


def _chart_row(plan: Plan, rankings: dict[tuple[int, date], list[int]]) -> tuple[Any, ...]:
    days = [ranked_on for chart_id, ranked_on in rankings if chart_id == plan.chart_id]
    entries = sum(len(places) for (chart_id, _), places in rankings.items() if chart_id == plan.chart_id)
    return (
        plan.chart_id,
        plan.slug,
        plan.name,
        plan.platform,
        "song",
        plan.country,
        plan.city,
        plan.frequency,
        plan.size,
        plan.metric,
        min(days, default=None),
        max(days, default=None),
        len(days),
        entries,
        "generator",
        "MIT",
        "invented",
    )


def main() -> None:
    """Read the arguments and write the folder."""
    parser = argparse.ArgumentParser(prog="soundcharts_assets.sandbox.generate", description="Invent chart history.")
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--seed", type=int, default=28)
    arguments = parser.parse_args()
    generate(arguments.out, arguments.seed)


if __name__ == "__main__":
    main()
