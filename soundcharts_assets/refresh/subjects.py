"""In what the fetched things differ: which call serves a due row, and which rows of which tables its payload becomes.

A subject is one asset's worth of the ledger, such as `tracks` or `track_audience/spotify`. Rankings are in `charts`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from soundcharts_assets.api import metadata, parse, series
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Fatal, SoundchartsError
from soundcharts_assets.api.records import (
    ArtistProfile,
    ArtistRecord,
    CreditRecord,
    FollowerPoint,
    GenreRecord,
    ListedArtist,
    ListeningPoint,
    PlotPoint,
    Song,
    TrackRecord,
)
from soundcharts_assets.refresh.outcomes import Outcome, Status, failure
from soundcharts_assets.settings.file import FileSettings, Window
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.work import Wanted, Work

Entity: TypeAlias = Literal["tracks", "artists"]
Clock: TypeAlias = Callable[[], datetime]

_REFRESH_DAYS = ((10, 15), (150, 7), (500, 5), (5_000, 3))
_FASTEST_REFRESH_DAYS = 2
_EARLY = timedelta(minutes=20)

_COUNTED = (
    "spotify", "youtube", "shazam", "soundcloud", "anghami", "audiomack", "genius", "jiosaavn", "line-music", "lastfm",
    "awa",
)  # fmt: skip
TOTALS = frozenset({*(f"track_audience/{platform}" for platform in _COUNTED), "artist_audience/youtube"})
"""Series whose figures are totals so far: streams, views, plays, Shazams (contract sections 10.4 and 13.1). Of artists'
audience it is the views. Videos, reels, likes and followers are taken back every day, and so are no totals."""

_LATE_DAYS = 30
"""A day that has not come after so many more days will not: series that ended are not asked from their end for ever."""


@dataclass(frozen=True)
class Subject:
    """One fetched thing.

    Attributes:
        name: Its name in the ledger, which is the asset's name too.
        entity: Whose rows it is about.
        table: The table its rows go to first.
        platform: The platform, None for metadata.
        endpoint: The name under which its calls are counted.
        window: How old its rows may grow.
        unit: Due rows that one call can serve.
        charted_within: Entities that charted longer ago are left alone; None where that does not matter.
        calls: Calls that a row takes alone, on a day.
        fetch: Asks for a unit and yields an outcome for each of its rows.
        is_total: Whether its figures only grow.
        daily_within: Days before today of which each should have a figure; None where days have none of their own.
    """

    name: str
    entity: Entity
    table: str
    platform: str | None
    endpoint: str
    window: Window
    unit: int
    charted_within: timedelta | None
    calls: Callable[[Work, date], int]
    fetch: Callable[[Client, Sequence[Work], Clock], Iterator[Outcome]]
    is_total: bool = False
    daily_within: int | None = None


def subjects(settings: FileSettings) -> dict[str, Subject]:
    """All subjects that the settings ask for, by name, in the order of the cascade."""
    made = [
        _metadata("tracks", "song", settings.api.versions.song, parse.song, song_changes, settings),
        _metadata("artists", "artist", settings.api.versions.artist, parse.artist, artist_changes, settings),
        *(_track_audience(platform, settings) for platform in settings.platforms.track_audience),
        *(_artist_audience(platform, settings) for platform in settings.platforms.artist_audience),
        *(_artist_listening(platform, settings) for platform in settings.platforms.artist_listening),
    ]
    return {subject.name: subject for subject in made}


def past_fail(chosen: Iterable[Subject], now: datetime, *, by_id: bool = False) -> list[Wanted]:
    """What to look for among subjects in order to find what is due, and so makes a run necessary.

    Args:
        chosen: The subjects.
        now: As of when.
        by_id: Whether a batch costs a request for each of its ids.
    """
    return [_wanted(subject, now, subject.window.fail, by_id=by_id) for subject in chosen]


def past_warn(subject: Subject, now: datetime, *, by_id: bool = False) -> Wanted:
    """What to look for in order to find what is worth taking along by a run that happens anyway."""
    return _wanted(subject, now, subject.window.warn, by_id=by_id)


def _wanted(subject: Subject, now: datetime, age: timedelta, *, by_id: bool) -> Wanted:
    charted_since = None if subject.charted_within is None else now - subject.charted_within
    cost = 1.0 if by_id else 1 / subject.unit
    return Wanted(subject.name, subject.entity, now - age, charted_since, cost)


def song_changes(song: Song, at: datetime) -> list[Change]:
    """Rows that a song's metadata becomes."""
    uuid = song.track.uuid
    return [
        Change("tracks", Mode.UPSERT, (*TrackRecord._fields, "fetched_at"), [(*song.track, at)]),
        Change("track_artists", Mode.REPLACE, CreditRecord._fields, song.credits, [(uuid,)]),
        Change("artists", Mode.ABSENT, (*ListedArtist._fields, "discovered_at"), [(*one, at) for one in song.artists]),
        *_genre_changes("track_genres", "track_uuid", uuid, song.genres),
    ]


