"""What a pass did, and what stopped it, in words and figures. How it is shown belongs to `console`."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from soundcharts_assets.api.errors import CredentialsRejected, QuotaExhausted
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.breaker import PausedError
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.warehouse.errors import WarehouseError, WarehouseLockedError


class PassInterruptedError(Exception):
    """Somebody ended a run of the pass, and meant the pass."""

    def __init__(self) -> None:
        """Say what that means for what was fetched."""
        super().__init__("interrupted; what was fetched is stored, the rest stays due. Start again to go on")


@dataclass(frozen=True)
class Failure:
    """Something that did not work, in words for people. Uuid and chart are '' where it concerns all."""

    chart: str
    subject: str
    error: str


@dataclass
class PassReport:
    """What a pass did.

    Attributes:
        charts: What became of each chart, in a few words.
        accounts: The accounts of all assets of all runs.
        calls: Calls sent, by endpoint, polls included.
        failures: What did not work.
        warnings: What worked and may not be what was meant.
        quota_left: What the last answer said is left of the quota.
        seconds: How long the pass took.
        stopped: Credentials or quota ended it early.
        interrupted: Somebody ended it early.
        unusable: Settings or warehouse made it impossible.
        left_due: Rows that are due still at the end of a whole pass; None where it did not come so far.
        avoided: Calls that a cascade without ledger and batches would have made on top.
    """

    charts: dict[str, str] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    quota_left: int | None = None
    seconds: float = 0.0
    stopped: bool = False
    interrupted: bool = False
    unusable: bool = False
    avoided: int = 0
    left_due: int | None = None

    @property
    def exit_code(self) -> int:
        """0 all settled, 1 something failed, 2 settings or warehouse unusable, 3 stopped by credentials or quota."""
        if self.unusable:
            return 2
        return 3 if self.stopped else int(bool(self.failures))

    @property
    def rows(self) -> Counter[str]:
        """Rows written, by table."""
        return sum((account.rows for account in self.accounts), Counter[str]())

    @property
    def deferred(self) -> int:
        """Due rows left for later, by a limit of the call or by the budget."""
        if self.left_due is not None:
            return self.left_due
        return sum(account.deferred for account in self.accounts)

    def stop(self, error: Exception) -> None:
        """Note what ended the pass early, so that the exit code tells it."""
        self.stopped = isinstance(error, CredentialsRejected | QuotaExhausted | PausedError)
        self.interrupted = isinstance(error, PassInterruptedError)
        locked = isinstance(error, WarehouseLockedError)
        self.unusable = isinstance(error, SettingsError | WarehouseError) and not locked
        self.failures.append(Failure("", "", explain(error)))

    def as_dict(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "charts": self.charts,
            "calls": dict(sorted(self.calls.items())),
            "rows": dict(sorted(self.rows.items())),
            "failures": [vars(failure) for failure in self.failures],
            "warnings": self.warnings,
            "deferred": self.deferred,
            "quota_left": self.quota_left,
            "seconds": round(self.seconds, 3),
        }


def explain(error: Exception) -> str:
    """What stopped everything, and what to do about it."""
    if isinstance(error, CredentialsRejected):
        return (
            f"Soundcharts rejected the credentials ({error}); check SOUNDCHARTS_APP_ID and SOUNDCHARTS_API_KEY, "
            "or SOUNDCHARTS_CLIENT_ID and SOUNDCHARTS_CLIENT_SECRET"
        )
    if isinstance(error, QuotaExhausted):
        return (
            f"the quota is used up ({error}); what was fetched is stored, the rest stays due. "
            f"See your plan at Soundcharts, or wait for its next term"
        )
    return str(error)
