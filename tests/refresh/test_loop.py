"""Calls on threads: everything comes, a fatal failure stops, and nobody is left waiting."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from soundcharts_assets.api.errors import CredentialsRejected, Fatal, QuotaExhausted
from soundcharts_assets.refresh.loop import fan_out

LONG = 10.0
"""Seconds after which a test gives up waiting."""
ROOM = 8
"""Results of each worker that may wait."""


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Every thread that a test started has ended soon after it."""
    before = set(threading.enumerate())
    yield
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(LONG)
    assert [thread for thread in started if thread.is_alive()] == []


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("workers", [1, 2, 7, 100])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_all_results_of_all_units_come_once(workers: int, count: int) -> None:
    def fetch(unit: int) -> Iterator[tuple[int, int]]:
        yield from ((unit, part) for part in range(unit % 4))

    results = fan_out(fetch, range(count), workers=workers, patience_seconds=LONG)
    assert sorted(result for result in results if result) == [(u, p) for u in range(count) for p in range(u % 4)]


def test_more_results_come_than_can_wait_at_once() -> None:
    results = fan_out(range, [3_000, 2_000], workers=2, patience_seconds=LONG)
    assert len(list(results)) == 5_000


def test_results_of_one_unit_keep_their_order_and_one_worker_takes_units_in_theirs() -> None:
    results = fan_out(lambda unit: (unit, unit + 1), [10, 20, 30], workers=1, patience_seconds=LONG)
    assert list(results) == [10, 11, 20, 21, 30, 31]


