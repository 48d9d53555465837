"""What should have been asked of the sandbox, worked out from its data and the runs that took place: to the call.

Everything here is said a second time on purpose: neither the refresh nor the warehouse package may be imported. Known
are the sandbox's folder, its pure functions of time, and when runs happened. When runs should happen is not judged.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from soundcharts_assets.sandbox import series
from soundcharts_assets.sandbox.data import Artist, Track, load
from soundcharts_assets.sandbox.history import ChartHistory, Ranking
from soundcharts_assets.sandbox.metadata import released_on

NOON = time(12, tzinfo=UTC)
"""When a day of the sandbox begins: that is when its charts publish."""

_PAGE = 100
_EMPTY_FOR = timedelta(days=7)
_EARLY = timedelta(minutes=20)
_LATE = timedelta(days=30)
_OVERLAP = timedelta(days=2)
"""A series is asked from two days before the last known one, which makes three days that are read again."""


@dataclass(frozen=True)
class Rules:
    """What is wanted, and how often.

    Attributes:
        track_audience: Platforms.
        artist_audience: Platforms.
        artist_listening: Platforms.
        metadata_windows: Ages from which metadata is taken along, and from which it is due.
        audience_windows: The same of series.
        charted_within: Series of what left a chart longer ago are left alone; None to ask them for ever.
        waits_for_crawls: Whether followers are left alone until the vendor has looked again.
        history_days: Days that the first request for a series covers.
        batch: Ids of a metadata call.
    """

    track_audience: tuple[str, ...] = ("spotify", "youtube", "shazam", "airplay")
    artist_audience: tuple[str, ...] = ("spotify", "youtube", "instagram", "tiktok")
    artist_listening: tuple[str, ...] = ("spotify", "youtube")
    metadata_windows: tuple[timedelta, timedelta] = (timedelta(days=27), timedelta(days=30))
    audience_windows: tuple[timedelta, timedelta] = (timedelta(hours=20), timedelta(hours=24))
    charted_within: timedelta | None = timedelta(days=30)
    waits_for_crawls: bool = True
    history_days: int = 30
    batch: int = 50

    @property
    def subjects(self) -> dict[str, str]:
        """What is asked for, by the names that the project gives them: tracks or artists."""
        return {
            "tracks": "tracks",
            "artists": "artists",
            **{f"track_audience/{platform}": "tracks" for platform in self.track_audience},
            **{f"artist_audience/{platform}": "artists" for platform in self.artist_audience},
            **{f"artist_listening/{platform}": "artists" for platform in self.artist_listening},
        }

    def fail_window(self, subject: str) -> timedelta:
        """Age from which a row is due."""
        return (self.audience_windows if "/" in subject else self.metadata_windows)[1]


class Run(NamedTuple):
    """A run that took place: its charts in order, and those of them whose newest ranking it stored."""

    at: datetime
    charts: tuple[str, ...]
    published: frozenset[str]


class _Answer(NamedTuple):
    """Days that a series has in the window asked for, and when the vendor may have more."""

    days: Collection[int]
    not_before: datetime | None = None


@dataclass
class _Known:
    """What was learnt when something was last asked for."""

    at: datetime
    not_before: datetime | None = None
    through: date | None = None


@dataclass
class _Reach:
    """Tracks of a chart, and the last ranking of it that held each."""

    rankings: set[datetime] = field(default_factory=set)
    charted_at: dict[int, datetime] = field(default_factory=dict)


class Oracle:
    """Lives through the runs and counts the calls that they needed."""

    def __init__(self, folder: Path, started: datetime, rankings_only: Collection[str], rules: Rules) -> None:
        """Begin with an empty warehouse on a sandbox that begins on the day of `started`."""
        catalogue = load(folder)
        self.calls: Counter[str] = Counter()
        self._started = started
        self._tracks = catalogue.tracks
        self._artists = catalogue.artists
        self._histories = {slug: ChartHistory(chart, started.date()) for slug, chart in catalogue.charts.items()}
        self._today = started.date()
        self._rankings_only = rankings_only
        self._rules = rules
        self._reach: dict[str, _Reach] = {slug: _Reach() for slug in catalogue.charts}
        self._credited: set[int] = set()
        self._unknown: dict[str, set[int]] = {"tracks": set(), "artists": set()}
        self._known: dict[tuple[str, int], _Known] = {}

    @property
    def published(self) -> int:
        """Rankings that were the newest of their chart at some time since the begin."""
        since = self._started.date()
        return sum(
            1 + sum(instant.date() > since for instant in history.instants)
            for history in self._histories.values()
            if history.newest() is not None
        )

    @property
    def stored(self) -> int:
        """Rankings that the runs stored."""
        return sum(len(reach.rankings) for reach in self._reach.values())

    def live_until(self, now: datetime) -> None:
        """Let the sandbox's days go by."""
        while datetime.combine(self._today + timedelta(days=1), NOON) <= now:
            self._today += timedelta(days=1)
            for history in self._histories.values():
                history.advance(self._today)

    def take(self, run: Run) -> None:
        """Count what a run had to ask for."""
        self.live_until(run.at)
        for slug in run.charts:
            newest = self._histories[slug].newest()
            if slug in run.published and newest is not None:
                self._store(slug, newest)
        charts = [slug for slug in run.charts if slug not in self._rankings_only]
        self._metadata(run.at, "tracks", "song", charts)
        self._metadata(run.at, "artists", "artist", charts)
        endpoints = {"track_audience": "song_audience"}
        for subject, entity in self._rules.subjects.items():
            table, _, platform = subject.partition("/")
            if platform:
                endpoint = "song_broadcasts" if platform == "airplay" else f"{endpoints.get(table, table)}/{platform}"
                asked = self._due(run.at, subject, entity, charts)
                self.calls[endpoint] += len(asked)
                for number in asked:
                    self._settle_series(run.at, subject, number, self._ask(table, platform))

    def _store(self, slug: str, ranking: Ranking) -> None:
        reach = self._reach[slug]
        if ranking.ranked_at in reach.rankings:
            return
        reach.rankings.add(ranking.ranked_at)
        reach.charted_at |= dict.fromkeys(ranking.content.track_ids, ranking.ranked_at)
        self.calls["ranking"] += math.ceil(len(ranking.content.positions) / _PAGE) - 1

    def _reached(self, entity: str, slug: str) -> Iterable[tuple[int, datetime]]:
        for track_id, charted_at in self._reach[slug].charted_at.items():
            if entity == "tracks":
                yield track_id, charted_at
            elif track_id in self._credited:
                for credit in self._tracks[track_id].credits:
                    yield credit.artist.artist_id, charted_at

    def _due(self, now: datetime, subject: str, entity: str, charts: Sequence[str]) -> list[int]:
        """What a run asks for: what charts reach, is new or past its first window, and need not wait."""
        is_series = subject != entity
        warn, _ = self._rules.audience_windows if is_series else self._rules.metadata_windows
        limit = self._rules.charted_within
        due = set()
        for slug in charts:
            for number, charted_at in self._reached(entity, slug):
                if is_series and (number in self._unknown[entity] or (limit and charted_at < now - limit)):
                    continue
                known = self._known.get((subject, number))
                if known is None or (known.at <= now - warn and (known.not_before is None or known.not_before <= now)):
                    due.add(number)
        return sorted(due)

    def _metadata(self, now: datetime, entity: str, endpoint: str, charts: Sequence[str]) -> None:
        """Batches, and what a batch leaves out once more by itself."""
        things: Mapping[int, Track | Artist] = self._tracks if entity == "tracks" else self._artists
        due = self._due(now, entity, entity, charts)

        def place(number: int) -> tuple[bool, datetime, str]:
            known = self._known.get((entity, number))
            return known is not None, known.at if known else now, things[number].uuid

        ordered = sorted(due, key=place)
        for start in range(0, len(ordered), self._rules.batch):
            batch = ordered[start : start + self._rules.batch]
            left_out = [number for number in batch if "not_found" in things[number].cases]
            self.calls[endpoint] += 1 + (len(left_out) if len(batch) > 1 else 0)
        for number in due:
            gone = "not_found" in things[number].cases
            _, fail = self._rules.metadata_windows
            self._known[entity, number] = _Known(now, now + fail if gone else None)
            if gone:
                self._unknown[entity].add(number)
            elif entity == "tracks":
                self._credited.add(number)

    def _settle_series(
        self, now: datetime, subject: str, number: int, ask: Callable[[int, int, datetime], _Answer]
    ) -> None:
        before = self._known.get((subject, number))
        through = before.through if before else None
        start = now.date() - timedelta(days=self._rules.history_days) if through is None else through - _OVERLAP
        answer = ask(number, start.toordinal(), now)
        if not answer.days and through is None:
            self._known[subject, number] = _Known(now, now + _EMPTY_FOR)
            return
        newest = date.fromordinal(max(answer.days, default=1))
        through = max(newest, through or newest, now.date() - _LATE)
        self._known[subject, number] = _Known(now, answer.not_before, through)

    def _ask(self, table: str, platform: str) -> Callable[[int, int, datetime], _Answer]:
        yesterday = self._today.toordinal() - 1

        def song_audience(number: int, start: int, _: datetime) -> _Answer:
            if platform == "airplay":
                return _Answer([yesterday])
            track = self._tracks[number]
            born = released_on(track).toordinal()
            known = track.identifiers.get(platform, ())
            counter = series.song_counter(track.uuid, platform, born, known, track.cases, track.popularity)
            sparse = "sparse" in track.cases
            return _Answer([day for day in counter.days(start, yesterday) if day % 11 or not sparse])

        def artist_listening(number: int, start: int, _: datetime) -> _Answer:
            artist = self._artists[number]
            listening = series.artist_listening(artist.uuid, platform, artist.cases, artist.popularity)
            return _Answer(listening.days(start, yesterday))

        def artist_audience(number: int, start: int, now: datetime) -> _Answer:
            artist = self._artists[number]
            audience = series.artist_audience(artist.uuid, platform, artist.cases, artist.popularity)
            days = audience.days(start, self._today.toordinal())
            counted = [day for day in days if day % 3 or "sparse" not in artist.cases]
            # A platform that counts nothing but followers has nothing to say on a day on which they are unknown.
            told = days if series.AUDIENCE_METRICS[platform] else counted
            crawled = audience.last_crawl(self._today.toordinal())
            if not self._rules.waits_for_crawls or crawled is None or not counted:
                return _Answer(told)
            return _Answer(told, _next_look(now, crawled + audience.interval(counted[-1])))

        asks = {
            "track_audience": song_audience,
            "artist_listening": artist_listening,
            "artist_audience": artist_audience,
        }
        return asks[table]


def _next_look(now: datetime, day: int) -> datetime | None:
    """On the day of the next crawl at the hour of this answer, a little early; no wish where that day has come."""
    crawl = date.fromordinal(day)
    if crawl <= now.date():
        return None
    return max(datetime.combine(crawl, time(tzinfo=UTC)), datetime.combine(crawl, now.timetz()) - _EARLY)
