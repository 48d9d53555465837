"""The benchmark measures what it says: the fewest calls are right, and the floor makes just those."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import floor
from benchmarks.cases import CASES, QUICK, write_data
from benchmarks.measure import ContestantFailed, Measured, run_measured
from benchmarks.minimal import Target, Vendor, count
from benchmarks.results import Result, Round, Run, as_json
from soundcharts_assets.sandbox.generate import Plan
from soundcharts_assets.sandbox.process import Sandbox, running_sandbox

ROOT = Path(__file__).parents[1]
PLANS = (
    Plan(1, "first", "First", "spotify", "daily", 110, own=140),
    Plan(2, "second", "Second", "shazam", "daily", 20, own=15, shared=(("first", 20),)),
)
SLUGS = ["first", "second"]


@dataclass(frozen=True)
class Vendors:
    """The same charts served twice: over HTTP, and to whoever works out the fewest calls."""

    sandbox: Sandbox
    vendor: Vendor
    folder: Path


@contextmanager
def _vendors(folder: Path) -> Iterator[Vendors]:
    write_data(folder, PLANS)
    with running_sandbox(data=folder) as sandbox:
        yield Vendors(sandbox, Vendor(folder, sandbox.report().today), folder)


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    with _vendors(tmp_path_factory.mktemp("bench") / "data") as both:
        yield both


def _paths(targets: Sequence[Target]) -> list[str]:
    return [target.path for target in targets]


def _newest(folder: Path) -> tuple[dict[str, int], int, int]:
    """Places of each chart's newest ranking, and the tracks and artists on all of them, from the files alone."""
    with duckdb.connect(":memory:") as connection:
        for name in ("charts", "song_entries", "track_artists"):
            connection.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        connection.execute(
            "CREATE VIEW newest AS SELECT charts.slug, entries.track_id FROM song_entries AS entries "
            "JOIN charts ON charts.chart_id = entries.chart_id AND charts.last_date = entries.ranking_date"
        )
        places = connection.execute("SELECT slug, count(*) FROM newest GROUP BY ALL").fetchall()
        tracks = connection.execute("SELECT count(DISTINCT track_id) FROM newest").fetchall()[0][0]
        artists = connection.execute(
            "SELECT count(DISTINCT artist_id) FROM track_artists SEMI JOIN newest USING (track_id)"
        ).fetchall()[0][0]
    return dict(places), tracks, artists