def test_units_run_at_the_same_time_but_never_on_more_threads_than_allowed() -> None:
    together = threading.Barrier(3)
    running, most = 0, 0
    lock = threading.Lock()

    def fetch(unit: int) -> Iterator[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(LONG)
        with lock:
            running -= 1
        yield unit

    assert sorted(result or 0 for result in fan_out(fetch, range(9), workers=3, patience_seconds=LONG)) == list(
        range(9)
    )
    assert most == 3


def test_no_more_threads_are_started_than_there_are_units(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[threading.Thread] = []

    class Counted(threading.Thread):
        def start(self) -> None:
            started.append(self)
            super().start()

    monkeypatch.setattr(threading, "Thread", Counted)
    assert len(list(fan_out(range, [1, 1], workers=50, patience_seconds=LONG))) == 2
    assert len(started) == 2


def test_units_are_fetched_on_other_threads_and_nothing_runs_before_the_first_result_is_wanted() -> None:
    before = threading.active_count()
    results = fan_out(lambda _: [threading.current_thread()], [1], workers=1, patience_seconds=LONG)
    assert before == threading.active_count()
    assert next(results) is not threading.current_thread()
    assert list(results) == []


def test_whoever_waits_too_long_is_told_none_so_that_it_can_act() -> None:
    go_on = threading.Event()

    def fetch(unit: str) -> Iterator[str]:
        go_on.wait(LONG)
        yield unit

    results = fan_out(fetch, ["late"], workers=1, patience_seconds=0.01)
    assert [next(results), next(results)] == [None, None]
    go_on.set()
    assert [result for result in results if result] == ["late"]


def test_a_fatal_failure_lets_no_further_unit_begin_and_is_raised_after_all_that_came() -> None:
    begun: list[int] = []

    def fetch(unit: int) -> Iterator[str]:
        begun.append(unit)
        yield f"{unit} first"
        if unit == 2:
            raise QuotaExhausted("quota")
        yield f"{unit} last"

    came: list[str | None] = []
    with pytest.raises(QuotaExhausted):
        came.extend(fan_out(fetch, [1, 2, 3, 4], workers=1, patience_seconds=LONG))
    assert begun == [1, 2]
    assert came == ["1 first", "1 last", "2 first"]


def test_units_under_way_when_another_fails_fatally_are_finished_and_their_results_come() -> None:
    begun: list[int] = []
    all_begun = threading.Barrier(4)
    failed: list[threading.Thread] = []

    def fetch(unit: int) -> Iterator[int]:
        begun.append(unit)
        if unit == 0:
            failed.append(threading.current_thread())
        all_begun.wait(LONG)
        if unit == 0:
            raise CredentialsRejected("401")
        failed[0].join(LONG)
        yield unit
        yield unit * 10

    came: list[int | None] = []
    with pytest.raises(CredentialsRejected):
        came.extend(fan_out(fetch, range(40), workers=4, patience_seconds=LONG))
    assert sorted(begun) == [0, 1, 2, 3]
    assert set(came) == {1, 2, 3, 10, 20, 30}
    assert len(came) == 6


def test_a_fatal_failure_is_told_rather_than_another_that_came_before_it() -> None:
    both = threading.Barrier(2)
    first: list[threading.Thread] = []

    def fetch(unit: str) -> Iterator[str]:
        if unit == "mistake":
            first.append(threading.current_thread())
        both.wait(LONG)
        if unit == "mistake":
            raise LookupError
        first[0].join(LONG)
        raise Fatal("quota")
        yield

    with pytest.raises(Fatal, match="quota"):
        list(fan_out(fetch, ["mistake", "quota"], workers=2, patience_seconds=LONG))


def test_any_other_error_of_a_worker_stops_and_is_raised_too() -> None:
    begun: list[int] = []

    def fetch(unit: int) -> Iterator[int]:
        begun.append(unit)
        yield unit
        raise LookupError(unit)

    with pytest.raises(LookupError):
        list(fan_out(fetch, range(50), workers=1, patience_seconds=LONG))
    assert begun == [0]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_consumer_that_stops_early_leaves_no_thread_and_no_unit_behind(workers: int) -> None:
    begun: list[int] = []
    ended: list[int] = []

    def fetch(unit: int) -> Iterator[int]:
        begun.append(unit)
        yield from range(2_000)
        ended.append(unit)

    with closing(fan_out(fetch, range(100), workers=workers, patience_seconds=LONG)) as results:
        next(results)
    assert len(begun) <= workers
    assert sorted(begun) == sorted(ended)


def test_a_consumer_that_fails_leaves_no_thread_behind_even_where_workers_wait_for_room() -> None:
    made: list[int] = []

    def fetch(unit: int) -> Iterator[int]:
        for number in range(3_000):
            made.append(number)
            yield unit

    def consume() -> None:
        with closing(fan_out(fetch, range(100), workers=3, patience_seconds=LONG)) as results:
            next(results)
            _until(lambda: len(made) > ROOM * 3)
            raise LookupError

    with pytest.raises(LookupError):
        consume()
    assert len(made) <= 3 * 3_000


def test_what_was_fetched_for_a_consumer_that_fails_is_kept() -> None:
    made: list[int] = []
    numbers = iter(range(1_000))

    def fetch(_: int) -> Iterator[int]:
        number = next(numbers)
        made.append(number)
        yield number

    taken: list[int] = []
    kept: list[int | None] = []

    def consume() -> None:
        with closing(fan_out(fetch, range(1_000), workers=1, patience_seconds=LONG, keep=kept.append)) as results:
            for result in results:
                taken.append(result or 0)
                if len(taken) == 3:
                    _until(lambda: len(made) >= ROOM)
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert taken == [0, 1, 2]
    assert [*taken, *kept] == made


def test_a_consumer_that_stopped_is_not_told_of_failures_any_more() -> None:
    asked = threading.Event()

    def fetch(_: int) -> Iterator[int]:
        yield 1
        asked.wait(LONG)
        raise Fatal("quota")

    with closing(fan_out(fetch, [1], workers=1, patience_seconds=LONG)) as results:
        assert next(results) == 1
        asked.set()


def test_workers_wait_where_nobody_takes_their_results_so_that_a_kill_loses_few() -> None:
    made: list[int] = []

    def fetch(unit: int) -> Iterator[int]:
        for number in range(5_000):
            made.append(number)
            yield unit

    results = fan_out(fetch, range(4), workers=4, patience_seconds=LONG)
    next(results)
    _until(lambda: len(made) > ROOM * 4)
    before = -1
    while before != len(made):
        before = len(made)
        time.sleep(0.05)
    assert len(made) <= 1 + ROOM * 4 + 4
    assert 1 + sum(1 for _ in results) == 4 * 5_000
