"""The JSON shapes of the API: envelopes, pages, charts, rankings, series, errors.

Belongs here: pure functions from records to the documented bodies.
Does not belong here: HTTP, state, made-up metadata (`metadata`) and numbers (`series`).
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from soundcharts_assets.sandbox.data import Artist, Chart, Track
from soundcharts_assets.sandbox.history import Past
from soundcharts_assets.sandbox.metadata import artist_light, country_name, song_light
from soundcharts_assets.sandbox.series import ArtistAudience, ArtistListening, Play, SongCounter

PLATFORM_NAMES = {
    "airplay": "Airplay",
    "amazon": "Amazon",
    "anghami": "Anghami",
    "apple-music": "Apple Music",
    "beatport": "Beatport",
    "boomplay": "Boomplay",
    "deezer": "Deezer",
    "gaana": "Gaana",
    "genius": "Genius",
    "jiosaavn": "Jiosaavn",
    "line-music": "Line Music",
    "melon": "Melon",
    "netease": "NetEase",
    "qq-music": "QQ Music",
    "shazam": "Shazam",
    "soundcloud": "Soundcloud",
    "spotify": "Spotify",
    "tidal": "Tidal",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "itunes": "iTunes",
}
"""The platforms having song charts (contract section 8.1)."""

STATIONS: tuple[dict[str, str], ...] = tuple(
    dict(zip(("name", "slug", "countryCode", "countryName", "cityName", "timeZone"), station, strict=True))
    for station in (
        ("Radio Exemple", "radio-exemple", "FR", "France", "Paris", "Europe/Paris"),
        ("KSYN", "ksyn", "US", "United States", "Eureka, CA", "America/Los_Angeles"),
        ("Beispielwelle", "beispielwelle", "DE", "Germany", "Köln", "Europe/Berlin"),
        ("Sample FM", "sample-fm", "GB", "United Kingdom", "Leeds", "Europe/London"),
        ("Rádio Inventada", "radio-inventada", "BR", "Brazil", "São Paulo", "America/Sao_Paulo"),
        ("見本放送", "mihon-hoso", "JP", "Japan", "東京", "Asia/Tokyo"),
        ("Radio Ejemplo", "radio-ejemplo", "MX", "Mexico", "Mérida", "America/Merida"),
        ("Radio Fiktiv", "radio-fiktiv", "AT", "Austria", "Graz", "Europe/Vienna"),
        ("WFAKE", "wfake", "US", "United States", "Tampa, FL", "America/New_York"),
        ("Voorbeeld 7", "voorbeeld-7", "NL", "Netherlands", "Utrecht", "Europe/Amsterdam"),
        ('The "Q" & Co', "the-q-co", "CA", "Canada", "", "America/Toronto"),
        ("Radio Nulle Part", "radio-nulle-part", "BE", "Belgium", "Namur", "Europe/Brussels"),
    )
)
"""Invented radio stations; the first are heard most."""

_METRIC_WORDS = (
    ("stream", {"type": "streamcount", "description": "Streams"}),
    ("spin", {"type": "spincount", "description": "Spins"}),
    ("view", {"type": "viewcount", "description": "Views"}),
    ("video", {"type": "videocount", "description": "Videos"}),
)
_RELINKED_BY = 116


def encode(body: Any) -> bytes:
    """A body as it goes over the wire."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def stamp(instant: datetime) -> str:
    """An instant as the API prints it (contract section 4.3)."""
    return instant.isoformat(timespec="seconds")


@lru_cache(maxsize=8192)
def day_stamp(day: int) -> str:
    """An ordinal day as the API prints it."""
    return f"{date.fromordinal(day)}T00:00:00+00:00"


def error(status: int, message: str) -> dict[str, Any]:
    """An error body (contract section 5.1)."""
    key = {400: "argument", 500: "server"}.get(status, "access" if status < 500 else "server")  # noqa: PLR2004
    return {"errors": [{"key": key, "code": status, "message": message}]}


def page(path: str, query: dict[str, str], offset: int, limit: int, total: int) -> dict[str, Any]:
    """The page block; links are relative and keep the other parameters (contract section 4.2)."""
    others = {name: value for name, value in query.items() if name not in {"offset", "limit"}}

    def link(target: int) -> str:
        return f"{path}?{urlencode({'offset': target, 'limit': limit} | others)}"

    return {
        "offset": offset,
        "limit": limit,
        "next": link(offset + limit) if offset + limit < total else None,
        "previous": link(max(0, offset - limit)) if offset else None,
        "total": total,
    }


