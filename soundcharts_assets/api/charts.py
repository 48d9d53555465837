"""Questions about charts: what there is, which rankings exist, what a ranking holds (contract section 8)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from soundcharts_assets.api import parse
from soundcharts_assets.api.client import Client, Json
from soundcharts_assets.api.errors import Inconsistent, Malformed, reading
from soundcharts_assets.api.pages import PAGE_SIZE, Page, following_pages, get_all, get_page, get_pages, read_page
from soundcharts_assets.api.paths import part
from soundcharts_assets.api.records import ChartRecord, EntryRecord, ListedTrack, PlatformRecord, RankingPage

_MOST_READINGS = 3

R = TypeVar("R", PlatformRecord, ChartRecord)


class Ranking(NamedTuple):
    """One whole ranking, its entries by position."""

    chart: ChartRecord
    ranked_at: datetime
    entries: list[EntryRecord]
    tracks: list[ListedTrack]


class Listed(NamedTuple):
    """A ranking that exists: its instant, and the text that addresses it."""

    ranked_at: datetime
    text: str


def song_platforms(client: Client) -> list[PlatformRecord]:
    """All platforms that have song charts (contract section 8.1).

    Raises:
        Malformed: An item is no platform.
    """
    return _records(client, "chart_platforms", "/api/v2/chart/song/platforms", parse.platform)


def charts_of_platform(client: Client, platform: str, country_code: str | None = None) -> list[ChartRecord]:
    """All song charts of a platform, or those of one of its countries (contract section 8.3).

    Args:
        client: Whom to ask.
        platform: Its code.
        country_code: ISO 3166 alpha-2. Worldwide charts cannot be asked for by country: their code is empty.

    Raises:
        NotFound: There is no such platform.
        Malformed: An item is no chart.
    """
    path = f"/api/v2/chart/song/by-platform/{part(platform)}"
    params = {"countryCode": country_code} if country_code else None

    def read(fields: parse.Fields) -> ChartRecord:
        chart = parse.chart(fields)
        # Worldwide charts have no country, and whether a country's list holds them is undocumented.
        if chart.platform != platform or (country_code and chart.country_code.upper() not in {country_code, ""}):
            raise Malformed(f"{chart.slug!r} is a chart of {chart.platform!r} in {chart.country_code!r}")
        return chart

    return _records(client, "charts_by_platform", path, read, params)


def _records(
    client: Client,
    endpoint: str,
    path: str,
    read: Callable[[parse.Fields], R],
    params: Mapping[str, str | int] | None = None,
) -> list[R]:
    records = []
    for index, item in enumerate(get_all(client, endpoint, path, params)):
        with reading(endpoint, item):
            records.append(read(parse.Fields(item, f"items[{index}]")))
    return records


def poll(client: Client, slug: str, *, ranking_version: str) -> Json:
    """Ask for the first page of the newest ranking: the one call that tells whether a chart was updated."""
    path = f"/api/{ranking_version}/chart/song/{part(slug)}/ranking/latest"
    return client.get("ranking_latest", path, {"offset": 0, "limit": PAGE_SIZE})


def polled(slug: str, body: Json) -> tuple[Page, RankingPage | None]:
    """Read the answer of `poll`: its page and what that says; None for the latter where there is no ranking yet.

    Raises:
        Malformed: It lacks what the tables need, or is of another chart.
    """
    page = read_page(body, 0, "ranking_latest")
    if page.total == 0 and page.related.get("date") is None:
        return page, None
    return page, _read_ranking(slug, page, "ranking_latest")


def _read_ranking(slug: str, page: Page, endpoint: str) -> RankingPage:
    with reading(endpoint, page.body):
        read = parse.ranking_page(page.related, page.items)
        if read.chart.slug != slug:
            raise Malformed(f"the answer is about chart {read.chart.slug!r}")
    return read


def ranking(client: Client, slug: str, text: str, *, ranking_version: str, first: Page | None = None) -> Ranking:
    """Fetch a whole ranking by the instant that addresses it.

    Args:
        client: Whom to ask.
        slug: The chart.
        text: The instant as Soundcharts wrote it (contract section 8.6).
        ranking_version: Path version.
        first: Its first page, where a poll has already brought it.

    Raises:
        Malformed: Its pages still disagree after the whole was read again.
        SoundchartsError: A page failed, and so the ranking did.
    """
    path = f"/api/{ranking_version}/chart/song/{part(slug)}/ranking/{part(text)}"
    wanted = parse.read_instant(text, "ranking")
    for attempt in range(1, _MOST_READINGS + 1):
        try:
            page = first if first is not None and attempt == 1 else get_page(client, "ranking", path)
            return assemble(slug, wanted, [page, *following_pages(client, "ranking", path, page)])
        except Inconsistent:
            if attempt == _MOST_READINGS:
                raise
    raise AssertionError  # unreachable: the last reading returns or raises


def assemble(slug: str, wanted: datetime, pages: Iterable[Page]) -> Ranking:
    """Join the pages of one ranking.

    Raises:
        Inconsistent: A page is of another ranking, or a position comes twice.
        Malformed: A page lacks what the tables need, or is of another chart.
    """
    pages = list(pages)
    read = [_read_ranking(slug, page, "ranking") for page in pages]
    for page, ranking_page in zip(pages, read, strict=True):
        with reading("ranking", page.body):
            if ranking_page.ranked_at != wanted:
                raise Inconsistent(f"a page is of {ranking_page.ranked_at_text}, not of {wanted.isoformat()}")
    entries = sorted((entry for page in read for entry in page.entries), key=lambda entry: entry.position)
    positions = {entry.position for entry in entries}
    if len(positions) != len(entries):
        with reading("ranking", [page.body for page in pages]):
            raise Inconsistent("a position comes twice")
    return Ranking(read[0].chart, wanted, entries, [track for page in read for track in page.tracks])


def available_rankings(client: Client, slug: str) -> list[Listed]:
    """All rankings of a chart that Soundcharts keeps, newest first; it states no order itself (contract section 8.4).

    Raises:
        Malformed: An item is no instant.
    """
    endpoint = "available_rankings"
    listed = []
    for page in get_pages(client, endpoint, f"/api/v2/chart/song/{part(slug)}/available-rankings"):
        with reading(endpoint, page.body):
            if page.related.get("slug") not in (None, slug):
                raise Malformed(f"the answer is about chart {page.related['slug']!r}")
            if not all(isinstance(item, str) for item in page.items):
                raise Malformed("an item is not text")
            listed += [Listed(parse.read_instant(item, "items"), item) for item in page.items]
    return sorted(listed, reverse=True)


def has_rankings(client: Client, slug: str) -> bool:
    """Whether a chart that answered 404 for its newest ranking exists, only without any.

    Raises:
        NotFound: There is no such chart.
    """
    path = f"/api/v2/chart/song/{part(slug)}/available-rankings"
    return get_page(client, "available_rankings", path).total > 0
