"""A lake is kept small every night, as an asset of Dagster's; the daily checks look at it as they do at a file."""

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from soundcharts_assets.automation.maintenance import MAINTENANCE
from soundcharts_assets.checks import QUALITY
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings
from tests.conftest import Bench

if TYPE_CHECKING:
    from tests.postgres import Postgres

FEW = {
    "charts": ["viral-50-40"],
    "platforms": {"track_audience": ["spotify"], "artist_audience": [], "artist_listening": []},
}


@pytest.fixture
def settings(bench: Bench, postgres: "Postgres") -> Settings:
    """Settings that name a lake."""
    return bench.settings(
        FEW,
        SOUNDCHARTS_WAREHOUSE=f"ducklake:postgres:{postgres.database()}",
        SOUNDCHARTS_LAKE_PATH=str(bench.folder / "files"),
    )


@pytest.mark.lake
def test_a_cascade_its_checks_and_the_upkeep_run_on_a_lake_as_assets(bench: Bench, settings: Settings) -> None:
    from soundcharts_assets.commands.sync import sync  # noqa: PLC0415
    from soundcharts_assets.refresh.request import Request  # noqa: PLC0415

    refresher = Refresher(settings, clock=lambda: bench.now)
    definitions = build_definitions(settings, refresher)
    assert sync(refresher, bench.instance, Request()).exit_code == 0

    checked = definitions.resolve_job_def(QUALITY).execute_in_process(instance=bench.instance)
    # Snapshots are dated by the catalogue's own clock, and kept for a week.
    bench.let_pass(days=36_500)
    maintained = definitions.resolve_job_def(MAINTENANCE).execute_in_process(instance=bench.instance)

    assert {evaluation.passed for evaluation in checked.get_asset_check_evaluations()} == {True}
    (event,) = maintained.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["expire_snapshots"].value
    with refresher.warehouse.connect() as connection:
        # Those that are left are of the upkeep itself.
        left = connection.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchall()
        assert left <= [(3,)]
        health = connection.execute("SELECT chart_slug, health FROM soundcharts.chart_health").fetchall()
        assert health[0][0] == "viral-50-40"
        assert connection.execute("SELECT count(*) FROM soundcharts.chart_entries").fetchall() == [(50,)]


@pytest.mark.lake
def test_the_upkeep_has_a_schedule_and_tables_are_named_in_the_lake(settings: Settings) -> None:
    definitions = build_definitions(settings)

    schedule = definitions.resolve_schedule_def(MAINTENANCE)
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    names = {
        spec.metadata["dagster/relation_identifier"]
        for spec in definitions.resolve_all_asset_specs()
        if "dagster/relation_identifier" in spec.metadata
    }
    assert "lake.soundcharts.tracks" in names


def test_a_file_needs_no_upkeep_and_has_none(bench: Bench) -> None:
    settings = bench.settings(FEW)
    definitions = build_definitions(settings)

    assert all(MAINTENANCE not in spec.key.path for spec in definitions.resolve_all_asset_specs())
    assert Refresher(settings).warehouse.maintain(bench.now - timedelta(days=7)) == {}
