"""Runs one contestant as a process and measures it from outside, the same way for all.

Belongs here: time, memory and CPU of a process, and when the vendor was asked. Does not belong here: what a contestant
is told (`contestants`), comparison (`results`).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from soundcharts_assets.sandbox.process import Sandbox

_LAUNCHER = Path(__file__).with_name("launcher.py")
_SAMPLE_SECONDS = 0.02
_EXCERPT = 2_000


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Attributes:
        wall_seconds: From its start to its end.
        startup_seconds: From its start to its first call.
        calling_seconds: From its first call to its last.
        tail_seconds: From its last call to its end.
        cpu_seconds: Of all its threads.
        peak_memory_bytes: The most memory it had at a time.
        calls: Calls by the sandbox's names.
        refused: Calls that met the rate limit; they are among `calls` too.
        duplicates: Calls for what had been asked before.
        output: What it printed.
    """

    wall_seconds: float
    startup_seconds: float
    calling_seconds: float
    tail_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    calls: dict[str, int]
    refused: int
    duplicates: int
    output: str

    @property
    def total(self) -> int:
        """Number of calls."""
        return sum(self.calls.values())

    @property
    def calls_per_second(self) -> float:
        """While it was calling."""
        return self.total / max(self.calling_seconds, _SAMPLE_SECONDS)

    def as_dict(self) -> dict[str, Any]:
        """The figures, without what was printed."""
        seconds = {
            name: round(getattr(self, name), 3)
            for name in ("wall_seconds", "startup_seconds", "calling_seconds", "tail_seconds", "cpu_seconds")
        }
        counts = {"calls": self.total, "refused": self.refused, "duplicates": self.duplicates}
        return {**seconds, "peak_memory_bytes": self.peak_memory_bytes, **counts, "calls_by_endpoint": self.calls}


class ContestantFailed(RuntimeError):
    """A contestant ended with an error, or not at all."""


def run_measured(
    command: Sequence[str],
    sandbox: Sandbox,
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout_seconds: float = 1_800,
) -> Measured:
    """Run a command whose calls go to the sandbox, and measure it.

    Raises:
        ContestantFailed: It ended with another code than 0, or was stopped because it took too long.
    """
    with tempfile.TemporaryDirectory() as workspace:
        figures, output, errors = (Path(workspace) / name for name in ("figures.json", "output", "errors"))
        sandbox.reset()
        launch = [sys.executable, "-S", "-E", str(_LAUNCHER), str(figures), *command]
        with output.open("wb") as out, errors.open("wb") as err, _Sampler(sandbox.url) as sampler:
            process = subprocess.Popen(  # noqa: S603
                launch, cwd=folder, env=dict(environment), stdout=out, stderr=err, start_new_session=True
            )
            try:
                process.wait(timeout=timeout_seconds)
            except BaseException as reason:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if isinstance(reason, subprocess.TimeoutExpired):
                    raise ContestantFailed(f"{command[0]} took longer than {timeout_seconds:.0f} s") from None
                raise
        report = sandbox.report()
        found = json.loads(figures.read_text(encoding="utf-8"))
        printed = output.read_text(encoding="utf-8", errors="replace")
        if found["exit_code"] != 0:
            said = errors.read_text(encoding="utf-8", errors="replace") + printed
            raise ContestantFailed(f"{' '.join(command)} ended with code {found['exit_code']}:\n{said[-_EXCERPT:]}")
    first = found["ended"] if sampler.first is None else sampler.first
    last = max(first, found["ended"] if sampler.last is None else sampler.last)
    return Measured(
        wall_seconds=found["ended"] - found["started"],
        startup_seconds=first - found["started"],
        calling_seconds=last - first,
        tail_seconds=found["ended"] - last,
        cpu_seconds=found["cpu_seconds"],
        peak_memory_bytes=found["peak_memory_bytes"],
        calls=report.by_endpoint,
        refused=report.by_status.get("429", 0),
        duplicates=report.duplicates,
        output=printed,
    )


class _Sampler:
    """Looks every 20 ms how many calls the sandbox has counted. Looking is neither counted nor billed there."""

    def __init__(self, url: str) -> None:
        self.first: float | None = None
        self.last: float | None = None
        self._url = urlsplit(url)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    def _watch(self) -> None:
        assert self._url.hostname is not None
        connection = HTTPConnection(self._url.hostname, self._url.port, timeout=30)
        seen, ends = 0, False
        while not ends:
            # Once more after the end, or the calls of the last moment would be missing.
            ends = self._enough.wait(_SAMPLE_SECONDS)
            connection.request("GET", "/sandbox/report")
            calls = json.loads(connection.getresponse().read())["calls"]
            if calls > seen:
                seen, self.last = calls, time.monotonic()
                self.first = self.first or self.last
        connection.close()
