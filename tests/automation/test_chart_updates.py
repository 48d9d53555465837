"""The sensor of chart updates: when it polls, what it asks for, and what it leaves alone."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import dagster as dg
import pytest

from soundcharts_assets.partitions import PARTITIONS
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import load_settings
from tests.automation.operator import Operator
from tests.conftest import Bench

DAILY, OTHER, WEEKLY, EMPTY = "viral-50-40", "top-50-58", "top-songs-31", "empty-99"
RANKINGS_ONLY: dict[str, list[str]] = {"track_audience": [], "artist_audience": [], "artist_listening": []}


def operator_of(bench: Bench) -> Operator:
    """An operator on the settings and the clock of a bench, whatever these become."""
    return Operator(lambda: bench.settings(bench.content), bench.instance, lambda: bench.now)


def follow(bench: Bench, *slugs: str) -> None:
    """Follow charts for their rankings alone."""
    bench.follow(platforms=RANKINGS_ONLY)
    bench.content["charts"] = [{"slug": slug, "cascade": False} for slug in slugs]


def polls(bench: Bench) -> int:
    """Polls that the sandbox has counted."""
    return bench.sandbox.report().by_endpoint.get("ranking_latest", 0)


@contextmanager
def webhook() -> Iterator[tuple[str, list[str]]]:
    """An address that takes alerts, and what it was told."""
    told: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook?token=secret", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_newly_followed_chart_starts_on_the_next_tick(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    (run,) = operator.sensor_tick()

    assert run.charts == (DAILY,)
    assert run.tags["soundcharts/chart"] == "Viral 50, spotify, Brazil"
    assert run.tags["soundcharts/ranking"] == "2026-09-16 12:00:00 UTC"
    assert run.tags["dagster/priority"] == "1"
    assert bench.instance.has_dynamic_partition(PARTITIONS, DAILY)
    assert polls(bench) == 1


def test_an_update_is_one_run_and_its_poll_is_paid_for_once(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    for run in operator.sensor_tick():
        assert operator.carry_out(run)

    assert operator.sensor_tick() == []
    assert bench.sandbox.report().calls == 1, "the first page came with the poll"
    assert bench.one("SELECT count(*) FROM soundcharts.chart_entries") == 50


def test_nothing_is_polled_before_a_new_ranking_is_likely(bench: Bench) -> None:
    follow(bench, DAILY, WEEKLY)
    operator = operator_of(bench)
    for run in operator.sensor_tick():
        operator.carry_out(run)
    bench.sandbox.reset()
    for _ in range(5):
        bench.let_pass(hours=4)
        assert operator.sensor_tick() == []

    assert polls(bench) == 0
    assert "next poll" in operator.skipped


def test_a_day_later_the_daily_chart_is_asked_for_and_the_weekly_one_is_not(moving_bench: Bench) -> None:
    bench = moving_bench
    follow(bench, DAILY, WEEKLY)
    operator = operator_of(bench)
    for run in operator.sensor_tick():
        operator.carry_out(run)
    bench.sandbox.reset()
    bench.sandbox.advance(1)
    bench.let_pass(hours=22)

    assert [run.charts for run in operator.sensor_tick()] == [(DAILY,)]
    assert polls(bench) == 1


def test_a_chart_that_fails_hides_no_other_and_waits(bench: Bench) -> None:
    follow(bench, DAILY, OTHER)
    bench.sandbox.faults([{"path": f"/{DAILY}/", "kind": "status", "status": 500}])
    operator = operator_of(bench)
    assert [run.charts for run in operator.sensor_tick()] == [(OTHER,)]
    asked = polls(bench)
    bench.let_pass(minutes=59)
    operator.sensor_tick()
    assert polls(bench) == asked, "an hour's pause"

    bench.sandbox.faults([])
    bench.let_pass(minutes=2)
    assert (DAILY,) in [run.charts for run in operator.sensor_tick()]


def test_a_chart_without_rankings_is_asked_for_once_a_day(bench: Bench) -> None:
    follow(bench, EMPTY)
    operator = operator_of(bench)
    for _ in range(8):
        assert operator.sensor_tick() == []
        bench.let_pass(hours=6)
    assert polls(bench) == 2


def test_a_failed_run_is_asked_for_again_after_a_growing_pause(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    (first,) = operator.sensor_tick()
    run = operator.unfinished_run(DAILY, dg.DagsterRunStatus.STARTED, first.tags)
    assert operator.sensor_tick() == [], "it is at it"
    bench.instance.report_run_failed(run)
    bench.now = _ended(bench, run)
    assert operator.sensor_tick() == []
    bench.let_pass(minutes=11)
    (second,) = operator.sensor_tick()
    assert second.charts == (DAILY,)
    run = operator.unfinished_run(DAILY, dg.DagsterRunStatus.STARTED, second.tags)
    bench.instance.report_run_failed(run)
    bench.now = _ended(bench, run) + timedelta(minutes=11)
    assert operator.sensor_tick() == [], "twice as long the second time"
    bench.let_pass(minutes=10)
    assert [run.charts for run in operator.sensor_tick()] == [(DAILY,)]


def _ended(bench: Bench, run: dg.DagsterRun) -> datetime:
    record = bench.instance.get_run_record_by_id(run.run_id)
    assert record is not None
    return datetime.fromtimestamp(record.end_time or 0, bench.now.tzinfo)


def test_a_chart_that_is_not_followed_any_more_is_left_alone(bench: Bench) -> None:
    follow(bench, DAILY, OTHER)
    operator = operator_of(bench)
    for run in operator.sensor_tick():
        operator.carry_out(run)
    follow(bench, OTHER)
    bench.let_pass(days=3)
    bench.sandbox.reset()
    operator.sensor_tick()
    assert polls(bench) == 1
    assert bench.one("SELECT followed FROM soundcharts.charts WHERE slug = ?", DAILY) is False


def test_settings_are_read_anew_at_every_tick(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    operator.sensor_tick()
    follow(bench, DAILY, OTHER)
    assert (OTHER,) in [run.charts for run in operator.sensor_tick()]


def test_selectors_are_resolved_at_most_once_a_day(bench: Bench) -> None:
    bench.follow(platforms=RANKINGS_ONLY)
    bench.content["charts"] = [{"platform": "spotify", "countries": ["BR"], "cascade": False}]
    operator = operator_of(bench)
    assert DAILY in [run.charts[0] for run in operator.sensor_tick()]
    listings = bench.sandbox.report().by_endpoint["charts_by_platform"]
    for _ in range(4):
        bench.let_pass(hours=5)
        operator.sensor_tick()
    assert bench.sandbox.report().by_endpoint["charts_by_platform"] == listings
    bench.let_pass(hours=4, minutes=1)
    operator.sensor_tick()
    assert bench.sandbox.report().by_endpoint["charts_by_platform"] == 2 * listings


def test_a_killed_sync_does_not_keep_its_chart(bench: Bench) -> None:
    follow(bench, DAILY)
    operator = operator_of(bench)
    orphan = operator.unfinished_run(DAILY, dg.DagsterRunStatus.STARTED, {"soundcharts/started_by": "sync"})
    assert [run.charts for run in operator.sensor_tick()] == [(DAILY,)]
    closed = bench.instance.get_run_by_id(orphan.run_id)
    assert closed is not None
    assert closed.status is dg.DagsterRunStatus.FAILURE


class TestSpentQuota:
    """One alert, and no failing runs until there is quota again."""

    def test_it_pauses_everything_and_goes_on_when_it_is_back(self, bench: Bench) -> None:
        bench.follow(DAILY, OTHER, platforms={**RANKINGS_ONLY, "track_audience": ["spotify"]})
        with webhook() as (address, told):
            operator = Operator(
                lambda: bench.settings(bench.content, SOUNDCHARTS_WEBHOOK=address), bench.instance, lambda: bench.now
            )
            runs = operator.sensor_tick()
            bench.sandbox.switch(quota=20)
            outcomes = [operator.carry_out(run) for run in runs]
            assert outcomes == [False, True], "the first one meets it, the second one is let off"
            bench.sandbox.reset()
            for _ in range(5):
                bench.let_pass(minutes=100)
                assert operator.sensor_tick() == []
                assert operator.requested() == []
            assert "paused" in operator.skipped
            report = bench.sandbox.report()
            assert report.billed == 0
            assert set(report.by_endpoint) == {"team_usage"}, "only the free look is taken"
            assert len(told) == 1
            assert "paused for quota" in told[0]
            assert "secret" not in told[0]

            bench.sandbox.switch(quota=1_000_000)
            bench.let_pass(minutes=20)
            asked = [*operator.sensor_tick(), *operator.automation_tick()]
            assert asked, "it goes on by itself"
            assert all(operator.carry_out(run) for run in asked)
            assert len(told) == 1


def test_rejected_credentials_pause_with_one_alert(bench: Bench) -> None:
    follow(bench, DAILY, OTHER)
    with webhook() as (address, told):
        wrong = {"SOUNDCHARTS_API_KEY": "wrong", "SOUNDCHARTS_WEBHOOK": address}
        operator = Operator(lambda: bench.settings(bench.content, **wrong), bench.instance, lambda: bench.now)
        for _ in range(5):
            assert operator.sensor_tick() == []
            bench.let_pass(minutes=11)
    assert len(told) == 1
    assert "credentials" in told[0]
    assert bench.sandbox.report().by_endpoint["ranking_latest"] <= 2, "after that only the free look is tried"


@pytest.mark.parametrize("content", ["charts: [", "budget: {daily: often}"])
def test_broken_settings_are_said_and_change_nothing(bench: Bench, content: str) -> None:
    follow(bench, DAILY)
    path = bench.folder / "broken.yaml"
    path.write_text(content, encoding="utf-8")
    operator = operator_of(bench)
    operator.settings = lambda: load_settings(bench.environment() | {"SOUNDCHARTS_CONFIG": str(path)})
    with pytest.raises(SettingsError, match=r"broken\.yaml"):
        operator.sensor_tick()
    assert bench.sandbox.report().calls == 0
