"""What whole-pass tests share: a sandbox on real HTTP, a warehouse on disk, and a bench that puts them together."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import dagster as dg

    from soundcharts_assets.commands.report import PassReport
    from soundcharts_assets.refresh.refresher import Refresher
    from soundcharts_assets.refresh.request import Request
    from soundcharts_assets.sandbox.process import Sandbox
    from soundcharts_assets.settings.reading import Settings
    from tests.postgres import Postgres
    from tests.shop import Shop

# The folders of single packages run without Dagster, too: what they do not need is imported where it is used.

TODAY = datetime(2026, 9, 16, 15, 30, tzinfo=UTC)


@dataclass
class Bench:
    """A sandbox, a warehouse of its own, an instance of Dagster, and a clock that stands still until it is moved."""

    sandbox: "Sandbox"
    folder: Path
    instance: "dg.DagsterInstance"
    now: datetime = TODAY
    content: dict[str, Any] = field(default_factory=dict)

    def settings(self, content: Mapping[str, Any] | None = None, **environment: str) -> "Settings":
        """Settings of this content of `soundcharts.yaml`, pointed at the sandbox."""
        from ruamel.yaml import YAML  # noqa: PLC0415

        from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

        path = self.folder / "soundcharts.yaml"
        quick = {"api": {"calls_per_minute": 100_000, "backoff_seconds": 0.01, "workers": 8}}
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump({**quick, **(content or {})}, file)
        return load_settings(self.environment() | environment)

    @property
    def warehouse(self) -> Path:
        """The file."""
        return self.folder / "warehouse.duckdb"

    def environment(self) -> dict[str, str]:
        """Variables that point everything at this bench."""
        return {
            "SOUNDCHARTS_BASE_URL": self.sandbox.url,
            "SOUNDCHARTS_APP_ID": "soundcharts",
            "SOUNDCHARTS_API_KEY": "soundcharts",
            "SOUNDCHARTS_WAREHOUSE": str(self.warehouse),
            "SOUNDCHARTS_CONFIG": str(self.folder / "soundcharts.yaml"),
        }

    def follow(self, *slugs: str, **content: Any) -> None:
        """Follow these charts from now on, with these further settings."""
        self.content = {"charts": [{"slug": slug} for slug in slugs], **content}

    def refresher(self) -> "Refresher":
        """A refresher as a new process would have it."""
        from soundcharts_assets.refresh.refresher import Refresher  # noqa: PLC0415

        return Refresher(self.settings(self.content), clock=lambda: self.now)

    def sync(self, *named: str, request: "Request | None" = None, insights: bool = False) -> "PassReport":
        """Run one pass, and what is computed after it where that matters."""
        from soundcharts_assets.commands.sync import sync  # noqa: PLC0415
        from soundcharts_assets.refresh.request import Request  # noqa: PLC0415

        return sync(self.refresher(), self.instance, request or Request(), named, insights=insights)

    def some_track(self, slug: str) -> str:
        """Store the chart's newest ranking only, and pick a track of it."""
        followed = self.content
        self.content = {"charts": [{"slug": slug, "cascade": False}]}
        self.sync()
        self.content = followed
        return str(self.one("SELECT max(track_uuid) FROM soundcharts.chart_entries WHERE chart_slug = ?", slug))

    def let_pass(self, **duration: float) -> None:
        """Move the clock."""
        self.now += timedelta(**duration)

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        import duckdb  # noqa: PLC0415

        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(statement, list(parameters)).fetchall()

    def one(self, statement: str, *parameters: object) -> Any:
        """Ask the warehouse for one value."""
        return self.query(statement, *parameters)[0][0]


@pytest.fixture(scope="session")
def postgres() -> Iterator["Postgres"]:
    """One Postgres for all tests of a worker, each with a database of its own."""
    from tests.postgres import is_installed, running_postgres  # noqa: PLC0415

    if not is_installed() and not os.environ.get("CI"):
        pytest.skip("Postgres is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator["Sandbox"]:
    """One sandbox for all tests that do not let days go by."""
    from soundcharts_assets.sandbox.process import running_sandbox  # noqa: PLC0415

    with running_sandbox(today=TODAY.date()) as sandbox:
        yield sandbox


@pytest.fixture
def bench(shared_sandbox: "Sandbox", tmp_path: Path) -> Iterator[Bench]:
    """A bench on the shared sandbox, which is left healthy and uncounted."""
    shared_sandbox.faults([])
    shared_sandbox.reset()
    with _instance() as instance:
        yield Bench(shared_sandbox, tmp_path, instance)
    shared_sandbox.faults([])
    shared_sandbox.switch(quota=1_000_000, batch_max_ids=100, plan_forbidden=[])


@pytest.fixture
def shop(shared_sandbox: "Sandbox", tmp_path: Path) -> Iterator["Shop"]:
    """A shop on the shared sandbox, which is left healthy and uncounted."""
    from tests.shop import Shop  # noqa: PLC0415

    shared_sandbox.faults([])
    shared_sandbox.reset()
    yield Shop(tmp_path, shared_sandbox)
    shared_sandbox.faults([])
    shared_sandbox.switch(quota=1_000_000, latency_seconds=0)


@pytest.fixture
def moving_bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench on a sandbox of its own, for tests that let days go by."""
    from soundcharts_assets.sandbox.process import running_sandbox  # noqa: PLC0415

    with running_sandbox(today=TODAY.date()) as sandbox, _instance() as instance:
        yield Bench(sandbox, tmp_path, instance)


def _instance() -> "dg.DagsterInstance":
    import dagster as dg  # noqa: PLC0415

    return dg.DagsterInstance.ephemeral()
