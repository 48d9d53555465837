"""What each endpoint answers, from the sandbox's world and its clock.

Belongs here: reading parameters, finding the entity, refusing, paging.
Does not belong here: JSON shapes (`bodies`, `metadata`), numbers (`series`), limits and faults (`gateway`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from starlette.routing import Route

from soundcharts_assets.sandbox import bodies, metadata, series
from soundcharts_assets.sandbox.data import Artist, Catalogue, Content, Track
from soundcharts_assets.sandbox.gateway import Answer, Call, Gateway, Refusal, forbidden
from soundcharts_assets.sandbox.history import ChartHistory, Ranking

_MAX_LIMIT = 100
_WINDOW = timedelta(days=30)
_DRIFT = timedelta(days=3)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100

_Value = TypeVar("_Value")


class World:
    """The sandbox's data on its today, and the endpoints that tell of it."""

    def __init__(self, catalogue: Catalogue, today: date, gateway: Gateway) -> None:
        """Shift every chart to today's week."""
        self.today = today
        self.histories = {slug: ChartHistory(chart, today) for slug, chart in catalogue.charts.items()}
        self._catalogue = catalogue
        self._gateway = gateway
        self._started = today
        self._publish_between: set[str] = set()
        self._entries = lru_cache(maxsize=256)(self._encode_entries)
        self._song = lru_cache(maxsize=4096)(self._encode_song)
        self._artist = lru_cache(maxsize=4096)(self._encode_artist)

    @property
    def ahead(self) -> timedelta:
        """How many days went by since the start."""
        return self.today - self._started

    # What the control API does.

    def advance(self, days: int) -> None:
        """Let days go by; charts publish what falls due."""
        for _ in range(days):
            self.today += timedelta(days=1)
            for history in self.histories.values():
                history.advance(self.today)
        self._entries.cache_clear()
        self._song.cache_clear()

    def publish_between(self, slug: str) -> None:
        """Publish a ranking of this chart right before the next request for a later page of one of its rankings."""
        self._history(slug)
        self._publish_between.add(slug)

    def revise(
        self,
        slug: str,
        ranked_at: str,
        *,
        drop: int = 0,
        add: int = 0,
        swap: Sequence[int] = (),
        raise_metrics: int = 0,
    ) -> int:
        """Correct a published ranking and say how many entries it has now."""
        history = self._history(slug)
        ranking = self._ranking_at(history, ranked_at)
        tracks = list(ranking.content.track_ids)
        metrics = list(ranking.content.metrics)
        positions = list(ranking.content.positions)
        if swap:
            try:
                first, second = (positions.index(position) for position in swap)
            except ValueError as reason:
                raise Refusal(400, "swap takes two positions of the ranking") from reason
            tracks[first], tracks[second] = tracks[second], tracks[first]
        kept = max(0, len(tracks) - drop)
        positions, tracks, metrics = positions[:kept], tracks[:kept], metrics[:kept]
        absent = sorted(set(self._catalogue.tracks) - set(ranking.content.track_ids))[:add]
        positions += range(len(positions) + 1, len(positions) + 1 + len(absent))
        tracks += absent
        metrics += metrics[-1:] * len(absent)
        metrics = [metric if metric is None else metric + raise_metrics for metric in metrics]
        history.revise(ranking.ranked_at, Content(positions, tracks, metrics))
        self._entries.cache_clear()
        return len(tracks)

    # The API.

    def routes(self) -> list[Route]:
        """Every GET endpoint, the busiest first."""
        route = self._gateway.route
        chart, song, artist = "/api/v2/chart/song", "/api/v2/song/{uuid}", "/api/v2/artist/{uuid}"
        return [
            route(f"{song}/audience/{{platform}}", "song_audience/{platform}", self.song_audience),
            route(f"{artist}/audience/{{platform}}", "artist_audience/{platform}", self.artist_audience),
            route(f"{artist}/streaming/{{platform}}/listening", "artist_listening/{platform}", self.artist_listening),
            route(f"{song}/broadcasts", "song_broadcasts", self.song_broadcasts),
            route(f"{song}/broadcast-groups", "song_broadcast_groups", self.song_broadcast_groups),
            route("/api/v2.25/song/{uuids}", "song", self.song),
            route("/api/v2.9/artist/{uuids}", "artist", self.artist),
            route("/api/v2.14/chart/song/{slug}/ranking/latest", "ranking_latest", self.ranking_latest),
            route("/api/v2.14/chart/song/{slug}/ranking/{ranked_at}", "ranking", self.ranking),
            route(f"{chart}/platforms", "chart_platforms", self.chart_platforms),
            route(f"{chart}/by-platform/{{platform}}", "charts_by_platform", self.charts_by_platform),
            route(f"{chart}/{{slug}}/available-rankings", "available_rankings", self.available_rankings),
            route("/api/v2/team/usage", "team_usage", self.team_usage, free=True),
        ]

    def chart_platforms(self, call: Call) -> Answer:
        """Platforms having song charts (contract section 8.1)."""
        return self._paged(call, [bodies.platform(code) for code in self._chart_platforms()])

    def charts_by_platform(self, call: Call) -> Answer:
        """Charts of a platform (contract section 8.3)."""
        code = call.params["platform"]
        if code not in self._chart_platforms():
            raise Refusal(404, "Platform not found")
        self._check_plan(code)
        country = call.query.get("countryCode", "").upper()
        charts = [
            bodies.chart_light(history.chart)
            for history in self.histories.values()
            if history.chart.platform == code and country in {"", history.chart.country_code}
        ]
        return self._paged(call, charts)

    def available_rankings(self, call: Call) -> Answer:
        """Instants of a chart's rankings (contract section 8.4); newest month first, oldest day first within it."""
        history = self._history(call.params["slug"])
        instants = sorted(history.instants, key=lambda instant: (-instant.year, -instant.month, instant))
        return self._paged(call, [bodies.stamp(instant) for instant in instants], bodies.chart_light(history.chart))

    def ranking_latest(self, call: Call) -> Answer:
        """The newest ranking of a chart (contract section 8.5)."""
        history = self._read_on(call)
        newest = history.newest()
        if newest is None:
            raise Refusal(404, "Not found.")
        return self._ranking_page(call, history, newest)

    def ranking(self, call: Call) -> Answer:
        """The ranking of an instant (contract section 8.6)."""
        history = self._read_on(call)
        return self._ranking_page(call, history, self._ranking_at(history, call.params["ranked_at"]))

    def song(self, call: Call) -> Answer:
        """Metadata of one song or several (contract section 10.1)."""
        return self._objects(call, "song", lambda uuid: self._song(uuid) if self._has_song(uuid) else None)

    def artist(self, call: Call) -> Answer:
        """Metadata of one artist or several (contract section 11.1)."""
        return self._objects(call, "artist", lambda uuid: self._artist(uuid) if self._has_artist(uuid) else None)

    def song_audience(self, call: Call) -> Answer:
        """Counters of a song (contract section 10.4), newest first."""
        track, code = self._find_song(call), call.params["platform"]
        if code not in series.SONG_PLATFORMS:
            raise Refusal(400, "Invalid platform code")
        self._check_plan(code)
        first, last = self._days(call)
        born = metadata.released_on(track).toordinal()
        counter = series.song_counter(
            track.uuid, code, born, track.identifiers.get(code, ()), track.cases, track.popularity
        )
        wanted = call.query.get("identifier", "")
        known = any(wanted in {"", name} for name, _ in counter.shares)
        days = bodies.dated(counter.days(first, min(last, self._yesterday())) if known else (), track.cases)
        if self._descending(call, default="desc"):
            days.reverse()
        return self._paged(
            call, days, self._song_light(track), lambda part: bodies.song_audience_items(track, counter, part, wanted)
        )

    def song_broadcasts(self, call: Call) -> Answer:
        """Radio plays of a song (contract section 10.5), newest first."""
        track = self._find_song(call)
        offset, limit = self._page(call)
        self._check_plan("airplay")
        airplay = self._airplay(track)
        first, last = self._instants(call)
        counted = [(day, self._plays_within(call, airplay, day, first, last)) for day in _days_of(airplay, first, last)]
        total = sum(part if isinstance(part, int) else len(part) for _, part in counted)
        items: list[dict[str, Any]] = []
        skip = offset
        for day, part in reversed(counted):
            number = part if isinstance(part, int) else len(part)
            for index in range(number - 1 - min(skip, number), -1, -1):
                if len(items) == limit:
                    break
                play = airplay.play(day, index, number) if isinstance(part, int) else part[index]
                items.append(bodies.broadcast(play))
            skip = max(0, skip - number)
        block = self._page_block(call, offset, limit, total)
        return Answer(bodies.encode(bodies.collection(items, block, self._song_light(track))))

    def song_broadcast_groups(self, call: Call) -> Answer:
        """Radio plays of a song per station over the whole window (contract section 10.5)."""
        track = self._find_song(call)
        self._check_plan("airplay")
        airplay = self._airplay(track)
        first, last = self._instants(call)
        plays: Counter[int] = Counter()
        for day in _days_of(airplay, first, last):
            part = self._plays_within(call, airplay, day, first, last)
            plays.update(play.station for play in (airplay.plays(day) if isinstance(part, int) else part))
        groups = [bodies.broadcast_group(station, number) for station, number in plays.most_common()]
        return self._paged(call, groups, self._song_light(track))

    def artist_audience(self, call: Call) -> Answer:
        """Followers of an artist (contract section 11.2), ascending, through the last crawl."""
        artist, code = self._find_artist(call), call.params["platform"]
        if code not in series.AUDIENCE_METRICS:
            raise Refusal(400, "Invalid platform code")
        self._check_plan(code)
        first, last = self._days(call)
        audience = series.artist_audience(artist.uuid, code, artist.cases, artist.popularity)
        days = bodies.dated(audience.days(first, min(last, self.today.toordinal())), artist.cases)
        if self._descending(call, default="asc"):
            days.reverse()
        related = bodies.artist_related(artist, code, audience.last_crawl(self.today.toordinal()))
        return self._paged(call, days, related, lambda part: bodies.artist_audience_items(artist, audience, part))

    def artist_listening(self, call: Call) -> Answer:
        """Monthly listeners or daily views of an artist (contract section 11.3), newest first."""
        artist, code = self._find_artist(call), call.params["platform"]
        if code not in series.LISTENING_PLATFORMS:
            names = ", ".join(series.LISTENING_PLATFORMS)
            raise Refusal(400, f'Only "{names}" are supported platforms.')
        self._check_plan(code)
        first, last = self._days(call)
        listening = series.artist_listening(artist.uuid, code, artist.cases, artist.popularity)
        days = bodies.dated(listening.days(first, min(last, self._yesterday())), artist.cases)
        if self._descending(call, default="desc"):
            days.reverse()
        related = bodies.artist_related(artist, code, None if listening.empty else self.today.toordinal())
        return self._paged(call, days, related, lambda part: bodies.listening_items(listening, part))

    def team_usage(self, _call: Call) -> Answer:
        """Quota and rate (contract section 6.5; its schema is not documented, this one is invented)."""
        switches, meter = self._gateway.switches, self._gateway.meter
        quota = {"limit": switches.quota, "used": meter.used, "remaining": meter.remaining(switches.quota)}
        usage = {"quota": quota, "rateLimit": {"requestsPerMinute": switches.requests_per_minute}}
        return Answer(bodies.encode(bodies.single("team_usage", usage)))

    # Parameters.

    def _page(self, call: Call) -> tuple[int, int]:
        try:
            offset, limit = int(call.query.get("offset", 0)), int(call.query.get("limit", _MAX_LIMIT))
        except ValueError as reason:
            raise Refusal(400, "offset and limit are integers.") from reason
        if limit > _MAX_LIMIT and self._gateway.switches.clamp_limit:
            limit = _MAX_LIMIT
        if offset < 0 or not 1 <= limit <= _MAX_LIMIT:
            raise Refusal(400, f"limit is between 1 and {_MAX_LIMIT}, offset not below 0.")
        return offset, limit

    def _page_block(self, call: Call, offset: int, limit: int, total: int) -> dict[str, Any]:
        return bodies.page(call.path, dict(call.query), offset, limit, total)

    def _paged(
        self,
        call: Call,
        whole: Sequence[Any],
        related: dict[str, Any] | None = None,
        items: Callable[[Sequence[Any]], Sequence[Any]] = tuple,
    ) -> Answer:
        offset, limit = self._page(call)
        block = self._page_block(call, offset, limit, len(whole))
        return Answer(bodies.encode(bodies.collection(items(whole[offset : offset + limit]), block, related)))

    def _days(self, call: Call) -> tuple[int, int]:
        """The asked window in ordinal days, both included; 30 days back from today when not asked."""
        last = _parsed(call.query, "endDate", _day) or self.today
        first = _parsed(call.query, "startDate", _day) or last - _WINDOW
        if first > last:
            raise Refusal(400, "Invalid period")
        return first.toordinal(), last.toordinal()

    def _instants(self, call: Call) -> tuple[datetime, datetime]:
        """The asked window of radio plays, both ends included; a plain end date stands for its whole day."""
        last = _parsed(call.query, "endDate", lambda text: _instant(text, end=True))
        first = _parsed(call.query, "startDate", _instant)
        last = last or _instant(self.today.isoformat(), end=True)
        first = first or last - _WINDOW
        if first > last:
            raise Refusal(400, "Invalid period")
        # Today is not over yet: the radio is known through yesterday.
        return first, min(last, _instant((self.today - timedelta(days=1)).isoformat(), end=True))

    def _descending(self, call: Call, default: str) -> bool:
        order = call.query.get("sort", default)
        if order not in {"asc", "desc"}:
            raise Refusal(400, "sort is asc or desc.")
        return order == "desc"

    def _check_plan(self, code: str) -> None:
        if code in self._gateway.switches.plan_forbidden:
            raise forbidden()

    # Entities.

    def _chart_platforms(self) -> list[str]:
        present = (history.chart.platform for history in self.histories.values())
        return list(dict.fromkeys((*bodies.PLATFORM_NAMES, *present)))

    def _history(self, slug: str) -> ChartHistory:
        if slug not in self.histories:
            raise Refusal(404, "Chart not found")
        return self.histories[slug]

    def _read_on(self, call: Call) -> ChartHistory:
        """The history that a page of a ranking comes from, which may change right before a later page."""
        slug = call.params["slug"]
        history = self._history(slug)
        if slug in self._publish_between and self._page(call)[0] > 0:
            self._publish_between.discard(slug)
            history.publish_now(self.today)
        return history

    def _ranking_at(self, history: ChartHistory, text: str) -> Ranking:
        try:
            found = history.at(_instant(text))
        except ValueError:
            found = None
        if found is None:
            raise Refusal(404, "Not found.")
        return found

    def _has_song(self, uuid: str) -> bool:
        track = self._catalogue.songs_by_uuid.get(uuid)
        return track is not None and "not_found" not in track.cases

    def _has_artist(self, uuid: str) -> bool:
        artist = self._catalogue.artists_by_uuid.get(uuid)
        return artist is not None and "not_found" not in artist.cases

    def _find_song(self, call: Call) -> Track:
        if not self._has_song(call.params["uuid"]):
            raise Refusal(404, "Song not found")
        return self._catalogue.songs_by_uuid[call.params["uuid"]]

    def _find_artist(self, call: Call) -> Artist:
        if not self._has_artist(call.params["uuid"]):
            raise Refusal(404, "Artist not found")
        return self._catalogue.artists_by_uuid[call.params["uuid"]]

    def _credit(self, track: Track) -> str:
        """The credit line, which the vendor may change after a while under the same uuid (contract section 10.1)."""
        drifted = "credit_drift" in track.cases and self.today - self._started >= _DRIFT
        return f"{track.credit} & Guest" if drifted else track.credit

    def _song_light(self, track: Track) -> dict[str, Any]:
        return metadata.song_light(track, self._credit(track))

    # Bodies that are worth keeping.

    def _ranking_page(self, call: Call, history: ChartHistory, ranking: Ranking) -> Answer:
        offset, limit = self._page(call)
        block = self._page_block(call, offset, limit, len(ranking.content.positions))
        related = bodies.ranking_related(history.chart, ranking.ranked_at)
        entries = self._entries(history.chart.slug, ranking.ranked_at, offset, limit)
        return Answer(
            b'{"related":%b,"items":[%b],"page":%b,"errors":[]}'
            % (bodies.encode(related), entries, bodies.encode(block))
        )

    def _encode_entries(self, slug: str, ranked_at: datetime, offset: int, limit: int) -> bytes:
        history = self.histories[slug]
        ranking = history.at(ranked_at)
        assert ranking is not None
        content, past = ranking.content, history.past(ranking)
        encoded = []
        for index in range(offset, min(offset + limit, len(content.positions))):
            track = self._catalogue.tracks[content.track_ids[index]]
            entry = bodies.ranking_entry(
                history.chart,
                track,
                self._credit(track),
                ranked_at,
                content.positions[index],
                content.metrics[index],
                past[index],
            )
            encoded.append(bodies.encode(entry))
        return b",".join(encoded)

    def _encode_song(self, uuid: str) -> bytes:
        track = self._catalogue.songs_by_uuid[uuid]
        return bodies.encode(metadata.song_object(track, self._credit(track)))

    def _encode_artist(self, uuid: str) -> bytes:
        return bodies.encode(metadata.artist_object(self._catalogue.artists_by_uuid[uuid]))

    def _objects(self, call: Call, kind: str, find: Callable[[str], bytes | None]) -> Answer:
        asked = call.params["uuids"]
        if "," not in asked:
            found = find(asked)
            if found is None:
                raise Refusal(404, f"{kind.title()} not found")
            return Answer(b'{"type":"%b","object":%b,"errors":[]}' % (kind.encode(), found))
        uuids = list(dict.fromkeys(uuid for uuid in asked.split(",") if uuid))
        maximum = self._gateway.switches.batch_max_ids
        if len(uuids) > maximum:
            raise Refusal(400, f"At most {maximum} ids are supported.")
        objects = [found for found in map(find, uuids) if found is not None]
        block = self._page_block(call, 0, _MAX_LIMIT, len(objects)) | {"next": None}
        body = b'{"items":[%b],"page":%b,"errors":[]}' % (b",".join(objects), bodies.encode(block))
        return Answer(body, ids=len(uuids))

    # Radio.

    def _airplay(self, track: Track) -> series.Airplay:
        born = metadata.released_on(track).toordinal()
        return series.airplay(track.uuid, born, track.cases, len(bodies.STATIONS))

    def _plays_within(
        self, call: Call, airplay: series.Airplay, day: int, first: datetime, last: datetime
    ) -> int | list[series.Play]:
        """Plays of a day in the window: their number when the whole day counts, else the plays themselves."""
        begin = datetime.combine(date.fromordinal(day), datetime.min.time(), UTC)
        country = call.query.get("countryCode", "").upper()
        slugs = {slug for slug in call.query.get("radioSlugs", "").split(",") if slug}
        if first <= begin and begin + timedelta(seconds=86_399) <= last and not country and not slugs:
            return airplay.count(day)
        return [
            play
            for play in airplay.plays(day)
            if first <= begin + timedelta(seconds=play.second) <= last
            and country in {"", bodies.STATIONS[play.station]["countryCode"]}
            and (not slugs or bodies.STATIONS[play.station]["slug"] in slugs)
        ]

    def _yesterday(self) -> int:
        return self.today.toordinal() - 1


def _parsed(query: Mapping[str, str], name: str, parse: Callable[[str], _Value]) -> _Value | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as reason:
        raise Refusal(400, f"{name} is not a valid date.") from reason


def _days_of(airplay: series.Airplay, first: datetime, last: datetime) -> range:
    return range(max(first.toordinal(), airplay.first_day), last.toordinal() + 1)


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"{day} is outside the years the sandbox knows")
    return day


def _instant(text: str, *, end: bool = False) -> datetime:
    """An ATOM datetime or a plain date; a plus sign that arrived as a space is forgiven."""
    _day(text[: len("2026-01-31")])
    if len(text) == len("2026-01-31"):
        text = f"{text}T23:59:59+00:00" if end else f"{text}T00:00:00+00:00"
    instant = datetime.fromisoformat(text.replace(" ", "+"))
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
