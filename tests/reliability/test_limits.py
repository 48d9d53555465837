"""Limits: rate, quota, a token's life and the plan may each slow or end a pass, and none of them costs a row."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import dagster as dg
import pytest

from soundcharts_assets.api import client
from soundcharts_assets.assets.declaration import asset_key
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.status import look
from soundcharts_assets.sandbox.process import Sandbox
from tests.conftest import Bench
from tests.reliability.aside import Aside
from tests.reliability.contents import Contents, contents, doubled

FEW = {"track_audience": ["spotify"], "artist_audience": ["instagram"], "artist_listening": []}
SLUG = "top-50-58"
WORKERS = 8
HEALTHY: dict[str, Any] = {
    "requests_per_minute": None,
    "rate_window_seconds": 60,
    "tell_reset": True,
    "latency_seconds": 0,
    "quota": 1_000_000,
    "plan_forbidden": [],
}


@pytest.fixture(autouse=True)
def _healthy(shared_sandbox: Sandbox) -> Iterator[None]:
    yield
    shared_sandbox.switch(**HEALTHY)


@pytest.fixture
def followed(bench: Bench) -> Bench:
    """A bench that follows a chart."""
    bench.follow(SLUG, platforms=FEW)
    return bench


@dataclass(frozen=True)
class Undisturbed:
    """What a pass without limits leaves behind, and what it costs."""

    contents: Contents
    billed: int
    answered: int


@pytest.fixture(scope="module")
def expected(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What every pass of this module comes to in the end."""
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(shared_sandbox, tmp_path_factory.mktemp("undisturbed"), instance)
        bench.follow(SLUG, platforms=FEW)
        shared_sandbox.reset()
        assert bench.sync().exit_code == 0
        asked = shared_sandbox.report()
        return Undisturbed(contents(bench.warehouse), asked.billed, asked.by_status["200"])


