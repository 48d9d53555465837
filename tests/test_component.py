"""The cascade in a Dagster project of somebody else's: the same definitions, no intrusion, mistakes in words."""

import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from ruamel.yaml import YAML

from soundcharts_assets.assets.declaration import PREFIX, asset_key
from soundcharts_assets.automation.alerts import failure_sensor
from soundcharts_assets.automation.chart_updates import LOADED
from soundcharts_assets.automation.following_up import INSIGHTS
from soundcharts_assets.component import SoundchartsCascade
from soundcharts_assets.definitions import JOBS, build_definitions, defs
from soundcharts_assets.partitions import CASCADE, register_charts
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.settings.reading import COMPONENT, load_settings, parse_settings
from tests.api.local_server import LocalServer, local_server, said
from tests.conftest import Bench
from tests.host import ROOT, Host

SETTINGS = """
charts:
  - global-28
  - {slug: viral-50-40, history_days: 7, reread_days: 1, cascade: false}
  - {platform: spotify, countries: [US, gb, worldwide], name: "Top*", frequency: daily, cascade: false}
history_days: 3
platforms: {track_audience: [spotify], artist_audience: [line-music], artist_listening: []}
freshness: {metadata: {warn_days: 2, fail_days: 2.5}, audience: {}}
audience: {history_days: 10}
budget: {daily: unlimited, reserve: 5}
api: {workers: 4, versions: {song: v3}}
warehouse: {memory_limit: 1 GiB}
quality: {largest_fall: 0.5}
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A project of somebody else's."""
    return Host(tmp_path)


def shown(definitions: dg.Definitions) -> dict[str, Any]:
    """All that Dagster is told, as texts."""
    specs = sorted(definitions.resolve_all_asset_specs(), key=lambda spec: spec.key)
    declared = [*(definitions.assets or ()), *(definitions.asset_checks or ())]
    checks = [check for one in declared if isinstance(one, dg.AssetsDefinition) for check in one.check_specs]
    return {
        "assets": [
            (spec.key, spec.group_name, spec.deps, spec.description, spec.partitions_def, spec.freshness_policy)
            for spec in specs
        ],
        "checks": sorted(str(check.key) for check in checks),
        "jobs": [job.name for job in definitions.jobs or ()],
        "sensors": [sensor.name for sensor in definitions.sensors or ()],
        "schedules": [schedule.name for schedule in definitions.schedules or ()],
        "resources": sorted(definitions.resources or {}),
    }


# The same as this project's own.


def test_a_component_declares_what_the_same_settings_declare_here(tmp_path: Path) -> None:
    path = tmp_path / "soundcharts.yaml"
    path.write_text(SETTINGS, encoding="utf-8")
    own = load_settings({"SOUNDCHARTS_CONFIG": str(path)})
    component = SoundchartsCascade.from_attributes_dict(attributes=YAML(typ="safe").load(SETTINGS))

    assert component.settings.file == own.file
    context = dg.ComponentTree.for_test().load_context
    assert shown(component.build_defs(context)) == shown(build_definitions(own))


def test_all_that_it_brings_is_documented(tmp_path: Path) -> None:
    lake = {"SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:dbname=nobody_asks_it", "SOUNDCHARTS_LAKE_PATH": str(tmp_path)}
    found = {**shown(build_definitions(load_settings(lake))), "jobs": JOBS}
    page = (ROOT / "docs" / "component.md").read_text(encoding="utf-8").partition("## What it brings")[2]
    for kind in ("jobs", "sensors", "schedules", "resources"):
        (told,) = re.findall(rf"^\| {kind}? \| (.*) \|$", page, re.MULTILINE)
        assert sorted(re.findall("`([a-z_]+)`", told)) == sorted(found[kind]), kind


def test_a_component_without_attributes_is_all_defaults() -> None:
    assert SoundchartsCascade.from_attributes_dict(attributes={}).settings.file == FileSettings()


def test_credentials_and_places_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDCHARTS_WAREHOUSE", "elsewhere.duckdb")
    monkeypatch.setenv("SOUNDCHARTS_BASE_URL", "http://127.0.0.1:1")
    settings = SoundchartsCascade.from_attributes_dict(attributes={}).settings
    assert (settings.warehouse_path, settings.base_url) == (Path("elsewhere.duckdb"), "http://127.0.0.1:1")


