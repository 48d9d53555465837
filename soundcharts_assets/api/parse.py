"""Payloads to records: pure functions, tolerant of keys they do not know, strict about what the tables need.

A function either returns records that are fit to be stored or raises `Malformed` naming the field. No call is made
here and no time is read.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from soundcharts_assets.api.errors import Malformed
from soundcharts_assets.api.records import (
    ArtistProfile,
    ArtistRecord,
    ChartRecord,
    CreditRecord,
    EntryRecord,
    FollowerPoint,
    GenreRecord,
    ListedArtist,
    ListedTrack,
    ListeningPoint,
    PlatformRecord,
    PlotPoint,
    RankingPage,
    Song,
    TrackRecord,
)

_INT64 = 2**63
_EXACT = 2**53
"""A JSON number with a fraction or exponent is read as a float, which is exact up to here only."""
_LONGEST_IDENTIFIER = 255
_INSTANT = re.compile("[0-9TWZ :.,+-]+")
"""Python takes any character between day and time; an instant becomes part of addresses and of keys."""

Value = TypeVar("Value")


class Fields:
    """The fields of one JSON object, read by type. Absent, null and `""` are all None unless the field is required."""

    def __init__(self, value: Any, where: str) -> None:
        """Take a JSON value; `where` is its path, for messages."""
        if not isinstance(value, dict):
            raise Malformed(f"{where} is not an object")
        self._value: Mapping[str, Any] = value
        self._where = where

    def text(self, key: str) -> str | None:
        """Text, or None."""
        return self._read(key, self._as_text) or None

    def required_text(self, key: str) -> str:
        """Text that is there and not empty."""
        value = self.text(key)
        if value is None:
            raise Malformed(f"{self._where}.{key} is missing")
        return value

    def identifier(self, key: str) -> str:
        """What names a thing in addresses, keys and logs: printable, and not longer than any name is."""
        value = self.required_text(key)
        if not value.isprintable() or len(value) > _LONGEST_IDENTIFIER:
            raise Malformed(f"{self._where}.{key} is no identifier: {value[:40]!r}")
        return value

    def name(self, key: str) -> str:
        """Text that is there; it may be empty, since missing text usually is (contract section 4.3)."""
        value = self._read(key, self._as_text)
        if value is None:
            raise Malformed(f"{self._where}.{key} is missing")
        return value

    def integer(self, key: str) -> int | None:
        """A whole number that fits 64 bits, or None."""
        return self._read(key, self._as_integer)

    def count(self, key: str) -> int | None:
        """A whole number that is not negative, or None."""
        value = self.integer(key)
        if value is not None and value < 0:
            raise Malformed(f"{self._where}.{key} is negative")
        return value

    def required_count(self, key: str) -> int:
        """A whole number that is there and not negative."""
        value = self.count(key)
        if value is None:
            raise Malformed(f"{self._where}.{key} is missing")
        return value

    def flag(self, key: str) -> bool | None:
        """True, false or None."""
        return self._read(key, self._as_flag)

    def instant(self, key: str) -> datetime | None:
        """An instant in UTC, or None (contract section 4.3)."""
        text = self.text(key)
        return None if text is None else read_instant(text, f"{self._where}.{key}")

    def day(self, key: str) -> date | None:
        """The calendar day as written, or None: midnight in Paris is not the day before."""
        text = self.text(key)
        return None if text is None else _moment(text, f"{self._where}.{key}").date()

    def required_day(self, key: str) -> date:
        """The calendar day as written."""
        value = self.day(key)
        if value is None:
            raise Malformed(f"{self._where}.{key} is missing")
        return value

    def objects(self, key: str) -> list["Fields"]:
        """The objects of a list; absent and null are an empty one."""
        return [Fields(item, f"{self._where}.{key}[{index}]") for index, item in enumerate(self.items(key))]

    def items(self, key: str) -> list[Any]:
        """A list of whatever it holds; absent and null are an empty one."""
        value = self._value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Malformed(f"{self._where}.{key} is not a list")
        return value

    def child(self, key: str) -> "Fields":
        """An object that is there."""
        return Fields(self._value.get(key), f"{self._where}.{key}")

    def optional_child(self, key: str) -> "Fields | None":
        """An object, or None; `[]` is how the vendor's language writes an object without keys."""
        return None if self._value.get(key) in (None, []) else self.child(key)

    def texts(self, key: str) -> list[str]:
        """The texts of a list."""
        return [self._as_text(item, f"{key}[{index}]") for index, item in enumerate(self.items(key))]

    def raw(self, key: str) -> Any:
        """The value as it came."""
        return self._value.get(key)

    def as_json(self) -> str:
        """The whole object as JSON text."""
        try:
            text = json.dumps(self._value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (ValueError, RecursionError) as error:
            reason = "is nested too deeply" if isinstance(error, RecursionError) else "holds a number that JSON has not"
            raise Malformed(f"{self._where} {reason}") from None
        return _storable(text, self._where)

    def _read(self, key: str, convert: Callable[[Any, str], Value]) -> Value | None:
        value = self._value.get(key)
        return None if value is None else convert(value, key)

    def _as_text(self, value: Any, key: str) -> str:
        if not isinstance(value, str):
            raise Malformed(f"{self._where}.{key} is not text")
        return _storable(value, f"{self._where}.{key}")

    def _as_integer(self, value: Any, key: str) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT)
        if isinstance(value, bool) or not whole or not -_INT64 <= value < _INT64:
            raise Malformed(f"{self._where}.{key} is not a 64-bit integer")
        return int(value)

    def _as_flag(self, value: Any, key: str) -> bool:
        if not isinstance(value, bool):
            raise Malformed(f"{self._where}.{key} is neither true nor false")
        return value


