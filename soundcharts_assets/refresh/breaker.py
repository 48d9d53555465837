"""What stops everything: credentials that are rejected and a quota that is spent, until Soundcharts says otherwise.

A breaker is a row of the ledger, so that sensors, conditions, runs and commands all see it, and a restart changes
nothing. Who looks whether it may be closed is decided in `session`.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import duckdb

from soundcharts_assets.api.errors import CredentialsRejected, Fatal, QuotaExhausted
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.tables import FETCHES

BREAKER = "breaker"
_LOOK_EVERY = timedelta(minutes=10)
_KINDS: dict[type[Fatal], str] = {QuotaExhausted: "quota", CredentialsRejected: "credentials"}


class Breaker(NamedTuple):
    """An open breaker: of which kind, since when, when to look again whether it may be closed, and what was said."""

    kind: str
    opened_at: datetime
    look_at: datetime
    reason: str


class PausedError(Exception):
    """A breaker is open: nothing is asked for. Nothing that is due is lost by waiting."""

    def __init__(self, breaker: Breaker) -> None:
        """Say for whom it is why nothing is done."""
        since = f"{breaker.opened_at:%Y-%m-%d %H:%M} UTC"
        super().__init__(f"paused since {since} for {breaker.kind}: {breaker.reason}")
        self.breaker = breaker


def open_breaker(connection: duckdb.DuckDBPyConnection) -> Breaker | None:
    """Return the breaker that is open, the oldest if there are several."""
    row = connection.execute(
        """
        SELECT uuid, fetched_at, not_before, error
        FROM soundcharts.fetches
        WHERE subject = $subject AND status = 'open'
        ORDER BY fetched_at
        LIMIT 1
        """,
        {"subject": BREAKER},
    ).fetchone()
    return None if row is None else Breaker(*row)


def opened_by(error: Exception, at: datetime, before: Breaker | None) -> Breaker | None:
    """Return the breaker that an error opens or keeps open, None for an error that opens none."""
    kind = next((kind for type_, kind in _KINDS.items() if isinstance(error, type_)), None)
    if kind is None:
        return None
    since = before.opened_at if before is not None and before.kind == kind else at
    return Breaker(kind, since, at + _LOOK_EVERY, str(error))


def looked(breaker: Breaker, at: datetime) -> Breaker:
    """The breaker as it stays open after another look."""
    return breaker._replace(look_at=at + _LOOK_EVERY)


def breaker_change(breaker: Breaker, *, is_open: bool) -> Change:
    """What the ledger says of a breaker."""
    status = "open" if is_open else "closed"
    row = (BREAKER, breaker.kind, status, breaker.opened_at, None, 0, breaker.look_at, breaker.reason)
    return Change(FETCHES.name, Mode.UPSERT, FETCHES.names, [row])
