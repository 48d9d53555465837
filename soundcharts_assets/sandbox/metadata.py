"""What songs and artists are: the metadata objects, made up from the entity's id where the folder knows nothing.

Belongs here: `object` of the song and artist answers, the sparse and odd variants included.
Does not belong here: envelopes and rankings (`bodies`), numbers over time (`series`).
"""

import math
import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from soundcharts_assets.sandbox.data import Artist, Track
from soundcharts_assets.sandbox.series import chance, seed_of

COUNTRY_NAMES = {
    "": "Worldwide",
    "AR": "Argentina",
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "CL": "Chile",
    "CO": "Colombia",
    "DE": "Germany",
    "DK": "Denmark",
    "EG": "Egypt",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "ID": "Indonesia",
    "IE": "Ireland",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "KR": "South Korea",
    "MX": "Mexico",
    "NG": "Nigeria",
    "NL": "Netherlands",
    "NO": "Norway",
    "PH": "Philippines",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "TR": "Turkey",
    "UA": "Ukraine",
    "US": "United States",
    "ZA": "South Africa",
}

_GENRES = (
    ("pop", ("pop", "pop/rock", "electropop")),
    ("hip-hop & rap", ("hip-hop & rap", "trap", "drill")),
    ("rock", ("rock", "hard rock")),
    ("electronic", ("electronic", "house", "drum & bass")),
    ("r&b", ("r&b", "r&b/soul")),
    ("alternative", ("alternative", "indie")),
    ("latin", ("latin", "reggaeton", "sertanejo")),
    ("asian", ("asian", "j-pop", "k-pop")),
    ("country", ("country",)),
    ("african", ("african", "afrobeats")),
)
_LABELS = (
    ("Synthetic Recordings", "Indie"),
    ("Invented Music Group", "Universal"),
    ("Placeholder Records", "Sony"),
    ("Example & Sons", "Warner"),
    ('"Quoted" Label \\ Ltd.', "Indie"),
)
_PEOPLE = ("M. Velde", "J. Pike", "O. Reyk", "Ana Souza", "Ünal Öz", "D'Arcy Lane", "山田 花子", "Лев Орлов")
_LANGUAGES = ("en", "es", "pt", "fr", "de", "ja", "")
_CITIES = ("Utrecht", "Lyon", "Recife", "Osaka", "Leeds", "Tampa", "Graz", "")
_STAGES = ("long_tail", "developing", "mid_level", "mainstream", "superstar", "")
_GROWTH = ("decline", "average_growth", "high_growth", "")
_FIRST_RELEASE = date(2012, 1, 6)
_RELEASE_SPAN = 5_000


def slug_of(name: str, uuid: str) -> str:
    """The address form of a name; a name without Latin letters falls back on its uuid."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:80] or f"artist-{uuid[:8]}"


def image_url(kind: str, uuid: str) -> str:
    """An image address of the vendor's form."""
    return f"https://assets.soundcharts.com/{kind}/{uuid[0]}/{uuid[1]}/{uuid[2]}/{uuid}.jpg"


def country_name(code: str) -> str:
    """The English name of a country code; an unlisted code stands for itself."""
    return COUNTRY_NAMES.get(code, code)


def _country_code(country: str | None) -> str:
    """Folders give a code or an English name; a name without a known code is left out."""
    if country is None or country in COUNTRY_NAMES:
        return country or ""
    return next((code for code, name in COUNTRY_NAMES.items() if name == country), "")


@lru_cache(maxsize=16_384)
def _newness(uuid: str) -> float:
    return math.pow(chance(seed_of("release", uuid), 0), 0.4)


def released_on(track: Track) -> date:
    """The day a track came out; absolute, so that series do not move with the sandbox's clock."""
    return _FIRST_RELEASE + timedelta(days=int(_newness(track.uuid) * _RELEASE_SPAN))


def song_light(track: Track, credit: str) -> dict[str, Any]:
    """The short form of a song in rankings and series (contract section 8.5)."""
    return {
        "uuid": track.uuid,
        "name": track.title,
        "creditName": credit,
        "imageUrl": image_url("song", track.uuid),
    }


def artist_light(artist: Artist) -> dict[str, Any]:
    """The short form of an artist in songs and series (contract section 10.1)."""
    slug = slug_of(artist.name, artist.uuid)
    return {
        "uuid": artist.uuid,
        "slug": slug,
        "name": artist.name,
        "appUrl": f"https://app.soundcharts.com/app/artist/{slug}/overview",
        "imageUrl": image_url("artist", artist.uuid),
    }


