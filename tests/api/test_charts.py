"""Rankings: polled with one call, and whole or not at all (contract section 8)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from soundcharts_assets.api import charts
from soundcharts_assets.api.charts import Listed, Ranking
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Inconsistent, Malformed, NotFound, Transient
from soundcharts_assets.api.pages import Page, get_page
from soundcharts_assets.api.records import PlatformRecord
from soundcharts_assets.sandbox.process import Sandbox, running_sandbox
from tests.api.conftest import TODAY, Connect
from tests.api.local_server import in_turn, local_server, pages, said
from tests.api.payloads import RANKED_AT, chart, collection, ranking, song_uuid, without

VERSION = "v2.14"
LATER = "2026-09-15T12:00:00+00:00"
MANY_DAYS = 45
HOSTILE = ["a/b", "a/../b", "../team", 'say "hi"', "100%", "%2e%2e", "a b", "a?b", "a#b", "a&b=c", "ä", "a+b", "a;b"]


@pytest.fixture(scope="module")
def moved_sandbox() -> Iterator[Sandbox]:
    """A sandbox of this module, many days on; each test that publishes or corrects has a chart of its own."""
    with running_sandbox(today=TODAY) as started:
        started.advance(MANY_DAYS)
        yield started


@pytest.fixture
def moved(moved_sandbox: Sandbox) -> Sandbox:
    """The module's sandbox with its counters at zero."""
    moved_sandbox.reset()
    return moved_sandbox


def polled(client: Client, slug: str) -> tuple[Page, str]:
    """The first page of the newest ranking, and the instant that addresses it."""
    page, _ = charts.polled(slug, charts.poll(client, slug, ranking_version=VERSION))
    return page, page.related["date"]


def whole(client: Client, slug: str, text: str, first: Page | None = None) -> Ranking:
    return charts.ranking(client, slug, text, ranking_version=VERSION, first=first)


# Polling.


