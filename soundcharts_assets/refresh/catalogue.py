"""The catalogue: which charts platforms have. Asked scope by scope, only for those wanted, and at most once a day.

Here belong the scopes, when one is due and what becomes of its answer. Which of the charts are followed is decided in
`following`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from soundcharts_assets.api.charts import charts_of_platform
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Fatal, SoundchartsError
from soundcharts_assets.api.records import ChartRecord
from soundcharts_assets.following import Following, follow
from soundcharts_assets.refresh.outcomes import Outcome, Status, failure, settlement
from soundcharts_assets.settings.charts import ChartSelector
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.tables import CHART_CATALOGUE
from soundcharts_assets.warehouse.work import Work

SUBJECT = "chart_catalogue"
_GOOD_FOR = timedelta(hours=24)


class Scope(NamedTuple):
    """What one listing covers: all charts of a platform, or those of one country."""

    platform: str
    country_code: str | None = None

    @property
    def uuid(self) -> str:
        """How the ledger names it."""
        return self.platform if self.country_code is None else f"{self.platform}@{self.country_code}"


class Known(NamedTuple):
    """What the ledger says of a scope."""

    status: str | None = None
    fetched_at: datetime | None = None
    not_before: datetime | None = None
    attempts: int = 0
    error: str | None = None


def scopes_for(platform: str, countries: Sequence[str] | None) -> list[Scope]:
    """What to ask for the charts of these countries, None for all; the worldwide ones only come with the platform."""
    if countries is None or "" in countries:
        return [Scope(platform)]
    return [Scope(platform, country) for country in countries]


def scopes_of(selectors: Iterable[ChartSelector]) -> list[Scope]:
    """What to ask for all of these selectors, nothing twice."""
    asked = [scope for selector in selectors for scope in scopes_for(selector.platform, selector.countries)]
    whole = [scope for scope in asked if scope.country_code is None]
    return list(dict.fromkeys(scope for scope in asked if scope in whole or Scope(scope.platform) not in whole))


class Catalogue:
    """The catalogue of one warehouse, and who is followed by it."""

    def __init__(self, settings: FileSettings, warehouse: Warehouse, clock: Callable[[], datetime]) -> None:
        """Say whose selectors count and where the catalogue is. Nothing is opened yet."""
        self._settings = settings
        self._warehouse = warehouse
        self._clock = clock
        self._following: Following | None = None

    @property
    def following(self) -> Following:
        """The charts that are followed; the catalogue is read once, and only where there are selectors.

        Raises:
            WarehouseError: It cannot be read.
        """
        if self._following is None:
            self._following = follow(self._settings, self.charts() if self._settings.selectors else ())
        return self._following

    def charts(self) -> list[ChartRecord]:
        """Every chart that was listed, by platform, country and title."""
        if not self._warehouse.is_made():
            return []
        with self._warehouse.connect() as connection:
            rows = connection.execute(
                """
                SELECT slug, name, platform, type, frequency, country_code, country_name, city_name, max_results,
                    NULL AS metric, web_url
                FROM soundcharts.chart_catalogue
                ORDER BY platform, country_code, name, slug
                """
            ).fetchall()
        return [ChartRecord(*row) for row in rows]

    def known(self, scope: Scope) -> Known:
        """What the ledger says of a scope, or of its whole platform where that was listed within a day."""
        ledger = self._ledger()
        whole = ledger.get(Scope(scope.platform).uuid, Known())
        return whole if self._is_fresh(whole) else ledger.get(scope.uuid, Known())

    def due(self, scopes: Sequence[Scope]) -> list[Scope]:
        """Those of the scopes that were not listed within a day, nor with their whole platform, and need not wait."""
        ledger = self._ledger() if scopes else {}
        return [
            scope
            for scope in scopes
            if self._is_due(ledger.get(scope.uuid, Known()))
            and not self._is_fresh(ledger.get(Scope(scope.platform).uuid, Known()))
        ]

    def refresh(
        self,
        client: Callable[[], Client],
        commit: Callable[[Batch], None],
        scopes: Sequence[Scope] | None = None,
        *,
        force: bool = False,
    ) -> list[Outcome]:
        """List what is due, and forget who was followed by what was known before.

        Args:
            client: Tells whom to ask, once there is something to ask.
            commit: Writes a batch.
            scopes: What is wanted; what the selectors need where left out.
            force: Whether to ask for what is not due, too.

        Returns:
            One outcome for each scope that was asked for. Where one failed, its charts stay what they were.

        Raises:
            Fatal: Credentials, quota or host; what was listed before is stored.
        """
        wanted = scopes_of(self._settings.selectors) if scopes is None else scopes
        outcomes = []
        try:
            for scope in wanted if force else self.due(wanted):
                outcome = self._list(client(), scope)
                known = self._ledger().get(scope.uuid, Known())
                before = Work(scope.uuid, known.status, known.fetched_at, None, known.attempts)
                batch = Batch()
                batch.add(settlement(SUBJECT, before, outcome, _GOOD_FOR))
                commit(batch)
                outcomes.append(outcome)
        finally:
            self._following = None
        return outcomes

    def _list(self, client: Client, scope: Scope) -> Outcome:
        try:
            listed = charts_of_platform(client, scope.platform, scope.country_code)
        except Fatal:
            raise
        except SoundchartsError as error:
            return failure(scope.uuid, error, self._clock())
        at = self._clock()
        *columns, _ = CHART_CATALOGUE.names
        rows = [(*(getattr(chart, name) for name in columns), at) for chart in listed]
        # Charts that the scope held and does not hold any more go in the same transaction.
        slugs = [*self._stored(scope), *(chart.slug for chart in listed)]
        change = Change(SUBJECT, Mode.REPLACE, CHART_CATALOGUE.names, rows, [(slug,) for slug in slugs])
        return Outcome(scope.uuid, Status.OK, at, [change])

    def _stored(self, scope: Scope) -> Iterator[str]:
        for chart in self.charts():
            if chart.platform == scope.platform and scope.country_code in {None, chart.country_code.upper()}:
                yield chart.slug

    def _ledger(self) -> dict[str, Known]:
        with self._warehouse.connect() as connection:
            rows = connection.execute(
                """
                SELECT uuid, status, fetched_at, not_before, attempts, error
                FROM soundcharts.fetches
                WHERE subject = $subject
                """,
                {"subject": SUBJECT},
            ).fetchall()
        return {uuid: Known(*values) for uuid, *values in rows}

    def _is_fresh(self, known: Known) -> bool:
        return known.fetched_at is not None and self._clock() - known.fetched_at < _GOOD_FOR

    def _is_due(self, known: Known) -> bool:
        waits = known.not_before is not None and known.not_before > self._clock()
        return not waits and not self._is_fresh(known)
