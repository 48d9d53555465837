"""How one thing that was asked for ended, and what the ledger keeps of it. Pure: time is passed in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from soundcharts_assets.api.errors import Forbidden, Gone, Malformed, NotFound, Refused, SoundchartsError
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.tables import FETCHES, LONGEST_PAYLOAD, MALFORMED_ANSWERS
from soundcharts_assets.warehouse.work import Work

_FIRST_RETRY = timedelta(hours=1)
_LONGEST_RETRY = timedelta(days=1)
_FORBIDDEN_FOR = timedelta(days=1)
_EMPTY_FOR = timedelta(days=7)
_EXCERPT = 500


class Status(StrEnum):
    """How an attempt ended, as the ledger's `status` says it."""

    WANTED = "wanted"
    """Known to exist, not asked for yet."""
    OK = "ok"
    EMPTY = "empty"
    """Answered, without a single row."""
    NOT_FOUND = "not_found"
    GONE = "gone"
    UNSUPPORTED = "unsupported"
    """400: not to be had for this platform."""
    FORBIDDEN = "forbidden"
    """403: not in the plan."""
    FAILED = "failed"
    """No answer after the retries."""
    MALFORMED = "malformed"
    """An answer that cannot be stored."""


SETTLED = frozenset({Status.OK, Status.EMPTY, Status.NOT_FOUND, Status.GONE, Status.UNSUPPORTED})
TROUBLE = frozenset({Status.FAILED, Status.MALFORMED})


@dataclass(frozen=True)
class Outcome:
    """How it ended for one thing.

    Attributes:
        uuid: The thing, as the ledger names it.
        status: How it ended.
        at: When (UTC).
        changes: Rows to store; committed together with the ledger's row.
        through_date: Days up to this one are settled now; None leaves what the ledger has.
        error: What went wrong, for people.
        fresh_until: Before this instant the vendor cannot have anything newer; None where it does not say.
        payload: With a malformed answer: what was read, of whatever kind, for people to look at.
    """

    uuid: str
    status: Status
    at: datetime
    changes: Sequence[Change] = ()
    through_date: date | None = None
    error: str | None = None
    fresh_until: datetime | None = None
    payload: Any = None


def failure(uuid: str, error: SoundchartsError, at: datetime) -> Outcome:
    """Turn an error of the API into an outcome; fatal ones are not outcomes and must not come here."""
    kinds = (
        (NotFound, Status.NOT_FOUND),
        (Gone, Status.GONE),
        (Forbidden, Status.FORBIDDEN),
        (Malformed, Status.MALFORMED),
    )
    status = next((status for kind, status in kinds if isinstance(error, kind)), Status.FAILED)
    if isinstance(error, Refused) and "platform" in str(error).lower():
        status = Status.UNSUPPORTED  # any other 400 is a mistake in what was asked, and may be mended
    payload = error.payload if isinstance(error, Malformed) else None
    return Outcome(uuid, status, at, error=str(error)[:_EXCERPT], payload=payload)


def settlement(subject: str, before: Work, outcome: Outcome, fail_window: timedelta) -> list[Change]:
    """All that is committed together for an outcome: its rows, the ledger's, and a malformed answer for inspection."""
    changes = [*outcome.changes, ledger_change(subject, before, outcome, fail_window)]
    if outcome.status is Status.MALFORMED:
        row = (subject, outcome.uuid, outcome.at, _storable(outcome.error or ""), _as_text(outcome.payload))
        changes.append(Change(MALFORMED_ANSWERS.name, Mode.UPSERT, MALFORMED_ANSWERS.names, [row]))
    return changes


def ledger_change(subject: str, before: Work, outcome: Outcome, fail_window: timedelta) -> Change:
    """What the ledger says of a thing after an outcome.

    A settled thing is old again after the subject's own window. One that failed keeps the time at which it was last
    settled, so that it stays due, and waits: an hour, then twice as long each time, a day at most.
    """
    settled = outcome.status in SETTLED
    attempts = 0 if settled else before.attempts + (outcome.status in TROUBLE)
    return Change(
        FETCHES.name,
        Mode.UPSERT,
        FETCHES.names,
        [
            (
                subject,
                outcome.uuid,
                outcome.status.value,
                outcome.at if settled else before.fetched_at,
                outcome.through_date or before.through_date,
                attempts,
                _not_before(before, outcome, attempts, fail_window),
                None if outcome.error is None else _storable(outcome.error),
            ),
        ],
    )


def _as_text(payload: Any) -> str | None:
    """A payload as JSON text that a table can hold, whatever is wrong with it, cut at a bound."""
    if payload is None:
        return None
    try:
        text = json.dumps(payload, ensure_ascii=False, default=str, separators=(",", ":"))
    except RecursionError:
        return "nested too deeply to be kept"
    return _storable(text)[:LONGEST_PAYLOAD]


def _storable(text: str) -> str:
    """The text with what no table holds written out: half a character, and NUL."""
    return text.encode(errors="backslashreplace").decode().replace("\x00", r"\x00")


def _not_before(before: Work, outcome: Outcome, attempts: int, fail_window: timedelta) -> datetime | None:
    if outcome.status in {Status.NOT_FOUND, Status.GONE, Status.UNSUPPORTED}:
        return outcome.at + fail_window
    if outcome.status is Status.EMPTY and before.through_date is None:
        return outcome.at + _EMPTY_FOR
    if outcome.status is Status.FORBIDDEN:
        return outcome.at + _FORBIDDEN_FOR
    if outcome.status in TROUBLE:
        doubled: timedelta = _FIRST_RETRY * 2 ** min(attempts - 1, 10)
        return outcome.at + min(doubled, _LONGEST_RETRY)
    return outcome.fresh_until