def test_a_poll_is_one_call_and_tells_the_newest_instant(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    page, text = polled(client, "global-28")
    assert sandbox.report().by_endpoint == {"ranking_latest": 1}
    assert page.total > len(page.items) == 100
    assert text == max(charts.available_rankings(client, "global-28")).text


def test_a_poll_asks_the_version_that_was_set(connect: Connect) -> None:
    with local_server(in_turn(said(ranking()))) as server:
        charts.poll(connect(server.url), "global-28", ranking_version="v9.9")
    assert server.heard[0].target == "/api/v9.9/chart/song/global-28/ranking/latest?offset=0&limit=100"


def test_a_chart_without_any_ranking_exists_all_the_same(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    with pytest.raises(NotFound):
        polled(client, "empty-99")
    assert not charts.has_rankings(client, "empty-99")
    assert charts.has_rankings(client, "global-28")
    with pytest.raises(NotFound, match="Chart not found"):
        charts.has_rankings(client, "no-such-chart")


# A whole ranking.


def test_a_ranking_of_two_pages_costs_one_call_more_than_its_poll(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    first, text = polled(client, "global-28")
    found = whole(client, "global-28", text, first)
    assert sandbox.report().by_endpoint == {"ranking_latest": 1, "ranking": 1}
    assert found.chart.slug == "global-28"
    assert found.ranked_at == datetime.fromisoformat(text)
    assert len(found.entries) == len(found.tracks) == first.total > 100
    positions = [entry.position for entry in found.entries]
    assert positions == sorted(set(positions))
    assert {entry.track_uuid for entry in found.entries} == {track.uuid for track in found.tracks}
    assert {(entry.chart_slug, entry.ranked_at) for entry in found.entries} == {("global-28", found.ranked_at)}


def test_a_ranking_of_one_page_costs_nothing_but_its_poll(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    first, text = polled(client, "viral-50-40")
    assert len(whole(client, "viral-50-40", text, first).entries) == first.total == len(first.items)
    assert sandbox.report().by_endpoint == {"ranking_latest": 1}


def test_an_older_ranking_is_fetched_by_its_instant(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    oldest = charts.available_rankings(client, "global-28")[-1]
    assert (oldest.ranked_at.minute, oldest.ranked_at.second) != (0, 0)  # a crawl instant, not a normalised stamp
    assert whole(client, "global-28", oldest.text).ranked_at == oldest.ranked_at
    assert sandbox.report().by_endpoint == {"available_rankings": 1, "ranking": 2}


def test_a_ranking_fetched_by_its_instant_is_the_polled_one(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    first, text = polled(client, "top-200-52")
    assert whole(client, "top-200-52", text) == whole(client, "top-200-52", text, first)


def test_entries_are_put_in_order_whatever_the_server_does(connect: Connect) -> None:
    with local_server(in_turn(said(ranking((3, 1, 2))))) as server:
        found = whole(connect(server.url), "global-28", RANKED_AT)
    assert [(entry.position, entry.track_uuid) for entry in found.entries] == [
        (place, song_uuid(place)) for place in (1, 2, 3)
    ]


def test_an_instant_is_asked_for_as_it_was_written_and_encoded(connect: Connect) -> None:
    text = "2020-10-06T20:00:01+02:00"
    with local_server(in_turn(said(ranking(date=text)))) as server:
        found = whole(connect(server.url), "global-28", text)
    assert server.heard[0].target == (
        "/api/v2.14/chart/song/global-28/ranking/2020-10-06T20%3A00%3A01%2B02%3A00?offset=0&limit=100"
    )
    assert found.ranked_at == datetime(2020, 10, 6, 18, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["latest", "", "2026-09-14T12:00:00", "2026-13-01T00:00:00+00:00", "../latest"])
def test_what_is_no_instant_is_not_asked_for(sandbox: Sandbox, connect: Connect, text: str) -> None:
    with pytest.raises(Malformed):
        whole(connect(sandbox.url), "global-28", text)
    assert sandbox.report().calls == 0


def test_an_instant_without_ranking_is_not_found(sandbox: Sandbox, connect: Connect) -> None:
    with pytest.raises(NotFound):
        whole(connect(sandbox.url), "global-28", "2026-11-21T12:00:01+00:00")
    assert sandbox.report().by_endpoint == {"ranking": 1}


def test_a_page_that_fails_fails_the_ranking(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "offset=100", "kind": "status", "status": 500}])
    client = connect(sandbox.url, attempts=2)
    first, text = polled(client, "global-28")
    with pytest.raises(Transient):
        whole(client, "global-28", text, first)
    assert sandbox.report().by_status == {"200": 1, "500": 2}


# Publications and corrections while it is read.


def test_a_ranking_published_between_two_pages_is_never_mixed(moved: Sandbox, connect: Connect) -> None:
    client = connect(moved.url)
    slug = "top-songs-29"
    first, text = polled(client, slug)
    before = whole(client, slug, text)
    moved.publish_between(slug)
    path = f"/api/v2.14/chart/song/{slug}/ranking/latest"
    second = get_page(client, "ranking_latest", path, offset=100)  # here it is published
    assert second.related["date"] != text
    assert whole(client, slug, text, first) == before
    with pytest.raises(Inconsistent):
        charts.assemble(slug, before.ranked_at, [first, second])
    assert polled(client, slug)[1] == second.related["date"]


def test_a_first_page_of_another_ranking_is_read_again(moved: Sandbox, connect: Connect) -> None:
    client = connect(moved.url)
    newest, older = charts.available_rankings(client, "top-200-52")[:2]
    first, _ = polled(client, "top-200-52")
    moved.reset()
    assert whole(client, "top-200-52", older.text, first).ranked_at == older.ranked_at < newest.ranked_at
    assert moved.report().by_endpoint == {"ranking": 3}


def test_a_ranking_corrected_between_two_pages_is_read_again_as_a_whole(moved: Sandbox, connect: Connect) -> None:
    client = connect(moved.url)
    slug = "global-28"
    first, text = polled(client, slug)
    kept = moved.revise(slug, text, drop=20)
    moved.reset()
    found = whole(client, slug, text, first)
    assert len(found.entries) == kept == first.total - 20
    assert moved.report().by_endpoint == {"ranking": 3}


def test_a_corrected_ranking_is_seen_when_it_is_asked_for_again(moved: Sandbox, connect: Connect) -> None:
    client = connect(moved.url)
    slug = "top-50-58"
    first, text = polled(client, slug)
    before = whole(client, slug, text, first)
    moved.revise(slug, text, swap=[1, 2])
    after = whole(client, slug, text)
    assert [entry.track_uuid for entry in after.entries[:2]] == [entry.track_uuid for entry in before.entries[1::-1]]
    assert [entry.track_uuid for entry in after.entries[2:]] == [entry.track_uuid for entry in before.entries[2:]]


def test_pages_of_two_rankings_are_read_again_until_they_agree(connect: Connect) -> None:
    first, second = ranking((1, 2), total=3), ranking((3,), total=3)
    other = ranking((3,), LATER, total=3)
    with local_server(in_turn(*map(said, (first, other, first, other, first, second)))) as server:
        found = whole(connect(server.url), "global-28", RANKED_AT)
    assert [entry.position for entry in found.entries] == [1, 2, 3]
    assert len(server.heard) == 6


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (ranking((3,), LATER, total=3), "a page is of 2026-09-15"),
        (ranking((2,), total=3), "a position comes twice"),
        (ranking((3,), total=4), "total went from 3 to 4"),
    ],
)
def test_pages_that_never_agree_are_given_up_after_three_readings(
    connect: Connect, second: dict[str, object], reason: str
) -> None:
    first = ranking((1, 2), total=3)
    with (
        local_server(in_turn(*map(said, (first, second) * 3))) as server,
        pytest.raises(Malformed, match=reason),
    ):
        whole(connect(server.url), "global-28", RANKED_AT)
    assert len(server.heard) == 6


def test_an_answer_about_another_instant_is_not_taken(connect: Connect) -> None:
    with local_server(in_turn(said(ranking(date=LATER)))) as server, pytest.raises(Inconsistent):
        whole(connect(server.url), "global-28", RANKED_AT)


def test_the_same_instant_may_be_written_with_another_offset(connect: Connect) -> None:
    with local_server(in_turn(said(ranking(date="2026-09-14T14:00:00+02:00")))) as server:
        found = whole(connect(server.url), "global-28", RANKED_AT)
    assert found.ranked_at == datetime(2026, 9, 14, 12, tzinfo=UTC)


def test_an_answer_about_another_chart_is_malformed_at_once(connect: Connect) -> None:
    with (
        local_server(in_turn(said(ranking(slug="global-29")))) as server,
        pytest.raises(Malformed, match="the answer is about chart 'global-29'"),
    ):
        whole(connect(server.url), "global-28", RANKED_AT)
    assert len(server.heard) == 1


def test_a_page_of_another_shape_is_malformed_at_once(connect: Connect) -> None:
    with (
        local_server(in_turn(said(collection([{"position": 1}], related=ranking()["related"])))) as server,
        pytest.raises(Malformed, match=r"items\[0\]\.song is not an object"),
    ):
        whole(connect(server.url), "global-28", RANKED_AT)
    assert len(server.heard) == 1


def test_a_ranking_without_places_is_empty(connect: Connect) -> None:
    with local_server(in_turn(said(ranking(())))) as server:
        assert whole(connect(server.url), "global-28", RANKED_AT).entries == []


# Which rankings there are.


def test_all_rankings_are_listed_newest_first_over_several_pages(moved: Sandbox, connect: Connect) -> None:
    client = connect(moved.url)
    listed = charts.available_rankings(client, "top-100-77")
    assert len(listed) > 100
    assert moved.report().by_endpoint == {"available_rankings": 2}
    instants = [ranked_at for ranked_at, _ in listed]
    assert instants == sorted(set(instants), reverse=True)
    assert all(datetime.fromisoformat(text) == ranked_at for ranked_at, text in listed)
    assert listed[0].text == polled(client, "top-100-77")[1]


def test_rankings_are_sorted_by_their_instants_not_their_texts(connect: Connect) -> None:
    texts = ["2026-09-14T23:30:00-02:00", "2026-09-15T01:00:00+00:00", "2026-09-15T02:30:00+02:00"]
    with local_server(pages(texts)) as server:
        listed = charts.available_rankings(connect(server.url), "global-28")
    assert listed == [
        Listed(datetime(2026, 9, 15, 1, 30, tzinfo=UTC), texts[0]),
        Listed(datetime(2026, 9, 15, 1, 0, tzinfo=UTC), texts[1]),
        Listed(datetime(2026, 9, 15, 0, 30, tzinfo=UTC), texts[2]),
    ]


@pytest.mark.parametrize("item", [7, None, {}, ["2026-09-14T12:00:00+00:00"], "", "yesterday", "2026-09-14T12:00:00"])
def test_a_listed_ranking_that_is_no_instant_is_malformed(connect: Connect, item: object) -> None:
    with local_server(pages(["2026-09-14T12:00:00+00:00", item])) as server, pytest.raises(Malformed):
        charts.available_rankings(connect(server.url), "global-28")


# Which charts there are.


def test_the_platforms_that_have_charts_are_one_call(sandbox: Sandbox, connect: Connect) -> None:
    found = charts.song_platforms(connect(sandbox.url))
    assert PlatformRecord("apple-music", "Apple Music") in found
    assert len(found) == len(set(found)) == 21
    assert sandbox.report().by_endpoint == {"chart_platforms": 1}


def test_the_charts_of_a_platform_come_with_all_that_is_known_of_them(sandbox: Sandbox, connect: Connect) -> None:
    found = {chart.slug: chart for chart in charts.charts_of_platform(connect(sandbox.url), "spotify")}
    assert set(found) == {"global-28", "top-songs-29", "top-songs-31", "viral-50-40"}
    assert found["global-28"].country_code == ""
    assert found["top-songs-31"][1:10] == (
        "Top Songs", "spotify", "song", "weekly", "FR", "France", None, 200, None,
    )  # fmt: skip
    assert sandbox.report().by_endpoint == {"charts_by_platform": 1}


def test_the_charts_of_one_country_are_asked_for_by_its_code(sandbox: Sandbox, connect: Connect) -> None:
    found = charts.charts_of_platform(connect(sandbox.url), "spotify", "BR")
    assert [chart.slug for chart in found] == ["viral-50-40"]
    assert charts.charts_of_platform(connect(sandbox.url), "spotify", "NL") == []


def test_every_page_of_a_platforms_charts_is_read(connect: Connect) -> None:
    us = chart(platform="apple-music", countryCode="us")
    listed = [{**without(us, "metric", "webUrl"), "slug": f"chart-{number}"} for number in range(150)]
    with local_server(pages(listed)) as server:
        found = charts.charts_of_platform(connect(server.url), "apple-music", "US")
    assert [one.slug for one in found] == [f"chart-{number}" for number in range(150)]
    path = "/api/v2/chart/song/by-platform/apple-music?countryCode=US"
    assert [request.target for request in server.heard] == [
        f"{path}&offset=0&limit=100",
        f"{path}&offset=100&limit=100",
    ]


def test_without_a_country_none_is_sent(connect: Connect) -> None:
    with local_server(pages([])) as server:
        assert charts.charts_of_platform(connect(server.url), "tidal") == []
    assert server.heard[0].target == "/api/v2/chart/song/by-platform/tidal?offset=0&limit=100"


def test_a_platform_that_is_none_is_not_found(sandbox: Sandbox, connect: Connect) -> None:
    with pytest.raises(NotFound, match="charts_by_platform 404: Platform not found"):
        charts.charts_of_platform(connect(sandbox.url), "myspace")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (without(chart(), "slug"), r"charts_by_platform: items\[1\]\.slug is missing"),
        (chart(slug=""), r"charts_by_platform: items\[1\]\.slug is missing"),
        (chart(name=None), r"charts_by_platform: items\[1\]\.name is missing"),
        (chart(maxResultsCount="many"), r"charts_by_platform: items\[1\]\.maxResultsCount is not a 64-bit integer"),
        ("global-28", r"charts_by_platform: items\[1\] is not an object"),
    ],
)
def test_one_chart_that_cannot_be_read_fails_the_listing(connect: Connect, item: object, reason: str) -> None:
    with local_server(pages([chart(), item])) as server, pytest.raises(Malformed, match=reason):
        charts.charts_of_platform(connect(server.url), "spotify")


