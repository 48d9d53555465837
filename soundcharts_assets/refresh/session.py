"""One process's dealings with Soundcharts and the warehouse: who may call, what may be spent, what is committed.

What is due and how it is fetched does not belong here: see `refresher`, which everything goes through.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypedDict

import duckdb

from soundcharts_assets.api.call_log import CallCount, CallLog
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import CredentialsRejected, Fatal, QuotaExhausted, SoundchartsError
from soundcharts_assets.clock import clock_of
from soundcharts_assets.following import Following
from soundcharts_assets.refresh import budget
from soundcharts_assets.refresh.breaker import (
    Breaker,
    PausedError,
    breaker_change,
    looked,
    open_breaker,
    opened_by,
)
from soundcharts_assets.refresh.catalogue import Catalogue, Scope
from soundcharts_assets.refresh.connect import connect, warehouse_at
from soundcharts_assets.refresh.outcomes import Outcome
from soundcharts_assets.refresh.progress import LoggedProgress, Progress
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.errors import UnstorableError

_NOT_TO_BE_HAD = frozenset({403, 404})


class SessionOptions(TypedDict, total=False):
    """What a session can be told beside the settings; see there."""

    clock: Callable[[], datetime] | None
    progress: Progress | None
    attended: bool
    lock_timeout_seconds: float | None


class Session:
    """The one client, the one warehouse, and what stands between them and whoever wants to spend."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] | None = None,
        progress: Progress | None = None,
        attended: bool = False,
        lock_timeout_seconds: float | None = None,
    ) -> None:
        """Remember the settings. No file is opened and no call is made before there is work.

        Args:
            settings: What the user decided.
            clock: Tells the time; by default the one that the settings ask for.
            progress: Told how far the work is.
            attended: Whether a person waits: then an open breaker is looked at again at once.
            lock_timeout_seconds: How long to wait for a locked warehouse, where the settings' bound is too long.
        """
        self.settings = settings
        self.clock = clock or clock_of(settings)
        self.progress: Progress = progress or LoggedProgress()
        self.attended = attended
        self.warehouse = warehouse_at(
            settings.warehouse_path,
            settings.lake,
            settings.file.warehouse,
            lock_timeout_seconds=lock_timeout_seconds,
        )
        self.catalogue = Catalogue(settings.file, self.warehouse, self.clock)
        self.calls = CallLog()
        self._lock = self.warehouse.caller_lock()
        self._client: Client | None = None
        self._billed_by_id = False
        self.held: int | None = None
        """Requests to leave aside for rankings, where a forecast knows better than the schedule of polls."""

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
        """The charts that are followed, by name and by what the catalogue holds for the selectors."""
        return self.catalogue.following

    def refresh_catalogue(self, scopes: Sequence[Scope] | None = None, *, force: bool = False) -> list[Outcome]:
        """List the charts that the selectors choose from, or these scopes, each at most once a day. No lock is needed.

        Returns an outcome for each listing. Where one failed, the charts known before stay.

        Raises:
            Fatal: Credentials, quota or host stopped it.
        """
        return self.catalogue.refresh(lambda: self.client, self.commit, scopes, force=force)

    @property
    def quota_left(self) -> int | None:
        """What the answers so far said is left of the quota; None before the first."""
        return None if self._client is None else self._client.quota_remaining

    @contextmanager
    def calling(self, who: str, *, asks: bool = True) -> Iterator[None]:
        """Be the one caller, with nothing paid for left unstored: lock, then spool, and at the end the counts of calls.

        Args:
            who: What this process is doing, for those who wait.
            asks: Whether calls are to be made; where not, neither breaker nor budget matters.

        Raises:
            WarehouseError: The warehouse cannot be used, which is found out before the first call.
            PausedError: A breaker is open.
        """
        if self._lock.is_held:
            yield
            return
        if self._client is not None:
            self._client.begin()
        self.warehouse.probe()
        with self._lock.held(who, self.progress.waiting):
            self.warehouse.catch_up()
            if asks:
                self.heed_breaker()
            try:
                yield
            except Fatal as error:
                self.open_breaker(error)
                raise
            finally:
                self.commit(Batch())

    @contextmanager
    def if_idle(self, who: str) -> Iterator[bool]:
        """Be the one caller for the length of the block if nobody else is, and say whether that is so."""
        if self._lock.is_held:
            yield True
            return
        with self._lock.held_if_free(who) as idle:
            yield idle

    def heed_breaker(self) -> None:
        """Go on only where no breaker is open; look again, which is free, where it is time to.

        Raises:
            PausedError: One is open, and stays so.
        """
        breaker = self.find_breaker()
        if breaker is None:
            return
        if self.attended or breaker.look_at <= self.clock():
            still = self._look_again(breaker)
            self.commit(batch_of([breaker_change(still or breaker, is_open=still is not None)]))
            breaker = still
        if breaker is not None:
            raise PausedError(breaker)

    def find_breaker(self) -> Breaker | None:
        """Return the breaker that is open, if one is."""
        with self.warehouse.connect() as connection:
            return open_breaker(connection)

    def open_breaker(self, error: Exception) -> Breaker | None:
        """Open a breaker, where the error is of the kind that does, and return it."""
        breaker = opened_by(error, self.clock(), self.find_breaker())
        if breaker is not None:
            self.commit(batch_of([breaker_change(breaker, is_open=True)]))
        return breaker

    def _look_again(self, breaker: Breaker) -> Breaker | None:
        """Ask for the state of the quota: the breaker as it stays open, None where it may be closed."""
        now = self.clock()
        try:
            left = self.client.look_at_quota()
        except (CredentialsRejected, QuotaExhausted) as error:
            return opened_by(error, now, breaker)
        except SoundchartsError as error:
            # Not to be had in this plan, or not now: then only a real call can tell, once in a while.
            return None if error.status in _NOT_TO_BE_HAD else looked(breaker, now)
        spent = left is not None and left <= self.settings.file.budget.reserve
        return looked(breaker, now) if breaker.kind == "quota" and spent else None

    @property
    def bills_by_id(self) -> bool:
        """Whether a batch costs a request for each of its ids, as this process knows or an earlier one noted."""
        learnt = None if self._client is None else self._client.batch_price.per_id
        return self._billed_by_id if learnt is None else learnt

    def renew_allowance(self) -> None:
        """Limit the client to what budget and reserve leave as of now; without either, to nothing."""
        limits = self.settings.file.budget
        if limits.daily_limit is None and not limits.reserve:
            return
        with self.warehouse.connect() as connection:
            spent = work.spent_since(connection, budget.day_of(self.clock()))
            self._billed_by_id = work.bills_by_id(connection)
        left = budget.left_today(limits, spent + self.calls.pending_cost())
        allowance = self.client.allowance
        allowance.limit(left, limits.reserve)
        if limits.reserve and self.client.quota_remaining is None:
            allowance.see(self.client.look_at_quota())

    def room(self, connection: duckdb.DuckDBPyConnection) -> int | None:
        """Requests that may be spent on tracks, artists and audiences now, None for no limit.

        The rankings of the rest of the day come first, so what they will take is left aside.
        """
        limits = self.settings.file.budget
        now = self.clock()
        left = budget.left_today(limits, work.spent_since(connection, budget.day_of(now)) + self.calls.pending_cost())
        quota = self.quota_left if self.quota_left is not None else work.last_quota(connection)
        room = budget.room(limits, left, quota)
        if room is None:
            return None
        held = self.held
        if held is None:
            held = budget.held_for_rankings(work.poll_states(connection, self.following.slugs), now)
        return max(0, room - held)

    def commit(self, batch: Batch, then: Callable[[duckdb.DuckDBPyConnection], None] | None = None) -> None:
        """Write a batch together with the calls counted since the last one."""
        counts = self.calls.drain()
        batch.add([Change("api_calls", Mode.ADD, CallCount._fields, counts)])
        try:
            self.warehouse.commit(batch, then)
        except UnstorableError:
            self.calls.give_back(counts)
            raise


def batch_of(changes: Iterable[Change]) -> Batch:
    """Put changes together that are to be committed together."""
    batch = Batch()
    batch.add(changes)
    return batch
