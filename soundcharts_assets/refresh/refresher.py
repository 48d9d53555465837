"""The door to the loop: what is due for a chart is fetched, parsed and committed, and an account comes back.

Every asset and every command goes through here, so that the caller's lock, the spool, the ledger and the counting of
calls are seen to in one place.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import duckdb

from soundcharts_assets.api import charts as chart_api
from soundcharts_assets.api.call_log import CallCount, CallLog
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Fatal, SoundchartsError
from soundcharts_assets.clock import clock_of
from soundcharts_assets.following import Following, follow
from soundcharts_assets.refresh import charts
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.charts import Poll, Polls, WantedRanking
from soundcharts_assets.refresh.connect import connect
from soundcharts_assets.refresh.outcomes import Outcome, Status, failure, ledger_change
from soundcharts_assets.refresh.pipeline import BatchLimits, Unit, carry_out
from soundcharts_assets.refresh.progress import LoggedProgress, Progress
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.refresh.subjects import Subject, subjects
from soundcharts_assets.settings import Settings, SettingsError
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import UnstorableError, Warehouse, WarehouseError
from soundcharts_assets.warehouse.lock import CallerLock
from soundcharts_assets.warehouse.work import ChartState, Ledgered, Wanted, Work

# A plan holds an endpoint or not, and a platform serves an audience or not, whichever entity is asked for.
_REFUSED_FOR_PLAN = frozenset({Status.FORBIDDEN})
_REFUSED_FOR_PLATFORM = frozenset({Status.FORBIDDEN, Status.UNSUPPORTED})


class Refresher:
    """Refreshes what charts reach. One per process, shared by all runs in it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Remember the settings. No file is opened and no call is made before there is work."""
        self.settings = settings
        self.clock = clock or clock_of(settings)
        self.progress: Progress = progress or LoggedProgress()
        self.accounts: list[Account] = []
        self.stopped_by: Exception | None = None
        """What ended a refresh early, if anything did: every later one would meet it too."""
        self.subjects = subjects(settings.file)
        options = settings.file.warehouse
        self.warehouse = Warehouse(
            settings.warehouse_path,
            memory_limit=options.memory_limit,
            lock_timeout_seconds=options.lock_timeout_seconds,
        )
        self.calls = CallLog()
        self._polls = Polls(self.warehouse.spool, settings.file.api.versions.ranking, self.clock)
        self._lock = CallerLock(settings.warehouse_path)
        self._client: Client | None = None
        self._asked: set[tuple[str, str]] = set()

    @property
    def client(self) -> Client:
        """The one client of this process, made when it is first needed.

        Raises:
            SettingsError: There are no credentials.
        """
        if self._client is None:
            self._client = connect(self.settings, self.calls, self.clock)
        return self._client

    @property
    def following(self) -> Following:
        """The charts that are followed now."""
        return follow(self.settings.file)

    @property
    def quota_left(self) -> int | None:
        """What the answers so far said is left of the quota; None before the first."""
        return None if self._client is None else self._client.quota_remaining

    @contextmanager
    def calling(self, who: str) -> Iterator[None]:
        """Be the one caller, with nothing paid for left unstored: lock, then spool, and at the end the counts of calls.

        Raises:
            WarehouseError: The warehouse cannot be used, which is found out before the first call.
        """
        if self._lock.is_held:
            yield
            return
        self.warehouse.probe()
        with self._lock.held(who, self.progress.waiting):
            self.warehouse.catch_up()
            try:
                yield
            finally:
                self._commit(Batch())

    # What is due

    def due_counts(self, slugs: Sequence[str], platforms: Sequence[str] = ()) -> dict[str, dict[str, int]]:
        """Rows past their fail window by chart and subject, as of now: what makes a run necessary."""
        now = self.clock()
        request = Request(platforms=tuple(platforms))
        chosen = [subject for subject in self.subjects.values() if request.includes(subject.platform)]
        wanted = [Wanted(subject.name, subject.entity, now - subject.window.fail) for subject in chosen]
        with self.warehouse.connect() as connection:
            return work.due_counts(connection, wanted, now=now, charts=slugs)

    def rankings_due(self, polls: Iterable[Poll]) -> dict[str, int]:
        """Rankings that a run would ask for, by chart; a chart's list of rankings counts for one where it is needed."""
        due = {}
        with self.warehouse.connect() as connection:
            for poll in polls:
                state = work.chart_state(connection, poll.slug)
                listed = self._needs_list(poll, state, work.ledgered(connection, charts.AVAILABLE, poll.slug))
                due[poll.slug] = len(self._wanted(poll, state, (), force=False)) + listed
        return due

    def reached_counts(self, slugs: Sequence[str]) -> dict[tuple[str, str], int]:
        """Tracks and artists that charts reach, by slug and entity."""
        with self.warehouse.connect() as connection:
            return work.reached_counts(connection, slugs)

    # Charts and rankings

    def follow(self) -> None:
        """Bring the flags of known charts into line with the settings, which may have changed since."""
        with self.warehouse.connect() as connection:
            known = connection.execute("SELECT slug, followed, cascade FROM soundcharts.charts").fetchall()
        following = self.following
        wanted = [(slug, following.follows(slug), following.chart(slug).cascade) for slug, *_ in known]
        changed = [flags for flags, stored in zip(wanted, known, strict=True) if flags != stored]
        self.warehouse.commit(_batch([Change("charts", Mode.UPSERT, ("slug", "followed", "cascade"), changed)]))

    def poll(self, slug: str) -> Poll:
        """Ask whether a chart was updated. The answer is kept for `refresh_chart` and `refresh_rankings`.

        Raises:
            SoundchartsError: The poll failed.
        """
        return self._polls.poll(self.client, slug)

    def note_failed_polls(self, errors: Mapping[str, SoundchartsError]) -> None:
        """Note in the ledger which charts could not be polled, and why."""
        now = self.clock()
        outcomes = [failure(slug, error, now) for slug, error in errors.items()]
        self._commit(_batch(change for one in outcomes for change in self._settled(charts.CHARTS, one)))

    def settle_polls(self, polls: Iterable[Poll]) -> None:
        """Store what polls say of their charts, and forget them: their rankings are stored already."""
        batch = Batch()
        settled = list(polls)
        for poll in settled:
            batch.add(self._settled(charts.CHARTS, self._chart_outcome(poll)))
        self._commit(batch)
        for poll in settled:
            self._polls.drop(poll.slug)

    def refresh_chart(self, slug: str, request: Request) -> Account:
        """Bring the row of a chart up to date: one call, or none where it has just been polled.

        Raises:
            SoundchartsError: The poll failed; without it nothing is known of the chart.
        """
        account = Account(charts.CHARTS, slug, reached=1, due=1, planned=1, deferred=1)
        with self._accounted(account):
            if request.dry_run:
                return account
            try:
                poll = self._polls.kept(slug) or self.poll(slug)
            except Fatal:
                raise
            except SoundchartsError as error:
                self.note_failed_polls({slug: error})
                raise
            outcome = self._chart_outcome(poll)
            self._finish(account, None, _batch(self._settled(charts.CHARTS, outcome)))
            account.take(outcome)
            account.deferred = 0
        return account

    def refresh_rankings(self, slug: str, request: Request) -> Account:
        """Store the newest ranking of a chart and what is missing of its wanted history.

        Raises:
            SoundchartsError: The poll failed. A ranking that fails, or their list, is an outcome instead.
        """
        account = Account(charts.RANKINGS, slug)
        with self._accounted(account):
            poll = self._polls.kept(slug) or (None if request.dry_run else self.poll(slug))
            if poll is None:
                return account
            with self.warehouse.connect() as connection:
                account.stored = work.row_counts(connection)
                state = work.chart_state(connection, slug)
                listed = work.ledgered(connection, charts.AVAILABLE, slug)
            if self._needs_list(poll, state, listed) and not request.dry_run:
                due = self._list_rankings(account, poll, state, listed.attempts, force=request.force)
            else:
                due = self._wanted(poll, state, (), force=request.force)
            account.reached = len(state.stored) + len(due)
            account.due += len(due)
            account.planned = account.deferred = len(due)
            chosen = [] if request.dry_run else due[: request.limit]
            units = [Unit([one.work], partial(self._fetch_ranking, slug, one)) for one in chosen]
            self._carry_out(account, units, None, self._metadata_window)
            if not request.dry_run:
                self._polls.drop(slug)
        return account

    # Tracks, artists and audiences

    def refresh_subject(self, subject: Subject, slug: str, request: Request) -> Account:
        """Refresh what is due of one subject among what a chart reaches, rows past their warn window included.

        Raises:
            Fatal: Credentials, quota or host stopped it; what came back before is stored.
        """
        account = Account(subject.name, slug)
        with self._accounted(account):
            if not request.includes(subject.platform):
                return account
            now = self.clock()
            wanted = Wanted(subject.name, subject.entity, now - subject.window.warn)
            with self.warehouse.connect() as connection:
                account.stored = work.row_counts(connection, subject.platform)
                account.reached = work.reached_counts(connection, [slug]).get((slug, subject.entity), 0)
                due = work.work_list(connection, wanted, slug, now=now, uuids=request.uuids, force=request.force)
            if request.force or request.dry_run:
                # Such a row stays due whatever becomes of it, but no pass asks for it, or counts it, twice.
                due = [row for row in due if (subject.name, row.uuid) not in self._asked]
            account.due = account.deferred = len(due)
            account.planned = math.ceil(len(due) / subject.unit)
            if request.dry_run:
                self._asked.update((subject.name, row.uuid) for row in due)
                return account
            chosen = due[: request.limit]
            chunks = [chosen[start : start + subject.unit] for start in range(0, len(chosen), subject.unit)]
            units = [Unit(chunk, partial(subject.fetch, self.client, chunk, self.clock)) for chunk in chunks]
            self._carry_out(account, units, subject.platform, subject.window.fail)
        return account

    @property
    def _metadata_window(self) -> timedelta:
        return self.settings.file.freshness.metadata_window.fail

    def _wanted(
        self,
        poll: Poll,
        state: ChartState,
        listed: Sequence[chart_api.Listed],
        *,
        force: bool,
    ) -> list[WantedRanking]:
        history = self.following.history_days(poll.slug)
        return charts.wanted_rankings(poll, state, listed, history, now=self.clock(), force=force)

    def _needs_list(self, poll: Poll, state: ChartState, listed: Ledgered) -> bool:
        now = self.clock()
        if listed.not_before is not None and listed.not_before > now:
            return False
        history = self.following.history_days(poll.slug)
        return charts.needs_list(poll, state, listed.fetched_at, history, now - self._metadata_window)

    def _list_rankings(
        self,
        account: Account,
        poll: Poll,
        state: ChartState,
        attempts: int,
        *,
        force: bool,
    ) -> list[WantedRanking]:
        """Ask which rankings exist and note the missing ones as wanted; where that fails, go on with those known."""
        try:
            listed = chart_api.available_rankings(self.client, poll.slug)
        except Fatal:
            raise
        except SoundchartsError as error:
            due = self._wanted(poll, state, (), force=force)
            outcome = failure(poll.slug, error, self.clock())
            account.due += 1
            account.take(outcome)
        else:
            due = self._wanted(poll, state, listed, force=force)
            outcome = charts.list_outcome(poll.slug, due, self.clock())
        self._commit(_batch(self._settled(charts.AVAILABLE, outcome, attempts)))
        return due

    def _fetch_ranking(self, slug: str, wanted: WantedRanking) -> Iterator[Outcome]:
        version = self.settings.file.api.versions.ranking
        try:
            ranking = chart_api.ranking(self.client, slug, wanted.text, ranking_version=version, first=wanted.first)
        except Fatal:
            raise
        except SoundchartsError as error:
            yield failure(wanted.work.uuid, error, self.clock())
        else:
            at = self.clock()
            yield Outcome(wanted.work.uuid, Status.OK, at, charts.ranking_changes(ranking, at))

    @contextmanager
    def _accounted(self, account: Account) -> Iterator[None]:
        """Be the one caller, and note in the account what was called meanwhile."""
        with self.calling(f"{account.subject} of chart {account.chart}"):
            before = Counter(self.calls.totals())
            try:
                yield
            except (Fatal, WarehouseError, SettingsError) as error:
                self.stopped_by = error
                raise
            finally:
                account.calls = Counter(self.calls.totals()) - before
                account.quota_left = self.quota_left
                self.accounts.append(account)

    def _carry_out(
        self,
        account: Account,
        units: Sequence[Unit],
        platform: str | None,
        fail_window: timedelta,
    ) -> None:
        self.progress.begin(account.subject, account.chart, sum(len(unit.works) for unit in units))
        options = self.settings.file.warehouse
        try:
            carry_out(
                units,
                account,
                fail_window=fail_window,
                refused_for_all=_REFUSED_FOR_PLATFORM if platform else _REFUSED_FOR_PLAN,
                workers=self.settings.file.api.workers,
                limits=BatchLimits(options.batch_rows, options.batch_seconds),
                clock=self.clock,
                commit=self._commit,
                finish=partial(self._finish, account, platform),
                on_outcome=partial(self._note, account.subject),
            )
        finally:
            account.deferred = account.due - account.outcomes.total()

    def _note(self, subject: str, outcome: Outcome) -> None:
        self._asked.add((subject, outcome.uuid))
        self.progress.advance()

    def _chart_outcome(self, poll: Poll) -> Outcome:
        return charts.chart_outcome(poll, self.following.chart(poll.slug), followed=self.following.follows(poll.slug))

    def _settled(self, subject: str, outcome: Outcome, attempts: int = 0) -> list[Change]:
        before = Work(outcome.uuid, None, None, None, attempts)
        return [*outcome.changes, ledger_change(subject, before, outcome, self._metadata_window)]

    def _finish(self, account: Account, platform: str | None, batch: Batch) -> None:
        def count(connection: duckdb.DuckDBPyConnection) -> None:
            account.stored = work.row_counts(connection, platform)

        self._commit(batch, count)

    def _commit(self, batch: Batch, then: Callable[[duckdb.DuckDBPyConnection], None] | None = None) -> None:
        """Write a batch together with the calls counted since the last one."""
        counts = self.calls.drain()
        batch.add([Change("api_calls", Mode.ADD, CallCount._fields, counts)])
        try:
            self.warehouse.commit(batch, then)
        except UnstorableError:
            self.calls.give_back(counts)
            raise


def _batch(changes: Iterable[Change]) -> Batch:
    batch = Batch()
    batch.add(changes)
    return batch