@pytest.mark.parametrize("item", [{"name": "Spotify"}, {"code": "", "name": "Spotify"}, {"code": "spotify"}, None])
def test_a_platform_that_cannot_be_read_fails_the_listing(connect: Connect, item: object) -> None:
    with local_server(pages([item])) as server, pytest.raises(Malformed, match=r"chart_platforms: items\[0\]"):
        charts.song_platforms(connect(server.url))


def test_a_listing_that_breaks_off_is_not_taken_for_a_short_one(connect: Connect) -> None:
    first, nothing = collection([chart()], total=2), collection([], total=2)
    with (
        local_server(in_turn(said(first), said(nothing))) as server,
        pytest.raises(Malformed, match="no items at 1 of"),
    ):
        charts.charts_of_platform(connect(server.url), "spotify")


# Slugs.


@pytest.mark.parametrize("slug", HOSTILE)
def test_an_odd_slug_is_not_found_rather_than_reaching_another_path(
    sandbox: Sandbox, connect: Connect, slug: str
) -> None:
    client = connect(sandbox.url)
    with pytest.raises(NotFound):
        polled(client, slug)
    with pytest.raises(NotFound):
        whole(client, slug, RANKED_AT)
    with pytest.raises(NotFound):
        charts.available_rankings(client, slug)
    with pytest.raises(NotFound):
        charts.has_rankings(client, slug)
    assert sandbox.report().by_status == {"404": 4}


