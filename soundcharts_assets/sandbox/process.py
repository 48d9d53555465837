"""A sandbox in a process of its own, for tests and demonstrations.

Belongs here: starting and ending the process, and its control API as methods.
Does not belong here: anything the sandbox does.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import requests

_ROOT = Path(__file__).resolve().parents[2]
_READY = "sandbox ready "
# What Python needs to start; nothing else of the caller's environment is handed on, secrets least of all.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True, slots=True)
class Report:
    """What a sandbox was asked since its last reset."""

    today: date
    calls: int
    billed: int
    by_endpoint: dict[str, int]
    by_status: dict[str, int]
    duplicates: int
    duplicate_examples: list[str]
    busiest_second: int
    quota_remaining: int


class Sandbox:
    """The control API of a running sandbox."""

    def __init__(self, url: str, session: requests.Session) -> None:
        """Control the sandbox at this address."""
        self.url = url
        self._session = session

    def advance(self, days: int = 1) -> date:
        """Let days go by and return the sandbox's new today."""
        return date.fromisoformat(self._control("POST", "advance", {"days": days})["today"])

    def report(self) -> Report:
        """What it was asked since the last reset."""
        found = self._control("GET", "report")
        return Report(**{**found, "today": date.fromisoformat(found["today"])})

    def reset(self) -> None:
        """Zero the counters; today, quota and switches stay."""
        self._control("POST", "reset")

    def switch(self, **switches: Any) -> dict[str, Any]:
        """Change some switches and return all of them; a new `quota` starts a new term."""
        return self._control("PUT", "switches", switches)

    def faults(self, rules: Sequence[Mapping[str, Any]] = ()) -> None:
        """Replace the fault rules; without rules the sandbox is healthy again."""
        self._control("PUT", "faults", list(rules))

    def revoke_tokens(self) -> None:
        """Reject all access tokens issued so far."""
        self._control("POST", "revoke")

    def revise(self, slug: str, ranked_at: str, **change: Any) -> int:
        """Correct a published ranking and return its number of entries.

        `drop=n` or `add=n` places at its end, `swap=[a, b]`, `raise_metrics=n`; together if need be.
        """
        return int(self._control("PUT", "revision", {"slug": slug, "ranked_at": ranked_at, **change})["entries"])

    def publish_between(self, slug: str) -> None:
        """Publish a ranking between the first and the second page of the next reader."""
        self._control("PUT", "publish_between", {"slug": slug})

    def _control(self, method: str, name: str, body: Any = None) -> dict[str, Any]:
        answer = self._session.request(method, f"{self.url}/sandbox/{name}", json=body, timeout=30)
        if not answer.ok:
            raise ValueError(f"the sandbox refused {name}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


def child_environment() -> dict[str, str]:
    """The part of this process's environment that a sandbox gets to see."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": str(_ROOT)}


@contextmanager
def running_sandbox(
    *,
    data: Path | None = None,
    today: date | None = None,
    clock: Path | None = None,
    **switches: Any,
) -> Iterator[Sandbox]:
    """Run a sandbox on a free loopback port for the length of a block.

    Args:
        data: Folder of Parquet files; the project's own when left out.
        today: The sandbox's today; the UTC date when left out.
        clock: File that is told the seconds by which the sandbox's days are ahead of its first.
        **switches: Switches to start with, by their names in the control API.

    Raises:
        RuntimeError: The sandbox did not start.
    """
    command = [sys.executable, "-m", "soundcharts_assets.sandbox", "--exit-with-parent", str(os.getpid())]
    if data is not None:
        command += ["--data", str(data.resolve())]
    if today is not None:
        command += ["--today", today.isoformat()]
    if clock is not None:
        command += ["--clock", str(clock.resolve())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment())  # noqa: S603
    try:
        with requests.Session() as session:
            # A proxy of the environment has no business between two processes of one machine.
            session.trust_env = False
            sandbox = Sandbox(_wait_until_ready(process), session)
            if switches:
                sandbox.switch(**switches)
            yield sandbox
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _wait_until_ready(process: subprocess.Popen[str], seconds: float = 20) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            line = process.stdout.readline()
            if line.startswith(_READY):
                return line.removeprefix(_READY).strip()
            if not line:
                raise RuntimeError(f"the sandbox ended with code {process.wait()} before it listened")
    raise RuntimeError(f"the sandbox did not listen within {seconds:.0f} seconds")
