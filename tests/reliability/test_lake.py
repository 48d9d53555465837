"""Whole passes on a lake: several processes at once, readers beside them, and a process that is killed."""

import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from soundcharts_assets.sandbox.generate import Plan, generate
from soundcharts_assets.sandbox.process import Sandbox, running_sandbox
from soundcharts_assets.warehouse.connection import Warehouse
from tests.conftest import TODAY
from tests.reliability.contents import contents, contents_through
from tests.shop import Shop, lines
from tests.storage import running_storage
from tests.warehouse.helpers import doubled_keys, open_lake

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytestmark = pytest.mark.lake

CHARTS = 12
FEW = """
platforms: {track_audience: [spotify, airplay], artist_audience: [instagram], artist_listening: [spotify]}
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Twelve charts, each of which shares tracks with the one before."""
    folder = tmp_path_factory.mktemp("charts")
    plans = [
        Plan(
            number,
            slug(number),
            f"Chart {number}",
            "spotify",
            "daily",
            20,
            own=25,
            shared=((slug(number - 1), 8),) if number > 1 else (),
        )
        for number in range(1, CHARTS + 1)
    ]
    generate(folder, 4, plans)
    with running_sandbox(data=folder, today=TODAY.date()) as running:
        yield running


def slug(number: int) -> str:
    return f"chart-{number}"


class Lakeside(Shop):
    """A shop whose tables lie in a lake."""

    def __init__(self, folder: Path, sandbox: Sandbox, catalogue: str) -> None:
        super().__init__(folder, sandbox)
        self.catalogue = catalogue
        self.follow(*map(slug, range(1, CHARTS + 1)), more=FEW)

    def environment(self, **changes: str) -> dict[str, str]:
        lake = {
            "SOUNDCHARTS_WAREHOUSE": f"ducklake:postgres:{self.catalogue}",
            "SOUNDCHARTS_LAKE_PATH": str(self.folder / "files"),
        }
        return super().environment(**(lake | changes))

    def lake(self) -> Warehouse:
        return open_lake(self.catalogue, self.folder)


@pytest.fixture
def lakeside(tmp_path: Path, sandbox: Sandbox, postgres: "Postgres") -> Lakeside:
    sandbox.reset()
    folder = tmp_path / "lakeside"
    folder.mkdir()
    return Lakeside(folder, sandbox, postgres.database())


def alone(tmp_path: Path, sandbox: Sandbox) -> Shop:
    """The same charts, fetched by one process into a file."""
    folder = tmp_path / "alone"
    folder.mkdir()
    shop = Shop(folder, sandbox)
    shop.follow(*map(slug, range(1, CHARTS + 1)), more=FEW)
    assert shop.call("sync").returncode == 0
    return shop


class Readers:
    """Threads that ask a lake all the while, each of a connection of its own, and remember what went wrong."""

    def __init__(self, lakeside: Lakeside, count: int) -> None:
        self.answers = 0
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(lakeside.lake(),)) for _ in range(count)]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, lake: Warehouse) -> None:
        while not self._stop.is_set():
            try:
                with lake.connect() as connection:
                    assert doubled_keys(connection) == []
            except Exception as error:  # noqa: BLE001 - told by the test
                self.errors.append(error)
                return
            self.answers += 1
            time.sleep(0.1)


def test_four_processes_with_overlapping_charts_store_what_one_would_and_no_reader_is_refused(
    lakeside: Lakeside, sandbox: Sandbox, tmp_path: Path
) -> None:
    single = contents(alone(tmp_path, sandbox).warehouse)
    fewest = sandbox.report()
    sandbox.reset()
    assert lakeside.call("charts", "list").returncode == 0
    lakeside.lake().probe()
    # Each takes half of the charts, so that every chart is somebody else's as well.
    groups = [[1 + (start + step) % CHARTS for step in range(6)] for start in range(0, CHARTS, 3)]

    with Readers(lakeside, 2) as readers:
        passes = [
            lakeside.start("sync", *(word for number in group for word in ("--chart", slug(number))))
            for group in groups
        ]
        ended = [process.communicate(timeout=300) for process in passes]

    assert [process.returncode for process in passes] == [0] * 4, ended
    assert readers.errors == []
    assert readers.answers > 20
    lake = lakeside.lake()
    with lake.connect() as connection:
        assert doubled_keys(connection) == []
        found = contents_through(connection)
    assert found == single
    report = sandbox.report()
    # Metadata goes in batches, which are fuller when one process has all charts; each chart is polled by two.
    batches = {"song", "artist"}
    assert {of: n for of, n in report.by_endpoint.items() if of not in batches | {"ranking_latest"}} == {
        of: n for of, n in fewest.by_endpoint.items() if of not in batches | {"ranking_latest"}
    }
    assert report.by_endpoint["ranking_latest"] == 2 * CHARTS
    assert report.duplicates == CHARTS, "nothing but the second poll"


