"""What the next pass and a month would cost, worked out before anything is spent.

The next pass is counted by the code that would carry it out, told to ask for nothing. How it is shown is `console`'s
business.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from soundcharts_assets.api.errors import SoundchartsError
from soundcharts_assets.refresh import budget, charts
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.month import month_of
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.warehouse import work


@dataclass
class Plan:
    """A forecast.

    Attributes:
        accounts: What the next pass would ask for, by chart and asset; nothing in it was asked for.
        polls: Calls for polls of the next pass.
        room: Requests that budget and reserve leave for it, None for no limit.
        deferred: Due rows that would have to wait.
        month: Calls of thirty days at the current settings, by asset.
        unknown: Charts of which no ranking is stored, so that the month counts an assumption for them.
        quota_left: Requests that are left of the quota; None where that could not be found out.
        quota_error: Why not.
        daily: Requests a day that the budget allows, None for no limit.
        spent_today: Requests spent today.
        reserve: Requests that are never spent.
    """

    accounts: list[Account] = field(default_factory=list)
    polls: int = 0
    room: int | None = None
    deferred: int = 0
    month: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    quota_left: int | None = None
    quota_error: str = ""
    daily: int | None = None
    spent_today: int = 0
    reserve: int = 0

    @property
    def calls(self) -> int:
        """Calls of the next pass, as far as the warehouse knows: a new ranking may bring more."""
        return self.polls + sum(account.planned for account in self.accounts)

    def by_asset(self) -> Counter[str]:
        """Calls of the next pass by asset; polls are the asset `charts`."""
        calls = Counter({charts.CHARTS: self.polls})
        for account in self.accounts:
            calls[account.subject] += account.planned
        return calls

    def by_chart(self) -> dict[str, dict[str, int]]:
        """Calls of the next pass by chart and asset, polls left out."""
        calls: dict[str, dict[str, int]] = {}
        for account in self.accounts:
            if account.planned:
                calls.setdefault(account.chart, {})[account.subject] = account.planned
        return calls

    def as_dict(self) -> dict[str, Any]:
        """The plan as one JSON object."""
        return {
            "next_pass": {
                "calls": self.calls,
                "by_asset": dict(self.by_asset()),
                "by_chart": self.by_chart(),
                "room": self.room,
                "deferred_rows": self.deferred,
            },
            "month": {"calls": self.month.total(), "by_asset": dict(self.month), "assumed_for": self.unknown},
            "quota_left": self.quota_left,
            "budget": {"daily": self.daily, "spent_today": self.spent_today, "reserve": self.reserve},
        }


def make_plan(refresher: Refresher, named: Sequence[str] = ()) -> Plan:
    """Work out what the next pass over the named charts, or all followed ones, would cost. No call is billed.

    Raises:
        WarehouseError: The warehouse cannot be used.
    """
    slugs = list(dict.fromkeys(named)) or refresher.following.slugs
    plan = Plan(polls=len(slugs), reserve=refresher.settings.file.budget.reserve)
    plan.quota_left, plan.quota_error = _quota(refresher)
    with refresher.calling("plan", asks=False):
        refresher.follow()
        _next_pass(plan, refresher, slugs)
        states = refresher.poll_states(slugs)
        with refresher.warehouse.connect() as connection:
            plan.spent_today = work.spent_since(connection, budget.day_of(refresher.clock()))
            subjects = work.month(connection, refresher.all_due(refresher.clock()), now=refresher.clock())
    plan.daily = refresher.settings.file.budget.daily_limit
    plan.unknown = [state.slug for state in states if state.newest_stored is None]
    cascading = [state for state in states if refresher.following.chart(state.slug).cascade]
    plan.month = month_of(refresher.settings, refresher.following, states, cascading, subjects)
    return plan


def _quota(refresher: Refresher) -> tuple[int | None, str]:
    if not refresher.settings.credentials.present:
        return None, "there are no credentials"
    try:
        return refresher.client.look_at_quota(), ""
    except SoundchartsError as error:
        return None, str(error)


def _next_pass(plan: Plan, refresher: Refresher, slugs: Sequence[str]) -> None:
    request = Request(dry_run=True)
    seen = len(refresher.accounts)
    # Whether a poll brings a ranking is not known before; what is known to be there is paid for first.
    rankings = {slug: refresher.refresh_rankings([slug], request).planned for slug in slugs}
    refresher.held = plan.polls + sum(rankings.values())
    with refresher.warehouse.connect() as connection:
        plan.room = refresher.room(connection)
    due = refresher.due_counts(slugs, affordable=True)
    for slug in slugs:
        if slug in due or rankings[slug]:
            for subject in refresher.subjects.values():
                refresher.refresh_subject(subject, [slug], request)
    plan.accounts = [account for account in refresher.accounts[seen:] if account.due]
    planned = sum(account.planned_rows for account in plan.accounts)
    plan.deferred = max(0, refresher.left_due(slugs) - planned)
