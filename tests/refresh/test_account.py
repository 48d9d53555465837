"""The account of one asset's work, as people and metadata are shown it."""

from datetime import UTC, datetime

from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.outcomes import Outcome, Status
from soundcharts_assets.warehouse.batch import Change, Mode

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _outcome(status: Status, uuid: str = "u", error: str | None = None, rows: int = 0) -> Outcome:
    changes = [
        Change("genres", Mode.ABSENT, ("genre", "parent", "level"), [(str(number), "", 0) for number in range(rows)]),
        Change("track_genres", Mode.REPLACE, ("track_uuid", "root", "genre"), [], [(uuid,)]),
    ]
    return Outcome(uuid, status, NOW, changes, error=error)


def _taken(*outcomes: Outcome) -> Account:
    account = Account("tracks", ("global-28",), reached=20, due=10, deferred=2)
    for outcome in outcomes:
        account.take(outcome)
    return account


def test_an_account_of_nothing_is_all_zeros() -> None:
    figures = Account("tracks", ("global-28",)).figures()
    assert figures == dict.fromkeys(("reached", "due", "fetched", "empty", "gone", "failed", "deferred", "calls"), 0)


def test_every_outcome_is_counted_once_and_unknown_and_withdrawn_are_both_gone() -> None:
    account = _taken(
        *(_outcome(status) for status in (Status.OK, Status.OK, Status.EMPTY, Status.NOT_FOUND, Status.GONE)),
        *(_outcome(status) for status in (Status.FAILED, Status.MALFORMED, Status.UNSUPPORTED, Status.FORBIDDEN)),
    )
    account.calls.update({"song": 3, "artist": 4})
    account.quota_left = 0
    assert account.figures() == {
        "reached": 20,
        "due": 10,
        "fetched": 2,
        "empty": 1,
        "gone": 2,
        "failed": 2,
        "deferred": 2,
        "calls": 7,
        "unsupported": 1,
        "forbidden": 1,
        "quota_left": 0,
    }
    assert account.failed == 2


def test_rows_are_counted_by_table() -> None:
    account = _taken(_outcome(Status.OK, rows=3), _outcome(Status.OK, rows=2))
    assert account.rows == {"genres": 5, "track_genres": 0}


def test_failures_are_shown_with_what_they_are_about_but_only_a_few() -> None:
    account = _taken(*(_outcome(Status.FAILED, f"u{number}", "no answer") for number in range(9)))
    assert account.examples == [f"u{number}: no answer" for number in range(5)]
    assert account.figures()["failures"] == "\n".join(account.examples)
    assert account.failed == 9


def test_what_the_plan_forbids_is_shown_and_what_merely_is_not_there_is_not() -> None:
    account = _taken(
        _outcome(Status.NOT_FOUND, "a", "404"),
        _outcome(Status.UNSUPPORTED, "b", "400"),
        _outcome(Status.FORBIDDEN, "c", "403"),
        _outcome(Status.MALFORMED, "d", "no name"),
        _outcome(Status.OK, "e"),
    )
    assert account.examples == ["c: 403", "d: no name"]


def test_an_outcome_that_could_not_be_stored_is_taken_back_with_its_rows() -> None:
    account = _taken(_outcome(Status.OK, "a", rows=3), _outcome(Status.OK, "b", rows=2))
    account.take_back(_outcome(Status.OK, "a", rows=3))
    assert (account.figures()["fetched"], account.rows["genres"]) == (1, 2)


def _written(*outcomes: Outcome) -> Account:
    account = Account("tracks", ("global-28",))
    for outcome in outcomes:
        account.keep_some(outcome)
    return account


def test_a_few_of_the_rows_that_were_written_are_kept_to_be_shown() -> None:
    account = _written(_outcome(Status.OK, "a", rows=2), _outcome(Status.OK, "b", rows=3), _outcome(Status.OK, "c"))
    assert [row["genre"] for row in account.written["genres"].values()] == ["0", "1", "2"]
    assert next(iter(account.written["genres"].values())) == {"genre": "0", "parent": "", "level": 0}
    assert not account.written["track_genres"]


def test_never_more_than_five_rows_of_a_table_are_kept_and_no_row_twice() -> None:
    account = _written(*(_outcome(Status.OK, str(number), rows=1 + number % 9) for number in range(1_000)))
    assert [row["genre"] for row in account.written["genres"].values()] == ["0", "1", "2", "3", "4"]
