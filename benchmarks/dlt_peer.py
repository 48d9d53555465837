"""The same cascade on dlt, written the way its documentation advises, as somebody would who has not this project.

`python -m benchmarks.dlt_peer URL WAREHOUSE CHART...` fetches charts, their tracks, the artists of those and the series
of both into a DuckDB file. Resources hang from each other as transformers, run in parallel, ask through dlt's own
requests helper and merge by primary key. What several charts share is asked for once, since a set remembers it.

Belongs here: nothing but the cascade. Does not belong here: anything of the project; the two share no code.
"""

import argparse
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import dlt
from dlt.sources import DltResource
from dlt.sources.helpers import requests
from pyrate_limiter import Duration, Limiter, Rate

_Json = dict[str, Any]

_PAGE = 100
_BATCH = 50
_HISTORY_DAYS = 30
_LIMITER_SLEEP_MARGIN_MS = 5
_OF_TRACKS = ("spotify", "youtube", "shazam")
_OF_ARTISTS = ("spotify", "youtube", "instagram", "tiktok")
_LISTENED = ("spotify", "youtube")
_KEYS = {
    "track_audience": ("track_uuid", "platform", "date", "identifier"),
    "artist_audience": ("artist_uuid", "platform", "date"),
    "artist_listening": ("artist_uuid", "platform", "date"),
}
_HEADERS = {"x-app-id": "soundcharts", "x-api-key": "soundcharts"}


class _Api:
    """The calls of the cascade, within the rate limit."""

    def __init__(self, url: str, calls_per_minute: int, today: date) -> None:
        self._url = url
        self._limiter = Limiter(Rate(calls_per_minute, Duration.MINUTE), buffer_ms=_LIMITER_SLEEP_MARGIN_MS)
        start = today - timedelta(days=_HISTORY_DAYS)
        self._window: dict[str, str | int] = {
            "startDate": start.isoformat(),
            "endDate": today.isoformat(),
            "limit": _PAGE,
        }
        self._yesterday = (today - timedelta(days=1)).isoformat()

    def get(self, path: str, **params: str | int) -> _Json:
        self._limiter.try_acquire(name="dlt")
        found: _Json = requests.get(self._url + path, params=params, headers=_HEADERS).json()
        return found

    def ranking(self, slug: str) -> Iterator[_Json]:
        """Pages of the newest ranking, all of the same."""
        root = f"/api/v2.14/chart/song/{slug}/ranking"
        page = self.get(f"{root}/latest", offset=0, limit=_PAGE)
        read = len(page["items"])
        yield page
        while read < page["page"]["total"]:
            page = self.get(f"{root}/{page['related']['date']}", offset=read, limit=_PAGE)
            read += len(page["items"])
            yield page

    def metadata(self, path: str, uuids: list[str]) -> list[_Json]:
        """Objects of one batch; a batch of one is answered with the object alone."""
        body = self.get(f"{path}/{','.join(uuids)}")
        found: list[_Json] = body["items"] if "items" in body else [body["object"]]
        return found

    def song_audience(self, uuid: str, platform: str) -> list[_Json]:
        days = self.get(f"/api/v2/song/{uuid}/audience/{platform}", **self._window)["items"]
        key = {"track_uuid": uuid, "platform": platform}
        return [{**key, "date": on["date"], **plot} for on in days for plot in on["plots"] if plot["value"] is not None]

    def song_spins(self, uuid: str, platform: str) -> list[_Json]:
        day = {"startDate": f"{self._yesterday}T00:00:00+00:00", "endDate": f"{self._yesterday}T23:59:59+00:00"}
        total = self.get(f"/api/v2/song/{uuid}/broadcasts", **day, limit=1)["page"]["total"]
        key = {"track_uuid": uuid, "platform": platform}
        return [{**key, "date": self._yesterday, "identifier": "", "value": total}]

    def artist_audience(self, uuid: str, platform: str) -> list[_Json]:
        days = self.get(f"/api/v2/artist/{uuid}/audience/{platform}", **self._window)["items"]
        return [{"artist_uuid": uuid, "platform": platform, **on} for on in days]

    def artist_listening(self, uuid: str, platform: str) -> list[_Json]:
        days = self.get(f"/api/v2/artist/{uuid}/streaming/{platform}/listening", **self._window)["items"]
        return [{"artist_uuid": uuid, "platform": platform, **on} for on in days if on["value"] is not None]

    def close(self) -> None:
        self._limiter.close()


