"""What is due, asked of the tables. Work lists, counts and status all come from here, so that they cannot differ.

Nothing is written here. How old is too old is decided by the caller.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import duckdb

from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.tables import TABLES


@dataclass(frozen=True)
class Wanted:
    """A subject to look for.

    Attributes:
        subject: Its name in the ledger.
        entity: `tracks` or `artists`.
        older_than: Answers of this instant or before are old.
        charted_since: Only entities that charted since, None for all that charts reach.
        cost: Requests that a row takes; a share of one where rows share a call.
    """

    subject: str
    entity: str
    older_than: datetime
    charted_since: datetime | None = None
    cost: float = 1.0


class Work(NamedTuple):
    """One due row, with what the ledger says of it; status None where it was never asked for."""

    uuid: str
    status: str | None
    fetched_at: datetime | None
    through_date: date | None
    attempts: int


class MonthOfSubject(NamedTuple):
    """Rows of a subject that followed charts reach, and how often they are asked for in thirty days, all together."""

    subject: str
    rows: int
    asked: float


class RankingState(NamedTuple):
    """What the ledger says of a ranking that is wanted; `fetched_at` tells when it was stored, if it ever was."""

    status: str
    not_before: datetime | None
    attempts: int
    fetched_at: datetime | None = None


class Ledgered(NamedTuple):
    """What the ledger says of one thing: when it was last settled, until when it waits, failures in a row."""

    fetched_at: datetime | None
    not_before: datetime | None
    attempts: int


class PollState(NamedTuple):
    """What is known of a chart with regard to polling.

    Attributes:
        slug: The chart.
        title: Its name, platform and place, for people; '' where it is not known yet.
        frequency: As Soundcharts says.
        polled_at: When it was last asked for and answered, None for never.
        waits_until: Not to be asked before, where the last poll failed.
        newest_seen: Instant of the newest ranking seen by a poll, stored or not.
        newest_stored: Instant of the newest ranking stored.
        seen_after: How long after their stamps the last rankings were first seen, of those that were waited for.
        unseen_after: For each of these, how long after its stamp it was last asked for in vain; None where it was not.
        attempts: Polls in a row that failed.
        places: Places that the chart has at most.
    """

    slug: str
    title: str
    frequency: str | None
    polled_at: datetime | None
    waits_until: datetime | None
    newest_seen: datetime | None
    newest_stored: datetime | None
    seen_after: list[timedelta]
    unseen_after: list[timedelta | None]
    attempts: int = 0
    places: int | None = None

    @property
    def has_news(self) -> bool:
        """Whether a ranking was seen that is newer than all stored ones."""
        return self.newest_seen is not None and (self.newest_stored is None or self.newest_seen > self.newest_stored)


class ChartState(NamedTuple):
    """Rankings of one chart.

    Attributes:
        stored: Instants of the stored ones.
        unsettled: Those that are wanted, by the text that addresses them.
        settled: When each of the others was last read, by the text that addresses it.
        seen_at: When the newest stored one was first seen, where that is known.
    """

    stored: frozenset[datetime]
    unsettled: Mapping[str, RankingState]
    settled: Mapping[str, datetime] = MappingProxyType({})
    seen_at: datetime | None = None


def work_lists(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    charts: Sequence[str],
    *,
    now: datetime,
    uuids: Sequence[str] = (),
    force: bool = False,
) -> dict[str, list[Work]]:
    """Return the due rows that charts reach, by subject, those never asked for first, then the stalest.

    All subjects in one question: what the charts reach, which takes most of the time, is found once.

    Args:
        connection: The warehouse.
        wanted: What is looked for.
        charts: Slugs of the charts.
        now: Rows told to wait beyond it are left out.
        uuids: Only these, where any are given.
        force: Whether age and waiting are ignored.
    """
    parameters = due_parameters(wanted, now, charts, uuids=uuids, force=force)
    lists: dict[str, list[Work]] = {one.subject: [] for one in wanted}
    for subject, *row in connection.execute(f"{due_statement(charts)} {query('work_list')}", parameters).fetchall():
        lists[subject].append(Work(*row))
    return lists


def due_counts(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    *,
    now: datetime,
    charts: Sequence[str] = (),
    room: float | None = None,
) -> dict[str, dict[str, int]]:
    """Count due rows by chart and subject, of the given charts or of all followed; what is not due is left out.

    Given a room, only the rows count that so many requests cover, in the order of worth over all of them.
    """
    parameters = due_parameters(wanted, now, charts)
    counted = query("all_due")
    if room is not None:
        parameters |= _room(wanted, room)
        counted = query("affordable")
    counts: dict[str, dict[str, int]] = {}
    statement = f"{due_statement(charts)} {counted} {query('due_by_chart')} {query('due_counts')}"
    for chart, subject, due in connection.execute(statement, parameters).fetchall():
        counts.setdefault(chart, {})[subject] = due
    return counts


def charts_for_due(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    *,
    now: datetime,
    room: float | None = None,
) -> set[str]:
    """Return followed charts whose runs fetch everything that is due: of charts that share rows, not all.

    Given a room, only what so many requests cover counts, and every chart that reaches some of it.
    """
    if room is not None:
        return set(due_counts(connection, wanted, now=now, room=room))
    statement = f"{due_statement()} {query('all_due')} {query('due_by_chart')} {query('charts_for_due')}"
    return {chart for (chart,) in connection.execute(statement, due_parameters(wanted, now)).fetchall()}


def affordable(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    *,
    now: datetime,
    room: float,
    charts: Sequence[str] = (),
    asked: Sequence[str] | None = None,
    of: Sequence[str] | None = None,
) -> dict[str, list[str]] | None:
    """Return the rows that `room` requests cover, by subject, each in the order of worth over all that `wanted` names.

    Args:
        connection: The warehouse.
        wanted: Everything that competes for the room.
        now: Rows told to wait beyond it are left out.
        room: Requests.
        charts: Charts whose rows compete; none means all that are followed.
        asked: Subjects to tell of; by default all.
        of: Charts to tell of; by default all.

    Returns:
        None where everything that is due is covered.
    """
    parameters = due_parameters(wanted, now, charts) | _room(wanted, room)
    subjects = [one.subject for one in wanted] if asked is None else list(asked)
    rows: dict[str, list[str]] = {subject: [] for subject in subjects}
    statement = f"{due_statement(charts)} {query('affordable')} {query('affordable_rows')}"
    named = {"asked": subjects, "of": None if of is None else list(of)}
    for is_covered, subject, uuid in connection.execute(statement, {**parameters, **named}).fetchall():
        if is_covered:
            return None
        if subject is not None:
            rows[subject].append(uuid)
    return rows


def due_statement(charts: Sequence[str] = ()) -> str:
    """The common part of all questions about due rows, of these charts or of all followed; it ends with `due`."""
    reach = f"{query('reach_of_charts')} {query('reach_numbered')}" if charts else query("reach_of_all")
    return f"{query('due_wanted')} {reach} {query('due')}"


def _room(wanted: Sequence[Wanted], room: float) -> dict[str, float]:
    """Return what `affordable` takes: the room, and how many rows it covers at the most."""
    return {"room": room, "most": math.ceil(max(0.0, room) / min(one.cost for one in wanted)) + 1}


def unsettled_rankings(connection: duckdb.DuckDBPyConnection, *, now: datetime) -> dict[str, int]:
    """Count the rankings by chart that are known to be wanting and need not wait."""
    return dict(connection.execute(query("unsettled_rankings"), {"now": now}).fetchall())


def spent_since(connection: duckdb.DuckDBPyConnection, since: datetime) -> int:
    """Add up the requests of the quota that were spent in the hours from `since` on."""
    row = connection.execute(
        "SELECT coalesce(sum(cost), 0) FROM soundcharts.api_calls WHERE hour >= $since::TIMESTAMPTZ",
        {"since": since},
    ).fetchone()
    return 0 if row is None else int(row[0])


def month(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    *,
    now: datetime,
) -> list[MonthOfSubject]:
    """Count what followed charts reach now, and how often it is asked for in thirty days, by subject."""
    parameters = due_parameters(wanted, now)
    del parameters["uuids"], parameters["force"]
    rows = connection.execute(f"{query('due_wanted')} {query('month')}", parameters).fetchall()
    return [MonthOfSubject(*row) for row in rows]


def bills_by_id(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether batches are known to cost a request for each of their ids."""
    row = connection.execute(
        """
        SELECT sum(cost) > 2 * sum(calls)
        FROM soundcharts.api_calls
        WHERE endpoint IN ('song', 'artist') AND status = '200'
        """
    ).fetchone()
    return bool(row and row[0])


