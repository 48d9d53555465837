"""Synthetic audience series: pure functions of an entity, a platform and an absolute day.

Belongs here: the arithmetic of counters, followers, listeners and radio plays; the same day always has the same value,
whenever and in whatever window it is asked for. The numbers are plainly made up.
Does not belong here: JSON, the sandbox's clock, the data folder.

A day is a proleptic Gregorian ordinal (`date.toordinal()`) throughout.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b

_MASK = (1 << 64) - 1
_ORIGIN = date(2015, 1, 1).toordinal()
_WEEK = 7 / (2 * math.pi)

SONG_PLATFORMS = (
    "spotify",
    "youtube",
    "shazam",
    "tiktok",
    "instagram",
    "soundcloud",
    "anghami",
    "audiomack",
    "genius",
    "gaana",
    "jiosaavn",
    "melon",
    "line-music",
    "boomplay",
    "lastfm",
    "awa",
)
"""Platforms of song audience (contract section 13.1)."""

LISTENING_PLATFORMS = (
    "spotify",
    "youtube",
    "anghami",
    "audiomack",
    "jiosaavn",
    "kugou",
    "lastfm",
    "pandora",
    "yandex",
)
"""Platforms of artist listening (contract section 13.1)."""

AUDIENCE_METRICS: dict[str, tuple[str, ...]] = {
    "spotify": (),
    "youtube": ("postCount", "viewCount"),
    "instagram": ("followingCount", "postCount"),
    "tiktok": ("likeCount", "followingCount", "postCount"),
    "soundcloud": ("followingCount", "postCount"),
    "x": ("likeCount", "followingCount", "postCount"),
    "weibo": ("likeCount", "followingCount", "postCount"),
    "mixcloud": ("followingCount",),
    "patreon": ("postCount",),
    "triller": ("followingCount",),
    "amazon": (),
    "anghami": (),
    "audiomack": (),
    "boomplay": (),
    "deezer": (),
    "facebook": (),
    "gaana": (),
    "jiosaavn": (),
    "joox": (),
    "line-music": (),
    "melon": (),
    "songkick": (),
    "yandex": (),
}
"""Platforms of artist audience and what each fills beside `followerCount` (contract section 11.2)."""

_REFRESH = ((10, 15), (150, 7), (500, 5), (5_000, 3))
_EMPTY_SHARE = {"spotify": 0.004, "youtube": 0.04, "shazam": 0.06, "instagram": 0.06, "tiktok": 0.12}
_SCALE = {"spotify": 1.0, "youtube": 0.5, "shazam": 0.01, "tiktok": 0.02, "instagram": 0.01}


def seed_of(*parts: str) -> int:
    """A stable 64-bit number for some text."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8).digest())


