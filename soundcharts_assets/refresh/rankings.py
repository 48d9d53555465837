"""Charts and their rankings: polling, what is wanted of them, and storing it.

Which rankings are wanted, as a question of dates, is in `charts`; when a poll is worth it, in `polling`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Unpack

import duckdb

from soundcharts_assets.api import charts as chart_api
from soundcharts_assets.api.errors import AllowanceSpent, Fatal, SoundchartsError
from soundcharts_assets.api.parse import read_instant
from soundcharts_assets.refresh import charts
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.accounting import REFUSED_FOR_PLAN, Accounting
from soundcharts_assets.refresh.charts import Poll, Polls, WantedRanking
from soundcharts_assets.refresh.outcomes import Outcome, Status, failure, settlement
from soundcharts_assets.refresh.pipeline import Task, Unit
from soundcharts_assets.refresh.polling import next_poll_at
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.refresh.session import SessionOptions, batch_of
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.work import ChartState, Ledgered, PollState, Work


class RankingRefresher(Accounting):
    """Refreshes charts and rankings."""

    def __init__(self, settings: Settings, **options: Unpack[SessionOptions]) -> None:
        """Take what a session takes. No file is opened and no call is made before there is work."""
        super().__init__(settings, **options)
        self._polls = Polls(self.warehouse.spool, self.settings.file.api.versions.ranking, self.clock)

    def follow(self) -> None:
        """Bring the flags of known charts into line with the settings, which may have changed since."""
        with self.warehouse.connect() as connection:
            known = connection.execute("SELECT slug, followed, cascade FROM soundcharts.charts").fetchall()
        following = self.following
        wanted = [(slug, following.follows(slug), following.chart(slug).cascade) for slug, *_ in known]
        changed = [flags for flags, stored in zip(wanted, known, strict=True) if flags != stored]
        self.warehouse.commit(batch_of([Change("charts", Mode.UPSERT, ("slug", "followed", "cascade"), changed)]))

    def poll_states(self, slugs: Sequence[str]) -> list[PollState]:
        """What is known of charts with regard to polling."""
        with self.warehouse.connect() as connection:
            return work.poll_states(connection, slugs)

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

    def forget_polls(self, polls: Iterable[Poll]) -> None:
        """Drop the kept answers of polls that brought nothing new."""
        for poll in polls:
            self._polls.drop(poll.slug)

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

    def rankings_due(self, polls: Iterable[Poll]) -> dict[str, int]:
        """Rankings that a run would ask for, by chart; a chart's list of rankings counts for one where it is needed."""
        due = {}
        with self.warehouse.connect() as connection:
            for poll in polls:
                state = work.chart_state(connection, poll.slug)
                listed = self._needs_list(poll, state, work.ledgered(connection, charts.AVAILABLE, poll.slug))
                due[poll.slug] = len(self._wanted(poll, state, (), force=False)) + listed
        return due

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
            self._carry_out([Task(account, units, self._metadata_window, REFUSED_FOR_PLAN)], request)
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
            self._carry_out([Task(account, units, self._metadata_window, REFUSED_FOR_PLAN)], request)
            if not request.dry_run:
                for slug in slugs:
                    self._polls.drop(slug)
        return account

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

    def _ask_chart(self, state: PollState) -> Iterator[Outcome]:
        try:
            poll = self._polls.kept(state.slug) or self.poll(state)
        except Fatal:
            raise
        except SoundchartsError as error:
            yield failure(state.slug, error, self.clock())
        else:
            yield self._chart_outcome(poll)

    def _chart_outcome(self, poll: Poll) -> Outcome:
        following = self.following
        return charts.chart_outcome(poll, following.chart(poll.slug), followed=following.follows(poll.slug))

    def _settled(self, subject: str, outcome: Outcome, before: Ledgered) -> list[Change]:
        known = Work(outcome.uuid, None, before.fetched_at, None, before.attempts)
        return settlement(subject, known, outcome, self._metadata_window)

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

    @property
    def _metadata_window(self) -> timedelta:
        return self.settings.file.freshness.metadata_window.fail
