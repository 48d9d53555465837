"""Bodies as the contract documents them, built in parts so that a test changes only what it is about."""

from collections.abc import Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

RANKED_AT = "2026-09-14T12:00:00+00:00"


def song_uuid(number: int = 1) -> str:
    """The id of the n-th song."""
    return f"50000000-0000-4000-8000-{number:012d}"


def artist_uuid(number: int = 1) -> str:
    """The id of the n-th artist."""
    return f"a0000000-0000-4000-8000-{number:012d}"


def without(payload: Json, *keys: str) -> Json:
    """The payload, some of its keys left out."""
    return {key: value for key, value in payload.items() if key not in keys}


def artist_light(number: int = 1, /, **changes: Any) -> Json:
    """An artist as a song names it (contract section 10.1)."""
    return {
        "uuid": artist_uuid(number),
        "slug": f"artist-{number}",
        "name": f"Artist {number}",
        "appUrl": f"https://app.example.invalid/artist/{number}",
        "imageUrl": f"https://assets.example.invalid/artist/{number}.jpg",
        **changes,
    }


def song(number: int = 1, /, **changes: Any) -> Json:
    """A song of v2.25 (contract section 10.1)."""
    return {
        "uuid": song_uuid(number),
        "name": "Paper Lanterns",
        "isrc": {"value": "USZZZ2600001", "countryCode": "US", "countryName": "United States"},
        "iswcs": ["T-000.000.001-0"],
        "creditName": "Artist 1 & Artist 2",
        "artists": [artist_light(1), artist_light(2)],
        "mainArtists": [artist_light(1)],
        "releaseDate": "2026-03-06T00:00:00+00:00",
        "copyright": "℗ 2026 Synthetic Recordings",
        "appUrl": f"https://app.example.invalid/song/{number}",
        "imageUrl": f"https://assets.example.invalid/song/{number}.jpg",
        "previewUrl": "https://example.invalid/preview.mp3",
        "duration": 194,
        "explicit": False,
        "genres": [{"root": "alternative", "sub": ["alternative", "indie"]}, {"root": "electronic", "sub": []}],
        "composers": ["M. Velde"],
        "producers": ["J. Pike", "山田 花子"],
        "labels": [{"name": "Synthetic Recordings", "type": "Indie"}],
        "audio": {"acousticness": 0.33, "key": 7, "loudness": -10.97, "mode": 1, "tempo": 135.13, "timeSignature": 4},
        "languageCode": "en",
        "distributor": "Synthetic Distribution",
        **changes,
    }


def sparse_song(number: int = 3) -> Json:
    """A song of which hardly anything is known."""
    return song(
        number,
        isrc={"value": "QZZZZ2600003", "countryCode": "", "countryName": ""},
        iswcs=[],
        artists=[],
        mainArtists=[],
        releaseDate=None,
        copyright="",
        duration=None,
        explicit=None,
        genres=[],
        composers=[],
        producers=[],
        labels=[],
        audio=None,
        languageCode="",
        distributor="",
    )


def old_song(number: int = 1) -> Json:
    """A song of v2: ISRC and label are plain text, there are no genres (contract section 10.1)."""
    return {
        "uuid": song_uuid(number),
        "name": "Paper Lanterns",
        "isrc": "USZZZ2600001",
        "creditName": "Artist 1",
        "artists": [artist_light(1)],
        "releaseDate": "2026-03-06T00:00:00+01:00",
        "label": "Synthetic Recordings",
        "copyright": "",
        "imageUrl": f"https://assets.example.invalid/song/{number}.jpg",
    }


def artist(number: int = 1, /, **changes: Any) -> Json:
    """An artist (contract section 11.1)."""
    return {
        **artist_light(number),
        "webUrl": "https://example.invalid/",
        "countryCode": "NL",
        "genres": [{"root": "pop", "sub": ["pop"]}, {"root": "r&b", "sub": ["r&b/soul"]}],
        "biography": "Synthetic biography.",
        "isni": "0000000000000001",
        "ipi": "00000000001",
        "gender": "female",
        "type": "person",
        "birthDate": "1999-01-01T00:00:00+00:00",
        "careerStage": "long_tail",
        "growthLevel": "average_growth",
        "cityName": "Utrecht",
        **changes,
    }


def chart(**changes: Any) -> Json:
    """A chart as a ranking describes it (contract section 8.5)."""
    return {
        "name": "Top Songs",
        "type": "song",
        "slug": "global-28",
        "platform": "spotify",
        "frequency": "daily",
        "countryCode": "",
        "countryName": "Worldwide",
        "cityName": "",
        "maxResultsCount": 200,
        "webUrl": "https://charts.example.invalid/global-28",
        "metric": {"type": "streamcount", "description": "Streams"},
        **changes,
    }


def entry(place: int = 1, /, **changes: Any) -> Json:
    """One place of a ranking (contract section 8.5), held by the song of the same number."""
    return {
        "song": {
            "uuid": song_uuid(place),
            "name": f"Song {place}",
            "creditName": f"Artist {place}",
            "imageUrl": f"https://assets.example.invalid/song/{place}.jpg",
        },
        "position": place,
        "positionEvolution": 2,
        "metric": 9_000_000_000 - place,
        "entryState": "",
        "entryDate": "2026-08-16T11:43:52+00:00",
        "rankDate": RANKED_AT,
        "oldPosition": place + 2,
        "timeOnChart": 30,
        "timeOnChartUnit": "DOC",
        **changes,
    }


def related(date: str = RANKED_AT, **changes: Any) -> Json:
    """What a ranking hangs from; `changes` are the chart's."""
    return {"chart": chart(**changes), "date": date}


def collection(items: Sequence[Any], *, total: int | None = None, **more: Any) -> Json:
    """One page of a collection (contract section 4.1)."""
    count = len(items) if total is None else total
    page = {"offset": 0, "limit": 100, "next": None, "previous": None, "total": count}
    return {**more, "items": list(items), "page": page, "errors": []}


def ranking(
    positions: Sequence[int] = (1, 2, 3), date: str = RANKED_AT, *, total: int | None = None, **chart_changes: Any
) -> Json:
    """One page of a ranking."""
    return collection([entry(place) for place in positions], total=total, related=related(date, **chart_changes))


def plots_of(day: str, *values: int | None) -> Json:
    """A day of a song's audience, one identifier a value (contract section 10.4)."""
    plots = [{"identifier": f"id-{number}", "value": value} for number, value in enumerate(values, start=1)]
    return {"date": f"{day}T00:00:00+00:00", "plots": plots}


def followers_of(day: str, **counts: int | None) -> Json:
    """A day of an artist's audience (contract section 11.2); what is not given is null."""
    names = ("likeCount", "followerCount", "followingCount", "postCount", "viewCount")
    return {"date": f"{day}T00:00:00+00:00", **{name: counts.get(name) for name in names}}


def listeners_of(day: str, value: int | None) -> Json:
    """A day of an artist's listeners (contract section 11.3)."""
    return {"date": f"{day}T00:00:00+00:00", "value": value}
