"""Sandboxes to ask, and a way of asking."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import requests

from soundcharts_assets.sandbox.process import Sandbox, running_sandbox

TODAY = date(2026, 11, 22)
LEGACY = {"x-app-id": "soundcharts", "x-api-key": "soundcharts"}


@dataclass(frozen=True)
class Client:
    """Asks one sandbox."""

    sandbox: Sandbox
    session: requests.Session

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
        asked = LEGACY if headers is None else headers
        return self.session.get(self.sandbox.url + path, headers=asked, params=query, timeout=10)

    def json(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def latest(self, slug: str, **query: Any) -> Any:
        return self.json(f"/api/v2.14/chart/song/{slug}/ranking/latest", **query)

    def instants(self, slug: str) -> list[str]:
        found = self.json(f"/api/v2/chart/song/{slug}/available-rankings")
        assert found["page"]["total"] == len(found["items"])
        items: list[str] = found["items"]
        return sorted(items)


@pytest.fixture(scope="session")
def shared() -> Iterator[Client]:
    """One sandbox for all tests that leave the calendar alone; use `client`."""
    with running_sandbox(today=TODAY) as sandbox, requests.Session() as session:
        yield Client(sandbox, session)


@pytest.fixture
def client(shared: Client) -> Iterator[Client]:
    """The shared sandbox, healthy and with its counters at zero."""
    shared.sandbox.reset()
    yield shared
    shared.sandbox.faults()
    shared.sandbox.switch(
        latency_seconds=0,
        jitter=0,
        requests_per_minute=None,
        rate_window_seconds=60,
        quota=1_000_000,
        batch_max_ids=100,
        batch_cost="call",
        clamp_limit=False,
        token_lifetime_seconds=3600,
        plan_forbidden=[],
    )


@pytest.fixture
def calendar() -> Iterator[Client]:
    """A sandbox of its own for a test that moves the calendar or corrects a ranking."""
    with running_sandbox(today=TODAY) as sandbox, requests.Session() as session:
        yield Client(sandbox, session)