def read_instant(text: str, where: str) -> datetime:
    """An instant with its offset, in UTC.

    Raises:
        Malformed: It is no ISO 8601 instant; one without an offset is none either.
    """
    moment = _moment(text, where)
    if not _INSTANT.fullmatch(text):
        raise Malformed(f"{where} is no instant: {text[:40]!r}")
    if moment.tzinfo is None:
        raise Malformed(f"{where} has no offset: {text[:40]!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Malformed(f"{where} is out of range: {text[:40]!r}") from None


def platform(fields: Fields) -> PlatformRecord:
    """A platform that has charts (contract section 8.1)."""
    return PlatformRecord(code=fields.identifier("code"), name=fields.name("name"))


def chart(fields: Fields) -> ChartRecord:
    """A ChartLight, with or without `metric` (contract sections 8.3 and 8.5)."""
    metric = fields.optional_child("metric")
    return ChartRecord(
        slug=fields.identifier("slug"),
        name=fields.required_text("name"),
        platform=fields.identifier("platform"),
        type=fields.text("type"),
        frequency=fields.text("frequency"),
        country_code=fields.text("countryCode") or "",
        country_name=fields.text("countryName"),
        city_name=fields.text("cityName"),
        max_results=fields.count("maxResultsCount"),
        metric=None if metric is None else metric.text("type"),
        web_url=fields.text("webUrl"),
    )


def ranking_page(related: Any, items: list[Any]) -> RankingPage:
    """A page of a ranking (contract section 8.5). Rows at position 0 have left the chart and are dropped."""
    context = Fields(related, "related")
    described = chart(context.child("chart"))
    ranked_at_text = context.required_text("date")
    ranked_at = read_instant(ranked_at_text, "related.date")
    entries: list[EntryRecord] = []
    tracks: list[ListedTrack] = []
    for index, item in enumerate(items):
        fields = Fields(item, f"items[{index}]")
        position = fields.required_count("position")
        if position == 0:
            continue
        song = fields.child("song")
        track = ListedTrack(
            uuid=song.identifier("uuid"),
            name=song.name("name"),
            credit_name=song.text("creditName"),
            image_url=song.text("imageUrl"),
        )
        tracks.append(track)
        entries.append(
            EntryRecord(
                chart_slug=described.slug,
                ranked_at=ranked_at,
                position=position,
                track_uuid=track.uuid,
                previous_position=fields.count("oldPosition") or None,
                position_change=fields.integer("positionEvolution"),
                # A chart without a metric may answer 0 for every row, which is no figure (contract section 19.2).
                metric_value=None if described.metric is None else fields.count("metric"),
                entered_at=fields.instant("entryDate"),
                time_on_chart=fields.count("timeOnChart"),
                time_on_chart_unit=fields.text("timeOnChartUnit"),
                entry_state=fields.text("entryState"),
            ),
        )
    return RankingPage(described, ranked_at, ranked_at_text, entries, tracks)


def song(payload: Any) -> Song:
    """A song of v2.25, or of the older versions, whose ISRC and label are plain text (contract section 10.1)."""
    fields = Fields(payload, "song")
    uuid = fields.identifier("uuid")
    artists = [
        ListedArtist(
            uuid=artist.identifier("uuid"),
            name=artist.name("name"),
            slug=artist.text("slug"),
            image_url=artist.text("imageUrl"),
        )
        for artist in (*fields.objects("artists"), *fields.objects("mainArtists"))
    ]
    main = {artist.identifier("uuid") for artist in fields.objects("mainArtists")}
    says_main = fields.raw("mainArtists") is not None
    once = list(dict.fromkeys(artist.uuid for artist in artists))
    audio = fields.optional_child("audio")
    return Song(
        track=TrackRecord(
            uuid=uuid,
            name=fields.name("name"),
            credit_name=fields.text("creditName"),
            image_url=fields.text("imageUrl"),
            isrc=_isrc(fields),
            release_date=fields.day("releaseDate"),
            duration_seconds=fields.count("duration"),
            explicit=fields.flag("explicit"),
            language_code=fields.text("languageCode"),
            copyright=fields.text("copyright"),
            distributor=fields.text("distributor"),
            composers=_dump(fields.texts("composers")),
            producers=_dump(fields.texts("producers")),
            labels=_dump(_labels(fields)),
            audio_features=None if audio is None else audio.as_json(),
            payload=fields.as_json(),
        ),
        credits=[
            CreditRecord(uuid, artist_uuid, ordinal, (artist_uuid in main) if says_main else None)
            for ordinal, artist_uuid in enumerate(once, start=1)
        ],
        artists=[next(artist for artist in artists if artist.uuid == uuid) for uuid in once],
        genres=genres(fields),
    )


def artist(payload: Any) -> ArtistProfile:
    """An artist (contract section 11.1)."""
    fields = Fields(payload, "artist")
    return ArtistProfile(
        artist=ArtistRecord(
            uuid=fields.identifier("uuid"),
            name=fields.name("name"),
            slug=fields.text("slug"),
            country_code=fields.text("countryCode"),
            city_name=fields.text("cityName"),
            type=fields.text("type"),
            gender=fields.text("gender"),
            birth_date=fields.day("birthDate"),
            career_stage=fields.text("careerStage"),
            growth_level=fields.text("growthLevel"),
            biography=fields.text("biography"),
            isni=fields.text("isni"),
            ipi=fields.text("ipi"),
            image_url=fields.text("imageUrl"),
            web_url=fields.text("webUrl"),
            payload=fields.as_json(),
        ),
        genres=genres(fields),
    )


def genres(fields: Fields) -> list[GenreRecord]:
    """Genres as `{root, sub[]}` or as plain texts (contract section 11.1), each once, a root before its subs."""
    found: dict[GenreRecord, None] = {}
    for index, item in enumerate(fields.items("genres")):
        where = f"genres[{index}]"
        if isinstance(item, str):
            if item:
                found[GenreRecord(_storable(item, where), _storable(item, where))] = None
            continue
        genre = Fields(item, where)
        root = genre.text("root")
        if root is None:
            continue
        found[GenreRecord(root, root)] = None
        for sub in genre.texts("sub"):
            if sub:
                found[GenreRecord(root, sub)] = None
    return list(found)


def plots(items: list[Any]) -> list[PlotPoint]:
    """Days of a song's audience (contract section 10.4); a day without plots or a plot without value gives no row."""
    points: list[PlotPoint] = []
    for index, item in enumerate(items):
        day = Fields(item, f"items[{index}]")
        on = day.required_day("date")
        for plot in day.objects("plots"):
            value = plot.count("value")
            if value is not None:
                points.append(PlotPoint(on, plot.text("identifier") or "", value))
    return points


def followers(items: list[Any]) -> list[FollowerPoint]:
    """Days of an artist's audience (contract section 11.2); a day without any figure gives no row."""
    points: list[FollowerPoint] = []
    for index, item in enumerate(items):
        day = Fields(item, f"items[{index}]")
        point = FollowerPoint(
            date=day.required_day("date"),
            followers=day.count("followerCount"),
            likes=day.count("likeCount"),
            views=day.count("viewCount"),
            posts=day.count("postCount"),
            following=day.count("followingCount"),
        )
        if any(figure is not None for figure in point[1:]):
            points.append(point)
    return points


def last_crawl(related: Mapping[str, Any]) -> date | None:
    """Day on which the vendor last looked at an artist (contract section 11.2); None where it does not say."""
    text = related.get("lastCrawlDate")
    if not isinstance(text, str) or not text:
        return None
    try:
        return read_instant(text, "related.lastCrawlDate").date()
    except Malformed:
        return None  # it only tells when to ask again; the points are good without it


def listening(items: list[Any]) -> list[ListeningPoint]:
    """Days of an artist's listeners or views (contract section 11.3); a day without value gives no row."""
    points: list[ListeningPoint] = []
    for index, item in enumerate(items):
        day = Fields(item, f"items[{index}]")
        value = day.count("value")
        if value is not None:
            points.append(ListeningPoint(day.required_day("date"), value))
    return points


def _isrc(fields: Fields) -> str | None:
    if isinstance(fields.raw("isrc"), str):
        return fields.text("isrc")
    isrc = fields.optional_child("isrc")
    return None if isrc is None else isrc.text("value")


def _labels(fields: Fields) -> list[dict[str, str | None]]:
    labels: list[dict[str, str | None]] = [
        {"name": label.text("name"), "type": label.text("type")}
        for label in fields.objects("labels")
        if label.text("name")
    ]
    older = fields.text("label")
    return labels or ([{"name": older, "type": None}] if older else [])


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(text: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{where} is no date: {text[:40]!r}") from None


def _storable(text: str, where: str) -> str:
    """Refuse what a table cannot hold: half of a surrogate pair, and NUL."""
    if "\x00" in text:
        raise Malformed(f"{where} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{where} is not valid Unicode") from None
    return text
