"""Chart history from a folder of Parquet files, held in memory.

Belongs here: reading the folder and the plain records made of it.
Does not belong here: dates as the API shows them (`history`), made-up values (`metadata`, `series`), JSON (`bodies`).
"""

import math
import uuid
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "data" / "sandbox"

_NAMESPACE = uuid.UUID("5c4a7b1e-0f3d-5e28-9a61-73616e64626f")


def song_uuid(track_id: int) -> str:
    """The uuid under which the sandbox knows a track."""
    return str(uuid.uuid5(_NAMESPACE, f"song:{track_id}"))


def artist_uuid(artist_id: int) -> str:
    """The uuid under which the sandbox knows an artist."""
    return str(uuid.uuid5(_NAMESPACE, f"artist:{artist_id}"))


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist, with what the folder knows of it."""

    artist_id: int
    uuid: str
    name: str
    country: str | None
    genre: str | None
    cases: frozenset[str]
    popularity: float


@dataclass(frozen=True, slots=True)
class Credit:
    """One artist of a track, in credit order."""

    artist: Artist
    is_main: bool


@dataclass(frozen=True, slots=True)
class Track:
    """A track, with what the folder knows of it."""

    track_id: int
    uuid: str
    title: str
    credit: str
    duration_seconds: int | None
    credits: tuple[Credit, ...]
    identifiers: dict[str, tuple[str, ...]]
    cases: frozenset[str]
    popularity: float


@dataclass(frozen=True, slots=True)
class Content:
    """The places of one ranking: position, track and metric side by side, ordered by position."""

    positions: Sequence[int]
    track_ids: Sequence[int]
    metrics: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A song chart and its stored rankings, oldest first, under their own dates."""

    chart_id: int
    slug: str
    name: str
    platform: str
    frequency: str
    country_code: str
    city_name: str
    size: int
    metric_name: str | None
    rankings: tuple[tuple[date, Content], ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything a folder holds, by the keys the API uses."""

    charts: dict[str, Chart]
    tracks: dict[int, Track]
    artists: dict[int, Artist]
    songs_by_uuid: dict[str, Track] = field(default_factory=dict)
    artists_by_uuid: dict[str, Artist] = field(default_factory=dict)


def load(folder: Path) -> Catalogue:
    """Read a folder of the normalised chart format; `awkward.parquet` is optional.

    Raises:
        FileNotFoundError: A needed file is missing.
    """
    with duckdb.connect(":memory:") as connection:
        reader = _Reader(connection, folder)
        song_cases, artist_cases = _cases(reader)
        charts = {chart.slug: chart for chart in _charts(reader)}
        best = _best_positions(charts.values())
        artists = _artists(reader, artist_cases, best)
        tracks = _tracks(reader, artists, song_cases, best)
    return Catalogue(
        charts=charts,
        tracks=tracks,
        artists=artists,
        songs_by_uuid={track.uuid: track for track in tracks.values()},
        artists_by_uuid={artist.uuid: artist for artist in artists.values()},
    )


class _Reader:
    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder

    def has(self, name: str) -> bool:
        return (self._folder / f"{name}.parquet").exists()

    def rows(self, name: str, columns: str, order: str) -> list[tuple[Any, ...]]:
        path = self._folder / f"{name}.parquet"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing; a sandbox folder needs charts, song_entries, tracks, ...")
        relation = self._connection.read_parquet(str(path))
        return relation.project(columns).order(order).fetchall()


def _cases(reader: _Reader) -> tuple[dict[int, frozenset[str]], dict[int, frozenset[str]]]:
    found: dict[str, dict[int, frozenset[str]]] = {"track": {}, "artist": {}}
    if reader.has("awkward"):
        for entity, identifier, case in reader.rows("awkward", 'entity, id, "case"', "entity, id"):
            known = found[entity].get(identifier, frozenset())
            found[entity][identifier] = known | {case}
    return found["track"], found["artist"]


def _best_positions(charts: Iterable[Chart]) -> dict[int, int]:
    best: dict[int, int] = {}
    for chart in charts:
        for _, content in chart.rankings:
            for position, track_id in zip(content.positions, content.track_ids, strict=True):
                best[track_id] = min(position, best.get(track_id, position))
    return best


def _popularity(best_position: int) -> float:
    """1 for a number one, 0 from place 200 on."""
    return max(0.0, 1 - math.log(best_position) / math.log(200))


def _artists(reader: _Reader, cases: dict[int, frozenset[str]], best: dict[int, int]) -> dict[int, Artist]:
    peaks: dict[int, int] = {}
    for artist_id, track_id in reader.rows("track_artists", "artist_id, track_id", "artist_id, track_id"):
        peaks[artist_id] = min(best.get(track_id, 200), peaks.get(artist_id, 200))
    return {
        artist_id: Artist(
            artist_id=artist_id,
            uuid=artist_uuid(artist_id),
            name=name,
            country=country,
            genre=genre,
            cases=cases.get(artist_id, frozenset()),
            popularity=_popularity(peaks.get(artist_id, 200)),
        )
        for artist_id, name, country, genre in reader.rows("artists", "artist_id, name, country, genre", "artist_id")
    }


def _tracks(
    reader: _Reader, artists: dict[int, Artist], cases: dict[int, frozenset[str]], best: dict[int, int]
) -> dict[int, Track]:
    credited: dict[int, list[Credit]] = {}
    for track_id, _, artist_id, role in reader.rows(
        "track_artists", "track_id, credit_order, artist_id, role", "track_id, credit_order"
    ):
        credited.setdefault(track_id, []).append(Credit(artists[artist_id], role == "main"))
    identifiers: dict[int, dict[str, tuple[str, ...]]] = {}
    if reader.has("track_external_ids"):
        columns = "track_id, platform, external_id"
        for track_id, platform, external_id in reader.rows("track_external_ids", columns, columns):
            known = identifiers.setdefault(track_id, {})
            known[platform] = (*known.get(platform, ()), external_id)
    columns = "track_id, title, credit, duration_ms"
    return {
        track_id: Track(
            track_id=track_id,
            uuid=song_uuid(track_id),
            title=title,
            credit=credit or "",
            duration_seconds=None if duration is None else duration // 1000,
            credits=tuple(credited.get(track_id, ())),
            identifiers=identifiers.get(track_id, {}),
            cases=cases.get(track_id, frozenset()),
            popularity=_popularity(best.get(track_id, 200)),
        )
        for track_id, title, credit, duration in reader.rows("tracks", columns, "track_id")
    }


def _charts(reader: _Reader) -> Iterable[Chart]:
    rankings = _rankings(reader)
    columns = "chart_id, slug, name, platform, entity, country_code, city, frequency, size, metric_name"
    for chart_id, slug, name, platform, entity, country, city, frequency, size, metric in reader.rows(
        "charts", columns, "chart_id"
    ):
        if entity == "song":
            yield Chart(
                chart_id=chart_id,
                slug=slug,
                name=name,
                platform=platform,
                frequency=frequency,
                country_code=country or "",
                city_name=city or "",
                size=size,
                metric_name=metric,
                rankings=tuple(rankings.get(chart_id, ())),
            )


def _rankings(reader: _Reader) -> dict[int, list[tuple[date, Content]]]:
    grouped: dict[tuple[int, date], tuple[array[int], array[int], list[int | None]]] = {}
    for chart_id, ranked_on, position, track_id, metric in reader.rows(
        "song_entries", "chart_id, ranking_date, position, track_id, metric", "chart_id, ranking_date, position"
    ):
        places = grouped.setdefault((chart_id, ranked_on), (array("i"), array("i"), []))
        places[0].append(position)
        places[1].append(track_id)
        places[2].append(metric)
    rankings: dict[int, list[tuple[date, Content]]] = {}
    for (chart_id, ranked_on), places in grouped.items():
        rankings.setdefault(chart_id, []).append((ranked_on, Content(*places)))
    return rankings
