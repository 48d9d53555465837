"""Questions about charts: what there is, which rankings exist, what a ranking holds (contract section 8)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from soundcharts_assets.api import parse
from soundcharts_assets.api.client import Client, Json
from soundcharts_assets.api.errors import Inconsistent, Malformed
from soundcharts_assets.api.pages import PAGE_SIZE, Page, following_pages, get_all, get_page, read_page
from soundcharts_assets.api.paths import part
from soundcharts_assets.api.records import ChartRecord, EntryRecord, ListedTrack, PlatformRecord

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
    return _records(client, "charts_by_platform", path, parse.chart, params)


def _records(
    client: Client,
    endpoint: str,
    path: str,
    read: Callable[[parse.Fields], R],
    params: Mapping[str, str | int] | None = None,
) -> list[R]:
    items = get_all(client, endpoint, path, params)
    try:
        return [read(parse.Fields(item, f"items[{index}]")) for index, item in enumerate(items)]
    except Malformed as error:
        raise Malformed(error.args[0], endpoint=endpoint) from None


def poll(client: Client, slug: str, *, ranking_version: str) -> Json:
    """Ask for the first page of the newest ranking: the one call that tells whether a chart was updated."""
    path = f"/api/{ranking_version}/chart/song/{part(slug)}/ranking/latest"
    return client.get("ranking_latest", path, {"offset": 0, "limit": PAGE_SIZE})


def polled_page(body: Json) -> Page:
    """Read the answer of `poll`."""
    return read_page(body, 0, "ranking_latest")


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
    for reading in range(_MOST_READINGS):
        try:
            page = first if first is not None and reading == 0 else get_page(client, "ranking", path)
            return assemble(slug, wanted, [page, *following_pages(client, "ranking", path, page)])
        except Inconsistent:
            if reading + 1 == _MOST_READINGS:
                raise
    raise AssertionError  # unreachable: the last reading returns or raises


def assemble(slug: str, wanted: datetime, pages: Iterable[Page]) -> Ranking:
    """Join the pages of one ranking.

    Raises:
        Inconsistent: A page is of another ranking, or a position comes twice.
        Malformed: A page lacks what the tables need, or is of another chart.
    """
    try:
        read = [parse.ranking_page(page.related, page.items) for page in pages]
    except Malformed as error:
        raise type(error)(error.args[0], endpoint="ranking") from None
    for page in read:
        if page.chart.slug != slug:
            raise Malformed(f"the answer is about chart {page.chart.slug!r}", endpoint="ranking")
        if page.ranked_at != wanted:
            raise Inconsistent(f"a page is of {page.ranked_at_text}, not of {wanted.isoformat()}", endpoint="ranking")
    entries = sorted((entry for page in read for entry in page.entries), key=lambda entry: entry.position)
    positions = {entry.position for entry in entries}
    if len(positions) != len(entries):
        raise Inconsistent("a position comes twice", endpoint="ranking")
    return Ranking(read[0].chart, wanted, entries, [track for page in read for track in page.tracks])


def available_rankings(client: Client, slug: str) -> list[Listed]:
    """All rankings of a chart that Soundcharts keeps, newest first; it states no order itself (contract section 8.4).

    Raises:
        Malformed: An item is no instant.
    """
    items = get_all(client, "available_rankings", f"/api/v2/chart/song/{part(slug)}/available-rankings")
    if not all(isinstance(item, str) for item in items):
        raise Malformed("an item is not text", endpoint="available_rankings")
    listed = [Listed(parse.read_instant(item, "items"), item) for item in items]
    return sorted(listed, reverse=True)


def has_rankings(client: Client, slug: str) -> bool:
    """Whether a chart that answered 404 for its newest ranking exists, only without any.

    Raises:
        NotFound: There is no such chart.
    """
    path = f"/api/v2/chart/song/{part(slug)}/available-rankings"
    return get_page(client, "available_rankings", path).total > 0