def song_object(track: Track, credit: str) -> dict[str, Any]:
    """The metadata object of a song (contract section 10.1)."""
    seed = seed_of("song metadata", track.uuid)
    sparse = "sparse" in track.cases
    released = released_on(track)
    undated = sparse or "no_release_date" in track.cases or chance(seed, 1) < 1 / 40
    return {
        "uuid": track.uuid,
        "name": track.title,
        "isrc": _isrc(track, seed, released, sparse=sparse),
        "iswcs": [] if sparse or chance(seed, 2) < 1 / 3 else [f"T-000.{track.track_id:06d}-0"],
        "creditName": credit,
        "artists": [artist_light(credited.artist) for credited in track.credits],
        "mainArtists": [artist_light(credited.artist) for credited in track.credits if credited.is_main],
        "releaseDate": None if undated else f"{released}T00:00:00+00:00",
        "copyright": "" if sparse or chance(seed, 3) < 1 / 4 else f"℗ {released.year} Synthetic Recordings",
        "appUrl": f"https://app.soundcharts.com/app/song/{track.uuid}/overview",
        "imageUrl": image_url("song", track.uuid),
        "previewUrl": "" if sparse else "https://example.invalid/preview.mp3",
        "duration": track.duration_seconds or 120 + int(150 * chance(seed, 4)),
        "explicit": chance(seed, 5) < 1 / 5,
        "genres": [] if sparse or chance(seed, 6) < 1 / 20 else _genres(seed),
        "composers": [] if sparse else _people(seed, 20),
        "producers": [] if sparse else _people(seed, 30),
        "labels": [] if sparse else _labels(seed),
        "audio": None if sparse or chance(seed, 7) < 1 / 20 else _audio(seed),
        "languageCode": "" if sparse else _pick(_LANGUAGES, seed, 8),
        "distributor": "" if sparse or chance(seed, 9) < 1 / 4 else "Synthetic Distribution",
    }


def artist_object(artist: Artist) -> dict[str, Any]:
    """The metadata object of an artist; genres in either documented shape (contract section 11.1)."""
    seed = seed_of("artist metadata", artist.uuid)
    sparse = "sparse" in artist.cases
    person = chance(seed, 1) < 2 / 3
    genres = [] if sparse else _genres(seed, artist.genre)
    born = date(1955, 1, 1) + timedelta(days=int(18_000 * chance(seed, 2)))
    light = artist_light(artist)
    return {
        **light,
        "webUrl": "" if sparse else "https://example.invalid/",
        "countryCode": "" if sparse else _country_code(artist.country) or _pick(tuple(COUNTRY_NAMES), seed, 3),
        "genres": [sub for genre in genres for sub in genre["sub"]] if chance(seed, 4) < 1 / 3 else genres,
        "biography": "" if sparse else f"Synthetic biography of {artist.name}.",
        "isni": "" if sparse else f"{artist.artist_id:016d}",
        "ipi": "" if sparse else f"{artist.artist_id:011d}",
        "gender": _pick(("female", "male", "other", ""), seed, 5) if person and not sparse else "",
        "type": "" if sparse else "person" if person else "group",
        "birthDate": f"{born}T00:00:00+00:00" if person and not sparse and chance(seed, 6) < 3 / 4 else None,
        "careerStage": "" if sparse else _pick(_STAGES, seed, 7),
        "growthLevel": "" if sparse else _pick(_GROWTH, seed, 8),
        "cityName": "" if sparse else _pick(_CITIES, seed, 9),
    }


def _pick(choices: tuple[str, ...], seed: int, step: int) -> str:
    return choices[int(chance(seed, step) * len(choices))]


def _isrc(track: Track, seed: int, released: date, *, sparse: bool) -> dict[str, str] | None:
    if "no_isrc" in track.cases or chance(seed, 10) < 1 / 40:
        return None
    value = f"ZZSYN{released.year % 100:02d}{track.track_id % 100_000:05d}"
    placed = not sparse and chance(seed, 11) < 9 / 10
    return {
        "value": value,
        "countryCode": "ZZ" if placed else "",
        "countryName": "Synthetic" if placed else "",
    }


def _genres(seed: int, root: str | None = None) -> list[dict[str, Any]]:
    first = int(chance(seed, 40) * len(_GENRES))
    number = 1 + int(2 * chance(seed, 41))
    chosen = [_GENRES[(first + 3 * index) % len(_GENRES)] for index in range(number)]
    genres: list[dict[str, Any]] = [
        {"root": name, "sub": list(subs[: 1 + int(chance(seed, 42 + index) * len(subs))])}
        for index, (name, subs) in enumerate(chosen)
    ]
    return genres if root is None else [{"root": root, "sub": [root]}]


def _people(seed: int, step: int) -> list[str]:
    number = int(4 * chance(seed, step))
    first = int(chance(seed, step + 1) * len(_PEOPLE))
    return [_PEOPLE[(first + index) % len(_PEOPLE)] for index in range(number)]


def _labels(seed: int) -> list[dict[str, str]]:
    number = int(3 * chance(seed, 50)) or 1
    first = int(chance(seed, 51) * len(_LABELS))
    chosen = [_LABELS[(first + index) % len(_LABELS)] for index in range(number)]
    return [{"name": name, "type": kind} for name, kind in chosen]


def _audio(seed: int) -> dict[str, float | int]:
    def share(step: int) -> float:
        return round(chance(seed, step), 2)

    return {
        "acousticness": share(60),
        "danceability": share(61),
        "energy": share(62),
        "instrumentalness": share(63),
        "key": int(12 * chance(seed, 64)),
        "liveness": share(65),
        "loudness": round(-20 * chance(seed, 66), 2),
        "mode": int(2 * chance(seed, 67)),
        "speechiness": share(68),
        "tempo": round(60 + 120 * chance(seed, 69), 2),
        "timeSignature": 3 if chance(seed, 70) < 1 / 10 else 4,
        "valence": share(71),
    }