@pytest.mark.parametrize("slug", HOSTILE)
def test_an_odd_slug_stays_one_part_of_the_path_to_its_rankings(connect: Connect, slug: str) -> None:
    with local_server(pages([])) as server:
        client = connect(server.url)
        assert charts.available_rankings(client, slug) == []
        assert not charts.has_rankings(client, slug)
    assert len(server.heard) == 2
    for request in server.heard:
        parts = request.target.removesuffix("?offset=0&limit=100").split("/")
        assert [unquote(part) for part in parts] == ["", "api", "v2", "chart", "song", slug, "available-rankings"]


@pytest.mark.parametrize("slug", HOSTILE)
def test_an_odd_slug_stays_one_part_of_the_path(connect: Connect, slug: str) -> None:
    with local_server(in_turn(said(ranking(slug=slug)))) as server:
        client = connect(server.url)
        charts.poll(client, slug, ranking_version=VERSION)
        assert whole(client, slug, RANKED_AT).chart.slug == slug
    for request, last in zip(server.heard, ("latest", RANKED_AT), strict=True):
        path, _, query = request.target.partition("?")
        parts = path.split("/")
        assert [unquote(part) for part in parts] == ["", "api", VERSION, "chart", "song", slug, "ranking", last]
        assert query == "offset=0&limit=100"