def artist_changes(profile: ArtistProfile, at: datetime) -> list[Change]:
    """Rows that an artist's metadata becomes."""
    return [
        Change("artists", Mode.UPSERT, (*ArtistRecord._fields, "fetched_at"), [(*profile.artist, at)]),
        *_genre_changes("artist_genres", "artist_uuid", profile.artist.uuid, profile.genres),
    ]


def _genre_changes(table: str, owner: str, uuid: str, genres: Sequence[GenreRecord]) -> list[Change]:
    roots = [(genre.root, "", 0) for genre in genres]
    below = [(genre.genre, genre.root, 1) for genre in genres if genre.genre != genre.root]
    return [
        Change(table, Mode.REPLACE, (owner, *GenreRecord._fields), [(uuid, *genre) for genre in genres], [(uuid,)]),
        Change("genres", Mode.ABSENT, ("genre", "parent", "level"), [*roots, *below]),
    ]


def _metadata(
    entity: Entity,
    kind: str,
    version: str,
    parse_payload: Callable[[Any], Any],
    to_changes: Callable[[Any, datetime], list[Change]],
    settings: FileSettings,
) -> Subject:
    def fetch(client: Client, unit: Sequence[Work], clock: Clock) -> Iterator[Outcome]:
        answers = metadata.ask_metadata(client, kind, version, [work.uuid for work in unit], parse_payload)
        for uuid, answer in answers:
            at = clock()
            if isinstance(answer, SoundchartsError):
                yield failure(uuid, answer, at)
            else:
                yield Outcome(uuid, Status.OK, at, to_changes(answer, at))

    window = settings.freshness.metadata_window
    return Subject(entity, entity, entity, None, kind, window, settings.api.batch_size, None, lambda *_: 1, fetch)


class Answer(NamedTuple):
    """Points of a series, and the day before which the vendor cannot have more, where that is known."""

    points: Sequence[series.Point]
    next_day: date | None = None


def _track_audience(platform: str, settings: FileSettings) -> Subject:
    def ask(client: Client, uuid: str, start: date, end: date) -> Answer:
        if platform != "airplay":
            return Answer(series.track_audience(client, uuid, platform, start, end))
        days = [start + timedelta(day) for day in range((end - start).days)]
        return Answer([point for day in days for point in series.track_spins(client, uuid, day)])

    window_of = _airplay_window if platform == "airplay" else series_window
    endpoint = "song_broadcasts" if platform == "airplay" else f"song_audience/{platform}"
    return _series(
        "track_audience", "tracks", "track_uuid", platform, PlotPoint._fields, ask, settings, window_of, endpoint
    )


def _artist_audience(platform: str, settings: FileSettings) -> Subject:
    def ask(client: Client, uuid: str, start: date, end: date) -> Answer:
        answered = series.artist_audience(client, uuid, platform, start, end)
        return Answer(answered.points, next_crawl(answered.points, answered.crawled_on))

    return _series("artist_audience", "artists", "artist_uuid", platform, FollowerPoint._fields, ask, settings)


def next_crawl(points: Sequence[FollowerPoint], crawled_on: date | None) -> date | None:
    """The day on which the vendor looks again, by the size of the artist (contract section 11.2)."""
    counted = [point for point in points if point.followers is not None]
    if crawled_on is None or not counted:
        return None
    followers = max(counted, key=lambda point: point.date).followers or 0
    days = next((days for below, days in _REFRESH_DAYS if followers < below), _FASTEST_REFRESH_DAYS)
    return crawled_on + timedelta(days=days)