def test_other_projects_find_it_where_it_was_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    module = SoundchartsCascade.__module__
    assert f"{module}.{SoundchartsCascade.__name__}" == COMPONENT
    assert module in project["project"]["entry-points"]["dagster_dg_cli.registry_modules"].values()
    assert project["tool"]["dg"]["project"]["registry_modules"] == [module]


# What its file may hold.


def described(schema: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether a setting is explained where it stands, or is a group that is."""
    group = schema["$defs"].get(settings.get("$ref", "").rpartition("/")[2], {})
    return bool(settings.get("description") or group.get("description"))


def test_every_setting_is_explained_in_the_schema() -> None:
    schema = FileSettings.model_json_schema()
    groups = {"": schema, **schema["$defs"]}
    unexplained = [
        f"{group}.{name}"
        for group, content in groups.items()
        for name, setting in content["properties"].items()
        if not described(schema, setting)
    ]
    assert unexplained == []
    assert SoundchartsCascade.get_model_cls().model_json_schema() == schema


def indented(text: str) -> str:
    """Put settings below a key."""
    return textwrap.indent(text, "  ")


def complaints(output: str) -> list[str]:
    """What `dg check yaml` says, a line for each mistake: key and reason."""
    return re.findall(rf"^\S+defs\.yaml:\d+ - {re.escape(COMPONENT)} attributes\.?(.*)$", output, re.MULTILINE)


@pytest.mark.parametrize("text", [SETTINGS, "charts:\nbudget: {daily: }\nplatforms: {artist_listening: []}\n"])
def test_what_is_taken_here_passes_the_check_of_the_file(host: Host, text: str) -> None:
    parse_settings(text, host.component)
    host.add(indented(text))
    assert host.run("dg", "check", "yaml") == (0, "All component YAML validated successfully.\n")


MISTAKES = {
    "freshnes: {}": "freshnes Additional properties are not allowed ('freshnes' was unexpected)",
    "history_days: many": "history_days 'many' is not of type 'integer'",
    "reread_days: -1": "reread_days -1 is less than the minimum of 0",
    "api: {versions: {song: 2}}": "api.versions.song 2 is not of type 'string'",
    "budget: {daily: lots}": "budget.daily 'unlimited' was expected",
    "audience: {daily: 4}": "audience.daily Additional properties are not allowed ('daily' was unexpected)",
    "platforms: {track_audience: [spotfy]}": (
        "platforms.track_audience.0 'spotfy' is not one of ['spotify', 'youtube', 'shazam', "
    ),
    "freshness: {metadata: {warn_days: 0}}": (
        "freshness.metadata.warn_days 0 is less than or equal to the minimum of 0"
    ),
}
WRONG_CHARTS = {
    "a...b": "charts.0 'a...b' does not match ",
    "{slug: ..}": "charts.1.slug '..' does not match ",
    "{slug: a, cascad: false}": "charts.2.cascad Additional properties are not allowed ('cascad' was unexpected)",
    "{slug: a, history_days: few}": "charts.3.history_days 'few' is not of type 'integer', 'null'",
    "{countries: [US]}": "charts.4 'platform' is a required property",
    "{cascade: false}": "charts.5 'slug' is a required property",
    "{slug: a, platform: spotify}": "charts.6.slug Additional properties are not allowed ('slug' was unexpected)",
    "{platform: Spotify}": "charts.7.platform 'Spotify' does not match ",
    "{platform: spotify, countries: [USA]}": "charts.8.countries.0 'USA' does not match ",
    "{platform: spotify, countries: []}": "charts.9.countries [] should be non-empty",
    "{platform: spotify, countries: [NO]}": "charts.10.countries.0 False is not of type 'string'",
    "5": "charts.11 5 is not of type 'object'",
}


def test_a_mistake_is_told_once_with_key_and_reason(host: Host) -> None:
    charts = "".join(f"    - {chart}\n" for chart in WRONG_CHARTS)
    host.add("".join(f"  {mistake}\n" for mistake in MISTAKES) + f"  charts:\n{charts}")
    code, output = host.run("dg", "check", "yaml")

    assert code == 1
    told = complaints(output)
    expected = sorted([*MISTAKES.values(), *WRONG_CHARTS.values()])
    assert [one[: len(start)] for one, start in zip(sorted(told), expected, strict=True)] == expected


def test_what_a_schema_cannot_say_is_a_line_when_it_is_loaded() -> None:
    secret = {
        "charts": ["a", "a"],
        "freshness": {"audience": {"warn_hours": 30}},
        "api_key": "k-1a2b3c",
    }
    with pytest.raises(SettingsError) as told:
        SoundchartsCascade.from_attributes_dict(attributes=secret)
    reasons = [line.partition(": ")[2] for line in str(told.value).splitlines()]
    assert reasons == [
        "attributes.charts: named twice: a",
        "attributes.freshness.audience: warn_hours must not exceed fail_hours",
        "attributes.api_key: no such setting",
    ]


# Its file as that of the command line.


def test_the_command_line_reads_the_file_of_a_component(host: Host) -> None:
    host.add(indented(SETTINGS))
    settings = load_settings({"SOUNDCHARTS_CONFIG": str(host.component)})
    assert settings.file == parse_settings(SETTINGS, Path("soundcharts.yaml"))


def test_of_several_documents_the_component_is_read() -> None:
    others = "type: host.components.Other\nattributes: {a: 1}\n"
    text = f"{others}---\ntype: {COMPONENT}\nattributes: {{history_days: 4}}\n---\n{others}"
    assert parse_settings(text, Path("defs.yaml")).history_days == 4
    assert parse_settings(f"type: {COMPONENT}\n", Path("defs.yaml")) == FileSettings()


def test_a_mistake_in_it_is_told_below_its_attributes() -> None:
    with pytest.raises(SettingsError) as told:
        parse_settings(
            f"type: {COMPONENT}\nattributes: {{platforms: {{track_audience: [spotfy]}}}}\n", Path("defs.yaml")
        )
    assert str(told.value).startswith("defs.yaml: attributes.platforms.track_audience[0]: 'spotfy' has no audience")


# Living with others.


@dg.asset(automation_condition=dg.AutomationCondition.eager())
def theirs() -> None:
    """Fail, for tests of what is told of it."""
    raise RuntimeError("theirs broke")


def together(bench: Bench, *others: dg.Definitions, **environment: str) -> dg.Definitions:
    """A code location with our definitions, those of somebody else, and their executor."""
    settings = bench.settings(bench.content, **environment)
    ours = build_definitions(settings, Refresher(settings, clock=lambda: bench.now))
    mixed = dg.define_asset_job("nightly", selection=[theirs.key, asset_key("charts")])
    host = dg.Definitions(assets=[theirs], jobs=[mixed], executor=dg.multiprocess_executor)
    return dg.Definitions.merge(ours, host, *others)


def test_the_executor_of_the_code_location_stays_that_of_the_host(bench: Bench) -> None:
    location = together(bench)
    assert location.executor is dg.multiprocess_executor
    own = {name: location.resolve_job_def(name).executor_def for name in JOBS[:2]}
    assert own == dict.fromkeys(JOBS[:2], dg.in_process_executor)
    assert location.resolve_job_def("nightly").executor_def is dg.multiprocess_executor
    assert defs().executor is dg.in_process_executor


def test_all_jobs_of_ours_are_known_as_such(bench: Bench) -> None:
    lake = {"SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:dbname=a", "SOUNDCHARTS_LAKE_PATH": "files"}
    ours = build_definitions(bench.settings({}, **lake))
    jobs = [*(ours.jobs or ()), *(schedule.job for schedule in ours.schedules or ())]
    assert {job.name for job in jobs} == set(JOBS)


def test_conditions_of_others_are_left_to_their_own_sensor(bench: Bench) -> None:
    location = together(bench)
    watched: set[dg.AssetKey] = set()
    for name in ("freshness", "insights"):
        sensor = location.resolve_sensor_def(name)
        assert isinstance(sensor, dg.AutomationConditionSensorDefinition)
        found = sensor.asset_selection.resolve(location.resolve_asset_graph())
        assert not found & watched, "each condition has one sensor"
        watched |= found
    with_condition = {spec.key for spec in location.resolve_all_asset_specs() if spec.automation_condition}
    assert watched == {key for key in with_condition if key.path[0] == PREFIX}
    assert with_condition - watched == {theirs.key}


def test_only_assets_of_ours_are_noted_as_loaded(bench: Bench) -> None:
    bench.follow()
    location = together(bench)
    sensor = location.resolve_sensor_def("chart_updates")
    with dg.build_sensor_context(bench.instance, definitions=location) as context:
        sensor.evaluate_tick(context)
    noted = bench.refresher().warehouse.spool.note(*LOADED)
    assert noted
    assert {key.partition("/")[0] for key in noted} == {PREFIX}


@pytest.fixture
def webhook() -> Iterator[LocalServer]:
    """What alerts are posted to."""
    with local_server(lambda _: said({})) as server:
        yield server


def told_of(bench: Bench, job: str, webhook: LocalServer, **environment: str) -> list[str]:
    """Let a job of a shared code location fail, and return what the sensor of failures posts of it."""
    bench.follow("viral-50-40")
    register_charts(bench.instance, ["viral-50-40"])
    location = together(bench, **environment)
    result = location.resolve_job_def(job).execute_in_process(
        instance=bench.instance,
        raise_on_error=False,
        partition_key=None if job in {"others", INSIGHTS} else "viral-50-40",
    )
    assert not result.success
    settings = bench.settings(bench.content, SOUNDCHARTS_WEBHOOK=webhook.url)
    context = dg.build_run_status_sensor_context(
        "failures", result.get_run_failure_event(), bench.instance, result.dagster_run
    ).for_run_failure()
    failure_sensor(lambda: Refresher(settings, clock=lambda: bench.now), JOBS)(context)
    return [heard.body for heard in webhook.heard]


def test_a_run_of_ours_that_fails_is_told_of(bench: Bench, webhook: LocalServer) -> None:
    (told,) = told_of(bench, CASCADE, webhook, SOUNDCHARTS_API_KEY="a-wrong-key-nobody-has")
    assert "paused for credentials" in told


def test_why_it_failed_is_told_without_the_class_of_dagsters_that_carried_it(
    bench: Bench, webhook: LocalServer
) -> None:
    (told,) = told_of(bench, INSIGHTS, webhook, SOUNDCHARTS_DASHBOARD=str(bench.folder))
    assert f"of insights failed for several charts: {bench.folder}: is a folder; name a file" in told


def test_a_step_of_others_that_fails_beside_ours_is_not(bench: Bench, webhook: LocalServer) -> None:
    assert told_of(bench, "nightly", webhook) == []


def test_a_step_of_ours_that_fails_in_a_job_of_others_is(bench: Bench, webhook: LocalServer) -> None:
    (told,) = told_of(bench, "nightly", webhook, SOUNDCHARTS_API_KEY="a-wrong-key-nobody-has")
    assert "paused for credentials" in told


def test_a_run_without_anything_of_ours_is_not(bench: Bench, webhook: LocalServer) -> None:
    location = dg.Definitions(assets=[theirs], jobs=[dg.define_asset_job("others", selection=[theirs.key])])
    result = location.resolve_job_def("others").execute_in_process(instance=bench.instance, raise_on_error=False)
    settings = bench.settings({}, SOUNDCHARTS_WEBHOOK=webhook.url)
    context = dg.build_run_status_sensor_context(
        "failures", result.get_run_failure_event(), bench.instance, result.dagster_run
    ).for_run_failure()
    failure_sensor(lambda: Refresher(settings), JOBS)(context)
    assert webhook.heard == []


@dg.job(name="quality")
def their_job() -> None:
    """Another job of the name of one of ours."""


@dg.sensor(name="freshness", job_name="nightly")
def their_sensor() -> None:
    """Another sensor of the name of one of ours."""


@pytest.mark.parametrize(
    ("theirs_too", "named"),
    [
        (dg.Definitions(jobs=[their_job]), "quality"),
        (dg.Definitions(sensors=[their_sensor]), "freshness"),
        (dg.Definitions(resources={"refresher": 1}), "refresher"),
        (dg.Definitions(assets=[dg.AssetSpec(asset_key("tracks"))]), "tracks"),
    ],
)
def test_two_of_one_name_are_refused_by_dagster_by_that_name(
    bench: Bench, theirs_too: dg.Definitions, named: str
) -> None:
    with pytest.raises((dg.DagsterInvalidDefinitionError, dg.DagsterInvariantViolationError), match=named):
        dg.Definitions.validate_loadable(together(bench, theirs_too))


def test_a_run_that_may_have_a_process_for_each_step_holds_no_lock(bench: Bench) -> None:
    """The lock would be free between two steps, and the run would pass for dead."""
    bench.follow("viral-50-40")
    register_charts(bench.instance, ["viral-50-40"])
    locks = bench.folder / "warehouse.duckdb.runs"
    for job, held in (("nightly", 0), (CASCADE, 1)):
        keys = [asset_key("charts")]
        result = (
            together(bench)
            .resolve_job_def(job)
            .execute_in_process(instance=bench.instance, partition_key="viral-50-40", asset_selection=keys)
        )
        assert result.success
        assert len(list(locks.glob("*"))) == held
