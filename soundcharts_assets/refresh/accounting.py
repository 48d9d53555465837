"""Work with an account: the caller's lock, the allowance, calls and rows counted, and what stopped it remembered.

What is due and how it is asked for does not belong here: see `rankings` and `refresher`, which build on this.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Unpack

import duckdb

from soundcharts_assets.api.errors import AllowanceSpent, Fatal
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.outcomes import Outcome, Status
from soundcharts_assets.refresh.pipeline import BatchLimits, Task, carry_out, within
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.refresh.session import Session, SessionOptions
from soundcharts_assets.refresh.subjects import subjects
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.errors import WarehouseError

# A plan holds an endpoint or not, and a platform serves an audience or not, whichever entity is asked for.
REFUSED_FOR_PLAN = frozenset({Status.FORBIDDEN})
REFUSED_FOR_PLATFORM = frozenset({Status.FORBIDDEN, Status.UNSUPPORTED})


class Accounting(Session):
    """A session whose work is accounted for."""

    def __init__(self, settings: Settings, **options: Unpack[SessionOptions]) -> None:
        """Take what a session takes. No file is opened and no call is made before there is work."""
        super().__init__(settings, **options)
        self.accounts: list[Account] = []
        self.stopped_by: Exception | None = None
        """What ended a refresh early, if anything did: every later one would meet it too."""
        self.subjects = subjects(self.settings.file)
        self._asked: set[tuple[str, str]] = set()

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

    def _finish(self, accounts: Sequence[Account], batch: Batch) -> None:
        self.commit(batch, partial(self._count_stored, accounts))

    def _note(self, subject: str, outcome: Outcome) -> None:
        self._asked.add((subject, outcome.uuid))
        self.progress.advance()


def _task_of(accounts: Sequence[Account]) -> str:
    """What is being done, for those who wait."""
    return f"{_subjects_of(accounts)} of {accounts[0].chart}"


def _subjects_of(accounts: Sequence[Account]) -> str:
    return accounts[0].subject if len(accounts) == 1 else "audiences"
