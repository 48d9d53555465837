"""The benchmark: floor, project and dlt in turn on the same sandbox, compared within each round.

`python -m benchmarks.bench` runs everything, `--quick` a minute's worth. See README.md in this folder.

Belongs here: the order of things. Does not belong here: cases (`cases`), contestants (`contestants`), the fewest calls
(`minimal`), measuring (`measure`), arithmetic (`results`).
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from json import loads
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.cases import CASES, QUICK, Case, write_data
from benchmarks.contestants import ROOT, WORKERS, Stage
from benchmarks.minimal import Target, Vendor, count
from benchmarks.results import Result, Round, Run, as_json, as_table
from soundcharts_assets.sandbox.process import running_sandbox

_LATEST = Path(__file__).with_name("latest.json")
_WRK_SCRIPT = Path(__file__).with_name("wrk.lua")
_WRK_SECONDS = 2
_WRK_TURNS = 5
_DAYS_UNTIL_DUE = 2
_SAID = {
    "floor_to_wrk.rate": "the floor reaches {:.0%} of wrk's calls a second",
    "project_to_dlt.wall": "the project takes {:.2f} times as long as dlt, process to process",
    "warm_to_project.wall": "the project's second pass takes {:.2f} times as long as its first",
}
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True)
class _Effort:
    """How often, and with whom."""

    repeats: int
    limit_repeats: int
    dlt_repeats: int
    with_wrk: bool

    def rounds(self, case: Case) -> int:
        return self.repeats if case.calls_per_minute is None else self.limit_repeats


def run(cases: Sequence[Case], effort: _Effort, console: Console, out: Path | None) -> list[Result]:
    """Measure cases and return their results, which are also written after each case."""
    results = [Result(case) for case in cases]
    by_name = {result.case.name: result for result in results}
    for result in results:
        if result.case.is_due and "limit" in by_name:
            continue  # goes on from each round of the other, whose warehouse it needs
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            data = Path(folder) / "data"
            write_data(data, result.case.plans)
            for number in range(effort.rounds(result.case)):
                console.print(f"{result.case.name}: round {number + 1} of {effort.rounds(result.case)}")
                due = by_name.get("due") if result.case.name == "limit" else None
                with _stage(result.case, data) as stage:
                    if result.case.is_due:
                        _fill(stage)
                        result.rounds.append(_due_round(stage, data))
                        continue
                    with_dlt = number < effort.dlt_repeats
                    result.rounds.append(_round(stage, data, with_dlt=with_dlt, with_wrk=effort.with_wrk))
                    if due is not None:
                        due.rounds.append(_due_round(replace(stage, case=due.case), data))
        if out is not None:
            out.write_text(as_json([one for one in results if one.rounds]), encoding="utf-8")
    return results


@contextmanager
def _stage(case: Case, data: Path) -> Iterator[Stage]:
    """A new sandbox and new folders: no round finds anything of the one before."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        clock = Path(folder) / "clock"
        with running_sandbox(data=data, clock=clock, latency_seconds=case.latency_seconds) as sandbox:
            yield Stage(case, sandbox, Path(folder), clock)


def _round(stage: Stage, data: Path, *, with_dlt: bool, with_wrk: bool) -> Round:
    """A first pass of each contestant, and the project's second one."""
    targets = Vendor(data, stage.sandbox.report().today).first_pass(stage.case.slugs)
    minimal = count(targets)
    _warm_up(stage, targets)
    runs = {"floor": Run(stage.floor(targets), minimal)}
    runs["project"] = Run(stage.project(), minimal)
    runs["warm"] = Run(stage.project(), {"ranking_latest": len(stage.case.plans)})
    if with_dlt:
        runs["dlt"] = Run(stage.dlt(), minimal)
    return Round(runs, _floor_to_wrk(stage, targets) if with_wrk and stage.case.calls_per_minute is None else None)


