"""All song charts that Soundcharts has, and a million tracks, on paper: `docs/scale.md` is what this prints.

`python -m benchmarks.scale` prints the tables as Markdown. What a track and an artist cost is asked of the program's
own subjects and settings; everything else is an assumption, in `Assumptions`, or the contract's, in `PLANS`.

Belongs here: arithmetic. Does not belong here: anything that is timed, which is the other benchmarks' business.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from soundcharts_assets.api.pages import PAGE_SIZE
from soundcharts_assets.api.records import FollowerPoint
from soundcharts_assets.refresh.polling import period_of
from soundcharts_assets.refresh.subjects import Subject, next_crawl, subjects
from soundcharts_assets.settings.file import (
    ApiSettings,
    AudienceFreshness,
    AudienceSettings,
    FileSettings,
    FreshnessSettings,
    PlatformSettings,
)
from soundcharts_assets.warehouse.work import Work

DAY = timedelta(days=1)
TODAY = date(2026, 9, 16)
MINUTES = 24 * 60
MILLION = 1_000_000


@dataclass(frozen=True)
class Charts:
    """Charts of one platform and kind."""

    platform: str
    kind: str
    frequency: str
    count: int
    places: int

    @property
    def rankings_a_day(self) -> float:
        """New rankings of all of them."""
        return self.count * (DAY / period_of(self.frequency))

    @property
    def pages(self) -> int:
        """Requests for one ranking, the poll that finds it included."""
        return math.ceil(self.places / PAGE_SIZE)


ALL_CHARTS = (
    Charts("spotify", "countries and worldwide, top", "daily", 74, 200),
    Charts("spotify", "countries and worldwide, viral", "daily", 74, 50),
    Charts("spotify", "countries and worldwide, top", "weekly", 74, 200),
    Charts("spotify", "cities", "weekly", 200, 100),
    Charts("spotify", "genres", "weekly", 17, 200),
    Charts("apple-music", "countries and worldwide", "daily", 101, 100),
    Charts("apple-music", "cities", "daily", 100, 25),
    Charts("apple-music", "5 genres a country", "daily", 500, 100),
    Charts("itunes", "countries", "daily", 100, 100),
    Charts("itunes", "5 genres a country", "daily", 500, 100),
    Charts("shazam", "countries and worldwide", "daily", 101, 200),
    Charts("shazam", "cities", "daily", 200, 50),
    Charts("youtube", "countries and worldwide", "daily", 61, 100),
    Charts("youtube", "countries and worldwide", "weekly", 61, 100),
    Charts("airplay", "countries and worldwide", "daily", 80, 100),
    Charts("airplay", "countries and worldwide", "weekly", 80, 100),
    Charts("deezer", "countries and worldwide", "daily", 60, 100),
    Charts("tiktok", "countries", "daily", 60, 100),
    Charts("soundcloud", "countries, 2 kinds", "weekly", 40, 50),
    Charts("beatport", "genres", "daily", 40, 100),
    Charts("amazon", "countries", "daily", 10, 100),
    Charts("tidal", "countries", "daily", 10, 100),
    Charts("anghami", "countries", "weekly", 15, 50),
    Charts("boomplay", "countries", "daily", 10, 100),
    Charts("jiosaavn", "languages", "daily", 10, 50),
    Charts("netease", "kinds", "daily", 6, 100),
    Charts("qq-music", "kinds", "weekly", 6, 100),
    Charts("gaana", "languages", "weekly", 5, 50),
    Charts("melon", "kinds", "daily", 4, 100),
    Charts("line-music", "kinds", "daily", 3, 100),
    Charts("genius", "worldwide", "daily", 1, 50),
)
"""An estimate: the list of platforms is the contract's (8.1), which says nothing of how many charts each has."""