@pytest.mark.parametrize("tells", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_over_the_rate_no_call_is_lost_and_the_pass_keeps_to_what_the_server_allows(
    followed: Bench,
    expected: Undisturbed,
    monkeypatch: pytest.MonkeyPatch,
    tells: bool,  # noqa: FBT001
) -> None:
    # A minute, as far as the client knows; a second and a half here.
    monkeypatch.setattr(client, "_UNSAID_PAUSE_SECONDS", 1.5)
    allowed = expected.answered // 3 + 1
    followed.sandbox.switch(requests_per_minute=allowed, rate_window_seconds=1, tell_reset=tells)
    report = followed.sync()

    asked = followed.sandbox.report()
    assert (report.exit_code, report.failures) == (0, [])
    assert contents(followed.warehouse) == expected.contents
    assert asked.billed == expected.billed
    assert asked.by_status["200"] == expected.answered
    assert asked.by_status["429"] >= 1, "the limit was met"
    # Whoever meets it makes all the others wait: only what is in flight is refused with it, window by window.
    windows = ceil(expected.answered / allowed) + 2
    assert asked.by_status["429"] <= WORKERS * windows


@pytest.mark.slow
def test_the_client_slows_to_what_the_server_allows_and_recovers(bench: Bench) -> None:
    bench.follow("global-28", platforms=FEW)
    bench.sandbox.switch(requests_per_minute=20, rate_window_seconds=2)
    answered: list[tuple[float, int]] = []
    lifted_at = 0.0
    with Aside(bench) as aside:
        while aside.running:
            answered.append((time.monotonic(), bench.sandbox.report().by_status.get("200", 0)))
            if not lifted_at and answered[-1][1] > 60:
                bench.sandbox.switch(requests_per_minute=None)
                lifted_at = time.monotonic()
            time.sleep(0.1)
    assert aside.report.exit_code == 0
    begun = next(at for at, count in answered if count)
    before = max(count for at, count in answered if at <= lifted_at) / (lifted_at - begun)
    rest = bench.sandbox.report().by_status["200"] - max(count for at, count in answered if at <= lifted_at)
    after = rest / (answered[-1][0] - lifted_at)
    assert before <= 20, "no more than two windows' worth in two seconds, whatever the machine"
    assert after > 1.5 * before


def spend(bench: Bench, expected: Undisturbed, calls: int) -> None:
    """Let the quota run out after so many calls, then let a new term begin, and compare with an undisturbed pass."""
    (bench.folder / "warehouse.duckdb").unlink(missing_ok=True)
    bench.sandbox.switch(quota=calls)
    served = calls * 11 // 10  # 110 % of the plan, as contract section 6.3 says
    bench.sandbox.reset()
    stopped = bench.sync()
    first = bench.sandbox.report()

    assert stopped.exit_code == 3
    assert first.billed == served
    assert first.by_status["429"] <= WORKERS, "no more than one call in flight per worker"
    # Everything that was answered is stored, or noted as not to be had: nothing of it is asked for again below.
    assert bench.one("SELECT sum(cost) FROM soundcharts.api_calls") == served

    bench.sandbox.switch(quota=1_000_000)
    bench.sandbox.reset()
    bench.let_pass(minutes=10)  # so long nobody looks whether there is quota again
    resumed = bench.sync()
    second = bench.sandbox.report()

    assert resumed.exit_code == 0
    assert contents(bench.warehouse) == expected.contents
    assert doubled(bench.warehouse) == []
    # Each pass polls. Where the quota ends between a batch and the ids it left out, these come as a batch again.
    assert first.billed + second.billed - (expected.billed + 1) in {0, 1}


def test_a_quota_that_runs_out_stops_the_pass_loses_nothing_and_costs_nothing_twice(
    followed: Bench, expected: Undisturbed
) -> None:
    spend(followed, expected, expected.billed // 4)  # while other assets of the run do not depend on what is stopped


@pytest.mark.slow
def test_a_quota_may_run_out_after_any_call(followed: Bench, expected: Undisturbed) -> None:
    dice = random.Random(4)  # noqa: S311 - repeatable on purpose
    for calls in (1, *dice.sample(range(2, int(expected.billed / 1.1) - 1), 3)):
        spend(followed, expected, calls)


def test_a_token_that_is_rejected_in_mid_pass_is_renewed_once_and_unseen(
    followed: Bench, expected: Undisturbed
) -> None:
    followed.sandbox.switch(latency_seconds=0.02)
    settings = followed.settings(
        followed.content,
        SOUNDCHARTS_CLIENT_ID="soundcharts",
        SOUNDCHARTS_CLIENT_SECRET="soundcharts",
        SOUNDCHARTS_TOKEN_URL=f"{followed.sandbox.url}/oauth/token",
    )
    with Aside(followed, Refresher(settings, clock=lambda: followed.now)) as aside:
        aside.wait_for_calls("song_audience/spotify", 10)
        followed.sandbox.revoke_tokens()
    asked = followed.sandbox.report()

    assert (aside.report.exit_code, aside.report.failures) == (0, [])
    assert 1 <= asked.by_status["401"] <= WORKERS
    assert asked.by_endpoint["oauth_token"] == 2
    assert asked.billed == expected.billed
    assert contents(followed.warehouse) == expected.contents


def test_a_platform_outside_the_plan_is_said_so_asked_again_after_a_day_and_hides_no_other(
    followed: Bench, expected: Undisturbed
) -> None:
    followed.sandbox.switch(plan_forbidden=["instagram"])
    report = followed.sync()

    assert report.exit_code == 1
    assert {failure.subject for failure in report.failures} == {"artist_audience/instagram"}
    assert "not included in your current plan" in report.failures[0].error
    event = followed.instance.get_latest_materialization_event(asset_key("artist_audience/instagram"))
    assert event is not None
    assert event.asset_materialization is not None
    told = event.asset_materialization.metadata
    refused = followed.one("SELECT count(*) FROM soundcharts.fetches WHERE status = 'forbidden'")
    assert told["forbidden"] == dg.IntMetadataValue(refused)
    assert "403" in str(told["failures"].value)
    status = look(followed.refresher(), [SLUG]).as_dict()
    assert status["ledger"]["forbidden"] == refused
    stored = contents(followed.warehouse)
    others = [name for name in stored if name not in {"artist_audience", "fetches"}]
    assert {name: stored[name] for name in others} == {name: expected.contents[name] for name in others}

    followed.sandbox.switch(plan_forbidden=[])
    followed.sandbox.reset()
    followed.let_pass(hours=23)
    assert followed.refresher().due_counts([SLUG]) == {}
    followed.let_pass(hours=1)
    assert followed.refresher().due_counts([SLUG])[SLUG]["artist_audience/instagram"] == refused
