"""Computed tables follow the fetched ones: after a cascade, not in the middle of one, and whatever is missing."""

import dagster as dg
import pytest

from soundcharts_assets.automation.following_up import INSIGHTS
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.status import look
from soundcharts_assets.warehouse import insights
from tests.automation.operator import Operator
from tests.conftest import Bench

ONE, OTHER = "viral-50-40", "top-50-58"
COMPUTED = set(insights.INSIGHTS)
ALL = {*COMPUTED, "dashboard"}


@pytest.fixture
def operator(bench: Bench) -> Operator:
    """An operator of a bench that follows two charts, of which only one was ever synced."""
    bench.follow(
        ONE, OTHER, platforms={"track_audience": ["spotify"], "artist_audience": ["instagram"], "artist_listening": []}
    )
    operator = Operator(lambda: bench.settings(bench.content), bench.instance, lambda: bench.now)
    assert operator.requested_insights() == set()
    bench.sync(ONE)
    return operator


def make(bench: Bench) -> dg.ExecuteInProcessResult:
    """Run the job that a tick asks for."""
    refresher = Refresher(bench.settings(bench.content), clock=lambda: bench.now)
    return (
        build_definitions(refresher.settings, refresher)
        .resolve_job_def(INSIGHTS)
        .execute_in_process(instance=bench.instance)
    )


def test_after_a_cascade_all_are_made_anew_once_though_another_chart_was_never_fetched(
    bench: Bench, operator: Operator
) -> None:
    bench.let_pass(minutes=1)
    assert operator.requested_insights() == ALL
    bench.let_pass(minutes=1)
    assert operator.requested_insights() == set(), "asked for already"
    assert make(bench).success
    bench.let_pass(minutes=1)
    assert operator.requested_insights() == set(), "one that follows another does not ask for a second run"


def test_in_the_middle_of_a_cascade_they_wait_for_its_end_and_for_an_hour_at_most(
    bench: Bench, operator: Operator
) -> None:
    run = operator.unfinished_run(OTHER, dg.DagsterRunStatus.STARTED)
    bench.let_pass(minutes=1)
    assert operator.requested_insights() == set()
    bench.let_pass(hours=1)
    assert operator.requested_insights() == ALL

    bench.let_pass(minutes=1)
    bench.sync(ONE, request=None)
    bench.instance.report_run_failed(run)
    assert operator.requested_insights() == set(), "a poll in vain changes nothing"


def test_materialisations_tell_rows_columns_where_they_come_from_and_show_some(
    bench: Bench, operator: Operator
) -> None:
    del operator
    result = make(bench)

    events = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert set(events) >= COMPUTED
    for name in COMPUTED:
        rows = bench.one(f"SELECT count(*) FROM soundcharts.{name}")
        assert events[name]["dagster/row_count"].value == rows
        assert {"dagster/column_schema", "dagster/column_lineage", "dagster/relation_identifier"} <= set(events[name])
    assert events["chart_movements"]["dagster/row_count"].value == 50
    shown = events["chart_movements"]["preview"]
    assert isinstance(shown, dg.TableMetadataValue)
    assert [record.data["position"] for record in shown.records] == [1, 2, 3, 4, 5]
    lineage = events["track_momentum"]["dagster/column_lineage"].value
    assert isinstance(lineage, dg.TableColumnLineage)
    assert [dep.asset_key.to_user_string() for dep in lineage.deps_by_column["track_uuid"]] == [
        "soundcharts/track_audience/spotify"
    ]


def test_a_pass_makes_them_anew_where_it_has_written_something(bench: Bench, operator: Operator) -> None:
    del operator
    bench.let_pass(days=2)
    assert bench.sync(insights=True).exit_code == 0
    assert bench.one("SELECT count(*) FROM soundcharts.catalog") == bench.one("SELECT count(*) FROM soundcharts.tracks")
    runs = bench.instance.get_runs_count(dg.RunsFilter(job_name=INSIGHTS))
    assert runs == 1
    page = bench.folder / "dashboard.html"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    bench.let_pass(minutes=5)
    bench.sync(insights=True)
    assert bench.instance.get_runs_count(dg.RunsFilter(job_name=INSIGHTS)) == runs, "nothing new, nothing to compute"


def test_a_pass_with_nothing_new_makes_anew_what_an_earlier_one_did_not_come_to(
    bench: Bench, operator: Operator
) -> None:
    del operator
    bench.let_pass(days=2)
    bench.sync()
    assert set(look(bench.refresher()).behind) == COMPUTED
    calls = bench.sandbox.report().calls
    report = bench.sync(insights=True)

    assert report.exit_code == 0
    assert set(report.calls) == {"ranking_latest"}
    assert bench.sandbox.report().calls == calls + 2
    assert look(bench.refresher()).behind == []
    assert bench.one("SELECT count(*) FROM soundcharts.catalog") == bench.one("SELECT count(*) FROM soundcharts.tracks")


def test_a_table_that_cannot_be_made_fails_the_pass_with_a_line_and_leaves_what_was_fetched(
    bench: Bench, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    del operator
    monkeypatch.setattr(insights.Insight, "statement", lambda _: "SELECT 1 FROM nowhere")
    bench.let_pass(days=2)
    report = bench.sync(insights=True)

    assert report.exit_code == 1
    assert "was not made anew" in report.failures[0].error
    assert bench.one("SELECT count(DISTINCT chart_slug) FROM soundcharts.chart_entries") == 2


@pytest.mark.parametrize(("place", "says"), [("warehouse.duckdb", "is the warehouse itself"), ("", "is a folder")])
def test_a_page_that_has_no_place_fails_the_pass_with_a_line_and_nothing_is_lost(
    bench: Bench, operator: Operator, place: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del operator
    path = bench.folder / ".." / bench.folder.name / place
    settings = bench.settings
    monkeypatch.setattr(bench, "settings", lambda content: settings(content, SOUNDCHARTS_DASHBOARD=str(path)))
    bench.let_pass(days=2)
    report = bench.sync(insights=True)

    assert report.exit_code == 1
    (failure,) = report.failures
    assert failure.error.startswith(f"{path}: {says}"), "nothing before it but what is wrong"
    assert bench.one("SELECT count(DISTINCT chart_slug) FROM soundcharts.chart_entries") == 2
