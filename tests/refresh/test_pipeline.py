"""Outcomes into batches: when they are committed, and what survives when something goes wrong."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from soundcharts_assets.api.errors import CredentialsRejected
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.outcomes import Outcome, Status
from soundcharts_assets.refresh.pipeline import BatchLimits, Task, Unit, carry_out
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseLockedError
from soundcharts_assets.warehouse.work import Work

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG = 10.0
ARTIST = ("uuid", "name")


def _work(uuid: str, attempts: int = 0) -> Work:
    return Work(uuid, None, None, None, attempts)


def _ok(uuid: str, rows: int = 0) -> Outcome:
    """An outcome with so many rows besides that of the ledger."""
    made = [(f"{uuid}-{number}", "Ada") for number in range(rows)]
    return Outcome(uuid, Status.OK, NOW, [Change("artists", Mode.UPSERT, ARTIST, made)])


def _unit(*uuids: str, rows: int = 0) -> Unit:
    return Unit([_work(uuid) for uuid in uuids], lambda: (_ok(uuid, rows) for uuid in uuids))


class Desk:
    """Receives what the pipeline hands out, and keeps it."""

    def __init__(self) -> None:
        self.account = Account("artists", ("global-28",))
        self.committed: list[Batch] = []
        self.finished: list[Batch] = []
        self.told: list[str] = []

    def run(
        self,
        *units: Unit,
        rows: int = 1_000_000,
        seconds: float = LONG,
        workers: int = 1,
        refused_for_all: frozenset[Status] = frozenset(),
        commit: Callable[[Batch], None] | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
        on_finish: Callable[[], None] = lambda: None,
    ) -> None:
        def finish(batch: Batch) -> None:
            self.finished.append(batch)
            on_finish()

        carry_out(
            [Task(self.account, units, timedelta(days=30), refused_for_all)],
            workers=workers,
            limits=BatchLimits(rows, seconds),
            clock=lambda: NOW,
            commit=commit or self.committed.append,
            finish=finish,
            on_outcome=lambda _, outcome: (on_outcome or (lambda one: self.told.append(one.uuid)))(outcome),
        )


def _settled(batch: Batch) -> list[tuple[str, str]]:
    """Uuid and status of the rows of the ledger in a batch."""
    return [(row[1], row[2]) for change in batch if change.table == "fetches" for row in change.rows]


def _uuids(*batches: Batch) -> list[str]:
    return [uuid for batch in batches for uuid, _ in _settled(batch)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_every_outcome_is_committed_with_its_row_of_the_ledger_and_told(desk: Desk) -> None:
    desk.run(_unit("a", "b", rows=2), _unit("c"), workers=2)
    (last,) = desk.finished
    assert desk.committed == []
    assert sorted(_settled(last)) == [("a", "ok"), ("b", "ok"), ("c", "ok")]
    assert last.size == 3 + 4
    assert sorted(desk.told) == ["a", "b", "c"]
    assert desk.account.figures()["fetched"] == 3
    assert desk.account.rows == {"artists": 4}


def test_nothing_to_do_is_finished_with_an_empty_batch(desk: Desk) -> None:
    desk.run()
    assert desk.committed == []
    assert [batch.size for batch in desk.finished] == [0]


def test_a_batch_is_committed_when_it_holds_so_many_rows(desk: Desk) -> None:
    desk.run(_unit(*"abcdefg", rows=1), rows=4)
    assert [_uuids(batch) for batch in desk.committed] == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert [_uuids(batch) for batch in desk.finished] == [["g"]]


def test_an_outcome_larger_than_a_batch_is_committed_whole(desk: Desk) -> None:
    desk.run(_unit("a", rows=50), _unit("b"), rows=4)
    assert [batch.size for batch in desk.committed] == [51]
    assert [_uuids(batch) for batch in desk.finished] == [["b"]]


def test_a_batch_is_committed_when_its_oldest_outcome_has_waited_though_nothing_more_comes(desk: Desk) -> None:
    committed = threading.Event()

    def fetch() -> Iterator[Outcome]:
        yield _ok("early")
        assert committed.wait(LONG)
        yield _ok("late")

    def commit(batch: Batch) -> None:
        desk.committed.append(batch)
        committed.set()

    desk.run(Unit([_work("early"), _work("late")], fetch), seconds=0.05, commit=commit)
    assert [_uuids(batch) for batch in desk.committed] == [["early"]]
    assert [_uuids(batch) for batch in desk.finished] == [["late"]]


def test_outcomes_that_keep_trickling_in_do_not_put_off_the_commit_of_the_oldest(desk: Desk) -> None:
    def fetch() -> Iterator[Outcome]:
        for number in range(20):
            time.sleep(0.01)
            yield _ok(str(number))

    desk.run(Unit([_work(str(number)) for number in range(20)], fetch), seconds=0.05)
    assert desk.committed
    assert _uuids(*desk.committed, *desk.finished) == [str(number) for number in range(20)]


def test_nothing_is_committed_while_nothing_has_come(desk: Desk) -> None:
    waiting = threading.Event()

    def fetch() -> Iterator[Outcome]:
        waiting.wait(0.1)
        yield _ok("late")

    desk.run(Unit([_work("late")], fetch), seconds=0.01)
    assert all(batch.size for batch in desk.committed)
    assert _uuids(*desk.committed, *desk.finished) == ["late"]


def test_the_ledger_goes_on_from_what_it_said_before(desk: Desk) -> None:
    def fetch() -> Iterator[Outcome]:
        yield Outcome("a", Status.FAILED, NOW, error="no answer")

    desk.run(Unit([Work("a", "failed", NOW - timedelta(days=9), date(2026, 2, 1), 2)], fetch))
    (change,) = desk.finished[0]
    assert list(change.rows) == [
        (
            "artists",
            "a",
            "failed",
            NOW - timedelta(days=9),
            date(2026, 2, 1),
            3,
            NOW + timedelta(hours=4),
            "no answer",
        )
    ]


def test_a_mistake_in_handling_an_answer_is_malformed_for_the_rows_it_kept_unsettled_and_for_no_other(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def fetch() -> Iterator[Outcome]:
        yield _ok("a")
        yield Outcome("b", Status.NOT_FOUND, NOW)
        raise ZeroDivisionError("a mistake of ours")

    with caplog.at_level(logging.ERROR):
        desk.run(Unit([_work(uuid) for uuid in "abcd"], fetch), _unit("e"))
    (last,) = desk.finished
    assert dict(_settled(last)) == {"a": "ok", "b": "not_found", "c": "malformed", "d": "malformed", "e": "ok"}
    errors = {row[1]: row[7] for change in last if change.table == "fetches" for row in change.rows}
    assert errors["c"] == errors["d"] == "could not be handled: ZeroDivisionError: a mistake of ours"
    assert desk.account.failed == 2
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_mistake_before_the_first_answer_is_malformed_for_all_rows_of_the_unit(desk: Desk) -> None:
    def fetch() -> Iterator[Outcome]:
        raise KeyError("items")

    desk.run(Unit([_work("a"), _work("b", attempts=1)], fetch), _unit("c"))
    assert _settled(desk.finished[0]) == [("a", "malformed"), ("b", "malformed"), ("c", "ok")]


def test_a_fatal_failure_commits_what_came_before_and_notes_nothing_of_what_did_not(desk: Desk) -> None:
    def fetch() -> Iterator[Outcome]:
        yield _ok("b", rows=1)
        raise CredentialsRejected("401")

    begun: list[str] = []

    def never() -> Iterator[Outcome]:
        begun.append("c")
        yield _ok("c")

    with pytest.raises(CredentialsRejected):
        desk.run(_unit("a"), Unit([_work("b"), _work("b2")], fetch), Unit([_work("c")], never))
    assert begun == []
    assert _settled(desk.finished[0]) == [("a", "ok"), ("b", "ok")]
    assert desk.account.outcomes.total() == 2


def test_what_is_refused_to_all_is_asked_once_and_settles_the_others_without_a_call(desk: Desk) -> None:
    asked: list[str] = []

    def unit(uuid: str, status: Status) -> Unit:
        def fetch() -> Iterator[Outcome]:
            asked.append(uuid)
            yield Outcome(uuid, status, NOW - timedelta(hours=1), error=f"{status} for {uuid}")

        return Unit([_work(uuid), _work(f"{uuid}2", attempts=1)], fetch)

    units = [unit("a", Status.NOT_FOUND), unit("b", Status.FORBIDDEN), unit("c", Status.OK), unit("d", Status.OK)]
    desk.run(*units, refused_for_all=frozenset({Status.FORBIDDEN}))
    assert asked == ["a", "b"]
    assert _settled(desk.finished[0]) == [
        ("a", "not_found"),
        ("b", "forbidden"),
        *((uuid, "forbidden") for uuid in ("c", "c2", "d", "d2")),
    ]
    (change,) = desk.finished[0]
    assert change.rows[-1][5:] == (1, NOW + timedelta(days=1), "forbidden for b")


def test_what_is_refused_to_one_is_asked_of_all_the_same_where_it_does_not_speak_for_them(desk: Desk) -> None:
    refused = [Outcome(uuid, Status.UNSUPPORTED, NOW) for uuid in "ab"]
    desk.run(
        *(Unit([_work(one.uuid)], partial(iter, [one])) for one in refused),
        _unit("c"),
        refused_for_all=frozenset({Status.FORBIDDEN}),
    )
    assert _settled(desk.finished[0]) == [("a", "unsupported"), ("b", "unsupported"), ("c", "ok")]


def test_a_commit_that_fails_stops_the_workers_and_still_finishes_with_what_came_since(desk: Desk) -> None:
    before = set(threading.enumerate())
    begun: list[str] = []
    at_finish: list[int] = []

    def unit(uuid: str) -> Unit:
        def fetch() -> Iterator[Outcome]:
            begun.append(uuid)
            yield _ok(uuid)

        return Unit([_work(uuid)], fetch)

    def commit(batch: Batch) -> None:
        desk.committed.append(batch)
        raise WarehouseLockedError("held")

    with pytest.raises(WarehouseLockedError, match="held"):
        desk.run(
            *(unit(str(number)) for number in range(5_000)),
            rows=2,
            workers=2,
            commit=commit,
            on_finish=lambda: at_finish.append(len(begun)),
        )
    assert len(desk.committed) == 1
    # What was fetched while the commit was tried, and after, was paid for and must not be lost.
    assert sorted(_uuids(*desk.committed, *desk.finished)) == sorted(begun)
    assert len(begun) == at_finish[0] < 5_000
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG)
    assert set(threading.enumerate()) <= before


def test_finish_is_called_once_also_where_somebody_who_is_told_fails(desk: Desk) -> None:
    def fail(outcome: Outcome) -> None:
        raise LookupError(outcome.uuid)

    with pytest.raises(LookupError):
        desk.run(_unit("a"), _unit("b"), on_outcome=fail)
    (last,) = desk.finished
    assert _uuids(last)[0] == "a"


def test_an_interruption_loses_nothing_that_was_fetched(desk: Desk) -> None:
    fetched: list[str] = []

    def unit(uuid: str) -> Unit:
        def fetch() -> Iterator[Outcome]:
            fetched.append(uuid)
            yield _ok(uuid)

        return Unit([_work(uuid)], fetch)

    def interrupt(outcome: Outcome) -> None:
        if outcome.uuid == "5":
            deadline = time.monotonic() + LONG
            while len(fetched) < 40 and time.monotonic() < deadline:
                time.sleep(0.002)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.run(*(unit(str(number)) for number in range(1_000)), workers=8, on_outcome=interrupt)
    (last,) = desk.finished
    assert sorted(_uuids(last)) == sorted(fetched)
    assert 40 <= len(fetched) < 1_000
    assert desk.account.outcomes[Status.OK] == len(fetched)


def test_many_units_on_many_threads_end_in_the_warehouse_once_each(desk: Desk, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", memory_limit="500MB", lock_timeout_seconds=5)

    def commit(batch: Batch) -> None:
        desk.committed.append(batch)
        warehouse.commit(batch)

    desk.run(
        *(_unit(*(f"{unit}.{part}" for part in range(10)), rows=2) for unit in range(40)),
        rows=400,
        workers=8,
        commit=commit,
    )
    warehouse.commit(desk.finished[0])
    with warehouse.connect() as connection:
        ledger = connection.execute("SELECT count(*), count(DISTINCT uuid), any_value(status) FROM soundcharts.fetches")
        assert ledger.fetchall() == [(400, 400, "ok")]
        artists = connection.execute("SELECT count(*), count(DISTINCT uuid) FROM soundcharts.artists")
        assert artists.fetchall() == [(800, 800)]
    assert len(desk.committed) >= 2


def test_a_row_that_no_table_takes_is_malformed_and_keeps_no_other_out(desk: Desk, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", memory_limit="500MB", lock_timeout_seconds=1)

    def poisoned() -> Iterator[Outcome]:
        yield Outcome("b", Status.OK, NOW, [Change("artists", Mode.UPSERT, ARTIST, [("b", None)])])

    carry_out(
        [
            Task(
                desk.account,
                [_unit("a", rows=1), Unit([_work("b")], poisoned), _unit("c", rows=1)],
                timedelta(days=30),
            )
        ],
        workers=1,
        limits=BatchLimits(1_000, LONG),
        clock=lambda: NOW,
        commit=warehouse.commit,
        finish=warehouse.commit,
        on_outcome=lambda *_: None,
    )
    with warehouse.connect() as connection:
        ledger = connection.execute("SELECT uuid, status FROM soundcharts.fetches ORDER BY uuid").fetchall()
        artists = connection.execute("SELECT uuid FROM soundcharts.artists ORDER BY uuid").fetchall()
    assert ledger == [("a", "ok"), ("b", "malformed"), ("c", "ok")]
    assert artists == [("a-0",), ("c-0",)]
    assert (desk.account.outcomes[Status.OK], desk.account.failed, desk.account.rows["artists"]) == (2, 1, 2)
    assert [row["uuid"] for row in desk.account.written["artists"].values()] == ["a-0", "c-0"], "shown as written"
