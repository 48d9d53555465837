"""The door to the loop: what is due for charts is fetched, parsed and committed, and an account comes back.

Every asset, sensor and command goes through here.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import duckdb

from soundcharts_assets.api import charts as chart_api
from soundcharts_assets.api.errors import AllowanceSpent, Fatal, SoundchartsError
from soundcharts_assets.api.parse import read_instant
from soundcharts_assets.refresh import charts
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.breaker import open_breaker
from soundcharts_assets.refresh.charts import Poll, Polls, WantedRanking
from soundcharts_assets.refresh.outcomes import Outcome, Status, failure, settlement
from soundcharts_assets.refresh.pipeline import BatchLimits, Task, Unit, carry_out, within
from soundcharts_assets.refresh.polling import next_poll_at
from soundcharts_assets.refresh.progress import Progress
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.refresh.session import Session, batch_of
from soundcharts_assets.refresh.subjects import Subject, past_fail, past_warn, subjects
from soundcharts_assets.settings import Settings, SettingsError
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import WarehouseError
from soundcharts_assets.warehouse.work import ChartState, Ledgered, PollState, Work

# A plan holds an endpoint or not, and a platform serves an audience or not, whichever entity is asked for.
_REFUSED_FOR_PLAN = frozenset({Status.FORBIDDEN})
_REFUSED_FOR_PLATFORM = frozenset({Status.FORBIDDEN, Status.UNSUPPORTED})


class Refresher(Session):
    """Refreshes what charts reach. One per process, shared by all runs in it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] | None = None,
        progress: Progress | None = None,
        attended: bool = False,
        lock_timeout_seconds: float | None = None,
    ) -> None:
        """Take what a session takes. No file is opened and no call is made before there is work."""
        super().__init__(
            settings, clock=clock, progress=progress, attended=attended, lock_timeout_seconds=lock_timeout_seconds
        )
        self.accounts: list[Account] = []
        self.stopped_by: Exception | None = None
        """What ended a refresh early, if anything did: every later one would meet it too."""
        self.subjects = subjects(self.settings.file)
        self._polls = Polls(self.warehouse.spool, self.settings.file.api.versions.ranking, self.clock)
        self._asked: set[tuple[str, str]] = set()

    # What is due

    def due_counts(
        self,
        slugs: Sequence[str],
        platforms: Sequence[str] = (),
        *,
        affordable: bool = False,
    ) -> dict[str, dict[str, int]]:
        """Rows past their fail window by chart and subject, as of now: what makes a run necessary.

        Args:
            slugs: The charts; none means all that are followed.
            platforms: Only audiences of these, where any are given.
            affordable: Count only those that budget and reserve leave room for.
        """
        request = Request(platforms=tuple(platforms))
        now = self.clock()
        chosen = [subject for subject in self.subjects.values() if request.includes(subject.platform)]
        with self.warehouse.connect() as connection:
            room = self.room(connection) if affordable else None
            return work.due_counts(connection, past_fail(chosen, now), now=now, charts=slugs, room=room)

    def rankings_due(self, polls: Iterable[Poll]) -> dict[str, int]:
        """Rankings that a run would ask for, by chart; a chart's list of rankings counts for one where it is needed."""
        due = {}
        with self.warehouse.connect() as connection:
            for poll in polls:
                state = work.chart_state(connection, poll.slug)
                listed = self._needs_list(poll, state, work.ledgered(connection, charts.AVAILABLE, poll.slug))
                due[poll.slug] = len(self._wanted(poll, state, (), force=False)) + listed
        return due

    def left_due(self, slugs: Sequence[str], platforms: Sequence[str] = ()) -> int:
        """Count the rows that are due as of now and that charts reach, each once."""
        request = Request(platforms=tuple(platforms))
        now = self.clock()
        chosen = [subject for subject in self.subjects.values() if request.includes(subject.platform)]
        with self.warehouse.connect() as connection:
            due = work.work_lists(connection, past_fail(chosen, now), slugs, now=now)
        return sum(map(len, due.values()))

    def charts_due(self, grace: timedelta) -> set[str]:
        """Followed charts that need a run: rows past their fail window for so long that may be paid for, or rankings.

        Of several charts that reach the same rows, one is enough. Nothing is due while a breaker is open.
        """
        now = self.clock()
        as_of = now - grace
        with self.warehouse.connect() as connection:
            if open_breaker(connection) is not None:
                return set()
            room = self.room(connection)
            due = work.charts_for_due(connection, self.all_due(as_of), now=as_of, room=room)
            unsettled = work.poll_states(connection, list(work.unsettled_rankings(connection, now=as_of)))
            rankings = [
                state.slug
                for state in unsettled
                if self._wanted(Poll.from_state(state), work.chart_state(connection, state.slug), (), force=False)
            ]
        return {slug for slug in (*due, *rankings) if self.following.follows(slug)}

    def unsettled_news(self, states: Iterable[PollState]) -> set[str]:
        """Charts whose newest ranking was tried and failed: the ledger says when it is asked for again."""
        with self.warehouse.connect() as connection:
            return {
                state.slug
                for state in states
                if any(
                    read_instant(text, "ledger") == state.newest_seen
                    for text in work.chart_state(connection, state.slug).unsettled
                )
            }

    def reached_counts(self, slugs: Sequence[str]) -> dict[tuple[str, str], int]:
        """Tracks and artists that charts reach, by slug and entity."""
        with self.warehouse.connect() as connection:
            return work.reached_counts(connection, slugs)

    def poll_states(self, slugs: Sequence[str]) -> list[PollState]:
        """What is known of charts with regard to polling."""
        with self.warehouse.connect() as connection:
            return work.poll_states(connection, slugs)

    # Charts and rankings

    def follow(self) -> None:
        """Bring the flags of known charts into line with the settings, which may have changed since."""
        with self.warehouse.connect() as connection:
            known = connection.execute("SELECT slug, followed, cascade FROM soundcharts.charts").fetchall()
        following = self.following
        wanted = [(slug, following.follows(slug), following.chart(slug).cascade) for slug, *_ in known]
        changed = [flags for flags, stored in zip(wanted, known, strict=True) if flags != stored]
        self.warehouse.commit(batch_of([Change("charts", Mode.UPSERT, ("slug", "followed", "cascade"), changed)]))

    def poll(self, state: PollState) -> Poll:
        """Ask whether a chart was updated. The answer is kept for `refresh_charts` and `refresh_rankings`.

        Raises:
            SoundchartsError: The poll failed.
        """
        return self._polls.poll(self.client, state)

    def poll_all(self, slugs: Sequence[str]) -> tuple[dict[str, Poll], dict[str, SoundchartsError]]:
        """Poll charts side by side, and store what was learnt of them.

        Returns:
            The polls, and the errors of charts that could not be polled, those that the allowance kept back included.

        Raises:
            Fatal: Credentials, quota or host. What came back before is stored.
        """

        def ask(state: PollState) -> Poll | SoundchartsError:
            try:
                return self.poll(state)
            except SoundchartsError as error:
                return error

        states = self.poll_states(slugs)
        self.client  # noqa: B018 - made here, before threads could make one each, and missing credentials told at once
        with ThreadPoolExecutor(min(len(slugs), self.settings.file.api.workers)) as pool:
            answers = {state.slug: answer for state, answer in zip(states, pool.map(ask, states), strict=True)}
        polls = {slug: answer for slug, answer in answers.items() if isinstance(answer, Poll)}
        errors = {slug: answer for slug, answer in answers.items() if isinstance(answer, SoundchartsError)}
        self.note_polls(polls.values(), {slug: error for slug, error in errors.items() if not isinstance(error, Fatal)})
        for error in errors.values():
            if isinstance(error, Fatal) and not isinstance(error, AllowanceSpent):
                raise error
        return polls, errors

    def note_polls(self, polls: Collection[Poll], errors: Mapping[str, SoundchartsError]) -> None:
        """Store what polls say of their charts, and in the ledger which charts could not be polled, and why."""
        now = self.clock()
        outcomes = [self._chart_outcome(poll) for poll in polls]
        outcomes += [failure(slug, error, now) for slug, error in errors.items()]
        with self.warehouse.connect() as connection:
            before = {one.uuid: work.ledgered(connection, charts.CHARTS, one.uuid) for one in outcomes}
        self.commit(
            batch_of(change for one in outcomes for change in self._settled(charts.CHARTS, one, before[one.uuid]))
        )
        self._note_corrections(polls)

    def _note_corrections(self, polls: Iterable[Poll]) -> None:
        """Want those rankings again that are stored otherwise than polls brought them."""
        with self.warehouse.connect() as connection:
            corrected = [poll for poll in polls if self._is_corrected(connection, poll)]
        self.commit(batch_of(map(charts.wanted_again, corrected)))

    def _is_corrected(self, connection: duckdb.DuckDBPyConnection, poll: Poll) -> bool:
        if poll.ranked_at is None:
            return False
        uuid = charts.ranking_uuid(poll.slug, poll.text)
        stored = work.stored_places(connection, poll.slug, poll.ranked_at, uuid)
        return stored is not None and charts.is_corrected(poll, stored)

    def forget_polls(self, polls: Iterable[Poll]) -> None:
        """Drop the kept answers of polls that brought nothing new."""
        for poll in polls:
            self._polls.drop(poll.slug)

    def refresh_charts(self, slugs: Sequence[str], request: Request) -> Account:
        """Bring the rows of charts up to date: a call for each that is worth a poll and has not just been polled."""
        account = Account(charts.CHARTS, tuple(slugs), reached=len(slugs))
        with self._accounted([account], request):
            self.follow()
            now = self.clock()
            units = []
            for state in self.poll_states(slugs):
                kept = self._polls.kept(state.slug)
                if kept or request.force or next_poll_at(state) <= now:
                    ledgered = Work(state.slug, None, state.polled_at, None, state.attempts)
                    units.append(Unit([ledgered], partial(self._ask_chart, state), calls=0 if kept else 1))
            self._carry_out([Task(account, units, self._metadata_window, _REFUSED_FOR_PLAN)], request)
            if not request.dry_run:
                self._note_corrections(poll for slug in slugs if (poll := self._polls.kept(slug)) is not None)
        return account

    def refresh_rankings(self, slugs: Sequence[str], request: Request) -> Account:
        """Store the newest rankings of charts and what is missing of their wanted history.

        A ranking that fails, a list of rankings or a poll is an outcome, and hides no other.
        """
        account = Account(charts.RANKINGS, tuple(slugs))
        with self._accounted([account], request):
            units: list[Unit] = []
            with self.warehouse.connect() as connection:
                self._count_stored([account], connection)
            for state in self.poll_states(slugs):
                due, stored = self._rankings_of(account, state, request)
                account.reached += stored + len(due)
                units += [
                    Unit([one.work], partial(self._fetch_ranking, state.slug, one), calls=one.calls(state.places))
                    for one in due
                ]
            self._carry_out([Task(account, units, self._metadata_window, _REFUSED_FOR_PLAN)], request)
            if not request.dry_run:
                for slug in slugs:
                    self._polls.drop(slug)
        return account

    # Tracks, artists and audiences

    def refresh_subject(self, subject: Subject, slugs: Sequence[str], request: Request) -> Account:
        """Refresh what is due of one subject among what charts reach; see `refresh_subjects`."""
        (account,) = self.refresh_subjects([subject], slugs, request)
        return account

    def refresh_subjects(self, chosen: Sequence[Subject], slugs: Sequence[str], request: Request) -> list[Account]:
        """Refresh what is due of subjects among what charts reach, rows past their warn window included.

        The subjects are fetched side by side, so none may need what another one stores.

        Returns:
            An account for each subject, in their order.

        Raises:
            Fatal: Credentials, quota or host stopped it; what came back before is stored.
        """
        accounts = [Account(subject.name, tuple(slugs)) for subject in chosen]
        endpoints = None if len(chosen) == 1 else [subject.endpoint for subject in chosen]
        with self._accounted(accounts, request, endpoints):
            asked = [
                (account, subject)
                for account, subject in zip(accounts, chosen, strict=True)
                if request.includes(subject.platform)
            ]
            due = self._due_rows(asked, slugs, request) if asked else []
            tasks = [
                Task(
                    account,
                    self._units(subject, rows),
                    subject.window.fail,
                    _REFUSED_FOR_PLATFORM if subject.platform else _REFUSED_FOR_PLAN,
                )
                for (account, subject), rows in zip(asked, due, strict=True)
            ]
            self._carry_out(tasks, request)
        return accounts

    def _units(self, subject: Subject, due: Sequence[Work]) -> list[Unit]:
        """Due rows of a subject, as the calls that serve them."""
        today = self.clock().date()
        chunks = [due[start : start + subject.unit] for start in range(0, len(due), subject.unit)]
        return [
            Unit(
                chunk,
                partial(subject.fetch, self.client, chunk, self.clock),
                calls=subject.calls(chunk[0], today) * (len(chunk) if self.bills_by_id else 1),
            )
            for chunk in chunks
        ]

    @property
    def _metadata_window(self) -> timedelta:
        return self.settings.file.freshness.metadata_window.fail

    def _due_rows(
        self,
        asked: Sequence[tuple[Account, Subject]],
        slugs: Sequence[str],
        request: Request,
    ) -> list[list[Work]]:
        """Rows of each subject to ask for, in the order of their worth where there is not room for all."""
        now = self.clock()
        wanted = {subject.name: past_warn(subject, now, by_id=self.bills_by_id) for _, subject in asked}
        with self.warehouse.connect() as connection:
            reached = work.reached_counts(connection, slugs)
            lists = work.work_lists(
                connection, list(wanted.values()), slugs, now=now, uuids=request.uuids, force=request.force
            )
            worth = None if request.force or request.uuids else self._worth(connection, wanted, slugs, now)
            for account, subject in asked:
                account.reached = sum(count for (_, entity), count in reached.items() if entity == subject.entity)
                due = lists[subject.name]
                if request.force or request.dry_run:
                    # Such a row stays due whatever becomes of it, but no pass asks for it, or counts it, twice.
                    due = [row for row in due if (subject.name, row.uuid) not in self._asked]
                account.due = len(due)
                if worth is not None:
                    by_uuid = {row.uuid: row for row in due}
                    due = [by_uuid[uuid] for uuid in worth[subject.name] if uuid in by_uuid]
                if request.dry_run:
                    self._asked.update((subject.name, row.uuid) for row in due)
                lists[subject.name] = due[: request.limit]
            if request.dry_run or not any(lists.values()):
                self._count_stored([account for account, _ in asked], connection)
        return [lists[subject.name] for _, subject in asked]

    def _worth(
        self,
        connection: duckdb.DuckDBPyConnection,
        wanted: Mapping[str, work.Wanted],
        slugs: Sequence[str],
        now: datetime,
    ) -> dict[str, list[str]] | None:
        """What is worth asking for among all that is due, by subject and in order; None where there is room for all."""
        room = self.room(connection)
        if room is None:
            return None
        everything = [wanted.get(one.subject, one) for one in self.all_due(now)]
        # Charts named on the command line need not be followed; of the others all followed ones count.
        known = [] if all(map(self.following.follows, slugs)) else list({*slugs, *self.following.slugs})
        return work.affordable(
            connection, everything, now=now, room=room, charts=known, asked=list(wanted), of=list(slugs)
        )

    def _count_stored(self, accounts: Sequence[Account], connection: duckdb.DuckDBPyConnection) -> None:
        """Note in accounts how many rows their tables hold, or their platforms' parts of them."""
        known = [(account, self.subjects.get(account.subject)) for account in accounts]
        series = {subject.table for _, subject in known if subject is not None and subject.platform is not None}
        by_platform = {table: work.platform_counts(connection, table) for table in series}
        rows = work.row_counts(connection)
        for account, subject in known:
            if subject is None or subject.platform is None:
                account.stored = rows
            else:
                account.stored = {subject.table: by_platform[subject.table].get(subject.platform, 0)}

    def _rankings_of(
        self,
        account: Account,
        state: PollState,
        request: Request,
    ) -> tuple[list[WantedRanking], int]:
        """Rankings of a chart to ask for, newest first, and how many are stored."""
        with self.warehouse.connect() as connection:
            stored = work.chart_state(connection, state.slug)
            listed = work.ledgered(connection, charts.AVAILABLE, state.slug)
        poll = self._polls.kept(state.slug)
        if poll is None and not request.dry_run and (state.has_news or next_poll_at(state) <= self.clock()):
            try:
                poll = self.poll(state)
            except Fatal:
                raise
            except SoundchartsError as error:
                self.note_polls([], {state.slug: error})
                account.due += 1
                account.take(failure(state.slug, error, self.clock()))
        if poll is not None and self._needs_list(poll, stored, listed) and not request.dry_run:
            due = self._list_rankings(account, poll, stored, listed, force=request.force)
        else:
            due = self._wanted(poll or Poll.from_state(state), stored, (), force=request.force)
        account.due += len(due)
        return due[: request.limit], len(stored.stored)

    def _wanted(
        self,
        poll: Poll,
        state: ChartState,
        listed: Sequence[chart_api.Listed],
        *,
        force: bool,
    ) -> list[WantedRanking]:
        history, reread = self.following.history_days(poll.slug), self.following.reread_days(poll.slug)
        return charts.wanted_rankings(poll, state, listed, history, now=self.clock(), force=force, reread_days=reread)

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
        before: Ledgered,
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
        self.commit(batch_of(self._settled(charts.AVAILABLE, outcome, before)))
        return due

    def _ask_chart(self, state: PollState) -> Iterator[Outcome]:
        try:
            poll = self._polls.kept(state.slug) or self.poll(state)
        except Fatal:
            raise
        except SoundchartsError as error:
            yield failure(state.slug, error, self.clock())
        else:
            yield self._chart_outcome(poll)

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
            yield Outcome(
                wanted.work.uuid, Status.OK, at, charts.ranking_changes(ranking, at, wanted.seen_at, wanted.unseen_at)
            )

    @contextmanager
    def _accounted(
        self,
        accounts: Sequence[Account],
        request: Request,
        endpoints: Sequence[str] | None = None,
    ) -> Iterator[None]:
        """Be the one caller, and note in the accounts what was called meanwhile.

        Where the allowance is spent on the way, the work ends there: what is left stays due. Where another asset of the
        same pass was stopped, nothing is asked: Dagster runs steps that do not depend on it all the same.

        Args:
            accounts: Of what is done.
            request: What is asked for.
            endpoints: The endpoint of each account, where they share the time; by default all calls are the first's.
        """
        if self._lock.is_held and self.stopped_by is not None:
            raise self.stopped_by
        with self.calling(_task_of(accounts), asks=not request.dry_run):
            if not request.dry_run:
                self.renew_allowance()
            before = Counter(self.calls.totals())
            try:
                yield
            except AllowanceSpent as error:
                for account in accounts:
                    if account.deferred or len(accounts) == 1:
                        account.held_back = str(error)
            except (Fatal, WarehouseError, SettingsError) as error:
                self.stopped_by = error
                raise
            finally:
                made = Counter(self.calls.totals()) - before
                shares = [made] if endpoints is None else [Counter({one: made[one]}) for one in endpoints]
                for account, share in zip(accounts, shares, strict=True):
                    account.calls = +share
                    account.quota_left = self.quota_left
                self.accounts.extend(accounts)

    def _carry_out(self, tasks: Sequence[Task], request: Request) -> None:
        """Carry out as many units as the allowance has room for, in their order, unless only the count is wanted."""
        for task in tasks:
            account, works = task.account, sum(len(unit.works) for unit in task.units)
            account.due = max(account.due, works)
            account.planned = sum(unit.calls for unit in task.units)
            account.planned_rows = works
            account.deferred = account.due - account.outcomes.total()
        if request.dry_run or not tasks:
            return
        units = [unit for task in tasks for unit in task.units]
        begun = len(within(units, self.client.allowance.room if units else None))
        chosen = []
        for task in tasks:
            chosen.append(replace(task, units=task.units[:begun]))
            begun = max(0, begun - len(task.units))
        accounts = [task.account for task in tasks]
        self.progress.begin(
            _subjects_of(accounts),
            accounts[0].chart,
            sum(len(unit.works) for task in chosen for unit in task.units),
        )
        options = self.settings.file.warehouse
        try:
            carry_out(
                chosen,
                workers=self.settings.file.api.workers,
                limits=BatchLimits(options.batch_rows, options.batch_seconds),
                clock=self.clock,
                commit=self.commit,
                finish=partial(self._finish, accounts),
                on_outcome=self._note,
            )
            if not all(account.stored for account in accounts):
                # Nothing was written, since the allowance had no room for anything.
                with self.warehouse.connect() as connection:
                    self._count_stored(accounts, connection)
        finally:
            for account in accounts:
                account.deferred = account.due - account.outcomes.total()

    def _note(self, subject: str, outcome: Outcome) -> None:
        self._asked.add((subject, outcome.uuid))
        self.progress.advance()

    def _chart_outcome(self, poll: Poll) -> Outcome:
        following = self.following
        return charts.chart_outcome(poll, following.chart(poll.slug), followed=following.follows(poll.slug))

    def _settled(self, subject: str, outcome: Outcome, before: Ledgered) -> list[Change]:
        known = Work(outcome.uuid, None, before.fetched_at, None, before.attempts)
        return settlement(subject, known, outcome, self._metadata_window)

    def _finish(self, accounts: Sequence[Account], batch: Batch) -> None:
        self.commit(batch, partial(self._count_stored, accounts))

    def all_due(self, now: datetime) -> list[work.Wanted]:
        """What to look for in order to find everything that is past its fail window as of an instant."""
        return past_fail(self.subjects.values(), now, by_id=self.bills_by_id)


def _task_of(accounts: Sequence[Account]) -> str:
    """What is being done, for those who wait."""
    return f"{_subjects_of(accounts)} of {accounts[0].chart}"


def _subjects_of(accounts: Sequence[Account]) -> str:
    return accounts[0].subject if len(accounts) == 1 else "audiences"
