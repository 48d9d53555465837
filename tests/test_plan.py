"""What `plan` says before anything is spent, and that the account and the vendor's bill say the same afterwards."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from soundcharts_assets.commands.plan import Plan, make_plan
from soundcharts_assets.sandbox.process import Sandbox
from tests.conftest import Bench

pytestmark = pytest.mark.slow

CHARTS = ("viral-50-40", "top-50-58", "top-songs-31")
FEW = {"track_audience": ["spotify", "airplay"], "artist_audience": ["instagram"], "artist_listening": []}
WORTH = """
WITH newest AS (
    SELECT chart_slug, max(ranked_at) AS ranked_at FROM soundcharts.chart_rankings GROUP BY chart_slug
),
track_places AS (
    SELECT track_uuid AS uuid, min(position) AS place
    FROM soundcharts.chart_entries SEMI JOIN newest USING (chart_slug, ranked_at)
    GROUP BY track_uuid
),
places AS (
    FROM track_places
    UNION ALL
    SELECT artist_uuid, min(place)
    FROM track_places JOIN soundcharts.track_artists AS credits ON credits.track_uuid = track_places.uuid
    GROUP BY artist_uuid
)
SELECT ledger.fetched_at >= $since, places.place
FROM soundcharts.fetches AS ledger
JOIN places ON places.uuid = ledger.uuid
WHERE ledger.subject LIKE '%_audience/%' AND ledger.fetched_at IS NOT NULL AND ledger.not_before IS NULL
"""


@pytest.fixture(scope="module")
def complete(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which the charts are complete."""
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(shared_sandbox, tmp_path_factory.mktemp("complete"), instance)
        bench.follow(*CHARTS, platforms=FEW)
        assert bench.sync().exit_code == 0
    return bench.warehouse


@pytest.fixture
def warm(bench: Bench, complete: Path) -> Bench:
    """A bench whose charts were complete a day ago, so that every audience is due."""
    bench.follow(*CHARTS, platforms=FEW)
    shutil.copy(complete, bench.warehouse)
    bench.let_pass(hours=25)
    bench.sandbox.reset()
    return bench


def plan_of(bench: Bench) -> Plan:
    """What a new process would plan."""
    return make_plan(bench.refresher())


def test_a_plan_makes_no_billed_call(warm: Bench) -> None:
    plan = plan_of(warm)
    report = warm.sandbox.report()
    assert report.billed == 0
    assert report.by_endpoint == {"team_usage": 1}
    assert plan.quota_left == report.quota_remaining


def test_forecast_account_and_bill_agree_to_the_call(warm: Bench) -> None:
    plan = plan_of(warm)
    report = warm.sync()

    assert plan.calls == report.calls.total() == warm.sandbox.report().billed
    assert plan.by_asset()["track_audience/spotify"] == report.calls["song_audience/spotify"]
    assert plan.by_asset()["artist_audience/instagram"] == report.calls["artist_audience/instagram"]


class TestHalfOfWhatIsNeeded:
    """A daily budget of half the need: the more worthy half today, the rest tomorrow."""

    def test_the_order_of_worth_holds_across_charts(self, warm: Bench) -> None:
        need = plan_of(warm).calls
        warm.content["budget"] = {"daily": need // 2}
        plan = plan_of(warm)
        began = warm.now
        report = warm.sync()

        assert plan.calls == report.calls.total() == warm.sandbox.report().billed == need // 2
        assert report.deferred == plan.deferred > 0
        assert report.exit_code == 0, "waiting is no failure"
        found = warm.query(WORTH.replace("$since", "?::TIMESTAMPTZ"), began)
        fetched = [place for was_fetched, place in found if was_fetched]
        deferred = [place for was_fetched, place in found if not was_fetched]
        assert max(fetched) <= min(deferred), "no worse place was served while a better one waits"

    def test_the_second_day_settles_the_rest(self, warm: Bench) -> None:
        need = plan_of(warm).calls
        warm.content["budget"] = {"daily": need // 2 + 10}
        warm.sync()
        spent = warm.sandbox.report().billed
        assert warm.sync().calls.total() == 0, "nothing more today"
        warm.let_pass(hours=8)
        plan = plan_of(warm)
        report = warm.sync()

        assert plan.calls == report.calls.total() == warm.sandbox.report().billed - spent
        assert report.deferred == 0
        assert warm.sandbox.report().billed == need + len(CHARTS), "the same calls as without a budget, and polls"


def test_with_a_reserve_the_quota_never_falls_below_it(warm: Bench) -> None:
    warm.sandbox.switch(quota=300)
    warm.content["budget"] = {"reserve": 250}
    plan = plan_of(warm)
    report = warm.sync()

    free = report.calls["team_usage"]
    assert plan.calls == report.calls.total() - free == warm.sandbox.report().billed == 50
    assert warm.sandbox.report().quota_remaining == 250


def test_before_the_first_pass_the_month_is_an_assumption_and_says_so(bench: Bench) -> None:
    bench.follow(*CHARTS, platforms=FEW)
    plan = plan_of(bench)
    assert plan.calls == len(CHARTS)
    assert plan.unknown == list(CHARTS)
    assert plan.month.total() > 3 * 100 * 3 * 30 * 0.9


def test_a_month_counts_what_vendors_refresh_rarely_less_often(warm: Bench) -> None:
    month = plan_of(warm).month
    assert month["artist_audience/instagram"] < 0.7 * 30 * warm.one("SELECT count(*) FROM soundcharts.artists")
    assert month["track_audience/spotify"] > 29 * (warm.one("SELECT count(*) FROM soundcharts.tracks") - 20)
    assert month["charts"] >= 2 * 30


def test_the_plan_is_one_json_object(warm: Bench) -> None:
    told = json.loads(json.dumps(plan_of(warm).as_dict()))
    assert set(told) == {"next_pass", "month", "quota_left", "budget"}
    assert told["next_pass"]["by_chart"]["viral-50-40"]["track_audience/spotify"] > 0
