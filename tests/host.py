"""A host: a Dagster project of somebody else's, as `create-dagster project` lays it out, with one YAML file of ours."""

import os
import sys
import tomllib
from pathlib import Path

from soundcharts_assets.settings.reading import COMPONENT
from tests.program import Program

ROOT = Path(__file__).parents[1]
FILES = {
    "pyproject.toml": """
[project]
name = "host"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "host"
registry_modules = ["host.components.*"]
""",
    "src/host/__init__.py": "",
    "src/host/defs/__init__.py": "",
    "src/host/definitions.py": """
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
""",
    "home/dagster.yaml": "telemetry: {enabled: false}\n",
}


class Host:
    """The project's folder, and a shell in it into which soundcharts_assets was installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.warehouse = folder / "data" / "warehouse.duckdb"
        self.component = folder / "src" / "host" / "defs" / "soundcharts" / "defs.yaml"
        self._started = 0
        for name, text in FILES.items():
            self.write(name, text)
        self._install()

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, attributes: str) -> None:
        """Add the component, with these attributes."""
        self.component.parent.mkdir(parents=True, exist_ok=True)
        self.component.write_text(f"type: {COMPONENT}\nattributes:\n{attributes}", encoding="utf-8")

    def environment(self, **changes: str) -> dict[str, str]:
        """What a program of this environment finds, and nothing of the one that runs the tests."""
        paths = [self.folder / "src", self.folder / "site", ROOT]
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "VIRTUAL_ENV": sys.prefix,
            "DAGSTER_HOME": str(self.home),
            "SOUNDCHARTS_WAREHOUSE": str(self.warehouse),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **changes,
        }

    def start(self, *command: str, **changes: str) -> Program:
        """Start a program of this environment."""
        self._started += 1
        arguments = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        return Program(arguments, self.folder, self.environment(**changes), self.folder / f"{self._started}.log")

    def run(self, *command: str, **changes: str) -> tuple[int, str]:
        """Run a program of this environment; returns its exit code and what it said."""
        program = self.start(*command, **changes)
        try:
            return program.wait(timeout=180), program.said()
        finally:
            program.kill()

    def _install(self) -> None:
        """Put down what pip leaves of a package: its metadata, of which Dagster reads the entry points."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        metadata = f"site/{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        self.write(f"{metadata}/METADATA", f"Name: {project['name']}\nVersion: {project['version']}\n")
        groups = project["entry-points"].items()
        self.write(
            f"{metadata}/entry_points.txt",
            "\n".join(
                f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
                for group, points in groups
            ),
        )
