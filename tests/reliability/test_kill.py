"""Kill: `kill -9` at random instants of a sync loses a batch at most, and the next pass goes on where it stopped.

Runs of the daemon are in `test_kill_daemon`.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from soundcharts_assets.sandbox.process import Sandbox, running_sandbox
from tests.conftest import TODAY
from tests.reliability.contents import contents
from tests.reliability.kills import BOUND, LARGE, SMALL, Kill, Workshop, calls_beyond, write_charts


@contextmanager
def vendor(folder: Path) -> Iterator[Sandbox]:
    """A sandbox of its own, on small charts, that takes its time: so that passes can be hit anywhere."""
    with running_sandbox(data=write_charts(folder), today=TODAY.date(), latency_seconds=0.02) as sandbox:
        yield sandbox


def new_folder(folder: Path, sandbox: Sandbox, chart: str) -> Workshop:
    folder.mkdir()
    return Workshop(folder, sandbox, TODAY, (chart,))


def seeded(name: str) -> random.Random:
    return random.Random(name)  # noqa: S311 - repeatable on purpose


def undisturbed(start: Workshop, folder: Path) -> tuple[Workshop, Counter[str]]:
    """A pass from the same start that nobody kills: what all others are compared with."""
    workshop = start.like(folder)
    calls = workshop.sync()
    workshop.check_whole()
    return workshop, calls


def killed_and_completed(
    start: Workshop, whole: Workshop, calls: Counter[str], folder: Path, dice: random.Random, most: int
) -> list[Kill]:
    """Kill one pass after the other until one survives, or enough are dead; complete; and hold it against the whole.

    Each one gets as far, on average, as it takes for the kills to be spread over all the work.
    """
    workshop = start.like(folder)
    kills: list[Kill] = []
    passes: list[Counter[str]] = []
    while len(kills) < most:
        kill = workshop.kill(dice, 2 * calls.total() // (most + 1))
        if kill is None:
            break
        kills.append(kill)
        passes.append(Counter(kill.asked))
        workshop.check_whole()
        assert kill.repeated <= BOUND, (kill, workshop.said())
    began = time.monotonic()
    passes.append(workshop.sync())
    assert time.monotonic() - began < 120
    workshop.check_whole()
    assert contents(workshop.warehouse) == contents(whole.warehouse)
    assert workshop.unfinished_runs() == 0
    assert calls_beyond(passes, calls) <= BOUND * len(kills)
    return kills


def test_three_kills_of_a_first_pass_lose_a_batch_each_at_most(tmp_path: Path) -> None:
    with vendor(tmp_path / "data") as sandbox:
        _, kills = _kills_of(new_folder(tmp_path / "start", sandbox, SMALL), tmp_path / "cold", 3)

    assert len(kills) == 3


@pytest.mark.slow
def test_kills_anywhere_in_cold_warm_and_history_passes(tmp_path: Path) -> None:
    with vendor(tmp_path / "data") as sandbox:
        empty = new_folder(tmp_path / "empty", sandbox, LARGE)
        stored, cold = _kills_of(empty, tmp_path / "cold", 9)
        sandbox.advance(1)
        day_old = stored.like(tmp_path / "day-old", moment=TODAY + timedelta(days=1, minutes=30))
        stored, warm = _kills_of(day_old, tmp_path / "warm", 8)
        later = day_old.moment + timedelta(minutes=30)
        curious = stored.like(tmp_path / "curious", moment=later, charts=(LARGE, SMALL), history_days=25)
        _, history = _kills_of(curious, tmp_path / "history", 8)

    kills = {"cold": cold, "warm": warm, "history": history}
    for kind, met in kills.items():
        repeated = [kill.repeated for kill in met]
        figures = f"most {max(repeated)}, median {statistics.median(repeated)}, bound {BOUND}"
        logs = sum(kill.left_a_log for kill in met)
        print(f"{kind}: {len(met)} kills; calls repeated by each: {figures}; {logs} left a .wal")  # noqa: T201
    assert sum(len(met) for met in kills.values()) >= 25


def _kills_of(start: Workshop, folder: Path, number: int) -> tuple[Workshop, list[Kill]]:
    """So many kills of passes from one start, in chains that each end with a complete pass; and what all come to."""
    folder.mkdir()
    whole, calls = undisturbed(start, folder / "whole")
    kills: list[Kill] = []
    chain = 0
    while len(kills) < number:
        chain += 1
        assert chain <= number, "passes end before they can be killed"
        dice = seeded(f"{folder.name} {chain}")
        kills += killed_and_completed(start, whole, calls, folder / str(chain), dice, number - len(kills))
    return whole, kills