@dataclass(frozen=True)
class Assumptions:
    """What the arithmetic rests on; `docs/scale.md` tells the evidence for each.

    Attributes:
        charts: What is followed.
        tracks: Tracks in the warehouse.
        artists_per_track: Artists in the warehouse for each track of it.
        charting_artists_per_track: The same among those that chart.
        distinct: Share of the places of all charts that are tracks of their own.
        reached_in_month: Tracks that a chart had in thirty days, for each of its places, by frequency.
        reached_in_week: The same in seven days.
        followers: Size of an artist, which decides how often Soundcharts looks at it.
        polls_per_ranking: Polls that find one ranking.
        calls_a_minute: The vendor's limit (6.4).
        events_per_run: Rows in a run's own event log.
        bytes_per_run: Bytes that a run leaves in Dagster's SQLite files.
        cpu_seconds_per_run: Of a run in a process of its own.
        tick_seconds: Of the automation condition over all assets: without charts, and for each chart.
        bytes_per_million_rows: Of the DuckDB file, by table.
    """

    charts: Sequence[Charts] = ALL_CHARTS
    tracks: int = MILLION
    artists_per_track: float = 0.5
    charting_artists_per_track: float = 0.75
    distinct: float = 0.35
    reached_in_month: tuple[tuple[str, float], ...] = (("daily", 1.9), ("weekly", 1.5))
    reached_in_week: tuple[tuple[str, float], ...] = (("daily", 1.2), ("weekly", 1.0))
    followers: int = 5_000
    polls_per_ranking: float = 1.2
    calls_a_minute: int = 5_000
    events_per_run: int = 91
    bytes_per_run: int = 560_000
    cpu_seconds_per_run: float = 6.0
    tick_seconds: tuple[float, float] = (0.58, 0.0010)
    bytes_per_million_rows: tuple[tuple[str, float], ...] = (
        ("chart_entries", 25e6),
        ("track_audience", 25e6),
        ("artist_audience", 25e6),
        ("artist_listening", 25e6),
    )


@dataclass(frozen=True)
class Reach:
    """How many tracks and artists are kept fresh."""

    tracks: float
    artists: float


@dataclass(frozen=True)
class Policy:
    """One way to keep things fresh: which settings, and for whom audiences are asked."""

    name: str
    settings: FileSettings
    metadata: Reach
    audience: Reach


@dataclass(frozen=True)
class Plan:
    """A plan of the vendor: section 6.6, reported by third parties."""

    name: str
    dollars: int
    requests: int


PLANS = (
    Plan("Starter", 50, 10_000),
    Plan("Developer", 250, 500_000),
    Plan("Startup", 500, 4_000_000),
    Plan("Business", 900, 10_000_000),
    Plan("Scale", 1_700, 20_000_000),
    Plan("Enterprise", 4_500, 60_000_000),
)


def settings_of(
    *, every_days: float = 1, platforms: PlatformSettings | None = None, batch_size: int | None = None
) -> FileSettings:
    """Settings under which audiences are asked for every so many days; everything else is the default."""
    hours = 24 * every_days
    return FileSettings(
        platforms=platforms or PlatformSettings(),
        freshness=FreshnessSettings(audience=AudienceFreshness(warn_hours=hours - 4, fail_hours=hours)),
        api=ApiSettings() if batch_size is None else ApiSettings(batch_size=batch_size),
    )


def refresh_days(followers: int) -> int:
    """Days between two looks of Soundcharts at an artist of that size, as the program has it (11.2)."""
    following = next_crawl([FollowerPoint(TODAY, followers, None, None, None, None)], TODAY)
    assert following is not None
    return (following - TODAY).days


def first_calls(subject: Subject) -> float:
    """Requests that one row takes at first, a share of one where rows share a request."""
    return subject.calls(Work("", None, None, None, 0), TODAY) / subject.unit


def daily_calls(subject: Subject, followers: int) -> float:
    """Requests a day that keep one row fresh."""
    every = subject.window.fail / DAY
    if subject.table == "artist_audience":
        every = max(every, refresh_days(followers))
    asked_at = datetime.combine(TODAY, datetime.min.time(), UTC) - subject.window.fail
    again = Work("", "ok", asked_at, TODAY - timedelta(days=math.ceil(every)), 0)
    return subject.calls(again, TODAY) / subject.unit / every


