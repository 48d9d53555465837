"""The account of one asset's work: how much was due, how it ended, what it cost. Plain figures, fit for metadata."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from soundcharts_assets.refresh.outcomes import TROUBLE, Outcome, Status
from soundcharts_assets.warehouse.batch import Row
from soundcharts_assets.warehouse.tables import TABLES

_MOST_EXAMPLES = 5


@dataclass
class Account:
    """What happened to one subject for one chart.

    Attributes:
        subject: What was fetched, such as `tracks`.
        charts: For which charts.
        reached: Rows the chart reaches, due or not.
        due: Rows that had to be asked for, deferred ones included.
        planned: Calls that the due rows take at least.
        planned_rows: Due rows that these calls are for.
        deferred: Due rows that were left for later: over the limit, or after the pass had to stop.
        outcomes: How many ended how.
        rows: Rows written, by table.
        calls: Calls sent, by endpoint.
        stored: Rows that tables hold now, by table; those of its platform where the subject has one.
        quota_left: What the last answer said is left of the quota.
        examples: Some of the failures, for people.
        written: Some of the rows written, by table and then by key, each as a mapping of columns.
        held_back: Why due rows were left although nothing failed; '' where none were.
    """

    subject: str
    charts: tuple[str, ...]
    reached: int = 0
    due: int = 0
    planned: int = 0
    planned_rows: int = 0
    deferred: int = 0
    outcomes: Counter[Status] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    stored: Mapping[str, int] = field(default_factory=dict)
    quota_left: int | None = None
    examples: list[str] = field(default_factory=list)
    written: dict[str, dict[Row, Mapping[str, Any]]] = field(default_factory=dict)
    held_back: str = ""

    @property
    def chart(self) -> str:
        """The chart, or how many they are."""
        return self.charts[0] if len(self.charts) == 1 else f"{len(self.charts)} charts"

    def take(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.outcomes[outcome.status] += 1
        for change in outcome.changes:
            self.rows[change.table] += len(change.rows)
        if outcome.error and outcome.status in TROUBLE | {Status.FORBIDDEN} and len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(f"{outcome.uuid}: {outcome.error}")

    def take_back(self, outcome: Outcome) -> None:
        """Undo `take`, for an outcome that turned out not to be storable."""
        self.outcomes[outcome.status] -= 1
        for change in outcome.changes:
            self.rows[change.table] -= len(change.rows)

    def keep_some(self, outcome: Outcome) -> None:
        """Keep a few of the rows that were written for an outcome, while there are few of their table."""
        for change in outcome.changes:
            kept = self.written.setdefault(change.table, {})
            if len(kept) < _MOST_EXAMPLES and change.rows:
                key_of = itemgetter(*map(change.columns.index, TABLES[change.table].key))
                # Outcomes may bring the same rows, such as genres; no more than the first of each are looked at.
                for row in change.rows[:_MOST_EXAMPLES]:
                    if len(kept) < _MOST_EXAMPLES:
                        kept[key_of(row)] = dict(zip(change.columns, row, strict=True))

    @property
    def failed(self) -> int:
        """Rows that are to be asked for again because they failed or could not be stored."""
        return sum(self.outcomes[status] for status in TROUBLE)

    @property
    def unsettled(self) -> int:
        """Rows that have an outcome and are not settled: failed ones, and those the plan refuses."""
        return self.failed + self.outcomes[Status.FORBIDDEN]

    def figures(self) -> dict[str, int | str]:
        """The account as flat figures, in the words of the design."""
        figures: dict[str, int | str] = {
            "reached": self.reached,
            "due": self.due,
            "fetched": self.outcomes[Status.OK],
            "empty": self.outcomes[Status.EMPTY],
            "gone": self.outcomes[Status.NOT_FOUND] + self.outcomes[Status.GONE],
            "failed": self.failed,
            "deferred": self.deferred,
            "calls": self.calls.total(),
        }
        for status in (Status.UNSUPPORTED, Status.FORBIDDEN):
            if self.outcomes[status]:
                figures[status.value] = self.outcomes[status]
        if self.quota_left is not None:
            figures["quota_left"] = self.quota_left
        if self.examples:
            figures["failures"] = "\n".join(self.examples)
        return figures
