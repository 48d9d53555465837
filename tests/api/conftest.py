"""A sandbox to ask, and clients that note their pauses instead of waiting."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from soundcharts_assets.api.auth import ApplicationKey, Scheme
from soundcharts_assets.api.call_log import CallLog
from soundcharts_assets.api.client import Client, ClientOptions
from soundcharts_assets.sandbox.data import DEFAULT_FOLDER, Catalogue, load
from soundcharts_assets.sandbox.process import Sandbox, running_sandbox

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, 41, 7, tzinfo=UTC)
HOUR = datetime(2026, 11, 22, 9, tzinfo=UTC)

_OPTIONS: dict[str, Any] = {
    "calls_per_minute": 100_000,
    "workers": 8,
    "attempts": 3,
    "connect_timeout_seconds": 5,
    "read_timeout_seconds": 10,
    "backoff_seconds": 0.5,
}
_HEALTHY: dict[str, Any] = {
    "requests_per_minute": None,
    "rate_window_seconds": 60,
    "quota": 1_000_000,
    "batch_max_ids": 100,
    "token_lifetime_seconds": 3600,
    "plan_forbidden": [],
}


class Connect:
    """Makes clients, and closes them after the test.

    Attributes:
        pauses: What the clients would have waited, in order.
    """

    def __init__(self) -> None:
        """Start with no client."""
        self.pauses: list[float] = []
        self._clients: list[Client] = []

    def __call__(
        self,
        url: str,
        scheme: Scheme | None = None,
        *,
        sleep: Callable[[float], None] | None = None,
        **options: float,
    ) -> Client:
        """Make a client of this address; `options` are those of `ClientOptions`."""
        client = Client(
            ClientOptions(base_url=url, **(_OPTIONS | options)),
            scheme or ApplicationKey("soundcharts", "soundcharts"),
            CallLog(),
            clock=lambda: NOW,
            sleep=sleep or self.pauses.append,
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close what was made."""
        for client in self._clients:
            client.close()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make clients for the length of a test."""
    made = Connect()
    yield made
    made.close()


@pytest.fixture(scope="session")
def standing_sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests that leave the calendar alone; use `sandbox`."""
    with running_sandbox(today=TODAY) as started:
        yield started


@pytest.fixture
def sandbox(standing_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The standing sandbox, healthy and with its counters at zero."""
    standing_sandbox.reset()
    yield standing_sandbox
    standing_sandbox.faults()
    standing_sandbox.switch(**_HEALTHY)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """What the sandbox serves."""
    return load(DEFAULT_FOLDER)


@pytest.fixture(scope="session")
def songs(catalogue: Catalogue) -> list[str]:
    """Ids of songs about which nothing is awkward."""
    return sorted(uuid for uuid, track in catalogue.songs_by_uuid.items() if not track.cases)


@pytest.fixture(scope="session")
def unknown_songs(catalogue: Catalogue) -> list[str]:
    """Ids of songs that are ranked but answered 404."""
    return sorted(uuid for uuid, track in catalogue.songs_by_uuid.items() if "not_found" in track.cases)


@pytest.fixture(scope="session")
def artists(catalogue: Catalogue) -> list[str]:
    """Ids of artists about whom nothing is awkward."""
    return sorted(uuid for uuid, artist in catalogue.artists_by_uuid.items() if not artist.cases)