def per_entity(settings: FileSettings, entity: str, followers: int) -> tuple[float, float]:
    """Requests for audiences of one track or artist: at first, and a day."""
    chosen = [one for one in subjects(settings).values() if one.entity == entity and one.platform is not None]
    return sum(map(first_calls, chosen)), sum(daily_calls(one, followers) for one in chosen)


def ranking_calls(charts: Iterable[Charts], polls_per_ranking: float) -> float:
    """Requests a day for polls and for the further pages of new rankings."""
    return sum(one.rankings_a_day * (polls_per_ranking + one.pages - 1) for one in charts)


def policy_calls(policy: Policy, followers: int) -> float:
    """Requests a day of the cascade, without rankings."""
    return sum(
        daily_calls(one, followers) * _count(policy.metadata if one.platform is None else policy.audience, one)
        for one in subjects(policy.settings).values()
    )


def fill_calls(settings: FileSettings, reach: Reach) -> float:
    """Requests that fetch everything of so many tracks and artists once."""
    return sum(first_calls(one) * _count(reach, one) for one in subjects(settings).values())


def history_calls(charts: Iterable[Charts], days: int) -> float:
    """Requests that fetch so many days of rankings: the list of them, and their pages."""
    return sum(
        one.count * (math.ceil(rankings / PAGE_SIZE) + rankings * one.pages)
        for one in charts
        for rankings in (math.floor(timedelta(days=days) / period_of(one.frequency)),)
    )


def _count(reach: Reach, subject: Subject) -> float:
    return reach.tracks if subject.entity == "tracks" else reach.artists


def places(charts: Iterable[Charts], reached: Iterable[tuple[str, float]] = ()) -> float:
    """Places of all charts, or of as many tracks as charts reached, by frequency."""
    factor = dict(reached)
    return sum(one.count * one.places * factor.get(one.frequency, 1.0) for one in charts)


def reach_of(assumed: Assumptions, reached: Iterable[tuple[str, float]] = ()) -> Reach:
    """Tracks and artists that chart now, or did in as many days as the factors are for."""
    tracks = min(assumed.tracks, places(assumed.charts, reached) * assumed.distinct)
    return Reach(tracks, tracks * assumed.charting_artists_per_track)


def plan_for(requests_a_month: float) -> Plan | None:
    """Return the cheapest plan whose requests suffice, None where no stated plan does."""
    return next((plan for plan in PLANS if plan.requests >= requests_a_month), None)


def days_at(calls: float, calls_a_minute: int) -> float:
    """Days that so many requests take at the limit."""
    return calls / (calls_a_minute * MINUTES)


def policies(assumed: Assumptions) -> list[Policy]:
    """The ways that are compared."""
    whole = Reach(assumed.tracks, assumed.tracks * assumed.artists_per_track)
    nobody = Reach(0, 0)
    month, week = reach_of(assumed, assumed.reached_in_month), reach_of(assumed, assumed.reached_in_week)
    few = PlatformSettings(track_audience=("spotify",), artist_audience=(), artist_listening=("spotify",))
    daily = settings_of()
    return [
        Policy("rankings only (`cascade: false`)", daily, nobody, nobody),
        Policy("rankings and metadata of all tracks", daily, whole, nobody),
        Policy("the same, if a batch is billed by id", settings_of(batch_size=1), whole, nobody),
        Policy("audiences of all tracks, daily", daily, whole, whole),
        Policy("audiences of all tracks, every 2 days", settings_of(every_days=2), whole, whole),
        Policy("audiences of all tracks, weekly", settings_of(every_days=7), whole, whole),
        Policy("`charted_within_days: 30` (the default), daily", daily, whole, month),
        Policy("`charted_within_days: 30`, weekly", settings_of(every_days=7), whole, month),
        Policy("`charted_within_days: 7`: on a chart now or this week, daily", daily, whole, week),
        Policy("the same, every 2 days", settings_of(every_days=2), whole, week),
        Policy("the default, Spotify only (1 + 1 platforms)", settings_of(platforms=few), whole, month),
        Policy("all tracks, Spotify only", settings_of(platforms=few), whole, whole),
    ]