def test_a_process_that_is_killed_anywhere_leaves_a_whole_lake_and_the_others_settle_the_rest(
    lakeside: Lakeside, sandbox: Sandbox, tmp_path: Path
) -> None:
    began = time.monotonic()
    single = contents(alone(tmp_path, sandbox).warehouse)
    undisturbed = time.monotonic() - began
    sandbox.reset()
    dice = random.Random(6)  # noqa: S311 - instants, not secrets
    for _ in range(4):
        process = lakeside.start("sync")
        before = sandbox.report().calls
        while process.poll() is None and sandbox.report().calls < before + dice.randint(5, 120):
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 0.3))
        process.kill()
        process.communicate()
        with lakeside.lake().connect() as connection:
            assert doubled_keys(connection) == []

    began = time.monotonic()
    done = lakeside.run("sync")

    assert done.returncode == 0, lines(done)
    assert time.monotonic() - began < 30 + 2 * undisturbed, "nobody dead is waited for"
    with lakeside.lake().connect() as connection:
        assert contents_through(connection) == single


def test_every_command_that_reads_reads_a_lake(lakeside: Lakeside) -> None:
    assert "has no tables yet" in lakeside.call("doctor").stdout
    assert lakeside.call("sync", "--chart", slug(1)).returncode == 0
    for command in (["status"], ["status", "--chart", slug(1)], ["plan"], ["charts", "list"], ["sync", "--dry-run"]):
        done = lakeside.call(*command)
        assert done.returncode == 0, (command, lines(done))
        assert slug(1) in done.stdout or command == ["plan"]
    assert "can be read and written" in lakeside.call("doctor").stdout


def test_copied_into_a_lake_and_back_the_next_pass_finds_nothing_to_do(
    lakeside: Lakeside, sandbox: Sandbox, tmp_path: Path
) -> None:
    shop = alone(tmp_path, sandbox)
    place = lakeside.environment()
    there = shop.call(
        "copy", "--json", "--to", place["SOUNDCHARTS_WAREHOUSE"], SOUNDCHARTS_LAKE_PATH=place["SOUNDCHARTS_LAKE_PATH"]
    )
    back = lakeside.call("copy", "--json", "--to", str(tmp_path / "back.duckdb"))
    sandbox.reset()
    again = lakeside.call("sync")

    assert (there.returncode, back.returncode, again.returncode) == (0, 0, 0), lines(there) + lines(back)
    assert there.stdout == back.stdout
    assert sandbox.report().by_endpoint == {"ranking_latest": CHARTS}
    refused = shop.call(
        "copy", "--to", place["SOUNDCHARTS_WAREHOUSE"], SOUNDCHARTS_LAKE_PATH=place["SOUNDCHARTS_LAKE_PATH"]
    )
    assert refused.returncode == 2
    assert "holds rows already" in refused.stderr


def test_a_lake_comes_back_from_a_dump_of_its_catalogue_and_a_copy_of_its_files(
    lakeside: Lakeside, sandbox: Sandbox, postgres: "Postgres"
) -> None:
    assert lakeside.call("sync", "--chart", slug(1), "--chart", slug(2)).returncode == 0
    with lakeside.lake().connect() as connection:
        before = contents_through(connection)

    # As docs/deployment.md says: first the catalogue, then the files that it names, while a pass may go on.
    postgres.dump(lakeside.catalogue, lakeside.folder / "catalogue.sql")
    shutil.copytree(lakeside.folder / "files", lakeside.folder / "copy")
    assert lakeside.call("sync").returncode == 0
    shutil.rmtree(lakeside.folder / "files")
    (lakeside.folder / "copy").rename(lakeside.folder / "files")
    restored = postgres.database()
    postgres.restore(lakeside.folder / "catalogue.sql", restored)
    lakeside.catalogue = restored

    with lakeside.lake().connect() as connection:
        assert contents_through(connection) == before
    sandbox.reset()
    assert lakeside.call("sync", "--chart", slug(1), "--chart", slug(2)).returncode == 0
    assert sandbox.report().by_endpoint == {"ranking_latest": 2}, "nothing that is there is asked for again"


def test_the_files_of_a_lake_may_be_in_an_object_storage(lakeside: Lakeside, sandbox: Sandbox) -> None:
    with running_storage("bucket") as variables:
        place = {**variables, "SOUNDCHARTS_LAKE_PATH": "s3://bucket/lake"}
        first = lakeside.run("sync", "--chart", slug(1), **place)
        sandbox.reset()
        again = lakeside.run("sync", "--chart", slug(1), **place)
        refused = lakeside.run("status", **{**place, "SOUNDCHARTS_LAKE_PATH": "s3://another/lake"})

    assert (first.returncode, again.returncode) == (0, 0), lines(first) + lines(again)
    assert sandbox.report().by_endpoint == {"ranking_latest": 1}
    assert refused.returncode != 0
    told = "".join(lines(first) + lines(again) + lines(refused))
    assert variables["AWS_SECRET_ACCESS_KEY"] not in told
