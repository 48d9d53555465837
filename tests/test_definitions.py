"""What Dagster is told: the asset graph, its partitions, and what a materialisation carries."""

import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import soundcharts_assets
from soundcharts_assets.assets.dashboard import DASHBOARD
from soundcharts_assets.assets.declaration import asset_key
from soundcharts_assets.automation.tags import FIRST_OF_RANGE, LAST_OF_RANGE
from soundcharts_assets.checks import DAILY, QUALITY, WAREHOUSE
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import CASCADE, register_charts
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import load_settings
from soundcharts_assets.warehouse.insights import INSIGHTS
from soundcharts_assets.warehouse.tables import TABLES, as_markdown
from tests.conftest import Bench

SNAPSHOT = Path(__file__).parent / "asset_graph.txt"
FEW = {"track_audience": ["spotify"], "artist_audience": ["line-music"], "artist_listening": []}


def asset_graph() -> str:
    """One line for each asset: group, key, and what it is made from; then one for each check: whose, and its name."""
    definitions = build_definitions(load_settings({"SOUNDCHARTS_CONFIG": ""}))
    specs = sorted(definitions.resolve_all_asset_specs(), key=lambda spec: spec.key)
    declared = [*(definitions.assets or ()), *(definitions.asset_checks or ())]
    checks = [check for one in declared if isinstance(one, dg.AssetsDefinition) for check in one.check_specs]
    lines = []
    for spec in specs:
        deps = ", ".join(sorted(dep.asset_key.to_user_string() for dep in spec.deps)) or "nothing"
        lines.append(f"{spec.group_name:16} {spec.key.to_user_string()} <- {deps}")
    lines += sorted(f"{'check':16} {check.asset_key.to_user_string()}: {check.name}" for check in checks)
    return "\n".join(lines) + "\n"


