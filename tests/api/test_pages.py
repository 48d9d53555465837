"""Collections that come in pages: whole, or not at all."""

from typing import Any

import pytest

from soundcharts_assets.api.errors import Malformed, Transient
from soundcharts_assets.api.pages import get_all, get_page, read_page
from soundcharts_assets.sandbox.process import Sandbox
from tests.api.conftest import Connect
from tests.api.local_server import in_turn, local_server, pages, said
from tests.api.payloads import collection

RANKING = "/api/v2.14/chart/song/global-28/ranking/latest"


def page(items: list[int], total: int) -> dict[str, Any]:
    return collection(items, total=total)


def test_a_collection_is_collected_to_its_total_over_several_pages(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    first = get_page(client, "ranking_latest", RANKING)
    items = get_all(client, "ranking_latest", RANKING)
    assert len(first.items) == first.end == 100
    assert len(items) == first.total
    assert first.total > 100
    assert items[:100] == first.items
    assert sandbox.report().by_endpoint == {"ranking_latest": 3}


def test_a_collection_of_one_page_is_one_call(sandbox: Sandbox, connect: Connect) -> None:
    items = get_all(connect(sandbox.url), "chart_platforms", "/api/v2/chart/song/platforms")
    assert len(items) == 21
    assert sandbox.report().by_endpoint == {"chart_platforms": 1}


def test_an_empty_collection_is_empty_and_one_call(sandbox: Sandbox, connect: Connect) -> None:
    path = "/api/v2/chart/song/empty-99/available-rankings"
    assert get_all(connect(sandbox.url), "available_rankings", path) == []
    assert sandbox.report().calls == 1


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 201, 350])
def test_every_item_comes_once_however_many_there_are(connect: Connect, count: int) -> None:
    items = [f"item {number}" for number in range(count)]
    with local_server(pages(items)) as server:
        assert get_all(connect(server.url), "numbers", "/numbers") == items
    assert len(server.heard) == max(1, -(-count // 100))


def test_offset_limit_and_the_other_parameters_go_with_every_page(connect: Connect) -> None:
    with local_server(pages(list(range(250)))) as server:
        get_all(connect(server.url), "numbers", "/numbers", {"startDate": "2026-11-01"})
    assert [request.target for request in server.heard] == [
        "/numbers?startDate=2026-11-01&offset=0&limit=100",
        "/numbers?startDate=2026-11-01&offset=100&limit=100",
        "/numbers?startDate=2026-11-01&offset=200&limit=100",
    ]


def test_more_items_than_asked_for_are_taken_as_they_come(connect: Connect) -> None:
    with local_server(in_turn(said(page(list(range(112)), 112)))) as server:
        assert len(get_all(connect(server.url), "numbers", "/numbers")) == 112
    assert len(server.heard) == 1


def test_the_next_page_begins_where_the_items_that_came_end(connect: Connect) -> None:
    with local_server(in_turn(said(page([1, 2], 3)), said(page([3], 3)))) as server:
        assert get_all(connect(server.url), "numbers", "/numbers") == [1, 2, 3]
    assert server.heard[1].target == "/numbers?offset=2&limit=100"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (page([3], 4), "total went from 3 to 4"),
        (page([], 2), "total went from 3 to 2"),
        (page([], 3), "no items at 2 of 3"),
        (page([3, 4], 3), "4 items came of 3"),
        ({"items": None, "page": {"total": 3}}, "items is not a list"),
        ({"items": [3]}, "page.total is not a count"),
    ],
)
def test_pages_that_contradict_each_other_fail_as_a_whole(
    connect: Connect, second: dict[str, Any], reason: str
) -> None:
    with (
        local_server(in_turn(said(page([1, 2], 3)), said(second))) as server,
        pytest.raises(Malformed, match=reason) as caught,
    ):
        get_all(connect(server.url), "numbers", "/numbers")
    assert caught.value.endpoint == "numbers"
    assert len(server.heard) == 2


def test_a_first_page_with_more_items_than_the_total_fails(connect: Connect) -> None:
    with (
        local_server(in_turn(said(page([1, 2, 3], 2)))) as server,
        pytest.raises(Malformed, match="3 items came of 2"),
    ):
        get_all(connect(server.url), "numbers", "/numbers")


def test_an_empty_first_page_of_a_filled_collection_fails(connect: Connect) -> None:
    with (
        local_server(in_turn(said(page([], 5)))) as server,
        pytest.raises(Malformed, match="no items at 0 of 5"),
    ):
        get_all(connect(server.url), "numbers", "/numbers")


def test_a_server_that_drips_its_items_is_not_followed_for_ever(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundcharts_assets.api.pages._MOST_PAGES", 4)
    with (
        local_server(in_turn(said(page([1], 1_000)))) as server,
        pytest.raises(Malformed, match="5 items came of 1000"),
    ):
        get_all(connect(server.url), "numbers", "/numbers")
    assert len(server.heard) == 5


def test_a_page_that_fails_fails_the_collection(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "offset=100", "kind": "status", "status": 500}])
    with pytest.raises(Transient):
        get_all(connect(sandbox.url, attempts=2), "ranking_latest", RANKING)
    assert sandbox.report().by_status == {"200": 1, "500": 2}


@pytest.mark.parametrize("kind", ["malformed", "null_items"])
def test_items_that_are_no_list_are_malformed(sandbox: Sandbox, connect: Connect, kind: str) -> None:
    sandbox.faults([{"path": "ranking", "kind": kind}])
    with pytest.raises(Malformed, match="items is not a list"):
        get_all(connect(sandbox.url), "ranking_latest", RANKING)
    assert sandbox.report().calls == 1


@pytest.mark.parametrize("total", [None, "3", 3.0, True, -1, [3], {}])
def test_a_total_that_is_no_count_is_malformed(total: object) -> None:
    with pytest.raises(Malformed, match=r"page\.total is not a count"):
        read_page({"items": [], "page": {"total": total}}, 0, "numbers")


@pytest.mark.parametrize("block", [None, [], "page", 7, {}])
def test_a_missing_page_block_is_malformed(block: object) -> None:
    with pytest.raises(Malformed, match=r"page\.total is not a count"):
        read_page({"items": [], "page": block}, 0, "numbers")


@pytest.mark.parametrize("related", [None, [], "chart", 7])
def test_a_collection_may_hang_from_nothing(related: object) -> None:
    assert read_page({"items": [1], "page": {"total": 1}, "related": related}, 0, "numbers").related == {}
    assert read_page({"items": [1], "page": {"total": 1}}, 0, "numbers").related == {}


def test_links_to_other_pages_are_not_needed(connect: Connect) -> None:
    body = page([1], 1)
    body["page"] |= {"next": "", "previous": "/somewhere/else"}
    with local_server(in_turn(said(body))) as server:
        assert get_all(connect(server.url), "numbers", "/numbers") == [1]
