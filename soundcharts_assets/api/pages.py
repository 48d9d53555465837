"""Collections that come in pages: fetched to `page.total`, and failed as a whole where they contradict themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soundcharts_assets.api.client import Client, Json
from soundcharts_assets.api.errors import Inconsistent, Malformed

PAGE_SIZE = 100
_MOST_PAGES = 1_000
_MOST_ITEMS = 2**63


@dataclass(frozen=True)
class Page:
    """One page of a collection (contract section 4.1).

    Attributes:
        related: What the collection hangs from; empty where it hangs from nothing.
        items: The page's items, of whatever type.
        total: Items of the whole collection.
        offset: Items before this page.
    """

    related: Json
    items: list[Any]
    total: int
    offset: int

    @property
    def end(self) -> int:
        """Items up to and including this page."""
        return self.offset + len(self.items)


def read_page(body: Json, offset: int, endpoint: str) -> Page:
    """Check the envelope of one page.

    Raises:
        Malformed: `items` is no list or `page.total` no count.
    """
    items = body.get("items")
    if not isinstance(items, list):
        raise Malformed("items is not a list", endpoint=endpoint)
    related = body.get("related")
    block = body.get("page")
    total = block.get("total") if isinstance(block, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total < _MOST_ITEMS:
        raise Malformed("page.total is not a count", endpoint=endpoint)
    return Page(related if isinstance(related, dict) else {}, items, total, offset)


def get_page(
    client: Client,
    endpoint: str,
    path: str,
    params: Mapping[str, str | int] | None = None,
    *,
    offset: int = 0,
    limit: int = PAGE_SIZE,
) -> Page:
    """Ask for one page. Offset and limit are always sent: defaults have changed before (contract section 16.7)."""
    body = client.get(endpoint, path, {**(params or {}), "offset": offset, "limit": limit})
    return read_page(body, offset, endpoint)


def following_pages(
    client: Client,
    endpoint: str,
    path: str,
    first: Page,
    params: Mapping[str, str | int] | None = None,
) -> Iterator[Page]:
    """Yield the pages after `first`, until `page.total` items have come.

    Raises:
        Inconsistent: The total changes on the way, or a page before the end is empty.
    """
    page = first
    for _ in range(_MOST_PAGES):
        if page.end >= first.total:
            break
        page = get_page(client, endpoint, path, params, offset=page.end)
        if page.total != first.total:
            raise Inconsistent(f"total went from {first.total} to {page.total} between two pages", endpoint=endpoint)
        if not page.items:
            raise Inconsistent(f"no items at {page.offset} of {page.total}", endpoint=endpoint)
        yield page
    if page.end != first.total:
        raise Inconsistent(f"{page.end} items came of {first.total}", endpoint=endpoint)


def get_collection(
    client: Client,
    endpoint: str,
    path: str,
    params: Mapping[str, str | int] | None = None,
) -> tuple[Json, list[Any]]:
    """Return what the collection hangs from, as the last page says it, and the items of every page.

    Raises:
        Malformed: The pages contradict each other.
    """
    first = get_page(client, endpoint, path, params)
    pages = [first, *following_pages(client, endpoint, path, first, params)]
    return pages[-1].related, [item for page in pages for item in page.items]


def get_all(client: Client, endpoint: str, path: str, params: Mapping[str, str | int] | None = None) -> list[Any]:
    """Return the items of every page.

    Raises:
        Malformed: The pages contradict each other.
    """
    return get_collection(client, endpoint, path, params)[1]
