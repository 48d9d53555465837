"""Kinds of values that settings take: slugs, countries, platforms, owners, addresses, each with its check.

What a JSON schema can say of a kind it says, for editors and for checks of a component's file; a mistake is told in
words by the validators. Which setting takes which kind is not decided here.
"""

import re
from collections.abc import Callable, Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from soundcharts_assets.settings.errors import SettingsError

# Platform codes by what they can be asked for: contract section 13.1. `airplay` is served by another endpoint (10.5).
TRACK_AUDIENCE_PLATFORMS = (
    "spotify", "youtube", "shazam", "airplay", "tiktok", "instagram", "soundcloud", "anghami", "audiomack", "genius",
    "gaana", "jiosaavn", "melon", "line-music", "boomplay", "lastfm", "awa", "youtube-shorts",
)  # fmt: skip
ARTIST_AUDIENCE_PLATFORMS = (
    "spotify", "youtube", "instagram", "tiktok", "deezer", "soundcloud", "facebook", "x", "twitter", "anghami",
    "audiomack", "gaana", "jiosaavn", "melon", "line-music", "boomplay", "twitch", "bandsintown", "weibo", "mixcloud",
    "patreon", "triller", "songkick", "joox", "amazon", "yandex",
)  # fmt: skip
ARTIST_LISTENING_PLATFORMS = (
    "spotify", "youtube", "anghami", "audiomack", "jiosaavn", "lastfm", "pandora", "yandex", "kugou",
)  # fmt: skip
_LONGEST_SLUG = 255
_LONGEST_PLATFORM = 64
_TEAM = "team:"
WORLDWIDE = "worldwide"
"""What stands for the charts of no country, whose code is '' at Soundcharts (contract section 8.2)."""


def unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values, of which none may be there twice.

    Raises:
        ValueError: One is.
    """
    doubled = sorted({value for value in values if values.count(value) > 1})
    if doubled:
        raise ValueError(f"named twice: {', '.join(doubled)}")
    return values


def _slug(value: str) -> str:
    # Dagster takes three dots for a range of partitions, and not every database of its takes longer keys.
    odd = value != value.strip() or not value.isprintable() or "..." in value or len(value) > _LONGEST_SLUG
    if value in {"", ".", ".."} or odd:
        raise ValueError("a chart's slug is the name Soundcharts gives it, such as global-28")
    return value


def _country(value: str) -> str:
    if value.casefold() == WORLDWIDE:
        return ""
    if not re.fullmatch("[A-Za-z]{2}", value):
        raise ValueError(f"'{value}' is no country; two letters such as US are wanted, or {WORLDWIDE}")
    return value.upper()


def _some_countries(countries: tuple[str, ...]) -> tuple[str, ...]:
    if not countries:
        raise ValueError("none is named; leave the key out for all countries")
    unique(tuple(country or WORLDWIDE for country in countries))
    return countries


def _platform_code(value: str) -> str:
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", value) or len(value) > _LONGEST_PLATFORM:
        raise ValueError(f"'{value}' is no platform's code; codes are written like spotify or apple-music")
    return value


def _owner(value: str) -> str:
    # Dagster would refuse anything else, and the whole code location with it.
    address = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", value)
    team = re.fullmatch(rf"{_TEAM}\S+( \S+)*", value) and value.isprintable()
    if not address and not team:
        raise ValueError(f"{value!r} is no owner; an e-mail address is wanted, or {_TEAM} and the name of a team")
    return value


def _some_owners(owners: tuple[str, ...]) -> tuple[str, ...]:
    if not owners:
        raise ValueError("nobody is named; leave the key out for team:soundcharts")
    return unique(owners)


def _folder_address(value: str) -> str:
    # Nothing but an address and a path: lines of files are put behind it, and no secret belongs into it.
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?/[\w./%~+-]*", value, re.ASCII):
        raise ValueError("an address such as https://github.com/OWNER/REPOSITORY/tree/main is wanted")
    return value.rstrip("/")


def _one_of(platforms: tuple[str, ...], what: str) -> tuple[AfterValidator, WithJsonSchema]:
    def check(value: str) -> str:
        if value not in platforms:
            raise ValueError(f"'{value}' has no {what}; known are {', '.join(platforms)}")
        return value

    return AfterValidator(check), WithJsonSchema(_text(enum=list(platforms)))


def _text(**limits: object) -> dict[str, object]:
    return {"type": "string", **limits}


# What the functions above check, as far as a schema can say it. A slug's printable characters it cannot.
SLUG_SCHEMA = _text(pattern=r"^(?!\.{1,2}$)(?!.*\.\.\.)\S(.*\S)?$", maxLength=_LONGEST_SLUG, examples=["global-28"])
_ANY_CASE = "".join(f"[{letter}{letter.upper()}]" for letter in WORLDWIDE)
_COUNTRY_SCHEMA = _text(pattern=f"^([A-Za-z]{{2}}|{_ANY_CASE})$", examples=["US"])
_CODE_SCHEMA = _text(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", maxLength=_LONGEST_PLATFORM, examples=["spotify"])
_ONCE = (AfterValidator(unique), Field(json_schema_extra={"uniqueItems": True}))

Days = Annotated[int, Field(ge=0, le=36_500)]
Version = Annotated[str, Field(pattern=r"^v\d+(\.\d+)*$")]
Slug = Annotated[str, AfterValidator(_slug), WithJsonSchema(SLUG_SCHEMA)]
Country = Annotated[str, AfterValidator(_country), WithJsonSchema(_COUNTRY_SCHEMA)]
Countries = Annotated[tuple[Country, ...], AfterValidator(_some_countries), Field(json_schema_extra={"minItems": 1})]
Owners = Annotated[tuple[Annotated[str, AfterValidator(_owner)], ...], AfterValidator(_some_owners)]
FolderAddress = Annotated[str, AfterValidator(_folder_address)]

PlatformCode = Annotated[str, AfterValidator(_platform_code), WithJsonSchema(_CODE_SCHEMA)]
TrackPlatforms = Annotated[
    tuple[Annotated[str, *_one_of(TRACK_AUDIENCE_PLATFORMS, "audience of tracks at Soundcharts")], ...], *_ONCE
]
ArtistPlatforms = Annotated[
    tuple[Annotated[str, *_one_of(ARTIST_AUDIENCE_PLATFORMS, "audience of artists at Soundcharts")], ...], *_ONCE
]
ListeningPlatforms = Annotated[
    tuple[Annotated[str, *_one_of(ARTIST_LISTENING_PLATFORMS, "listening figures of artists at Soundcharts")], ...],
    *_ONCE,
]


def check_slugs(slugs: Iterable[str]) -> None:
    """Check slugs that were named elsewhere than in the file.

    Raises:
        SettingsError: One of them cannot be a chart's.
    """
    for slug in slugs:
        _read(_slug, slug, f"{slug!r}: ")


def read_country(value: str) -> str:
    """Read a country that was named elsewhere than in the file: its code in capitals, '' for worldwide.

    Raises:
        SettingsError: It is none.
    """
    return _read(_country, value)


def read_platform(value: str) -> str:
    """Read the code of a platform that was named elsewhere than in the file.

    Raises:
        SettingsError: It is none.
    """
    return _read(_platform_code, value)


def _read(kind: Callable[[str], str], value: str, prefix: str = "") -> str:
    try:
        return kind(value)
    except ValueError as error:
        raise SettingsError(f"{prefix}{error}") from None
