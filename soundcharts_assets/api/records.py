"""What payloads become: plain records, their fields named as the tables name them. No behaviour, no parsing."""

from datetime import date, datetime
from typing import NamedTuple


class ChartRecord(NamedTuple):
    """A chart as Soundcharts describes it (contract sections 8.3 and 8.5). Key: slug."""

    slug: str
    name: str
    platform: str
    type: str | None
    frequency: str | None
    country_code: str
    country_name: str | None
    city_name: str | None
    max_results: int | None
    metric: str | None
    web_url: str | None


class PlatformRecord(NamedTuple):
    """A platform that has charts (contract section 8.1). Key: code."""

    code: str
    name: str


class EntryRecord(NamedTuple):
    """One place of one ranking (contract section 8.5). Key: chart_slug, ranked_at, position."""

    chart_slug: str
    ranked_at: datetime
    position: int
    track_uuid: str
    previous_position: int | None
    position_change: int | None
    metric_value: int | None
    entered_at: datetime | None
    time_on_chart: int | None
    time_on_chart_unit: str | None
    entry_state: str | None


class ListedTrack(NamedTuple):
    """A track as a ranking names it: no artists, no ISRC. Key: uuid."""

    uuid: str
    name: str
    credit_name: str | None
    image_url: str | None


class RankingPage(NamedTuple):
    """One page of a ranking. `ranked_at_text` is the instant as the server wrote it, which addresses it."""

    chart: ChartRecord
    ranked_at: datetime
    ranked_at_text: str
    entries: list[EntryRecord]
    tracks: list[ListedTrack]


class TrackRecord(NamedTuple):
    """Metadata of a track (contract section 10.1); nested values as JSON text. Key: uuid."""

    uuid: str
    name: str
    credit_name: str | None
    image_url: str | None
    isrc: str | None
    release_date: date | None
    duration_seconds: int | None
    explicit: bool | None
    language_code: str | None
    copyright: str | None
    distributor: str | None
    composers: str
    producers: str
    labels: str
    audio_features: str | None
    payload: str


class CreditRecord(NamedTuple):
    """An artist credited on a track, in order from 1. `is_main` is None where the payload does not say. Key: both."""

    track_uuid: str
    artist_uuid: str
    ordinal: int
    is_main: bool | None


class ListedArtist(NamedTuple):
    """An artist as a track names it. Key: uuid."""

    uuid: str
    name: str
    slug: str | None
    image_url: str | None


class GenreRecord(NamedTuple):
    """A genre below a root, or a root itself: then `genre` equals `root`. Key: root, genre."""

    root: str
    genre: str


class ArtistRecord(NamedTuple):
    """Metadata of an artist (contract section 11.1). Key: uuid."""

    uuid: str
    name: str
    slug: str | None
    country_code: str | None
    city_name: str | None
    type: str | None
    gender: str | None
    birth_date: date | None
    career_stage: str | None
    growth_level: str | None
    biography: str | None
    isni: str | None
    ipi: str | None
    image_url: str | None
    web_url: str | None
    payload: str


class Song(NamedTuple):
    """All that one song payload says."""

    track: TrackRecord
    credits: list[CreditRecord]
    artists: list[ListedArtist]
    genres: list[GenreRecord]


class ArtistProfile(NamedTuple):
    """All that one artist payload says."""

    artist: ArtistRecord
    genres: list[GenreRecord]


class PlotPoint(NamedTuple):
    """A track's figure on a day, by platform identifier; `''` where the platform has none. Key: date, identifier."""

    date: date
    identifier: str
    value: int


class FollowerPoint(NamedTuple):
    """An artist's figures on a day. Key: date."""

    date: date
    followers: int | None
    likes: int | None
    views: int | None
    posts: int | None
    following: int | None


class ListeningPoint(NamedTuple):
    """An artist's listeners or views on a day. Key: date."""

    date: date
    value: int