def fresh_until(next_day: date | None, at: datetime) -> datetime | None:
    """When an answer of `at` stops being all that the vendor can have: on its next day, at about the same hour.

    About the same hour, a little early, so that the chart's own next update takes the row along; at the beginning of
    that day every chart would get a run of its own.
    """
    if next_day is None or next_day <= at.date():
        return None
    begins = datetime.combine(next_day, datetime.min.time(), at.tzinfo)
    return max(begins, at + (next_day - at.date()) - _EARLY)


def _artist_listening(platform: str, settings: FileSettings) -> Subject:
    def ask(client: Client, uuid: str, start: date, end: date) -> Answer:
        return Answer(series.artist_listening(client, uuid, platform, start, end))

    return _series("artist_listening", "artists", "artist_uuid", platform, ListeningPoint._fields, ask, settings)


def series_window(through: date | None, today: date, settings: FileSettings) -> tuple[date, date]:
    """First and last day to ask for: the history at first, later what is not settled and a small overlap."""
    if through is None:
        return today - timedelta(days=settings.audience.history_days), today
    return min(through - timedelta(days=settings.audience.overlap_days - 1), today), today


def _airplay_window(through: date | None, today: date, settings: FileSettings) -> tuple[date, date]:
    """Whole days only, each a call: yesterday, and before it what the history asks for and is not settled."""
    oldest = today - timedelta(days=settings.audience.airplay_history_days)
    missing = oldest if through is None else through + timedelta(days=1)
    return max(oldest, min(missing, today - timedelta(days=1))), today


def _series(
    table: str,
    entity: Entity,
    owner: str,
    platform: str,
    fields: tuple[str, ...],
    ask: Callable[[Client, str, date, date], Answer],
    settings: FileSettings,
    window_of: Callable[[date | None, date, FileSettings], tuple[date, date]] = series_window,
    endpoint: str | None = None,
) -> Subject:
    columns = (owner, "platform", *fields, "fetched_at")

    def fetch(client: Client, unit: Sequence[Work], clock: Clock) -> Iterator[Outcome]:
        for work in unit:
            start, end = window_of(work.through_date, clock().date(), settings)
            try:
                points, next_day = ask(client, work.uuid, start, end)
            except Fatal:
                raise
            except SoundchartsError as error:
                yield failure(work.uuid, error, clock())
                continue
            at = clock()
            rows = [(work.uuid, platform, *point, at) for point in points]
            through = settled_through([point.date for point in points], work.through_date, end)
            yield Outcome(
                work.uuid,
                Status.OK if points else Status.EMPTY,
                at,
                series_changes(table, columns, rows, work.through_date),
                through,
                fresh_until=fresh_until(next_day, at),
            )

    def calls(work: Work, today: date) -> int:
        start, end = window_of(work.through_date, today, settings)
        return (end - start).days if platform == "airplay" else len(list(series.windows(start, end)))

    name = f"{table}/{platform}"
    charted_within = timedelta(days=settings.audience.charted_within_days)
    window = settings.freshness.audience_window
    history = settings.audience.airplay_history_days if platform == "airplay" else settings.audience.history_days
    return Subject(
        name,
        entity,
        table,
        platform,
        endpoint or name,
        window,
        1,
        charted_within,
        calls,
        fetch,
        is_total=name in TOTALS,
        # Soundcharts looks at followers every 2 to 15 days.
        daily_within=None if table == "artist_audience" else history,
    )


def settled_through(days: Sequence[date], before: date | None, end: date) -> date | None:
    """The newest day that came; where none comes any more, the day before which none will."""
    if before is None and not days:
        return None
    return max([*days, *([before] if before else []), end - timedelta(days=_LATE_DAYS)])


def series_changes(
    table: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    through: date | None,
) -> list[Change]:
    """Days after the settled ones are new for certain and need no look at the table; the others may correct rows."""
    day = columns.index("date")
    new = [row for row in rows if through is None or row[day] > through]
    old = [row for row in rows if through is not None and row[day] <= through]
    return [Change(table, Mode.APPEND, columns, new), Change(table, Mode.CORRECT, columns, old)]
