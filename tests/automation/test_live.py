"""Nobody presses a button: webserver, daemon and sandbox as the processes they are, on a temporary DAGSTER_HOME.

Once as `make dev` has it, with everything embedded, and once as `deploy` has it: Dagster's instance on Postgres, the
tables in a lake, and the code location a process of its own. Minutes long, since ticks come every half minute:
`make test-slow` and `make test-lake`.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests

from soundcharts_assets.sandbox.process import Sandbox, running_sandbox
from soundcharts_assets.warehouse.connection import Warehouse
from tests.conftest import TODAY
from tests.postgres import free_port
from tests.program import Program, wait_for
from tests.warehouse.helpers import open_lake, open_warehouse

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TICK_SECONDS = 30
SETTINGS = """
charts:
  - slug: viral-50-40
  - slug: top-50-58
  - slug: top-songs-31       # weekly
platforms: {track_audience: [spotify], artist_audience: [instagram], artist_listening: []}
api: {calls_per_minute: 100000, polls_per_minute: 100000}
"""
DAILY, WEEKLY = {"viral-50-40", "top-50-58"}, {"top-songs-31"}
RUNS = """
query Runs { runsOrError(limit: 200) { ... on Runs { results { runId status jobName startTime tags { key value } } } } }
"""


class House:
    """The running system: what a person could look at, and nothing that touches it but time and the vendor."""

    def __init__(self, folder: Path, sandbox: Sandbox, warehouse: Warehouse, port: int) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.programs: list[Program] = []
        self._warehouse = warehouse
        self._url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str) -> dict[str, Any]:
        """Ask Dagster's webserver."""
        answer = requests.post(self._url, json={"query": query}, timeout=30).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def all_runs(self) -> list[dict[str, Any]]:
        """All runs, newest first, their tags as a mapping."""
        found = self.ask(RUNS)["runsOrError"]["results"]
        return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def runs(self) -> list[dict[str, Any]]:
        """Runs that fetch, newest first."""
        return [run for run in self.all_runs() if run["tags"].get("soundcharts/started_by") != "insights"]

    def computing(self) -> list[dict[str, Any]]:
        """Runs that compute, newest first."""
        return [run for run in self.all_runs() if run["tags"].get("soundcharts/started_by") == "insights"]

    def update_runs(self) -> list[str]:
        """Charts of the runs that the sensor of chart updates started, oldest first."""
        own = [run for run in reversed(self.runs()) if run["tags"].get("soundcharts/started_by") == "chart_updates"]
        return [run["tags"]["dagster/partition"] for run in own]

    def quiet(self) -> bool:
        """Whether every run has ended."""
        return all(run["status"] in {"SUCCESS", "FAILURE", "CANCELED"} for run in self.all_runs())

    def now(self) -> datetime:
        """What time the program believes it is."""
        return datetime.now(UTC) + timedelta(seconds=float((self.folder / "clock").read_text(encoding="utf-8")))

    def set_clock(self, moment: datetime) -> None:
        """Let the program believe that it is this time now."""
        ahead = (moment - datetime.now(UTC)).total_seconds()
        (self.folder / "clock").write_text(str(ahead), encoding="utf-8")

    def wait_for(self, what: str, condition: Callable[[], bool], seconds: float) -> float:
        """Wait until it is so, and return how long that took; in vain, tell what its programs said."""
        return wait_for(what, condition, seconds, *self.programs)

    def change(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask or change the warehouse, in a moment in which nobody holds it."""
        with self._warehouse.writing(), self._warehouse.connect() as connection:
            return connection.execute(statement).fetchall()


class Home(NamedTuple):
    """A way to run everything: the warehouse, what else is in the environment, and further processes."""

    warehouse: Warehouse
    environment: dict[str, str]
    processes: tuple[tuple[str, ...], ...] = ()


def embedded(folder: Path) -> Home:
    """Everything in files of this folder."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, folder / name)
    path = folder / "warehouse.duckdb"
    return Home(open_warehouse(path, bound=10), {"SOUNDCHARTS_WAREHOUSE": str(path)})


def deployed(folder: Path, postgres: "Postgres") -> Home:
    """Instance and catalogue in Postgres, as the files of `deploy` say, with this machine's addresses."""
    shutil.copy(ROOT / "deploy" / "dagster.yaml", folder)
    port = free_port()
    workspace = (ROOT / "deploy" / "workspace.yaml").read_text(encoding="utf-8")
    local = workspace.replace("host: code-location", "host: 127.0.0.1").replace("port: 4000", f"port: {port}")
    (folder / "workspace.yaml").write_text(local, encoding="utf-8")
    catalogue = postgres.database()
    environment = {
        **postgres.as_environment(postgres.database()),
        "SOUNDCHARTS_WAREHOUSE": f"ducklake:postgres:{catalogue}",
        "SOUNDCHARTS_LAKE_PATH": str(folder / "files"),
    }
    location = ("dagster", "api", "grpc", "--module-name", "soundcharts_assets.definitions", "--port", str(port))
    return Home(open_lake(catalogue, folder, bound=10), environment, ((*location, "--host", "127.0.0.1"),))


def start(folder: Path, environment: dict[str, str], *command: str) -> Program:
    """Start a program of this environment."""
    program, *arguments = command
    beside = Path(sys.executable).with_name(program)
    return Program([str(beside), *arguments], folder, environment, folder / f"{program}.log")


@pytest.fixture(scope="module", params=["embedded", pytest.param("deployed", marks=pytest.mark.lake)])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    home = embedded(folder) if request.param == "embedded" else deployed(folder, request.getfixturevalue("postgres"))
    (folder / "soundcharts.yaml").write_text(SETTINGS, encoding="utf-8")
    with running_sandbox(today=TODAY.date()) as sandbox:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DAGSTER_HOME": str(folder),
            "SOUNDCHARTS_BASE_URL": sandbox.url,
            "SOUNDCHARTS_APP_ID": "soundcharts",
            "SOUNDCHARTS_API_KEY": "soundcharts",
            "SOUNDCHARTS_CLOCK_SHIFT": str(folder / "clock"),
            **home.environment,
        }
        port = free_port()
        found = House(folder, sandbox, home.warehouse, port)
        found.set_clock(TODAY)
        server = ("dagster-webserver", "-h", "127.0.0.1", "-p", str(port))
        # As the README has it: two programs that make a fresh instance on SQLite at once get in each other's way.
        made = start(folder, environment, "dagster", "instance", "migrate")
        assert made.wait(timeout=120) == 0, made.said()
        with ExitStack() as running:
            for command in (*home.processes, server, ("dagster-daemon", "run")):
                found.programs.append(start(folder, environment, *command))
                running.callback(found.programs[-1].end)
            found.wait_for("the webserver", lambda: _answers(found), 120)
            yield found