def single(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """The envelope of one object (contract section 4.1)."""
    return {"type": kind, "object": value, "errors": []}


def collection(
    items: Sequence[Any], page_block: dict[str, Any], related: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The envelope of a collection (contract section 4.1)."""
    head = {} if related is None else {"related": related}
    return {**head, "items": list(items), "page": page_block, "errors": []}


def platform(code: str) -> dict[str, str]:
    """A platform having song charts (contract section 8.1)."""
    return {"name": PLATFORM_NAMES.get(code, code.replace("-", " ").title()), "code": code}


def chart_light(chart: Chart) -> dict[str, Any]:
    """The short form of a chart (contract section 8.3); `webUrl` is optional there and missing here for some."""
    light: dict[str, Any] = {
        "name": chart.name,
        "type": "song",
        "slug": chart.slug,
        "platform": chart.platform,
        "frequency": chart.frequency,
        "countryCode": chart.country_code,
        "countryName": country_name(chart.country_code),
        "cityName": chart.city_name,
        "maxResultsCount": chart.size,
        "webUrl": f"https://charts.example.invalid/{chart.platform}/{chart.slug}",
    }
    if chart.chart_id % 10 == 1:
        del light["webUrl"]
    return light


def ranking_related(chart: Chart, ranked_at: datetime) -> dict[str, Any]:
    """What a ranking hangs from (contract section 8.5); without a metric its key is null or absent."""
    light = chart_light(chart)
    if chart.metric_name is not None:
        words = (described for word, described in _METRIC_WORDS if word in chart.metric_name)
        light["metric"] = next(words, {"type": chart.metric_name, "description": chart.metric_name})
    elif _says_null(chart):
        light["metric"] = None
    return {"chart": light, "date": stamp(ranked_at)}


def ranking_entry(
    chart: Chart, track: Track, credit: str, ranked_at: datetime, position: int, metric: int | None, past: Past
) -> dict[str, Any]:
    """One place of a ranking (contract section 8.5)."""
    relinked = "relinked" in track.cases
    # The vendor merges song records, after which these two no longer fit the dates (contract section 9.2).
    old_position = 0 if relinked else past.old_position
    entry = {
        "song": song_light(track, credit),
        "position": position,
        "positionEvolution": old_position - position if old_position else 0,
        "metric": metric,
        "entryState": "",
        "entryDate": stamp(past.entered_at),
        "rankDate": stamp(ranked_at),
        "oldPosition": old_position,
        "timeOnChart": past.time_on_chart + (_RELINKED_BY if relinked else 0),
        "timeOnChartUnit": "WOC" if chart.frequency == "weekly" else "DOC",
    }
    if chart.metric_name is None and not _says_null(chart):
        del entry["metric"]
    return entry


def dated(days: Iterable[int], cases: frozenset[str]) -> list[tuple[int, str]]:
    """Each day with its printed form; marked entities have some days twice (contract sections 4.3 and 17)."""
    stamps = []
    for day in days:
        stamps.append((day, day_stamp(day)))
        if "duplicate_day" in cases and day % 6 == 0:
            stamps.append((day, day_stamp(day).replace("+00:00", "+02:00")))
    return stamps


def song_audience_items(
    track: Track, series: SongCounter, days: Sequence[tuple[int, str]], identifier: str
) -> list[dict[str, Any]]:
    """Items of a song audience answer (contract section 10.4), for dated days."""
    items: list[dict[str, Any]] = []
    for day, printed in days:
        item: dict[str, Any] = {"date": printed}
        # `plots` is not among the required keys.
        if "sparse" not in track.cases or day % 11:
            item["plots"] = [
                {"identifier": name, "value": value} for name, value in series.plots(day) if identifier in {"", name}
            ]
        items.append(item)
    return items


def artist_related(artist: Artist, platform_code: str, last_crawl: int | None) -> dict[str, Any]:
    """What an artist's series hangs from (contract section 11.2)."""
    return {
        "artist": artist_light(artist),
        "platform": platform_code,
        "lastCrawlDate": None if last_crawl is None else day_stamp(last_crawl),
    }


def artist_audience_items(
    artist: Artist, series: ArtistAudience, days: Sequence[tuple[int, str]]
) -> list[dict[str, Any]]:
    """Items of an artist audience answer (contract section 11.2), for dated days; every count may be null."""
    items: list[dict[str, Any]] = []
    for day, printed in days:
        unknown = {"followerCount": None} if "sparse" in artist.cases and day % 3 == 0 else {}
        items.append({"date": printed, **series.metrics(day), **unknown})
    return items


def listening_items(series: ArtistListening, days: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    """Items of an artist listening answer (contract section 11.3), for dated days."""
    return [{"date": printed, "value": series.value(day)} for day, printed in days]


def broadcast(play: Play) -> dict[str, Any]:
    """One radio play (contract section 10.5)."""
    aired_at = time(play.second // 3600, play.second // 60 % 60, play.second % 60)
    return {
        "airedAt": f"{date.fromordinal(play.day)}T{aired_at}+00:00",
        "duration": play.duration,
        "radio": STATIONS[play.station],
    }


def broadcast_group(station: int, plays: int) -> dict[str, Any]:
    """The plays of one station over the whole window (contract section 10.5)."""
    return {"playCount": plays, "radio": STATIONS[station]}


def token(value: str, seconds: int) -> dict[str, Any]:
    """An access token (contract section 2.2)."""
    return {"access_token": value, "token_type": "bearer", "expires_in": seconds, "refresh_token": None}


def _says_null(chart: Chart) -> bool:
    return chart.chart_id % 2 == 0
