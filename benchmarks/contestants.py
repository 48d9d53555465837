"""The contestants: what each is told, so that all do the same work with the same settings on the same vendor.

Belongs here: folders, settings and commands. Does not belong here: measuring (`measure`), comparison (`bench`).
"""

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.measure import Measured, run_measured
from benchmarks.minimal import Target
from soundcharts_assets.sandbox.process import Sandbox

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 16
_UNLIMITED = 100_000
"""The highest setting there is, and more than any of them reaches."""

_SETTINGS = """\
charts:
{charts}
platforms:
  track_audience: [spotify, youtube, shazam, airplay]
  artist_audience: [spotify, youtube, instagram, tiktok]
  artist_listening: [spotify, youtube]
api:
  calls_per_minute: {calls_per_minute}
  workers: {workers}
  batch_size: 50
"""


@dataclass(frozen=True)
class Stage:
    """Where contestants are measured: one case on one running sandbox.

    Attributes:
        case: What is to be fetched.
        sandbox: The vendor.
        folder: An empty folder; each contestant gets one of its own in it.
        clock: The file that tells by how much the sandbox's days are ahead.
    """

    case: Case
    sandbox: Sandbox
    folder: Path
    clock: Path

    def floor(self, targets: Sequence[Target]) -> Measured:
        """The downloader makes these calls; it times them itself, to the call."""
        measured = self._run(self.floor_command(targets), self._own("floor"), {})
        return replace(measured, calling_seconds=json.loads(measured.output)["seconds"])

    def floor_command(self, targets: Sequence[Target], *arguments: str, is_limited: bool = True) -> list[str]:
        """The downloader's command line, with its list of calls written."""
        limit = self.case.calls_per_minute if is_limited else None
        limited = [] if limit is None else ["--calls-per-minute", str(limit)]
        command = [sys.executable, "-m", "benchmarks.floor", self.sandbox.url, str(self.write_targets(targets))]
        return [*command, "--in-flight", str(WORKERS), *limited, *arguments]

    def write_targets(self, targets: Sequence[Target]) -> Path:
        """Write the addresses, one a line."""
        path = self.folder / "targets.txt"
        path.write_text("\n".join(target.path for target in targets), encoding="utf-8")
        return path

    def project(self) -> Measured:
        """The project makes a pass: the first time in a fresh folder, later in the one it left."""
        folder = self._own("project")
        shutil.copy(ROOT / "dagster.yaml", folder)
        charts = "\n".join(f"  - {slug}" for slug in self.case.slugs)
        settings = _SETTINGS.format(charts=charts, calls_per_minute=self._calls_per_minute, workers=WORKERS)
        (folder / "soundcharts.yaml").write_text(settings, encoding="utf-8")
        variables = {
            "DAGSTER_HOME": str(folder),
            "SOUNDCHARTS_BASE_URL": self.sandbox.url,
            "SOUNDCHARTS_APP_ID": "soundcharts",
            "SOUNDCHARTS_API_KEY": "soundcharts",
            "SOUNDCHARTS_CONFIG": str(folder / "soundcharts.yaml"),
            "SOUNDCHARTS_WAREHOUSE": str(folder / "warehouse.duckdb"),
        }
        if self.case.is_due:
            # Only here days go by that the machine's clock knows nothing of; no real account has such a file.
            variables["SOUNDCHARTS_CLOCK_SHIFT"] = str(self.clock)
        command = str(Path(sysconfig.get_path("scripts")) / "soundcharts-assets")
        # The others compute nothing from what they fetch.
        return self._run([command, "sync", "--no-insights", "--json"], folder, variables)

    def dlt(self) -> Measured:
        """The same cascade on dlt, in a fresh folder."""
        folder = self._own("dlt")
        # Of dlt's own settings: https://dlthub.com/docs/reference/performance
        variables = {
            "DLT_DATA_DIR": str(folder / "dlt"),
            "EXTRACT__WORKERS": str(WORKERS),
            "EXTRACT__MAX_PARALLEL_ITEMS": str(WORKERS),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        }
        today = self.sandbox.report().today.isoformat()
        arguments = ["--calls-per-minute", str(self._calls_per_minute), "--today", today, *self.case.slugs]
        command = [sys.executable, "-m", "benchmarks.dlt_peer", self.sandbox.url, str(folder / "warehouse.duckdb")]
        return self._run([*command, *arguments], folder, variables)

    @property
    def _calls_per_minute(self) -> int:
        return self.case.calls_per_minute or _UNLIMITED

    def _own(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _run(self, command: Sequence[str], folder: Path, variables: dict[str, str]) -> Measured:
        if self.case.calls_per_minute is not None:
            # Each contestant meets a new window, whatever the one before it has used up.
            self.sandbox.switch(requests_per_minute=self.case.calls_per_minute)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
        return run_measured(command, self.sandbox, folder=folder, environment=environment)