def test_the_fewest_calls_are_those_of_the_formula(vendors: Vendors) -> None:
    places, tracks, artists = _newest(vendors.folder)
    assert 100 < places["first"] <= 110  # two pages
    assert places["second"] <= 20  # one
    assert 100 < tracks < sum(places.values())  # some are shared
    batches = -(-tracks // 50) - (-artists // 50)
    assert len(vendors.vendor.first_pass(SLUGS)) == 2 + 1 + batches + 4 * tracks + 6 * artists


def test_the_floor_makes_the_fewest_calls_each_once_and_all_are_answered(vendors: Vendors) -> None:
    targets = vendors.vendor.first_pass(SLUGS)
    vendors.sandbox.reset()
    found = floor.download(vendors.sandbox.url, _paths(targets))
    report = vendors.sandbox.report()
    assert report.by_endpoint == count(targets)
    assert report.duplicates == 0
    assert report.by_status == {"200": len(targets)}
    assert found["calls"] == len(targets)


def test_the_floor_shares_its_connections_out_among_threads(vendors: Vendors) -> None:
    targets = vendors.vendor.first_pass(SLUGS)[:200]
    vendors.sandbox.reset()
    assert floor.download(vendors.sandbox.url, _paths(targets), threads=4)["calls"] == 200
    assert vendors.sandbox.report().duplicates == 0


def test_the_floor_asks_again_where_it_met_the_rate_limit(vendors: Vendors) -> None:
    targets = vendors.vendor.first_pass(SLUGS)[:60]
    vendors.sandbox.switch(requests_per_minute=50, rate_window_seconds=1)
    try:
        vendors.sandbox.reset()
        found = floor.download(vendors.sandbox.url, _paths(targets))
        statuses = vendors.sandbox.report().by_status
    finally:
        vendors.sandbox.switch(requests_per_minute=None, rate_window_seconds=60)
    assert statuses["200"] == 60
    assert found["refused"] == statuses["429"] > 0


def test_the_floor_stops_at_an_answer_that_is_no_200(vendors: Vendors) -> None:
    with pytest.raises(RuntimeError, match="answered 404: /api/v2/nothing"):
        floor.download(vendors.sandbox.url, ["/api/v2/nothing"])


def test_a_later_pass_asks_for_new_rankings_and_for_what_can_have_changed(tmp_path: Path) -> None:
    with _vendors(tmp_path / "data") as both:
        before = both.vendor.reach(SLUGS)
        targets = both.vendor.pass_after(SLUGS, 2)
        both.sandbox.advance(2)
        assert both.vendor.today == both.sandbox.report().today
        both.sandbox.reset()
        floor.download(both.sandbox.url, _paths(targets))
        report = both.sandbox.report()
        now = both.vendor.reach(SLUGS)
    assert report.by_endpoint == count(targets)
    assert report.duplicates == 0
    assert report.by_status == {"200": len(targets)}
    tracks = {*before.tracks, *now.tracks}
    assert report.by_endpoint["song_broadcasts"] == len(tracks)
    assert report.by_endpoint["ranking_latest"] == 2
    new = len(tracks) - len(before.tracks)
    assert report.by_endpoint.get("song", 0) == -(-new // 50)
    # Vendors look at an artist's followers every few days only.
    artists = {*before.artists, *now.artists}
    assert 0 < report.by_endpoint["artist_audience/instagram"] < len(artists)


def test_a_process_is_measured_from_outside(vendors: Vendors, tmp_path: Path) -> None:
    targets = vendors.vendor.first_pass(SLUGS)
    (tmp_path / "targets").write_text("\n".join(_paths(targets)), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.floor", vendors.sandbox.url, "targets"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    measured = run_measured(command, vendors.sandbox, folder=tmp_path, environment=environment)
    assert measured.calls == count(targets)
    assert measured.duplicates == measured.refused == 0
    parts = measured.startup_seconds + measured.calling_seconds + measured.tail_seconds
    assert parts == pytest.approx(measured.wall_seconds)
    assert measured.startup_seconds > 0
    assert measured.calling_seconds > 0
    assert 0 < measured.cpu_seconds < 2 * measured.wall_seconds
    # It holds a few requests, not what this process holds.
    assert 5_000_000 < measured.peak_memory_bytes < 80_000_000


def test_a_contestant_that_fails_is_no_result(vendors: Vendors, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('out of luck')"]
    with pytest.raises(ContestantFailed, match="code 1:\nout of luck"):
        run_measured(command, vendors.sandbox, folder=tmp_path, environment={})


def test_a_contestant_that_does_not_end_is_ended(vendors: Vendors, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    beating = "import time\nwhile True: print('.', end='', file=open('beat', 'a')) or time.sleep(0.02)"
    command = [sys.executable, "-c", beating]
    with pytest.raises(ContestantFailed, match="longer than 1 s"):
        run_measured(command, vendors.sandbox, folder=tmp_path, environment={}, timeout_seconds=1)
    beats = beat.stat().st_size
    time.sleep(0.2)
    assert beat.stat().st_size == beats > 0


def _measured(**changes: object) -> Measured:
    one = Measured(
        wall_seconds=4.0,
        startup_seconds=1.0,
        calling_seconds=2.0,
        tail_seconds=1.0,
        cpu_seconds=3.0,
        peak_memory_bytes=1 << 20,
        calls={"song": 10},
        refused=0,
        duplicates=0,
        output="",
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def test_ratios_are_within_a_round_and_medians_over_rounds() -> None:
    minimal = {"song": 10}
    rounds = [
        Round({"floor": Run(_measured(wall_seconds=wall), minimal), "project": Run(_measured(), minimal)})
        for wall in (1.0, 2.0, 4.0)
    ]
    result = Result(QUICK, rounds)
    assert [one.ratios["project_to_floor.wall"] for one in rounds] == [4.0, 2.0, 1.0]
    assert result.medians["project_to_floor.wall"] == 2.0
    assert result.medians["project_to_floor.rate"] == 1.0
    written = as_json([result])
    assert json.loads(written)["cases"]["quick"]["medians"] == result.medians
    assert str(ROOT) not in written


@pytest.mark.parametrize(
    ("calls", "refused", "duplicates", "wasteful"),
    [
        ({"song": 10}, 0, 0, False),
        ({"song": 9}, 0, 0, False),
        ({"song": 11}, 0, 0, True),
        ({"song": 10}, 0, 1, True),
        ({"song": 12}, 2, 2, False),  # two met the rate limit and were asked again
        ({"song": 12}, 2, 3, True),
    ],
)
def test_waste_is_what_exceeds_the_fewest_calls_or_is_asked_twice(
    calls: dict[str, int], refused: int, duplicates: int, *, wasteful: bool
) -> None:
    run = Run(_measured(calls=calls, refused=refused, duplicates=duplicates), {"song": 10})
    assert run.is_wasteful is wasteful
    assert Result(QUICK, [Round({"floor": run, "project": run})]).is_wasteful is wasteful


def test_every_case_has_a_name_of_its_own_and_charts_that_may_be_followed() -> None:
    names = [case.name for case in (*CASES, QUICK)]
    assert len(set(names)) == len(names)
    for case in CASES:
        assert len(set(case.slugs)) == len(case.plans)


def test_the_lists_of_cases_are_told_without_running_any() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--quick" in done.stdout