def _answers(house: House) -> bool:
    try:
        return bool(house.ask("query { version }"))
    except requests.RequestException:
        return False


def test_first_rankings_arrive_and_cascade(house: House) -> None:
    house.wait_for("a run for each chart", lambda: set(house.update_runs()) == DAILY | WEEKLY, 180)
    house.wait_for("all runs to end", house.quiet, 240)

    assert {run["status"] for run in house.runs()} == {"SUCCESS"}
    assert sorted(house.update_runs()) == sorted(DAILY | WEEKLY), "one run a chart"
    assert house.sandbox.report().duplicates == 0
    tagged = {run["tags"]["dagster/partition"]: run["tags"] for run in house.runs()}
    assert tagged["viral-50-40"]["soundcharts/chart"] == "Viral 50, spotify, Brazil"
    assert tagged["viral-50-40"]["soundcharts/ranking"].startswith("2026-09-1")
    unfetched = "SELECT count(*) FROM soundcharts.tracks WHERE fetched_at IS NULL AND uuid NOT IN ({})".format(
        "SELECT uuid FROM soundcharts.fetches WHERE subject = 'tracks' AND status <> 'ok'"
    )
    assert house.change(unfetched) == [(0,)]


def test_what_is_computed_follows_once_all_is_quiet(house: House) -> None:
    house.wait_for("a run that computes", lambda: bool(house.computing()), 3 * TICK_SECONDS)
    house.wait_for("all runs to end", house.quiet, 120)

    assert {run["status"] for run in house.computing()} == {"SUCCESS"}
    movements = "SELECT count(DISTINCT chart_slug) FROM soundcharts.chart_movements"
    assert house.change(movements) == [(len(DAILY | WEEKLY),)]
    tracks = "SELECT (SELECT count(*) FROM soundcharts.catalog) = (SELECT count(*) FROM soundcharts.tracks)"
    assert house.change(tracks) == [(True,)]
    time.sleep(2 * TICK_SECONDS)
    assert len(house.computing()) <= 2, "once a cascade, not once a tick"


def test_stale_rows_and_only_they_are_fetched_again_through_a_backfill(house: House) -> None:
    before = len(house.runs())
    house.sandbox.reset()
    aged = "subject = 'tracks' AND status = 'ok' AND uuid < '8'"
    fresh = f"subject = 'tracks' AND fetched_at > TIMESTAMPTZ '{house.now():%Y-%m-%d %H:%M:%S}Z'"
    house.change(f"UPDATE soundcharts.fetches SET fetched_at = fetched_at - INTERVAL 31 DAY WHERE {aged}")
    left = "SELECT count(*) FROM soundcharts.fetches WHERE fetched_at < TIMESTAMPTZ '2026-09-01 00:00:00Z'"
    old = house.change(left)
    house.wait_for("all stale rows to be fetched", lambda: house.change(left) == [(0,)], 180)
    house.wait_for("all runs to end", house.quiet, 120)

    assert old[0][0] > 0
    runs = house.runs()[: len(house.runs()) - before]
    assert all("dagster/backfill" in run["tags"] for run in runs)
    assert {run["tags"]["soundcharts/started_by"] for run in runs} == {"freshness"}
    assert len({run["tags"]["dagster/backfill"] for run in runs}) == 1
    assert set(house.sandbox.report().by_endpoint) == {"song"}, "nothing but the stale metadata is asked for"
    assert house.change(f"SELECT count(*) FROM soundcharts.fetches WHERE {fresh}")[0][0] == old[0][0]


def test_a_day_later_each_updated_daily_chart_gets_one_run_and_weekly_ones_none(house: House) -> None:
    before = len(house.runs())
    house.sandbox.reset()
    house.sandbox.advance(1)
    house.set_clock(TODAY.replace(day=17, hour=14))
    took = house.wait_for("a run for each daily chart", lambda: len(house.update_runs()) == 5, 2 * TICK_SECONDS + 15)
    house.wait_for("all runs to end", house.quiet, 240)
    time.sleep(2 * TICK_SECONDS)  # for whatever should not come
    house.wait_for("what is computed", house.quiet, 60)

    assert sorted(house.update_runs()[3:]) == sorted(DAILY)
    assert len(house.runs()) == before + 2, "no second run for ageing audiences"
    assert took <= 2 * TICK_SECONDS + 15
    assert house.sandbox.report().by_endpoint["ranking_latest"] == 2, "one poll a daily chart, none of the weekly one"