def _due_round(stage: Stage, data: Path) -> Round:
    """Days after a first pass of the project: what is due then, by the downloader and by the project."""
    vendor = Vendor(data, stage.sandbox.report().today)
    targets = vendor.pass_after(stage.case.slugs, _DAYS_UNTIL_DUE)
    stage.sandbox.advance(_DAYS_UNTIL_DUE)
    minimal = count(targets)
    return Round({"floor": Run(stage.floor(targets), minimal), "project": Run(stage.project(), minimal)})


def _fill(stage: Stage) -> None:
    """A first pass that is not measured, and so not limited."""
    replace(stage, case=replace(stage.case, calls_per_minute=None)).project()


def _warm_up(stage: Stage, targets: Sequence[Target]) -> None:
    """Make every call once, so that no contestant waits for what the sandbox works out only the first time."""
    stage.sandbox.switch(latency_seconds=0)
    subprocess.run(  # noqa: S603
        stage.floor_command(targets, is_limited=False), cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    stage.sandbox.switch(latency_seconds=stage.case.latency_seconds)


def _floor_to_wrk(stage: Stage, targets: Sequence[Target]) -> float | None:
    """Calls a second of the floor as a share of wrk's, going round the same list in turn; None without wrk.

    Both last seconds only, so that a moment in which the machine does something else would decide: a median again.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    floor = stage.floor_command(targets, "--seconds", str(_WRK_SECONDS))
    options = ["-t1", f"-c{WORKERS}", f"-d{_WRK_SECONDS}s", "-s", str(_WRK_SCRIPT), stage.sandbox.url]
    peer = [wrk, *options, "--", str(stage.write_targets(targets))]
    return median(_floor_rate(floor) / _wrk_rate(peer) for _ in range(_WRK_TURNS))


def _floor_rate(command: Sequence[str]) -> float:
    found = loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)  # noqa: S603
    return float(found["calls"] / found["seconds"])


def _wrk_rate(command: Sequence[str]) -> float:
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk met refusals or says no rate:\n{done.stdout}")
    return float(rate[1])


def main() -> None:
    """Read the arguments, measure, print; the exit code is 1 where the project made more calls than needed."""
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description="Compare with a plain downloader and dlt.")
    parser.add_argument("--quick", action="store_true", help="one small case, once, floor and project only")
    parser.add_argument("--case", action="append", choices=names, help="only this; may be repeated")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    parser.add_argument("--limit-repeats", type=int, metavar="N", help="of cases at the rate limit: minutes each")
    parser.add_argument("--dlt-repeats", type=int, metavar="N", help="rounds of each case in which dlt takes part")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"default: {_LATEST.name} here, nothing with --quick")
    arguments = parser.parse_args()
    # Told to end, it ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    console = Console(width=None if sys.stdout.isatty() else 160)
    chosen = [case for case in CASES if arguments.case is None or case.name in arguments.case]
    repeats: int = arguments.repeats
    if arguments.quick:
        cases, effort, out = [QUICK], _Effort(1, 1, 0, with_wrk=False), arguments.out
    else:
        limit_repeats = repeats if arguments.limit_repeats is None else arguments.limit_repeats
        dlt_repeats = repeats if arguments.dlt_repeats is None else arguments.dlt_repeats
        cases, effort = chosen, _Effort(repeats, limit_repeats, dlt_repeats, with_wrk=True)
        out = arguments.out or _LATEST
        if shutil.which("wrk") is None:
            console.print("wrk is not installed: the floor is not compared with it")
        if dlt_repeats and find_spec("dlt") is None:
            parser.error("dlt is not installed: install it (README.md here), or leave it out with --dlt-repeats 0")
    results = run(cases, effort, console, out)
    console.print(as_table(results))
    for result in results:
        for name, said in _SAID.items():
            if name in result.medians:
                console.print(f"{result.case.name}: {said.format(result.medians[name])}")
    wasteful = [result for result in results if result.is_wasteful]
    for result in wasteful:
        for run_of in (*result.runs("project"), *result.runs("warm")):
            if run_of.is_wasteful:
                duplicates = run_of.measured.duplicates
                console.print(f"{result.case.name}: too many calls: {run_of.excess}, {duplicates} asked twice")
    sys.exit(1 if wasteful else 0)


if __name__ == "__main__":
    main()
