"""Conditions of our own, from which the assets' automation conditions are put together.

`context.asset_graph_view` is the one piece of Dagster used here that its documentation does not cover; a test holds it.
What is looked for is said by whoever uses a condition.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, TypeAlias

import dagster as dg

Look: TypeAlias = Callable[[dg.DagsterInstance, datetime], Collection[str] | None]


class ChartsThat(dg.AutomationCondition[dg.AssetKey]):
    """True for the charts that a look finds; the look is taken once a tick, for all assets together."""

    def __init__(self, name: str, description: str, look: Look) -> None:
        """Say what to look for; a look that finds out nothing returns None, and then the last answer stands."""
        self._name = name
        self._description = description
        self._look = look
        self._looked_at: datetime | None = None
        self._found: Collection[str] | None = None

    @property
    def name(self) -> str:
        """Name in the evaluations that Dagster's UI shows."""
        return self._name

    @property
    def description(self) -> str:
        """What it is true for."""
        return self._description

    def evaluate(self, context: Any) -> dg.AutomationResult[dg.AssetKey]:
        """Return the candidates that the look finds."""
        view = context.asset_graph_view
        if self._looked_at != context.evaluation_time:
            self._found = self._look(view.instance, context.evaluation_time)
            self._looked_at = context.evaluation_time
        if self._found is None:
            last = context.previous_true_subset
            return dg.AutomationResult(context, true_subset=last if last is not None else context.get_empty_subset())
        return dg.AutomationResult(context, true_subset=self._among_candidates(context, self._found))

    def _among_candidates(self, context: Any, found: Collection[str]) -> Any:
        known = context.candidate_subset.expensively_compute_partition_keys()
        view = context.asset_graph_view
        return view.get_subset_from_partition_keys(context.key, context.partitions_def, set(found) & known)


class SomeChartThat(ChartsThat):
    """True for an asset without partitions while a look finds some chart."""

    def _among_candidates(self, context: Any, found: Collection[str]) -> Any:
        return context.candidate_subset if found else context.get_empty_subset()