def rows_a_year(policy: Policy, assumed: Assumptions) -> dict[str, float]:
    """Rows that a year adds to the tables that grow: one a day, series and, of tracks, identifier.

    Rows of a series do not depend on how often it is asked for, since an answer holds all days since the last one; only
    radio plays do, of which a request brings one day.
    """
    rows = {
        "chart_entries": 365 * sum(one.rankings_a_day * one.places for one in assumed.charts),
        "track_audience": 0.0,
        "artist_audience": 0.0,
        "artist_listening": 0.0,
    }
    for one in subjects(policy.settings).values():
        if one.table in rows:
            days = 365 * (daily_calls(one, assumed.followers) if one.platform == "airplay" else 1)
            rows[one.table] += days * _count(policy.audience, one)
    return rows


def bytes_of(rows: dict[str, float], assumed: Assumptions) -> float | None:
    """Bytes of so many rows, None where the bytes of a table were not measured."""
    known = dict(assumed.bytes_per_million_rows)
    if not rows.keys() <= known.keys():
        return None
    return sum(count / MILLION * known[table] for table, count in rows.items())


def runs_a_day(charts: Iterable[Charts]) -> float:
    """Runs for new rankings."""
    return sum(one.rankings_a_day for one in charts)


def idle_days(charts: Iterable[Charts]) -> float:
    """Charts that have no new ranking on a day: with daily audiences a run is for them alone, or for ten neighbours."""
    return sum(one.count - one.rankings_a_day for one in charts)


def most_tracks(requests_a_day: float, assumed: Assumptions) -> float:
    """Tracks, with their artists, whose audiences so many requests a day keep fresh daily."""
    daily = settings_of()
    of_track = per_entity(daily, "tracks", assumed.followers)[1]
    of_artist = per_entity(daily, "artists", assumed.followers)[1]
    return requests_a_day / (of_track + assumed.artists_per_track * of_artist)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown, with figures to the right."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|", *lines])


def _thousands(value: float) -> str:
    digits = max(0, len(str(round(value))) - 3)
    return f"{round(value, -digits):,.0f}"


def charts_table(assumed: Assumptions) -> str:
    """Charts by platform."""
    names = list(dict.fromkeys(one.platform for one in assumed.charts))
    rows = []
    for name in names:
        of = [one for one in assumed.charts if one.platform == name]
        rows.append((name, *_counted(of), "; ".join(dict.fromkeys(one.kind for one in of))))
    rows.append(("**all**", *_counted(assumed.charts), ""))
    return table(("platform", "daily", "weekly", "places", "of what"), rows)


def _counted(charts: Sequence[Charts]) -> tuple[str, str, str]:
    by = {name: sum(one.count for one in charts if one.frequency == name) for name in ("daily", "weekly")}
    return f"{by['daily']:,}", f"{by['weekly']:,}", f"{places(charts):,.0f}"


def policies_table(assumed: Assumptions) -> str:
    """Requests by policy, and what they cost."""
    rankings = ranking_calls(assumed.charts, assumed.polls_per_ranking)
    limit = assumed.calls_a_minute * MINUTES
    rows = []
    for policy in policies(assumed):
        calls = rankings + policy_calls(policy, assumed.followers)
        plan = plan_for(calls * 30)
        price = f"{plan.name}, {plan.dollars:,}" if plan else "none stated"
        rows.append(
            (
                policy.name,
                _thousands(policy.audience.tracks),
                _thousands(policy.audience.artists),
                _thousands(calls),
                f"{calls / limit:.2%}",
                f"{calls * 30 / MILLION:,.1f}",
                price,
            )
        )
    head = ("policy", "tracks", "artists", "requests a day", "of the limit", "M a month", "plan, USD a month")
    return table(head, rows)


