"""What a page shows: answers of the warehouse become plain lists, in which everything is named once and has a number.

Pure: rows in, lists and dictionaries out, and time is passed in. What is asked is in `data`, what the page looks like
is decided in `page`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from soundcharts_assets.dashboard.encoding import Series, columns, days_ago, rounded, series_of
from soundcharts_assets.dashboard.operations import Upkeep, operations

ENTITIES = ("track", "artist")
_MOVES = {None: ".", "new": "n", "re-entry": "r", "up": "u", "down": "d", "steady": "s", "exit": "x"}
_UNKNOWN = (("platform", ""), ("country", ""))


@dataclass(frozen=True)
class Limits:
    """How much a page holds at most.

    Attributes:
        charts: Charts.
        places: Places of their newest rankings together.
        rankings: The last rankings of each chart.
        days: Days of series, today included: as many as the insights look at.
        notable: Tracks and artists that stand out.
    """

    charts: int = 60
    places: int = 10_000
    rankings: int = 90
    days: int = 70
    notable: int = 200


LIMITS = Limits()


@dataclass(frozen=True)
class Contents:
    """What a page shows.

    Attributes:
        overview: What its first view needs, and the names of everything.
        details: What is needed once something is looked at more closely.
        series: Figures by day of each track and each artist, those first that matter most.
    """

    overview: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)
    series: Sequence["SeriesOf"] = ()


class SeriesOf(NamedTuple):
    """A series, and what it is of: the number of the track or artist in the overview, platform and metric."""

    entity: str
    number: int
    platform: str
    metric: str
    is_count: bool
    series: Series


@dataclass
class Answers:
    """What the warehouse said.

    Attributes:
        charts: The charts that may be shown, in order.
        shown: Slugs of those that are.
        upkeep: How its upkeep stands.
        rows: All else, by question.
        series: Figures by day, of tracks and of artists.
    """

    charts: list[dict[str, Any]]
    shown: list[str]
    upkeep: Upkeep
    rows: Mapping[str, list[dict[str, Any]]]
    series: Mapping[str, "SeriesAnswer"]


class SeriesAnswer(NamedTuple):
    """Figures by day, of one series after the other.

    Attributes:
        uuids: Of the tracks or artists, by number.
        heads: Of each series: number, platform, metric, is_count, and how many of the figures are its own.
        days: Numbers of the days; the last one is today.
        values: The figures of these days.
    """

    uuids: Sequence[str]
    heads: Sequence[Mapping[str, Any]]
    days: Any
    values: Any


def compose(answers: Answers, now: datetime, limits: Limits) -> Contents:
    """Put answers into the lists of a page.

    Args:
        answers: What the warehouse said.
        now: When it was asked.
        limits: How much it was asked for.
    """
    rows, today = answers.rows, now.date()
    charts = {slug: number for number, slug in enumerate(answers.shown)}
    tracks, current = _numbers_of_tracks(rows)
    artists = _numbers_of_artists(rows, tracks)
    genres = _numbers_of_genres(rows)
    overview = {
        "at": now.isoformat(timespec="minutes"),
        "today": today.isoformat(),
        "state": _state(rows["state"][0], answers, limits),
        "charts": _charts(answers, charts),
        "genres": list(genres),
        "tracks": _tracks(rows, list(tracks)[:current], artists, genres),
        "artists": _artists(rows, artists, genres),
        "newest": _newest(rows["movements"], charts, tracks, today),
        "notable": _notable(rows["notable"], tracks, artists),
        "operations": operations(answers.upkeep, now),
    }
    details = {
        "past": _tracks(rows, list(tracks)[current:], artists, genres),
        "facts": _facts(rows["tracks"], list(tracks)[:current], today),
        "rankings": _rankings(rows["rankings"], charts),
        "positions": _positions(rows["positions"], charts, tracks),
        "genreShares": _genre_shares(rows["genre_shares"], charts),
        "crossChart": _cross_chart(rows["cross_chart"], charts, tracks, today),
        "otherCharts": _other_charts(answers),
        "trackMomentum": _momentum(rows["track_momentum"], tracks, today),
        "artistMomentum": _momentum(rows["artist_momentum"], artists, today),
        "days": limits.days,
    }
    return Contents(overview, details, _series(answers.series, {"track": tracks, "artist": artists}))


def _numbers_of_tracks(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[dict[str, int], int]:
    """A number for each track, and how many of them are on a chart, have just left one, or stand out."""
    named = {row["uuid"] for row in rows["tracks"]}
    notable = [row["uuid"] for row in rows["notable"] if row["entity"] == "track"]
    placed = sorted(rows["movements"], key=lambda row: (row["position"] is None, row["position"] or 0))
    current = [uuid for uuid in dict.fromkeys([*notable, *(row["track_uuid"] for row in placed)]) if uuid in named]
    past = [row["track_uuid"] for row in rows["positions"] if row["track_uuid"] in named]
    order = dict.fromkeys([*current, *past])
    return {uuid: number for number, uuid in enumerate(order)}, len(current)


def _numbers_of_artists(rows: Mapping[str, Sequence[Mapping[str, Any]]], tracks: Mapping[str, int]) -> dict[str, int]:
    named = {row["uuid"] for row in rows["artists"]}
    notable = [row["uuid"] for row in rows["notable"] if row["entity"] == "artist"]
    credits_ = sorted(rows["credits"], key=lambda row: tracks.get(row["track_uuid"], len(tracks)))
    order = dict.fromkeys([*notable, *(uuid for row in credits_ for uuid in row["artists"])])
    return {uuid: number for number, uuid in enumerate(uuid for uuid in order if uuid in named)}


def _numbers_of_genres(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    found = {genre for name in ("tracks", "artists") for row in rows[name] for genre in row["genres"] or ()}
    return {genre: number for number, genre in enumerate(sorted(found))}


def _state(row: Mapping[str, Any], answers: Answers, limits: Limits) -> dict[str, Any]:
    """How much there is, how much of it is shown, and as of when it is."""
    behind = [
        chart["slug"]
        for chart in answers.charts
        if chart["stored_ranked_at"] is not None and chart["ranked_at"] != chart["stored_ranked_at"]
    ]
    return {
        "charts": len(answers.charts),
        "rankings": row["rankings"],
        "movements": row["movements"],
        "storedAt": _iso(row["stored_at"]),
        "knownAt": _iso(row["known_at"]),
        "momentumAsOf": _iso(row["momentum_as_of"]),
        "behind": len(behind),
        "rankingsShown": limits.rankings,
        "daysShown": limits.days,
    }


def _charts(answers: Answers, charts: Mapping[str, int]) -> dict[str, list[Any]]:
    names = ("slug", "name", "platform", "frequency", "country", "countryCode", "city", "metric", "url", "rankedAt")
    return columns(
        (*names, "previousAt", "rankings", "firstAt"),
        (
            (
                row["slug"],
                row["name"],
                row["platform"],
                row["frequency"],
                row["country"],
                row["country_code"],
                row["city"],
                row["metric"],
                web_address(row["web_url"]),
                _iso(row["ranked_at"]),
                _iso(row["previous_ranked_at"]),
                row["rankings"],
                _iso(row["first_ranked_at"]),
            )
            for row in answers.charts
            if row["slug"] in charts
        ),
    )


def _tracks(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    uuids: Sequence[str],
    artists: Mapping[str, int],
    genres: Mapping[str, int],
) -> dict[str, list[Any]]:
    known = {row["uuid"]: row for row in rows["tracks"]}
    credited = {row["track_uuid"]: row["artists"] for row in rows["credits"]}
    return columns(
        ("uuid", "name", "credit", "artists", "genres"),
        (
            (
                uuid,
                _named(known[uuid]["name"]),
                known[uuid]["credit_name"],
                [artists[artist] for artist in credited.get(uuid, ()) if artist in artists],
                [genres[genre] for genre in known[uuid]["genres"] or ()],
            )
            for uuid in uuids
        ),
    )


def _facts(rows: Sequence[Mapping[str, Any]], uuids: Sequence[str], today: date) -> dict[str, list[Any]]:
    """What else is known of the tracks that are on charts."""
    known = {row["uuid"]: row for row in rows}
    names = ("label", "distributor", "isrc", "duration_seconds", "explicit", "language_code", "composers", "producers")
    return columns(
        ("released", "label", "distributor", "isrc", "seconds", "explicit", "language", "composers", "producers"),
        ((days_ago(known[uuid]["release_date"], today), *(known[uuid][name] for name in names)) for uuid in uuids),
    )


def _artists(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], artists: Mapping[str, int], genres: Mapping[str, int]
) -> dict[str, list[Any]]:
    known = {row["uuid"]: row for row in rows["artists"]}
    names = ("country_code", "city_name", "type", "career_stage", "growth_level")
    return columns(
        ("uuid", "name", "country", "city", "type", "stage", "growth", "genres"),
        (
            (
                uuid,
                _named(known[uuid]["name"]),
                *(known[uuid][name] for name in names),
                [genres[genre] for genre in known[uuid]["genres"] or ()],
            )
            for uuid in artists
        ),
    )


def _named(name: str) -> str:
    """A name that a link can be made of: Soundcharts sends an empty one where it knows none."""
    return name if name.strip() else "(no name)"


def _newest(
    rows: Sequence[Mapping[str, Any]], charts: Mapping[str, int], tracks: Mapping[str, int], today: date
) -> list[dict[str, Any]]:
    """The newest ranking of each chart, and at its end what has left it."""
    names = ("track", "position", "previous", "peak", "peakAgo", "streak", "times", "firstAgo", "value")
    places: list[list[tuple[Any, ...]]] = [[] for _ in charts]
    moves = ["" for _ in charts]
    for row in rows:
        number = charts[row["chart_slug"]]
        track = tracks.get(row["track_uuid"])
        if track is None:
            continue
        moves[number] += _MOVES[row["movement"]]
        places[number].append(
            (
                track,
                row["position"],
                row["previous_position"],
                row["peak_position"],
                days_ago(row["peak_on"], today),
                row["streak"],
                row["rankings_on_chart"],
                days_ago(row["first_on"], today),
                row["metric_value"],
            )
        )
    return [{"moves": moves[number], **columns(names, places[number])} for number in charts.values()]


def _notable(
    rows: Sequence[Mapping[str, Any]], tracks: Mapping[str, int], artists: Mapping[str, int]
) -> dict[str, list[Any]]:
    """What stands out, the reasons without the name that they begin with."""
    numbers = {"track": tracks, "artist": artists}
    return columns(
        ("rank", "entity", "number", "reasons", "platform", "metric", "latest", "usual", "entered", "accelerating"),
        (
            (
                row["rank"],
                row["entity"],
                numbers[row["entity"]][row["uuid"]],
                reasons_in(row["sentence"], row["name"], row["credit_name"]),
                row["jump_platform"],
                row["jump_metric"],
                rounded(row["jump_latest"]),
                rounded(row["jump_usual"]),
                row["charts_entered"],
                row["accelerating"],
            )
            for row in rows
            if row["uuid"] in numbers[row["entity"]]
        ),
    )


def reasons_in(sentence: str, name: str, credit: str | None) -> str:
    """A sentence without the name and the credit line before its reasons, which begin with a capital then."""
    told = sentence.removeprefix(f"{name} by {credit}: " if credit is not None else f"{name}: ")
    return told[:1].upper() + told[1:]


def web_address(url: str | None) -> str | None:
    """An address that a browser may be sent to; None for anything else."""
    return url if url and re.match(r"https?://[^\s\"'<>]+$", url) else None


def _rankings(rows: Sequence[Mapping[str, Any]], charts: Mapping[str, int]) -> list[list[str | None]]:
    """Instants of the rankings of each chart, by number."""
    found: list[list[str | None]] = [[] for _ in charts]
    for row in rows:
        found[charts[row["chart_slug"]]].append(_iso(row["ranked_at"]))
    return found


def _positions(
    rows: Sequence[Mapping[str, Any]], charts: Mapping[str, int], tracks: Mapping[str, int]
) -> list[dict[str, list[Any]]]:
    """Where tracks stood on each chart, as a series by number of the ranking."""
    found: list[list[tuple[int, int, Sequence[int | None]]]] = [[] for _ in charts]
    for row in rows:
        if row["track_uuid"] in tracks:
            series = series_of(row["numbers"], row["positions"], exact=True)
            found[charts[row["chart_slug"]]].append((tracks[row["track_uuid"]], series.first, series.steps))
    return [columns(("track", "first", "steps"), own) for own in found]


def _genre_shares(rows: Sequence[Mapping[str, Any]], charts: Mapping[str, int]) -> list[dict[str, list[Any]]]:
    """Shares of genres on each chart in thousandths, as a series by number of the ranking."""
    found: list[list[tuple[str, int, Sequence[int | None]]]] = [[] for _ in charts]
    for row in rows:
        series = series_of(row["numbers"], [round(share * 1_000) for share in row["shares"]], exact=True)
        found[charts[row["chart_slug"]]].append((row["genre"], series.first, series.steps))
    return [columns(("genre", "first", "steps"), own) for own in found]


def _cross_chart(
    rows: Sequence[Mapping[str, Any]], charts: Mapping[str, int], tracks: Mapping[str, int], today: date
) -> dict[str, list[Any]]:
    """Where tracks chart and charted; charts that the page does not show are numbered after those that it does."""
    others = _others(rows, charts)
    return columns(
        ("chart", "track", "position", "firstAgo", "first", "best", "bestAgo", "lastAgo", "rankings", "mark"),
        (
            (
                {**charts, **others}[row["chart_slug"]],
                tracks[row["track_uuid"]],
                row["position"],
                days_ago(row["first_on"], today),
                row["first_position"],
                row["best_position"],
                days_ago(row["best_on"], today),
                days_ago(row["last_on"], today),
                row["rankings"],
                row["is_first"] + 2 * row["is_best"],
            )
            for row in rows
            if row["track_uuid"] in tracks
        ),
    )


def _others(rows: Sequence[Mapping[str, Any]], charts: Mapping[str, int]) -> dict[str, int]:
    slugs = sorted({row["chart_slug"] for row in rows}.difference(charts))
    return {slug: len(charts) + number for number, slug in enumerate(slugs)}


def _other_charts(answers: Answers) -> dict[str, list[Any]]:
    """Names of the charts that tracks are on and that the page does not show."""
    shown = {slug: number for number, slug in enumerate(answers.shown)}
    known = {row["slug"]: row for row in answers.charts}
    return columns(
        ("slug", "name", "platform", "country"),
        (
            (slug, *(known.get(slug, {}).get(name, default) for name, default in (("name", slug), *_UNKNOWN)))
            for slug in _others(answers.rows["cross_chart"], shown)
        ),
    )


def _momentum(rows: Sequence[Mapping[str, Any]], numbers: Mapping[str, int], today: date) -> dict[str, list[Any]]:
    figures = ("per_day_7", "growth_7", "growth_28", "acceleration", "latest", "usual", "jump")
    names = ("perDay", "growth7", "growth28", "acceleration", "latest", "usual", "jump")
    return columns(
        ("of", "platform", "metric", "count", "ago", "level", *names),
        (
            (
                numbers[row["uuid"]],
                row["platform"],
                row["metric"],
                int(row["is_count"]),
                days_ago(row["as_of"], today),
                row["level"],
                *(rounded(row[name]) for name in figures),
            )
            for row in rows
            if row["uuid"] in numbers
        ),
    )


def _series(answers: Mapping[str, SeriesAnswer], numbers: Mapping[str, Mapping[str, int]]) -> list[SeriesOf]:
    """Figures by day, of tracks and artists by their number: that is the order in which they matter."""
    found = []
    for entity, (uuids, heads, days, values) in answers.items():
        end = 0
        for head in heads:
            begin, end = end, end + head["figures"]
            number = numbers[entity].get(uuids[head["number"]])
            if number is not None:
                series = series_of(days[begin:end].tolist(), values[begin:end].tolist())
                found.append(SeriesOf(entity, number, head["platform"], head["metric"], bool(head["is_count"]), series))
    # Of tracks and artists alike, those of the smallest share of all come first.
    return sorted(found, key=lambda one: (one.number / len(numbers[one.entity]), one.entity, one.platform, one.metric))


def _iso(instant: date | None) -> str | None:
    return None if instant is None else instant.isoformat()