def fetched(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    """Assets that something fetches: all but the computed ones, and the warehouse that the daily checks are about."""
    others = {asset_key(name) for name in (WAREHOUSE, DASHBOARD, *INSIGHTS)}
    return [spec for spec in definitions.resolve_all_asset_specs() if spec.key not in others]


def test_the_asset_graph_is_the_one_in_the_snapshot() -> None:
    assert asset_graph() == SNAPSHOT.read_text(encoding="utf-8"), "if this is meant, run: make snapshot"


def test_dagster_loads_all_of_it() -> None:
    dg.Definitions.validate_loadable(build_definitions(load_settings({})))


EVERYWHERE = {
    "a file": {},
    "a lake": {
        "SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:dbname=nobody_asks_it",
        "SOUNDCHARTS_LAKE_PATH": "s3://bucket/folder",
    },
}
"""Environments that declare all assets there are, between them."""


def every_asset(tmp_path: Path, text: str = "") -> list[dg.AssetSpec]:
    """All assets there are, of the warehouse in a file and of that in a lake, with these settings."""
    path = tmp_path / "soundcharts.yaml"
    path.write_text(text, encoding="utf-8")
    places = [load_settings({"SOUNDCHARTS_CONFIG": str(path), **place}) for place in EVERYWHERE.values()]
    return [spec for settings in places for spec in build_definitions(settings).resolve_all_asset_specs()]


def test_every_asset_says_what_it_is_where_it_belongs_and_of_what_kind(tmp_path: Path) -> None:
    specs = every_asset(tmp_path)

    assert {"soundcharts/warehouse", "soundcharts/lake_maintenance"} <= {spec.key.to_user_string() for spec in specs}
    for spec in specs:
        assert (spec.description or "").endswith("."), spec.key
        assert spec.group_name not in {None, "default"}, spec.key
        assert spec.kinds & {"duckdb", "ducklake"}, spec.key
        assert len(spec.kinds) <= 3, "Dagster takes no more"


def test_every_asset_that_is_a_table_describes_all_of_its_columns(tmp_path: Path) -> None:
    specs = every_asset(tmp_path)
    tables = [spec for spec in specs if "dagster/relation_identifier" in spec.metadata]

    assert {spec.key.path[-1] for spec in specs if spec not in tables} == {"warehouse", "lake_maintenance", "dashboard"}
    for spec in tables:
        columns = spec.metadata["dagster/column_schema"].columns
        assert columns
        assert all(column.description for column in columns), spec.key


@pytest.mark.parametrize(
    ("text", "owners"),
    [("", ["team:soundcharts"]), ("owners: [team:A&R, ana@example.com]", ["team:A&R", "ana@example.com"])],
)
def test_every_asset_has_the_owners_of_the_settings(tmp_path: Path, text: str, owners: list[str]) -> None:
    for spec in every_asset(tmp_path, text):
        assert list(spec.owners) == owners, spec.key


def test_every_asset_links_to_the_function_that_declares_it(tmp_path: Path) -> None:
    declared_in = {}
    for spec in every_asset(tmp_path):
        place, *others = spec.metadata["dagster/code_references"].code_references
        for reference in (place, *others):
            path = Path(reference.file_path)
            line = path.read_text(encoding="utf-8").splitlines()[reference.line_number - 1]
            assert line.lstrip().startswith(("def ", "@dg.")), spec.key
        declared_in["/".join(spec.key.path[1:])] = path_in_package(place.file_path)
    assert declared_in["charts"] == declared_in["chart_entries"] == "assets/charts.py"
    assert declared_in["tracks"] == declared_in["genres"] == "assets/tracks.py"
    assert declared_in["artist_genres"] == "assets/artists.py"
    assert declared_in["track_audience/spotify"] == "assets/audience.py"
    assert declared_in["warehouse"] == "checks.py"
    assert declared_in["lake_maintenance"] == "automation/maintenance.py"


def path_in_package(path: str) -> str:
    """A file of the package, from the package's folder on."""
    return Path(path).relative_to(Path(soundcharts_assets.__file__).parent).as_posix()


def test_every_asset_links_to_a_git_host_where_the_settings_name_one_and_to_no_file(tmp_path: Path) -> None:
    address = "https://github.com/example/warehouse/tree/main"
    for spec in every_asset(tmp_path, f"code_url: {address}"):
        references = spec.metadata["dagster/code_references"].code_references
        assert references
        for reference in references:
            assert reference.url.startswith(f"{address}/soundcharts_assets/"), spec.key
            assert re.fullmatch(r".*\.py#L\d+", reference.url), spec.key


def test_every_check_is_named_by_a_sentence_and_described() -> None:
    definitions = build_definitions(load_settings({}))
    declared = [*(definitions.assets or ()), *(definitions.asset_checks or ())]
    checks = [check for one in declared if isinstance(one, dg.AssetsDefinition) for check in one.check_specs]

    assert len(checks) > len(DAILY)
    for check in checks:
        assert len(check.name.split("_")) > 2, "a sentence has a subject and says something of it"
        assert len(check.name) < 30, "Dagster's list cuts longer ones in their middle"
        assert (check.description or "").endswith(".")


def test_every_fetched_asset_is_described_and_partitioned_by_chart() -> None:
    definitions = build_definitions(load_settings({}))

    for spec in fetched(definitions):
        assert spec.description
        assert spec.partitions_def == dg.DynamicPartitionsDefinition(name="charts")
        assert spec.freshness_policy
        table = spec.metadata["dagster/relation_identifier"].rpartition(".")[2]
        schema = spec.metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == list(TABLES[table].names)


def test_daily_checks_ride_along_with_no_run_of_an_asset() -> None:
    definitions = build_definitions(load_settings({}))
    (step,) = definitions.resolve_job_def(QUALITY).graph.node_names()

    assert step not in definitions.resolve_job_def(CASCADE).graph.node_names()
    # Dagster runs all checks of an asset with each of its backfills.
    (checks,) = definitions.asset_checks or ()
    assert {check.asset_key for check in checks.check_specs} == {asset_key(WAREHOUSE)}
    assert {check.name for check in checks.check_specs} == {check.name for check in DAILY}
    assert all(check.description for check in checks.check_specs)


def test_every_table_but_the_books_belongs_to_an_asset() -> None:
    specs = fetched(build_definitions(load_settings({})))
    declared = {spec.metadata["dagster/relation_identifier"].rpartition(".")[2] for spec in specs}

    assert set(TABLES) - set(INSIGHTS) - declared == {
        "fetches",
        "api_calls",
        "chart_catalogue",
        "malformed_answers",
        "schema_versions",
        "computed_tables",
    }


def test_platforms_of_the_settings_are_the_audience_assets(bench: Bench) -> None:
    definitions = build_definitions(bench.settings({"platforms": FEW}))
    audiences = {
        "/".join(spec.key.path[1:]) for spec in definitions.resolve_all_asset_specs() if len(spec.key.path) > 2
    }

    assert audiences == {"track_audience/spotify", "artist_audience/line-music"}


def test_definitions_load_without_credentials_network_or_warehouse(tmp_path: Path) -> None:
    (tmp_path / "soundcharts.yaml").write_text("charts: [{slug: global-28}]", encoding="utf-8")
    code = "from soundcharts_assets.definitions import defs; defs()"
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "SOUNDCHARTS_BASE_URL": "http://127.0.0.1:9"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["soundcharts.yaml"]


def materialize(bench: Bench, **config: object) -> dg.ExecuteInProcessResult:
    """Run the cascade of one chart as Dagster's UI would, with this configuration of every asset."""
    bench.follow(
        "viral-50-40", platforms={"track_audience": ["spotify"], "artist_audience": [], "artist_listening": []}
    )
    definitions = build_definitions(
        bench.refresher().settings, Refresher(bench.settings(bench.content), clock=lambda: bench.now)
    )
    register_charts(bench.instance, ["viral-50-40"])
    steps = ["charts", "chart_rankings", "tracks", "artists", "audience"]
    return definitions.resolve_job_def(CASCADE).execute_in_process(
        instance=bench.instance,
        partition_key="viral-50-40",
        run_config={"ops": {step: {"config": config} for step in steps}},
        raise_on_error=False,
    )


def test_a_materialisation_carries_standard_metadata_and_the_account(bench: Bench) -> None:
    result = materialize(bench)

    assert result.success
    events = {
        event.asset_key.to_user_string(): event
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert set(events) == {
        f"soundcharts/{name}"
        for name in (
            "charts", "chart_rankings", "chart_entries", "tracks", "track_artists", "track_genres", "genres",
            "artists", "artist_genres", "track_audience/spotify",
        )
    }  # fmt: skip
    for key, event in events.items():
        metadata = event.materialization.metadata
        assert {"dagster/row_count", "dagster/column_schema", "dagster/relation_identifier", "rows_written"} <= set(
            metadata
        )
        account = {"reached", "due", "fetched", "empty", "gone", "failed", "deferred", "calls", "quota_left"}
        assert account <= set(metadata), key
        table = str(metadata["dagster/relation_identifier"].value).rpartition(".")[2]
        rows = bench.one(f"SELECT count(*) FROM {TABLES[table].qualified}")
        # Genres of artists came after those of tracks had been reported.
        assert metadata["dagster/row_count"].value == rows or table == "genres"
        assert event.partition == "viral-50-40"
    audience = events["soundcharts/track_audience/spotify"].materialization.metadata
    assert audience["due"].value == audience["calls"].value == 50


def test_every_materialisation_shows_some_of_the_rows_that_it_wrote(bench: Bench) -> None:
    events = materialize(bench).get_asset_materialization_events()

    assert len(events) == 10
    for event in events:
        metadata = event.materialization.metadata
        shown = metadata["preview"]
        assert isinstance(shown, dg.TableMetadataValue), event.asset_key
        table = TABLES[str(metadata["dagster/relation_identifier"].value).rpartition(".")[2]]
        assert len(shown.records) == min(5, bench.one(f"SELECT count(*) FROM {table.qualified}")), event.asset_key
        keys = ", ".join(f"{name}::VARCHAR" for name in table.key)
        stored = bench.query(f"SET TimeZone = 'UTC'; SELECT {keys} FROM {table.qualified}")
        for record in shown.records:
            key = tuple(str(record.data[name]).replace(" UTC", "+00") for name in table.key)
            assert key in stored, event.asset_key


def test_a_materialisation_that_wrote_nothing_shows_nothing(bench: Bench) -> None:
    materialize(bench)
    bench.let_pass(minutes=10)
    for event in materialize(bench).get_asset_materialization_events():
        assert event.materialization.metadata["rows_written"].value == 0
        assert "preview" not in event.materialization.metadata


def test_an_asset_of_a_platform_that_was_not_asked_for_does_not_pass_for_materialised(bench: Bench) -> None:
    result = materialize(bench, platforms=["shazam"])

    assert result.success
    assert result.asset_materializations_for_node("audience") == []
    assert len(result.asset_materializations_for_node("tracks")) == 4
    assert "song_audience/spotify" not in bench.sandbox.report().by_endpoint


def test_one_platform_can_be_materialised_alone(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms={"track_audience": ["spotify", "shazam"], "artist_audience": ["spotify"]})
    bench.sync()
    bench.let_pass(days=2)
    bench.sandbox.reset()
    definitions = build_definitions(bench.refresher().settings, bench.refresher())
    result = definitions.resolve_job_def(CASCADE).execute_in_process(
        instance=bench.instance,
        partition_key="viral-50-40",
        asset_selection=[asset_key("track_audience/shazam")],
    )

    assert result.success
    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == asset_key("track_audience/shazam")
    assert event.materialization.metadata["due"].value == bench.sandbox.report().calls > 0
    assert set(bench.sandbox.report().by_endpoint) == {"song_audience/shazam"}


def test_neighbouring_charts_share_a_run_and_each_of_them_is_materialised(bench: Bench) -> None:
    bench.follow("viral-50-40", "top-50-58", platforms={"track_audience": ["spotify"], "artist_audience": []})
    report = bench.sync()

    assert report.exit_code == 0
    (run,) = bench.instance.get_runs()
    assert (run.tags[FIRST_OF_RANGE], run.tags[LAST_OF_RANGE]) == ("viral-50-40", "top-50-58")
    assert all("2 charts together" in fate for fate in report.charts.values())
    for name in ("chart_entries", "tracks", "track_audience/spotify"):
        assert bench.instance.get_materialized_partitions(asset_key(name)) == {"viral-50-40", "top-50-58"}


def test_of_many_charts_metadata_comes_in_one_run_and_audiences_in_runs_of_five(bench: Bench) -> None:
    slugs = ["viral-50-40", "top-50-58", "top-songs-70", "top-songs-31", "top-100-77", "airplay-100-61"]
    bench.follow(*slugs, platforms={"track_audience": ["spotify"], "artist_audience": [], "artist_listening": []})
    audience = asset_key("track_audience/spotify")

    report = bench.sync()
    metadata, *audiences = reversed(bench.instance.get_runs())
    assert report.exit_code == 0
    assert all("6 charts together" in fate for fate in report.charts.values())
    assert {run.job_name for run in (metadata, *audiences)} == {CASCADE}
    assert audience not in (metadata.asset_selection or ())
    assert [run.asset_selection for run in audiences] == [{audience}] * 2
    for name in ("chart_entries", "tracks", "track_audience/spotify"):
        assert bench.instance.get_materialized_partitions(asset_key(name)) == set(slugs)

    bench.let_pass(days=2)
    before = len(bench.instance.get_runs())
    bench.sync()
    assert [run.asset_selection for run in bench.instance.get_runs()[:-before]] == [{audience}] * 2, (
        "nothing else is due"
    )


def test_a_failing_track_shows_in_the_metadata_and_the_run_succeeds(bench: Bench) -> None:
    bench.sandbox.faults(
        [{"path": f"/song/{bench.some_track('viral-50-40')}/audience", "kind": "status", "status": 500}]
    )
    result = materialize(bench)

    assert result.success
    events = result.asset_materializations_for_node("audience")
    assert events[0].metadata["failed"].value == 1
    assert "500" in str(events[0].metadata["failures"].value)


def test_a_dry_run_materialises_nothing_and_observes_what_is_due(bench: Bench) -> None:
    materialize(bench)
    bench.let_pass(days=40)
    bench.sandbox.reset()
    definitions = build_definitions(bench.refresher().settings, bench.refresher())
    result = dg.materialize(
        [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
        selection=dg.AssetSelection.groups("tracks"),
        instance=bench.instance,
        partition_key="viral-50-40",
        resources={"refresher": bench.refresher()},
        run_config={"ops": {"tracks": {"config": {"dry_run": True}}}},
    )

    assert result.get_asset_materialization_events() == []
    observations = result.get_asset_observation_events()
    assert {event.asset_observation_data.asset_observation.metadata["due"].value for event in observations} == {50}
    (tracks,) = (one for one in observations if one.asset_key == asset_key("tracks"))
    rows = tracks.asset_observation_data.asset_observation.metadata["dagster/row_count"].value
    assert rows == bench.one("SELECT count(*) FROM soundcharts.tracks")
    assert bench.sandbox.report().calls == 0


def test_a_step_that_the_budget_leaves_no_room_for_still_tells_what_its_table_holds(bench: Bench) -> None:
    materialize(bench)
    bench.let_pass(days=2)
    bench.content = {**bench.content, "budget": {"daily": 0}}
    result = build_definitions(bench.settings(bench.content), bench.refresher()).resolve_job_def(CASCADE)
    run = result.execute_in_process(
        instance=bench.instance, partition_key="viral-50-40", asset_selection=[asset_key("track_audience/spotify")]
    )

    (event,) = run.get_asset_materialization_events()
    assert event.materialization.metadata["calls"].value == 0
    rows = bench.one("SELECT count(*) FROM soundcharts.track_audience WHERE platform = 'spotify'")
    assert event.materialization.metadata["dagster/row_count"].value == rows > 0


@pytest.mark.parametrize(("key", "value"), [("limit", "many"), ("force", "perhaps"), ("platform", ["spotify"])])
def test_wrong_run_configuration_is_refused_before_anything_runs(bench: Bench, key: str, value: object) -> None:
    with pytest.raises((dg.DagsterInvalidConfigError, dg.DagsterInvariantViolationError)):
        materialize(bench, **{key: value})

    assert bench.sandbox.report().calls == 0


def test_a_rejected_key_fails_the_step_with_a_line_and_no_retry(bench: Bench) -> None:
    bench.follow("viral-50-40")
    settings = bench.settings(bench.content, SOUNDCHARTS_API_KEY="a-wrong-key-nobody-has")
    register_charts(bench.instance, ["viral-50-40"])
    result = (
        build_definitions(settings)
        .resolve_job_def(CASCADE)
        .execute_in_process(instance=bench.instance, partition_key="viral-50-40", raise_on_error=False)
    )

    assert not result.success
    failures = [event for event in result.all_events if event.is_step_failure]
    assert len(failures) == 1
    assert "401" in str(failures[0].step_failure_data.user_failure_data)
    assert "a-wrong-key-nobody-has" not in str(result.all_events)
    assert bench.sandbox.report().calls == 1


def test_the_documented_tables_are_the_specified_ones() -> None:
    page = Path(__file__).parents[1] / "docs" / "tables.md"

    assert page.read_text(encoding="utf-8") == as_markdown(), "run: make docs"
