"""What the measured runs say: ratios within a round, medians over rounds, a table and a file.

Belongs here: arithmetic and presentation. Does not belong here: running anything (`bench`).
"""

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks.cases import Case
from benchmarks.measure import Measured

_PACKAGES = ("dagster", "duckdb", "dlt", "requests", "pyrate-limiter", "uvicorn")
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Run:
    """One contestant's run and the fewest calls with which it could have been done.

    Attributes:
        measured: The run.
        minimal: The fewest calls by endpoint.
    """

    measured: Measured
    minimal: Mapping[str, int]

    @property
    def settled(self) -> int:
        """Calls without those that met the rate limit and had to be made again."""
        return self.measured.total - self.measured.refused

    @property
    def excess(self) -> dict[str, int]:
        """By how much the calls differ from the fewest, by endpoint; nothing where they are the same."""
        calls = self.measured.calls
        differences = {name: calls.get(name, 0) - self.minimal.get(name, 0) for name in {*calls, *self.minimal}}
        return {name: number for name, number in sorted(differences.items()) if number}

    @property
    def is_wasteful(self) -> bool:
        """Whether more was asked than needed, or anything twice."""
        return self.settled > sum(self.minimal.values()) or self.measured.duplicates > self.measured.refused

    def as_dict(self) -> dict[str, Any]:
        """The figures."""
        return {**self.measured.as_dict(), "minimal": sum(self.minimal.values()), "excess": self.excess}


@dataclass(frozen=True)
class Round:
    """The contestants in turn on one sandbox.

    Attributes:
        runs: By contestant: `floor`, `project`, `warm` (the project once more, at once), `dlt`.
        floor_to_wrk: Share of the calls a second of wrk that the floor reaches; None where that was not measured.
    """

    runs: Mapping[str, Run]
    floor_to_wrk: float | None = None

    @property
    def ratios(self) -> dict[str, float]:
        """Every comparison within this round, by name."""
        floor = self.runs["floor"].measured
        found = {} if self.floor_to_wrk is None else {"floor_to_wrk.rate": self.floor_to_wrk}
        for name in ("project", "dlt"):
            if name in self.runs:
                one = self.runs[name].measured
                found[f"{name}_to_floor.wall"] = one.wall_seconds / floor.wall_seconds
                found[f"{name}_to_floor.wall_to_calling"] = one.wall_seconds / floor.calling_seconds
                found[f"{name}_to_floor.calling"] = one.calling_seconds / floor.calling_seconds
                found[f"{name}_to_floor.rate"] = one.calls_per_second / floor.calls_per_second
        if "dlt" in self.runs and "project" in self.runs:
            project, dlt = self.runs["project"].measured, self.runs["dlt"].measured
            found["project_to_dlt.wall"] = project.wall_seconds / dlt.wall_seconds
            found["project_to_dlt.rate"] = project.calls_per_second / dlt.calls_per_second
        if "warm" in self.runs:
            warm, cold = self.runs["warm"].measured, self.runs["project"].measured
            found["warm_to_project.wall"] = warm.wall_seconds / cold.wall_seconds
        return found

    def as_dict(self) -> dict[str, Any]:
        """Everything about it."""
        ratios = {name: round(ratio, 4) for name, ratio in self.ratios.items()}
        return {"ratios": ratios, "runs": {name: run.as_dict() for name, run in self.runs.items()}}


@dataclass
class Result:
    """A case and its rounds."""

    case: Case
    rounds: list[Round] = field(default_factory=list)

    @property
    def medians(self) -> dict[str, float]:
        """Median of each ratio over the rounds that have it."""
        names = dict.fromkeys(name for one in self.rounds for name in one.ratios)
        return {name: round(median(self._ratios(name)), 4) for name in names}

    @property
    def is_wasteful(self) -> bool:
        """Whether the project asked too much in any round."""
        return any(
            one.runs[name].is_wasteful for one in self.rounds for name in ("project", "warm") if name in one.runs
        )

    def runs(self, name: str) -> list[Run]:
        """A contestant's runs."""
        return [one.runs[name] for one in self.rounds if name in one.runs]

    def as_dict(self) -> dict[str, Any]:
        """Everything about it."""
        return {
            "title": self.case.title,
            "charts": len(self.case.plans),
            "latency_seconds": self.case.latency_seconds,
            "calls_per_minute": self.case.calls_per_minute,
            "medians": self.medians,
            "rounds": [one.as_dict() for one in self.rounds],
        }

    def _ratios(self, name: str) -> Iterator[float]:
        return (one.ratios[name] for one in self.rounds if name in one.ratios)


def as_json(results: Sequence[Result]) -> str:
    """All results and what they were measured with; neither the machine's name nor a path."""
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "processors": os.cpu_count(),
        "cases": {result.case.name: result.as_dict() for result in results},
    }
    return json.dumps(found, indent=2) + "\n"


def as_table(results: Sequence[Result]) -> Table:
    """The medians, a row for each case and contestant."""
    table = Table(title="Medians over the rounds; times and rates as multiples of the floor's in the same round")
    table.add_column("case")
    table.add_column("contestant")
    for column in ("rounds", "calls", "minimal", "wall", "calling", "rate", "start s", "exit s", "CPU s", "peak MiB"):
        table.add_column(column, justify="right")
    for result in results:
        for name in ("floor", "project", "warm", "dlt"):
            runs = result.runs(name)
            if runs:
                table.add_row(result.case.name, name, *_cells(name, runs, result.medians))
        table.add_section()
    return table


def _cells(name: str, runs: Sequence[Run], medians: Mapping[str, float]) -> Iterator[str]:
    measured = [run.measured for run in runs]
    yield str(len(runs))
    yield _range([one.total for one in measured])
    yield _range([sum(run.minimal.values()) for run in runs])
    for ratio in ("wall", "calling", "rate"):
        found = 1.0 if name == "floor" else medians.get(f"{name}_to_floor.{ratio}")
        yield "" if found is None else f"{found:.2f}"
    yield f"{median(one.startup_seconds for one in measured):.2f}"
    yield f"{median(one.tail_seconds for one in measured):.2f}"
    yield f"{median(one.cpu_seconds for one in measured):.1f}"
    yield f"{median(one.peak_memory_bytes for one in measured) / _MEBIBYTE:.0f}"


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
