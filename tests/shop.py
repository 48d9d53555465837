"""A shop: a folder as a user has it, with the commands run in it, as processes or within the test's own."""

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from unittest import mock

import duckdb
import pytest

from soundcharts_assets.cli import main
from soundcharts_assets.sandbox.process import Sandbox

FEW = "platforms: {track_audience: [spotify], artist_audience: [], artist_listening: []}"
ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from soundcharts_assets.cli import main; main()"]


class Shop:
    """A folder as a user has it: settings, a warehouse, an instance of Dagster, and a shell without anything else."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.warehouse = folder / "data" / "warehouse.duckdb"
        (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
        self.follow("viral-50-40")

    def follow(self, *slugs: str, more: str = FEW) -> None:
        """Follow these charts from now on, with these further settings."""
        charts = "".join(f"  - slug: {slug}\n" for slug in slugs)
        text = f"charts:\n{charts}\napi: {{backoff_seconds: 0.01, attempts: 2, calls_per_minute: 100000}}\n{more}\n"
        # The shared sandbox stands still at a day that recedes from the clock of these processes.
        text += "audience: {charted_within_days: 36500}\n"
        (self.folder / "soundcharts.yaml").write_text(text, encoding="utf-8")

    def environment(self, **changes: str) -> dict[str, str]:
        """Variables that point everything at this folder and the sandbox."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DAGSTER_HOME": str(self.folder),
            "SOUNDCHARTS_BASE_URL": self.sandbox.url,
            "SOUNDCHARTS_APP_ID": "soundcharts",
            "SOUNDCHARTS_API_KEY": "soundcharts",
            **changes,
        }

    def start(self, *arguments: str, **changes: str) -> "subprocess.Popen[str]":
        """Start the command."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(**changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run the command as a process."""
        process = self.start(*arguments, **changes)
        output, errors = process.communicate(timeout=120)
        done = subprocess.CompletedProcess(process.args, process.returncode, output, errors)
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def call(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run the command in this process, which saves the seconds that Dagster takes to import."""
        output, errors = io.StringIO(), io.StringIO()
        environment = mock.patch.dict(os.environ, self.environment(**changes), clear=True)
        command = mock.patch.object(sys, "argv", ["soundcharts-assets", *arguments])
        streams = contextlib.ExitStack()
        streams.enter_context(contextlib.redirect_stdout(output))
        streams.enter_context(contextlib.redirect_stderr(errors))
        with environment, command, contextlib.chdir(self.folder), streams, pytest.raises(SystemExit) as end:
            main()
        return subprocess.CompletedProcess(arguments, cast("int", end.value.code), output.getvalue(), errors.getvalue())

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(statement).fetchall()


def lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """What was printed, without empty lines."""
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def wait_until(happened: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait for something to be so while a process runs."""
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
