"""The door to the loop: what is due for charts is fetched, parsed and committed, and an account comes back.

Every asset, sensor and command goes through here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import duckdb

from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.accounting import REFUSED_FOR_PLAN, REFUSED_FOR_PLATFORM
from soundcharts_assets.refresh.breaker import open_breaker
from soundcharts_assets.refresh.charts import Poll
from soundcharts_assets.refresh.pipeline import Task, Unit
from soundcharts_assets.refresh.rankings import RankingRefresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.refresh.subjects import Subject, past_fail, past_warn
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.work import Work


class Refresher(RankingRefresher):
    """Refreshes what charts reach. One per process, shared by all runs in it."""

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

    def reached_counts(self, slugs: Sequence[str]) -> dict[tuple[str, str], int]:
        """Tracks and artists that charts reach, by slug and entity."""
        with self.warehouse.connect() as connection:
            return work.reached_counts(connection, slugs)

    def all_due(self, now: datetime) -> list[work.Wanted]:
        """What to look for in order to find everything that is past its fail window as of an instant."""
        return past_fail(self.subjects.values(), now, by_id=self.bills_by_id)

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
                    REFUSED_FOR_PLATFORM if subject.platform else REFUSED_FOR_PLAN,
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