class _Seen:
    """Lets everything through once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def new(self, uuids: Iterable[str]) -> list[str]:
        with self._lock:
            new = [uuid for uuid in dict.fromkeys(uuids) if uuid not in self._known]
            self._known.update(new)
        return new


@dlt.source(max_table_nesting=1)
def soundcharts(slugs: list[str], api: _Api) -> Iterable[DltResource]:
    """Charts and all that hangs from them."""
    seen_tracks, seen_artists = _Seen(), _Seen()

    @dlt.resource(selected=False)
    def charts() -> Iterator[str]:
        yield from slugs

    @dlt.transformer(
        data_from=charts,
        parallelized=True,
        write_disposition="merge",
        primary_key=("chart_slug", "ranked_at", "position"),
    )
    def chart_entries(slug: str) -> Iterator[list[_Json]]:
        for page in api.ranking(slug):
            yield [_entry(slug, page["related"]["date"], item) for item in page["items"]]

    @dlt.transformer(data_from=chart_entries, parallelized=True, write_disposition="merge", primary_key="uuid")
    def tracks(entries: list[_Json]) -> Iterator[list[_Json]]:
        for batch in _batches(seen_tracks.new(entry["track_uuid"] for entry in entries)):
            yield api.metadata("/api/v2.25/song", batch)

    @dlt.transformer(data_from=tracks, parallelized=True, write_disposition="merge", primary_key="uuid")
    def artists(songs: list[_Json]) -> Iterator[list[_Json]]:
        for batch in _batches(seen_artists.new(artist["uuid"] for song in songs for artist in song["artists"])):
            yield api.metadata("/api/v2.9/artist", batch)

    series = [
        *(_Series(tracks, "track_audience", platform, api.song_audience) for platform in _OF_TRACKS),
        _Series(tracks, "track_audience", "airplay", api.song_spins),
        *(_Series(artists, "artist_audience", platform, api.artist_audience) for platform in _OF_ARTISTS),
        *(_Series(artists, "artist_listening", platform, api.artist_listening) for platform in _LISTENED),
    ]
    return charts, chart_entries, tracks, artists, *map(_transformer, series)


class _Series(NamedTuple):
    """One platform's series of all tracks or all artists."""

    parent: DltResource
    table: str
    platform: str
    ask: Callable[[str, str], list[_Json]]


def _transformer(series: _Series) -> DltResource:
    """Asks for each entity's series; each call is deferred, and so may run beside any other."""

    @dlt.defer
    def deferred(uuid: str) -> list[_Json]:
        return series.ask(uuid, series.platform)

    def of_entities(entities: list[_Json]) -> Iterator[Any]:
        for entity in entities:
            yield deferred(entity["uuid"])

    made: DltResource = dlt.transformer(
        of_entities,
        data_from=series.parent,
        name=f"{series.table}_{series.platform}",
        table_name=series.table,
        write_disposition="merge",
        primary_key=_KEYS[series.table],
    )
    return made


def _entry(slug: str, ranked_at: str, item: _Json) -> _Json:
    song = item.pop("song")
    return {"chart_slug": slug, "ranked_at": ranked_at, "track_uuid": song["uuid"], "track_name": song["name"], **item}


def _batches(uuids: list[str]) -> Iterator[list[str]]:
    return (uuids[start : start + _BATCH] for start in range(0, len(uuids), _BATCH))


def main() -> None:
    """Read the arguments and run the pipeline."""
    parser = argparse.ArgumentParser(prog="benchmarks.dlt_peer", description="The cascade on dlt.")
    parser.add_argument("url")
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("charts", nargs="+")
    parser.add_argument("--calls-per-minute", type=int, required=True)
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    arguments = parser.parse_args()
    api = _Api(arguments.url, arguments.calls_per_minute, arguments.today)
    pipeline = dlt.pipeline("soundcharts", destination=dlt.destinations.duckdb(str(arguments.warehouse)))
    pipeline.run(soundcharts(arguments.charts, api))
    api.close()


if __name__ == "__main__":
    main()