def chance(seed: int, step: int) -> float:
    """A stable pseudo-random number in [0, 1) for each step of a seed."""
    mixed = (seed + step * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


_SCATTER = tuple(chance(0, index) for index in range(4093))


def scatter(seed: int, day: int) -> float:
    """Like `chance`, much cheaper and from a short table: for what is asked once for every day of a window."""
    return _SCATTER[(seed + 31 * day) % 4093]


@dataclass(frozen=True, slots=True)
class SongCounter:
    """Cumulative counters of a song on a platform, one per identifier (contract section 10.4)."""

    seed: int
    first_day: int
    daily: float
    weekly: tuple[float, ...]
    shares: tuple[tuple[str, float], ...]
    drops: bool

    def has(self, day: int) -> bool:
        """Whether the vendor has this day."""
        return day >= self.first_day and bool(self.shares) and scatter(self.seed, day) >= 1 / 18

    def days(self, first: int, last: int) -> list[int]:
        """The days of a window that exist, ascending."""
        return [day for day in range(max(first, self.first_day), last + 1) if self.has(day)]

    def total(self, day: int) -> float:
        """The counter of the leading identifier at the end of a day; it only falls where `drops` says so."""
        age = day - self.first_day + 1
        # A day adds 0.7 to 1.3 of the daily rate and the jitter is below 0.3 of it: never falling.
        jitter = 0.3 * scatter(self.seed + 1, day)
        lost = 4 * (age // 29) if self.drops else 0
        return self.daily * (age + self.weekly[age % 7] + jitter - lost + 8)

    def plots(self, day: int) -> list[tuple[str, int]]:
        """Identifier and value of a day that exists."""
        total = self.total(day)
        return [(identifier, int(total * share)) for identifier, share in self.shares]


@lru_cache(maxsize=16_384)
def song_counter(
    entity: str,
    platform: str,
    first_day: int,
    identifiers: tuple[str, ...] = (),
    cases: frozenset[str] = frozenset(),
    popularity: float = 0.5,
) -> SongCounter:
    """The series of one song; some songs have none at all on a platform.

    Args:
        entity: The song's uuid.
        platform: One of `SONG_PLATFORMS`.
        first_day: The day the song came out.
        identifiers: The platform's known ids of the song; made up where there is none.
        cases: The song's awkward cases.
        popularity: How well it charts, 0 to 1.
    """
    seed = seed_of("song", entity, platform)
    fame = 2.5 + 4.2 * (0.7 * popularity + 0.3 * chance(seed_of("song", entity), 0))
    daily = 10**fame * _SCALE.get(platform, 0.02) * (0.5 + chance(seed, -2))
    empty = "empty_series" in cases or chance(seed, -3) < _EMPTY_SHARE.get(platform, 0.4)
    return SongCounter(
        seed=seed,
        first_day=first_day,
        daily=daily,
        weekly=_weekly(chance(seed, -1)),
        shares=() if empty else _shares(seed, platform, identifiers, several="several_identifiers" in cases),
        drops="counter_drops" in cases or chance(seed, -4) < 1 / 60,
    )


def _weekly(start: float) -> tuple[float, ...]:
    """How far a counter runs ahead on each day of its week, the week beginning anywhere."""
    phase = start * 2 * math.pi
    return tuple(0.3 * _WEEK * (math.cos(phase) - math.cos(day / _WEEK + phase)) for day in range(7))


def _shares(seed: int, platform: str, identifiers: tuple[str, ...], *, several: bool) -> tuple[tuple[str, float], ...]:
    separate = platform in {"youtube", "tiktok"}
    number = 1
    if separate:
        number = 2 if several else 1 + int(3 * chance(seed, -5))
    elif platform == "spotify" and (several or chance(seed, -5) < 1 / 12):
        number = 2
    known = [*identifiers, *(_identifier(seed, platform, index) for index in range(number))][:number]
    # Spotify counts one recording under several ids, almost alike; elsewhere each id is a video or sound of its own.
    return tuple((identifier, 0.2**index if separate else 1 - 0.0004 * index) for index, identifier in enumerate(known))


def _identifier(seed: int, platform: str, index: int) -> str:
    number = (seed + index) % 10**10
    forms = {
        "spotify": f"0Synthetic{number:012d}",
        "youtube": f"dQ{number % 10**9:09d}",
        "tiktok": f"710000000{number:010d}",
        "shazam": f"{600_000_000 + number % 10**8}",
    }
    return forms.get(platform, f"synthetic-{number}")


@dataclass(frozen=True, slots=True)
class ArtistAudience:
    """Followers of an artist on a platform, measured on the vendor's crawl days only (contract section 11.2)."""

    seed: int
    platform: str
    level: float
    growth: float
    empty: bool

    def followers(self, day: int) -> int:
        """The follower count of a day, crawled or not."""
        age = max(0, day - _ORIGIN) / 3650
        return int(self.level * (1 + self.growth * age) * (1 + 0.001 * scatter(self.seed, day)))

    def interval(self, day: int) -> int:
        """Days between two crawls at the size the artist has on a day."""
        followers = self.followers(day)
        return next((days for below, days in _REFRESH if followers < below), 2)

    def crawled(self, day: int) -> bool:
        """Whether the vendor looked on this day."""
        return not self.empty and (day + self.seed) % self.interval(day) == 0

    def days(self, first: int, last: int) -> list[int]:
        """The crawl days of a window, ascending."""
        return [day for day in range(max(first, _ORIGIN), last + 1) if self.crawled(day)]

    def last_crawl(self, today: int) -> int | None:
        """The last crawl day not after today."""
        return next((day for day in range(today, today - 60, -1) if self.crawled(day)), None)

    def metrics(self, day: int) -> dict[str, int | None]:
        """All five counts of a crawl day; what the platform does not have is null."""
        followers = self.followers(day)
        posts = 40 + self.seed % 400 + max(0, day - _ORIGIN) // 9
        counts = {
            "likeCount": followers * (3 + self.seed % 20),
            "followingCount": self.seed % 900,
            "postCount": posts,
            "viewCount": followers * (40 + self.seed % 200) + posts * 1000,
        }
        kept = AUDIENCE_METRICS[self.platform]
        return {
            "likeCount": counts["likeCount"] if "likeCount" in kept else None,
            "followerCount": followers,
            "followingCount": counts["followingCount"] if "followingCount" in kept else None,
            "postCount": posts if "postCount" in kept else None,
            "viewCount": counts["viewCount"] if "viewCount" in kept else None,
        }


@lru_cache(maxsize=16_384)
def artist_audience(
    entity: str, platform: str, cases: frozenset[str] = frozenset(), popularity: float = 0.5
) -> ArtistAudience:
    """The follower series of one artist; some artists have none on a platform."""
    seed = seed_of("artist", entity, platform)
    fame = 0.3 + 7.0 * _fame(entity, popularity)
    return ArtistAudience(
        seed=seed,
        platform=platform,
        level=10 ** (fame + 0.6 * chance(seed, -1)),
        growth=chance(seed, -2) * 1.2 - 0.2,
        empty="empty_series" in cases or chance(seed, -3) < _EMPTY_SHARE.get(platform, 0.4),
    )


def _fame(entity: str, popularity: float) -> float:
    """How known an artist is; charting helps, but unknowns chart too."""
    return 0.4 * popularity + 0.6 * chance(seed_of("artist", entity), 0)


@dataclass(frozen=True, slots=True)
class ArtistListening:
    """Monthly listeners or daily views of an artist (contract section 11.3)."""

    seed: int
    level: float
    phase: float
    empty: bool

    def has(self, day: int) -> bool:
        """Whether the vendor has this day."""
        return not self.empty and day >= _ORIGIN and scatter(self.seed, day) >= 1 / 20

    def days(self, first: int, last: int) -> list[int]:
        """The days of a window that exist, ascending."""
        return [day for day in range(max(first, _ORIGIN), last + 1) if self.has(day)]

    def value(self, day: int) -> int:
        """The value of a day; now and then the vendor repeats the day before."""
        source = day - 1 if scatter(self.seed + 1, day) < 1 / 18 else day
        season = 0.2 * math.sin(source / 58.1 + self.phase) + 0.05 * math.sin(source / 4.8 + self.phase)
        return int(self.level * (1 + season + 0.004 * scatter(self.seed + 2, source)))


@lru_cache(maxsize=16_384)
def artist_listening(
    entity: str, platform: str, cases: frozenset[str] = frozenset(), popularity: float = 0.5
) -> ArtistListening:
    """The listening series of one artist; some artists have none on a platform."""
    seed = seed_of("listening", entity, platform)
    fame = 1.5 + 6.0 * _fame(entity, popularity)
    return ArtistListening(
        seed=seed,
        level=10 ** (fame + 0.5 * chance(seed, -2)),
        phase=chance(seed, -1) * 2 * math.pi,
        empty="empty_series" in cases or chance(seed, -3) < _EMPTY_SHARE.get(platform, 0.4),
    )


@dataclass(frozen=True, slots=True)
class Play:
    """One play on the radio."""

    day: int
    second: int
    station: int
    duration: int


@dataclass(frozen=True, slots=True)
class Airplay:
    """Radio plays of a song (contract section 10.5)."""

    seed: int
    first_day: int
    daily: float
    stations: int

    def count(self, day: int) -> int:
        """Number of plays of a whole day."""
        if day < self.first_day:
            return 0
        weekend = 0.8 if day % 7 in {0, 6} else 1.0
        return int(self.daily * weekend * (0.7 + 0.6 * scatter(self.seed, day)))

    def play(self, day: int, number: int, count: int) -> Play:
        """The n-th play of a day in order of time."""
        seed = self.seed ^ (day << 20)
        second = int((number + chance(seed, number)) / count * 86_400)
        station = int(chance(seed, number + 1_000_000) ** 2 * self.stations)
        return Play(day, second, station, 140 + int(90 * chance(seed, number + 2_000_000)))

    def plays(self, day: int) -> Iterator[Play]:
        """All plays of a day in order of time."""
        count = self.count(day)
        return (self.play(day, number, count) for number in range(count))


@lru_cache(maxsize=16_384)
def airplay(entity: str, first_day: int, cases: frozenset[str], stations: int) -> Airplay:
    """The radio plays of one song; a quarter of the songs is never played."""
    seed = seed_of("airplay", entity)
    silent = "empty_series" in cases or chance(seed, -3) < 1 / 4
    return Airplay(
        seed=seed,
        first_day=first_day,
        daily=0.0 if silent else 10 ** (2.6 * chance(seed, -1)),
        stations=stations,
    )
