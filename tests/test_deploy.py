"""What lies in `deploy` fits together, as far as can be told without a container engine."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from ruamel.yaml import YAML

from soundcharts_assets.partitions import PARTITIONS, register_charts
from soundcharts_assets.settings.reading import load_settings

if TYPE_CHECKING:
    from tests.postgres import Postgres

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
STORAGE = {"storage", "compute_logs"}
"""What is kept elsewhere when the instance moves; the logs of steps stay in files."""


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path)
    return content


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read(DEPLOY / "compose.yaml")


def test_on_postgres_queue_retries_and_monitoring_are_those_of_the_embedded_instance() -> None:
    embedded, deployed = read(ROOT / "dagster.yaml"), read(DEPLOY / "dagster.yaml")

    assert {key: value for key, value in embedded.items() if key not in STORAGE} == {
        key: value for key, value in deployed.items() if key not in STORAGE
    }


def test_with_containers_only_the_launcher_of_runs_is_another() -> None:
    plain, containers = read(DEPLOY / "dagster.yaml"), read(DEPLOY / "dagster.docker.yaml")

    launcher = containers.pop("run_launcher")
    assert containers == plain
    assert launcher["class"] == "DockerRunLauncher"


def test_no_file_holds_a_secret() -> None:
    for path in DEPLOY.iterdir():
        text = path.read_text(encoding="utf-8")
        for name, value in re.findall(r"(\w*(?:PASSWORD|KEY|SECRET)\w*)[=:][ ]*([^\s}]*)", text):
            assert not value or value.startswith(("$", "{")), (path.name, name)


def test_runs_in_containers_know_what_the_code_location_knows(compose: dict[str, Any]) -> None:
    launcher = read(DEPLOY / "dagster.docker.yaml")["run_launcher"]["config"]
    part = compose["x-part"]

    assert set(launcher["env_vars"]) == set(part["environment"])
    assert set(launcher["container_kwargs"]["volumes"]) == set(part["volumes"])
    assert launcher["network"] == compose["networks"]["soundcharts"]["name"]
    for name in ("code-location", "webserver", "daemon"):
        service = compose["services"][name]
        assert set(part["environment"]) <= set(service["environment"])
        assert set(part["volumes"]) <= set(service["volumes"])


def test_the_variables_that_compose_asks_for_are_in_the_example() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+):\?", text))
    offered = set(re.findall(r"^(\w+)=", (DEPLOY / "env.example").read_text(encoding="utf-8"), re.MULTILINE))

    assert asked
    assert asked <= offered


def test_the_workspace_names_the_service_and_the_port_at_which_the_code_location_listens(
    compose: dict[str, Any],
) -> None:
    (server,) = (entry["grpc_server"] for entry in read(DEPLOY / "workspace.yaml")["load_from"])
    service = compose["services"][server["host"]]

    assert f"--port {server['port']}" in service["command"]
    assert str(server["port"]) in service["healthcheck"]["test"]


def test_the_warehouse_that_compose_names_is_one_that_the_settings_understand(compose: dict[str, Any]) -> None:
    environment = {
        name: re.sub(r"\$\{\w+(:-([^}]*))?(:\?[^}]*)?\}", r"\2x", value)
        for name, value in compose["x-part"]["environment"].items()
    }
    environment["SOUNDCHARTS_BASE_URL"] = "http://127.0.0.1:1"
    del environment["SOUNDCHARTS_CONFIG"]

    settings = load_settings(environment)

    assert settings.lake is not None
    assert settings.lake.files == "/srv/lake"
    assert "dbname=lake" in settings.lake.catalogue.get_secret_value()


@pytest.mark.lake
def test_dagster_keeps_its_instance_in_postgres(
    postgres: "Postgres", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres.as_environment(postgres.database()).items():
        monkeypatch.setenv(name, value)
    shutil.copy(DEPLOY / "dagster.yaml", tmp_path)

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        register_charts(instance, ["global-28"])
    with dg.DagsterInstance.from_config(str(tmp_path)) as again:
        assert again.get_dynamic_partitions(PARTITIONS) == ["global-28"]
    assert not list(tmp_path.rglob("*.db")), "nothing is kept in files of SQLite"
