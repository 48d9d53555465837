"""Charts: polling, and which rankings are wanted and not stored.

A poll is one call that brings the first page of the newest ranking. It is kept in the spool until that ranking is
stored, so that whoever polls, a command, a sensor or a run, pays once, and nothing is lost between processes.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from soundcharts_assets.api import charts as api
from soundcharts_assets.api import parse
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Malformed, NotFound
from soundcharts_assets.api.pages import PAGE_SIZE, Page
from soundcharts_assets.api.records import ChartRecord, EntryRecord, ListedTrack
from soundcharts_assets.refresh.outcomes import Outcome, Status
from soundcharts_assets.refresh.polling import AT_ONCE, period_of
from soundcharts_assets.settings.charts import ChartSettings
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.errors import WarehouseError
from soundcharts_assets.warehouse.spool import Spool
from soundcharts_assets.warehouse.tables import CHART_RANKINGS, FETCHES
from soundcharts_assets.warehouse.work import ChartState, PollState, Work

CHARTS = "charts"
RANKINGS = "chart_rankings"
AVAILABLE = "available_rankings"

_POLL_IS_GOOD_FOR = timedelta(hours=1)
_NOTE = "poll"


@dataclass(frozen=True)
class Poll:
    """An answered poll.

    Attributes:
        slug: The chart.
        polled_at: When.
        page: First page of the newest ranking; None where the chart has no ranking yet.
        chart: The chart as described with it.
        ranked_at: Instant of the newest ranking.
        text: That instant as Soundcharts wrote it.
        seen_at: When that ranking was first seen; None where that is not known any more.
        unseen_at: When it was last asked for before and not there; None for never.
    """

    slug: str
    polled_at: datetime
    page: Page | None = None
    chart: ChartRecord | None = None
    ranked_at: datetime | None = None
    text: str = ""
    seen_at: datetime | None = None
    unseen_at: datetime | None = None

    @classmethod
    def from_state(cls, state: PollState) -> "Poll":
        """What an earlier poll left in the tables, where none was made just now: it brings no news."""
        return cls(state.slug, state.polled_at or AT_ONCE, ranked_at=state.newest_seen or state.newest_stored)


class Polls:
    """Polls of one warehouse, asked for or found in its spool."""

    def __init__(self, spool: Spool, ranking_version: str, clock: Callable[[], datetime]) -> None:
        """Say where polls are kept and how a ranking is addressed."""
        self._spool = spool
        self._version = ranking_version
        self._clock = clock

    def poll(self, client: Client, state: PollState) -> Poll:
        """Ask for the newest ranking's first page and keep the answer, and when the ranking was first seen.

        Raises:
            NotFound: There is no such chart.
            SoundchartsError: The call failed, or its answer cannot be understood.
        """
        try:
            body: Mapping[str, Any] | None = api.poll(client, state.slug, ranking_version=self._version)
        except NotFound:
            # The same answer is given by a chart that exists and never had a ranking; the list of rankings can tell.
            if api.has_rankings(client, state.slug):
                raise
            body = None
        poll = _understand(state.slug, self._clock(), body)
        if poll.ranked_at is not None and poll.ranked_at == state.newest_seen:
            # An earlier poll saw it too. What that one noted still holds; without it nothing is known.
            earlier = self._noted(state.slug)
            same = earlier is not None and earlier.ranked_at == poll.ranked_at
            first = (earlier.seen_at, earlier.unseen_at) if earlier is not None and same else (None, None)
        else:
            first = (poll.polled_at, state.polled_at)
        poll = replace(poll, seen_at=first[0], unseen_at=first[1])
        note = {"polled_at": poll.polled_at, "seen_at": poll.seen_at, "unseen_at": poll.unseen_at}
        texts = {name: None if at is None else at.isoformat() for name, at in note.items()}
        try:
            self._spool.put_note(_NOTE, state.slug, {**texts, "body": body})
        except OSError as error:
            raise WarehouseError(f"what a poll said cannot be kept in {self._spool.folder}: {error}") from None
        return poll

    def kept(self, slug: str) -> Poll | None:
        """Return the poll in the spool, if it is young enough to stand for a new one."""
        poll = self._noted(slug)
        return None if poll is None or self._clock() - poll.polled_at > _POLL_IS_GOOD_FOR else poll

    def _noted(self, slug: str) -> Poll | None:
        note = self._spool.note(_NOTE, slug)
        if note is None:
            return None
        polled_at, seen_at, unseen_at = (
            None if note.get(name) is None else datetime.fromisoformat(note[name])
            for name in ("polled_at", "seen_at", "unseen_at")
        )
        if polled_at is None:
            return None
        try:
            poll = _understand(slug, polled_at, note["body"])
        except Malformed:
            return None  # an earlier version of this program took it for sound
        return replace(poll, seen_at=seen_at, unseen_at=unseen_at)

    def drop(self, slug: str) -> None:
        """Forget the poll: what it brought is stored, or was already."""
        self._spool.drop_note(_NOTE, slug)


def _understand(slug: str, polled_at: datetime, body: Mapping[str, Any] | None) -> Poll:
    if body is None:
        return Poll(slug, polled_at)
    page, read = api.polled(slug, dict(body))
    if read is None:
        return Poll(slug, polled_at)
    return Poll(slug, polled_at, page, read.chart, read.ranked_at, read.ranked_at_text)


def chart_outcome(poll: Poll, settings: ChartSettings, *, followed: bool) -> Outcome:
    """What a poll says of the chart itself. Flags come from the settings, also where there is no ranking yet."""
    flags = (poll.slug, followed, settings.cascade)
    described: dict[str, Any] = {}
    if poll.chart is not None:
        described = poll.chart._asdict() | {"latest_ranked_at": poll.ranked_at, "fetched_at": poll.polled_at}
        del described["slug"]
    columns = ("slug", "followed", "cascade", *described)
    change = Change(CHARTS, Mode.UPSERT, columns, [(*flags, *described.values())])
    return Outcome(poll.slug, Status.EMPTY if poll.page is None else Status.OK, poll.polled_at, [change])


@dataclass(frozen=True)
class WantedRanking:
    """A ranking to fetch.

    Attributes:
        work: Where it stands in the ledger.
        text: What addresses it.
        first: Its first page, where a poll brought it.
        seen_at: When that poll saw it, the first time that it was seen.
        unseen_at: When it was last asked for before, and not there.
    """

    work: Work
    text: str
    first: Page | None = None
    seen_at: datetime | None = None
    unseen_at: datetime | None = None

    def calls(self, places: int | None) -> int:
        """Requests that it takes, going by the places that the chart has at most."""
        total = self.first.total if self.first is not None else places or PAGE_SIZE
        return max(1, math.ceil(total / PAGE_SIZE)) - (self.first is not None)


def needs_list(poll: Poll, state: ChartState, listed_at: datetime | None, history_days: int, oldest: datetime) -> bool:
    """Whether the list of a chart's rankings must be asked for: only where history is wanted, and something may be new.

    That is at first, when the list is older than `oldest`, and when the newest ranking does not follow the newest
    stored one by one period, so that others may lie between.
    """
    if history_days == 0 or poll.ranked_at is None or poll.chart is None:
        return False
    if listed_at is None or listed_at <= oldest:
        return True
    newest_stored = max(state.stored, default=None)
    period = period_of(poll.chart.frequency)
    # Half a period of tolerance: instants are stamps, but old ones lie at odd hours.
    return newest_stored is None or poll.ranked_at - newest_stored > 1.5 * period


def ranking_uuid(slug: str, text: str) -> str:
    """How the ledger names a ranking."""
    return f"{slug}@{text}"


def wanted_rankings(
    poll: Poll,
    state: ChartState,
    listed: Sequence[api.Listed],
    history_days: int,
    *,
    now: datetime,
    force: bool,
    reread_days: int = 0,
) -> list[WantedRanking]:
    """The newest ranking and those of the wanted history that are not stored and not told to wait, newest first.

    Among them are stored ones that are to be read again: because the ledger wants them, or `reread_days` does.

    Args:
        poll: The newest ranking.
        state: What is stored, and what the ledger knows to be wanting.
        listed: The rankings that exist, where they were asked for just now.
        history_days: Days before the newest ranking that are wanted too.
        now: For those told to wait.
        force: The newest one is wanted again, with those that would be read once more, and nothing waits.
        reread_days: Days before the newest ranking whose stored ones are read once more when it comes.
    """
    if poll.ranked_at is None:
        return []
    oldest = poll.ranked_at - timedelta(days=history_days)
    # One instant may be written in several ways; the ledger's way wins, since it knows of failures and waiting.
    candidates = {one.ranked_at: one.text for one in listed} | ({poll.ranked_at: poll.text} if poll.text else {})
    candidates |= {parse.read_instant(text, "ledger"): text for text in state.unsettled}
    again = _once_more(poll, state, reread_days, force=force)
    wanted = []
    for ranked_at, text in sorted((candidates | again).items(), reverse=True):
        known = state.unsettled.get(text)
        waits = known is not None and known.not_before is not None and known.not_before > now
        is_newest = ranked_at == poll.ranked_at
        if ranked_at in state.stored:
            # One that the ledger had settled and wants nevertheless was found corrected, or could not be read again.
            is_wanted = (
                ranked_at in again or (is_newest and force) or (known is not None and known.fetched_at is not None)
            )
        else:
            is_wanted = ranked_at >= oldest
        if not is_wanted or (waits and not force):
            continue
        read_at = state.settled.get(text)
        work = Work(
            ranking_uuid(poll.slug, text),
            known.status if known else None if read_at is None else Status.OK.value,
            known.fetched_at if known else read_at,
            None,
            known.attempts if known else 0,
        )
        is_news = is_newest and poll.page is not None and ranked_at not in state.stored
        wanted.append(
            WantedRanking(
                work,
                text,
                poll.page if is_newest else None,
                poll.seen_at if is_news else None,
                poll.unseen_at if is_news else None,
            )
        )
    return wanted


def _once_more(poll: Poll, state: ChartState, days: int, *, force: bool) -> dict[datetime, str]:
    """Stored rankings that were last read before the newest one was first seen, and how each is addressed.

    So each is read once for every new ranking that follows it within these days, however often one asks.
    """
    since = state.seen_at if poll.ranked_at in state.stored else poll.seen_at
    if days == 0 or poll.ranked_at is None or (since is None and not force):
        return {}
    oldest = poll.ranked_at - timedelta(days=days)
    read = ((parse.read_instant(text, "ledger"), text, read_at) for text, read_at in state.settled.items())
    return {
        ranked_at: text
        for ranked_at, text, read_at in read
        if oldest <= ranked_at < poll.ranked_at and (force or (since is not None and read_at < since))
    }


def is_corrected(poll: Poll, stored: Collection[tuple[int, str, int | None]]) -> bool:
    """Whether a poll brought a ranking otherwise than it is stored: other places on its page, or another number in all.

    Args:
        poll: The newest ranking's first page.
        stored: Position, track and metric of the places stored.
    """
    if poll.page is None:
        return False
    entries = parse.ranking_page(poll.page.related, poll.page.items).entries
    left_out = len(poll.page.items) - len(entries)
    shown = {(entry.position, entry.track_uuid, entry.metric_value) for entry in entries}
    return len(stored) != poll.page.total - left_out or not shown.issubset(stored)


def wanted_again(poll: Poll) -> Change:
    """What the ledger says of a stored ranking that was found corrected: it is wanted, and was settled before."""
    row = (RANKINGS, ranking_uuid(poll.slug, poll.text), Status.WANTED.value)
    return Change(FETCHES.name, Mode.UPSERT, ("subject", "uuid", "status"), [row])


def list_outcome(slug: str, missing: Sequence[WantedRanking], at: datetime) -> Outcome:
    """What the list of rankings says: the missing ones are noted as wanted, so that a kill does not cost it again."""
    wanted = [
        (RANKINGS, one.work.uuid, Status.WANTED.value, None, None, 0, None, None)
        for one in missing
        if one.work.status is None
    ]
    columns = ("subject", "uuid", "status", "fetched_at", "through_date", "attempts", "not_before", "error")
    return Outcome(slug, Status.OK, at, [Change("fetches", Mode.UPSERT, columns, wanted)])


def ranking_changes(
    ranking: api.Ranking,
    at: datetime,
    seen_at: datetime | None = None,
    unseen_at: datetime | None = None,
) -> list[Change]:
    """Rows that a ranking becomes; its tracks appear in minimal form. When it was first seen is never forgotten."""
    row = {"chart_slug": ranking.chart.slug, "ranked_at": ranking.ranked_at, "entry_count": len(ranking.entries)}
    row |= {"fetched_at": at} | ({} if seen_at is None else {"seen_at": seen_at, "unseen_at": unseen_at})
    parent = (ranking.chart.slug, ranking.ranked_at)
    tracks = [(*track, at, ranking.ranked_at) for track in ranking.tracks]
    return [
        Change(CHART_RANKINGS.name, Mode.UPSERT, tuple(row), [tuple(row.values())]),
        Change("chart_entries", Mode.REPLACE, EntryRecord._fields, ranking.entries, [parent]),
        Change("tracks", Mode.DISCOVER, (*ListedTrack._fields, "discovered_at", "last_charted_at"), tracks),
    ]