def last_quota(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return what was left of the quota when it was last heard of."""
    row = connection.execute(
        """
        SELECT min(quota_remaining)
        FROM soundcharts.api_calls
        WHERE quota_remaining IS NOT NULL
        GROUP BY hour
        ORDER BY hour DESC
        LIMIT 1
        """
    ).fetchone()
    return None if row is None else int(row[0])


def poll_states(connection: duckdb.DuckDBPyConnection, charts: Sequence[str]) -> list[PollState]:
    """Return what is known of charts with regard to polling, those never heard of included."""
    rows = connection.execute(query("poll_states"), {"charts": list(charts)}).fetchall()
    return [PollState(*row) for row in rows]


def chart_state(connection: duckdb.DuckDBPyConnection, chart: str) -> ChartState:
    """Return which rankings of a chart are stored and which are known to be wanting."""
    rows = connection.execute(query("chart_state"), {"chart": chart}).fetchall()
    stored = {ranked_at: seen_at for ranked_at, seen_at, uuid, *_ in rows if uuid is None}
    unsettled, settled = {}, {}
    for _, _, uuid, *told in rows:
        slug, _, text = (uuid or "").rpartition("@")
        if slug == chart:
            state = RankingState(*told)
            if state.status != "ok":
                unsettled[text] = state
            elif state.fetched_at is not None:
                settled[text] = state.fetched_at
    return ChartState(frozenset(stored), unsettled, settled, stored[max(stored)] if stored else None)


def stored_places(
    connection: duckdb.DuckDBPyConnection,
    chart: str,
    ranked_at: datetime,
    uuid: str,
) -> set[tuple[int, str, int | None]] | None:
    """Return position, track and metric of a stored ranking's places; None where it is not stored or is wanted again.

    Args:
        connection: The warehouse.
        chart: The chart.
        ranked_at: The ranking.
        uuid: How the ledger names it.
    """
    parameters = {"chart": chart, "ranked_at": ranked_at, "uuid": uuid}
    rows = connection.execute(query("stored_places"), parameters).fetchall()
    return {(position, *rest) for position, *rest in rows if position is not None} if rows else None


def ledgered(connection: duckdb.DuckDBPyConnection, subject: str, uuid: str) -> Ledgered:
    """Return what the ledger says of one thing; nothing but zeros where it was never asked for."""
    row = connection.execute(
        "SELECT fetched_at, not_before, attempts FROM soundcharts.fetches WHERE subject = $subject AND uuid = $uuid",
        {"subject": subject, "uuid": uuid},
    ).fetchone()
    return Ledgered(None, None, 0) if row is None else Ledgered(*row)


def reached_counts(connection: duckdb.DuckDBPyConnection, charts: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the tracks and artists that charts reach, by chart and entity."""
    rows = connection.execute(
        """
        SELECT chart_slug, entity, count(*)
        FROM soundcharts.reached
        WHERE list_contains($charts::VARCHAR[], chart_slug)
        GROUP BY chart_slug, entity
        """,
        {"charts": list(charts)},
    ).fetchall()
    return {(chart, entity): count for chart, entity, count in rows}


def row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the rows of every table. DuckDB knows these numbers, so the size of a table does not matter."""
    counts = {}
    for table in TABLES.values():
        row = connection.execute(f"SELECT count(*) FROM {table.qualified}").fetchone()
        counts[table.name] = 0 if row is None else int(row[0])
    return counts


def platform_counts(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """Count the rows of a table by platform, which reads one column of it: 0.2 s for 38 million rows."""
    rows = connection.execute(f"SELECT platform, count(*) FROM {TABLES[table].qualified} GROUP BY platform").fetchall()
    return dict(rows)


def due_parameters(
    wanted: Sequence[Wanted],
    now: datetime,
    charts: Sequence[str] = (),
    *,
    uuids: Sequence[str] = (),
    force: bool = False,
) -> dict[str, object]:
    """Return what `due_statement` takes; see `work_list` for what it means."""
    return {
        "subjects": [one.subject for one in wanted],
        "entities": [one.entity for one in wanted],
        "older_than": [one.older_than for one in wanted],
        "charted_since": [one.charted_since for one in wanted],
        "costs": [one.cost for one in wanted],
        "uuids": list(uuids) or None,
        "now": now,
        "force": force,
        **({"charts": list(charts)} if charts else {}),
    }