def fill_table(assumed: Assumptions) -> str:
    """Requests and time until everything is there once."""
    whole = Reach(assumed.tracks, assumed.tracks * assumed.artists_per_track)
    month = reach_of(assumed, assumed.reached_in_month)
    year = FileSettings(audience=AudienceSettings(history_days=365))
    cases = [
        ("newest ranking of all charts", sum(one.count * one.pages for one in assumed.charts)),
        ("a year of rankings of all charts", history_calls(assumed.charts, 365)),
        ("all tracks and artists, 30 days of audiences", fill_calls(settings_of(), whole)),
        ("the same, a year of audiences", fill_calls(year, whole)),
        ("those that charted within 30 days, 30 days", fill_calls(settings_of(), month)),
    ]
    rows = [(name, _thousands(calls), f"{days_at(calls, assumed.calls_a_minute):.2f}") for name, calls in cases]
    return table(("what", "requests", f"days at {assumed.calls_a_minute:,} a minute"), rows)


def rows_table(assumed: Assumptions) -> str:
    """Rows and bytes a year by policy."""
    rows: list[tuple[str, ...]] = []
    before: dict[str, float] = {}
    for policy in policies(assumed):
        counted = rows_a_year(policy, assumed)
        if counted == before:
            continue
        before = counted
        size = bytes_of(counted, assumed)
        millions = (f"{count / MILLION:,.0f}" for count in counted.values())
        rows.append((policy.name, *millions, f"{size / 1e9:,.0f}" if size is not None else "F"))
    head = ("policy", "entries, M", "track audience, M", "artist audience, M", "listening, M", "GB a year")
    return table(head, rows)


def dagster_day(assumed: Assumptions, times: int) -> dict[str, str]:
    """What a day costs Dagster, at so many times as many charts."""
    charts = times * sum(one.count for one in assumed.charts)
    runs = times * runs_a_day(assumed.charts)
    stored = runs * assumed.bytes_per_run
    alone, each = assumed.tick_seconds
    return {
        "charts": f"{charts:,}",
        "runs for new rankings": _thousands(runs),
        "further runs for weekly charts between their rankings, at most": _thousands(times * idle_days(assumed.charts)),
        "rows in the runs' event logs": _thousands(runs * assumed.events_per_run),
        "run and event log, GB a day": f"{stored / 1e9:.1f}",
        "run and event log, GB a year": _thousands(stored * 365 / 1e9),
        "files of runs a year": _thousands(runs * 365),
        "CPU of the runs, requests apart, hours": f"{runs * assumed.cpu_seconds_per_run / 3600:.1f}",
        "automation tick, seconds of each 30": f"{alone + each * charts:.1f}",
    }


def dagster_table(assumed: Assumptions) -> str:
    """What a day costs Dagster at the estimated number of charts and beyond."""
    days = [dagster_day(assumed, times) for times in (1, 3, 10)]
    rows = [(name, *(day[name] for day in days)) for name in days[0]]
    return table(("a day", "as estimated", "3 times", "10 times"), rows)


def limits_table(assumed: Assumptions) -> str:
    """How many tracks, with half as many artists, requests suffice for."""
    limits = {f"{PLANS[-1].name}, the largest stated plan": PLANS[-1].requests / 30}
    for rate in (FileSettings().api.calls_per_minute, assumed.calls_a_minute):
        limits[f"{rate:,} requests a minute"] = rate * MINUTES
    rows = [(name, _thousands(calls), _thousands(most_tracks(calls, assumed))) for name, calls in limits.items()]
    return table(("limit", "requests a day", "tracks with daily audiences"), rows)


def main() -> None:
    """Print the tables of `docs/scale.md`."""
    assumed = Assumptions()
    for made in (charts_table, policies_table, fill_table, rows_table, dagster_table, limits_table):
        print(f"<!-- {made.__name__} -->\n{made(assumed)}\n")  # noqa: T201


if __name__ == "__main__":
    main()
