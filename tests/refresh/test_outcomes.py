"""What the ledger keeps of an outcome, status by status."""

from datetime import UTC, date, datetime, timedelta

import pytest

from soundcharts_assets.api import errors
from soundcharts_assets.refresh.outcomes import SETTLED, TROUBLE, Outcome, Status, failure, ledger_change
from soundcharts_assets.warehouse.batch import Mode
from soundcharts_assets.warehouse.tables import FETCHES
from soundcharts_assets.warehouse.work import Work

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=3)
TODAY = NOW.date()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW = timedelta(days=30)
NEVER = Work("u", None, None, None, 0)
KNOWN = Work("u", "ok", BEFORE, TODAY - 3 * DAY, 0)


def _ledger(
    status: Status, before: Work = NEVER, *, through: date | None = None, error: str | None = None
) -> dict[str, object]:
    """The ledger's row after an outcome."""
    change = ledger_change("subject", before, Outcome("u", status, NOW, through_date=through, error=error), WINDOW)
    assert (change.table, change.mode, change.columns) == ("fetches", Mode.UPSERT, FETCHES.names)
    (row,) = change.rows
    return dict(zip(change.columns, row, strict=True))


def test_a_row_of_the_ledger_says_all_there_is_to_say() -> None:
    assert _ledger(Status.OK, through=TODAY) == {
        "subject": "subject",
        "uuid": "u",
        "status": "ok",
        "fetched_at": NOW,
        "through_date": TODAY,
        "attempts": 0,
        "not_before": None,
        "error": None,
    }


@pytest.mark.parametrize("status", sorted(SETTLED))
def test_what_is_settled_starts_to_age_now_and_has_no_failures_behind_it(status: Status) -> None:
    row = _ledger(status, KNOWN._replace(attempts=5, fetched_at=BEFORE))
    assert (row["status"], row["fetched_at"], row["attempts"]) == (status.value, NOW, 0)


@pytest.mark.parametrize("status", [Status.FAILED, Status.MALFORMED, Status.FORBIDDEN])
@pytest.mark.parametrize("settled_at", [None, BEFORE])
def test_what_failed_keeps_when_it_was_last_settled_so_that_it_stays_due(
    status: Status, settled_at: datetime | None
) -> None:
    row = _ledger(status, KNOWN._replace(attempts=2, fetched_at=settled_at), error="why")
    attempts = 2 if status is Status.FORBIDDEN else 3
    assert (row["fetched_at"], row["attempts"], row["error"]) == (settled_at, attempts, "why")


@pytest.mark.parametrize("status", list(Status))
def test_days_that_were_settled_stay_settled_unless_more_are(status: Status) -> None:
    assert _ledger(status, KNOWN)["through_date"] == KNOWN.through_date
    assert _ledger(status, KNOWN, through=TODAY)["through_date"] == TODAY


@pytest.mark.parametrize("status", [Status.FAILED, Status.MALFORMED])
@pytest.mark.parametrize(
    ("failures_before", "wait"),
    [
        (0, HOUR),
        (1, 2 * HOUR),
        (2, 4 * HOUR),
        (3, 8 * HOUR),
        (4, 16 * HOUR),
        (5, DAY),
        (6, DAY),
        (50, DAY),
        (9_999, DAY),
    ],
)
def test_what_fails_waits_an_hour_and_twice_as_long_each_time_up_to_a_day(
    status: Status, failures_before: int, wait: timedelta
) -> None:
    row = _ledger(status, KNOWN._replace(attempts=failures_before))
    assert row["not_before"] == NOW + wait


def test_a_success_ends_the_growth_of_waits() -> None:
    failed = _ledger(Status.FAILED, KNOWN._replace(attempts=4))
    settled = _ledger(Status.OK, KNOWN._replace(attempts=5))
    again = _ledger(Status.FAILED, KNOWN._replace(attempts=0))
    assert [row["not_before"] for row in (failed, settled, again)] == [NOW + 16 * HOUR, None, NOW + HOUR]


@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.GONE, Status.UNSUPPORTED])
@pytest.mark.parametrize("window", [DAY, WINDOW])
def test_what_is_not_to_be_had_waits_as_long_as_an_answer_would_be_good_for(status: Status, window: timedelta) -> None:
    change = ledger_change("subject", NEVER, Outcome("u", status, NOW), window)
    assert change.rows[0][FETCHES.names.index("not_before")] == NOW + window


def test_what_the_plan_forbids_waits_a_day_however_often() -> None:
    assert _ledger(Status.FORBIDDEN)["not_before"] == NOW + DAY
    assert _ledger(Status.FORBIDDEN, KNOWN._replace(attempts=7))["not_before"] == NOW + DAY


def test_an_empty_series_waits_a_week_only_where_it_was_never_seen_otherwise() -> None:
    assert _ledger(Status.EMPTY)["not_before"] == NOW + 7 * DAY
    assert _ledger(Status.EMPTY, NEVER._replace(status="empty", fetched_at=BEFORE))["not_before"] == NOW + 7 * DAY
    assert _ledger(Status.EMPTY, KNOWN)["not_before"] is None


def test_what_is_ok_does_not_wait() -> None:
    assert _ledger(Status.OK)["not_before"] is None
    assert _ledger(Status.OK, KNOWN._replace(attempts=9))["not_before"] is None


def test_a_status_is_settled_or_trouble_or_neither_but_never_both() -> None:
    assert {Status.WANTED, Status.FORBIDDEN} == set(Status) - SETTLED - TROUBLE
    assert SETTLED.isdisjoint(TROUBLE)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound("x"), Status.NOT_FOUND),
        (errors.Gone("x"), Status.GONE),
        (errors.Forbidden("x"), Status.FORBIDDEN),
        (errors.Refused("Invalid platform code"), Status.UNSUPPORTED),
        (errors.Refused("startDate is no date"), Status.FAILED),
        (errors.Malformed("x"), Status.MALFORMED),
        (errors.Transient("x"), Status.FAILED),
        (errors.Unreachable("x"), Status.FAILED),
        (errors.RateLimited("x", endpoint="song", status=429, pause=None, is_certain=True), Status.FAILED),
        (errors.SoundchartsError("x"), Status.FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_of_the_api_has_its_status(error: errors.SoundchartsError, status: Status) -> None:
    outcome = failure("u", error, NOW)
    assert (outcome.uuid, outcome.status, outcome.at, outcome.changes) == ("u", status, NOW, ())


def test_a_failure_says_where_it_happened_and_no_more_than_fits() -> None:
    outcome = failure("u", errors.Transient("x" * 10_000, endpoint="song", status=502), NOW)
    assert outcome.error is not None
    assert outcome.error.startswith("song 502: xxx")
    assert len(outcome.error) == 500
