"""Collections that come in pages: fetched to `page.total`, and failed as a whole where they contradict themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from soundcharts_assets.api.client import Client, Json
from soundcharts_assets.api.errors import Inconsistent, Malformed, reading

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
        body: The page as it came.
    """

    related: Json
    items: list[Any]
    total: int
    offset: int
    body: Json = field(default_factory=dict, repr=False)

    @property
    def end(self) -> int:
        """Items up to and including this page."""
        return self.offset + len(self.items)


def read_page(body: Json, offset: int, endpoint: str) -> Page:
    """Check the envelope of one page.

    Raises:
        Malformed: `items` is no list or `page.total` no count.
    """
    with reading(endpoint, body):
        items = body.get("items")
        if not isinstance(items, list):
            raise Malformed("items is not a list")
        related = body.get("related")
        block = body.get("page")
        total = block.get("total") if isinstance(block, dict) else None
        if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total < _MOST_ITEMS:
            raise Malformed("page.total is not a count")
    return Page(related if isinstance(related, dict) else {}, items, total, offset, body)


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
        with reading(endpoint, page.body):
            if page.total != first.total:
                raise Inconsistent(f"total went from {first.total} to {page.total} between two pages")
            if not page.items:
                raise Inconsistent(f"no items at {page.offset} of {page.total}")
        yield page
    if page.end != first.total:
        with reading(endpoint, page.body):
            raise Inconsistent(f"{page.end} items came of {first.total}")


def get_pages(
    client: Client,
    endpoint: str,
    path: str,
    params: Mapping[str, str | int] | None = None,
) -> list[Page]:
    """Return every page of a collection.

    Raises:
        Malformed: The pages contradict each other.
    """
    first = get_page(client, endpoint, path, params)
    return [first, *following_pages(client, endpoint, path, first, params)]


def get_all(client: Client, endpoint: str, path: str, params: Mapping[str, str | int] | None = None) -> list[Any]:
    """Return the items of every page.

    Raises:
        Malformed: The pages contradict each other.
    """
    return [item for page in get_pages(client, endpoint, path, params) for item in page.items]
