"""What Dagster's daemon does, by hand and on a clock that stands still: ticks are evaluated, what they ask for is run.

The live test has the daemon itself.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import dagster as dg

from soundcharts_assets.automation.alerts import Alerts
from soundcharts_assets.automation.chart_updates import tick
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import CASCADE, PARTITIONS
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.errors import WarehouseLockedError

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_CHARTS_PER_RUN = 10


@dataclass(frozen=True)
class RunAsked:
    """A run that a tick asked for: its charts, and why."""

    charts: tuple[str, ...]
    cause: str
    tags: dict[str, str] = field(default_factory=dict)


class Operator:
    """Evaluates sensor and condition, and carries out runs in this process."""

    def __init__(
        self, settings: Callable[[], Settings], instance: dg.DagsterInstance, clock: Callable[[], datetime]
    ) -> None:
        """Begin with no tick evaluated yet."""
        self.settings = settings
        self.instance = instance
        self.clock = clock
        self.skipped = ""
        self._cursor: Any = None
        # Loaded once, as a daemon has it; settings are read anew at every tick.
        self._loaded = self.definitions()

    def refresher(self) -> Refresher:
        """A refresher as a tick has it."""
        return Refresher(self.settings().for_polling(), clock=self.clock, lock_timeout_seconds=1)

    def definitions(self) -> dg.Definitions:
        """The code location, as a new process would load it."""
        settings = self.settings()
        return build_definitions(
            settings, Refresher(settings, clock=self.clock), reload=self._settings_now, clock=self.clock
        )

    def _settings_now(self) -> Settings:
        # A test may put others in their place.
        return self.settings()

    def sensor_tick(self) -> list[RunAsked]:
        """Evaluate the sensor of chart updates."""
        refresher = self.refresher()
        try:
            result = tick(refresher, self.instance, Alerts(refresher.settings, refresher.warehouse.spool))
        except WarehouseLockedError as error:
            self.skipped = str(error)
            return []
        if isinstance(result, dg.SkipReason):
            self.skipped = result.skip_message or ""
            return []
        return [
            RunAsked((request.partition_key or "",), "update", dict(request.tags))
            for request in result.run_requests or ()
        ]

    def automation_tick(self) -> list[RunAsked]:
        """Evaluate the condition of all assets; neighbouring charts become one run, as a backfill has it."""
        charts = self.requested()
        known = self.instance.get_dynamic_partitions(PARTITIONS)
        return [RunAsked(tuple(group), "stale") for group in _neighbours([known.index(one) for one in charts], known)]

    def requested(self) -> list[str]:
        """Charts that the condition of fetched assets asks for; all of them must ask for the same ones."""
        result = self._evaluated()
        keys = [spec.key for spec in self._specs() if spec.partitions_def]
        asked = {frozenset(result.get_requested_partitions(key)) for key in keys}
        assert len(asked) == 1, "assets that ask for different charts become several runs"
        return sorted(chart for chart in asked.pop() if chart is not None)

    def requested_insights(self) -> set[str]:
        """Names of the assets without partitions whose condition asks for a run."""
        result = self._evaluated()
        keys = [spec.key for spec in self._specs() if not spec.partitions_def]
        return {key.path[-1] for key in keys if result.get_requested_partitions(key)}

    def _specs(self) -> list[dg.AssetSpec]:
        return [spec for spec in self._loaded.resolve_all_asset_specs() if spec.automation_condition]

    def _evaluated(self) -> dg.EvaluateAutomationConditionsResult:
        definitions = self._loaded
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # Dagster's own, within Dagster
            result = dg.evaluate_automation_conditions(
                definitions, self.instance, evaluation_time=self.clock(), cursor=self._cursor
            )
        self._cursor = result.cursor
        return result

    def carry_out(self, run: RunAsked) -> bool:
        """Run the cascade for the charts; returns whether it succeeded."""
        definitions = self.definitions()
        job = definitions.resolve_job_def(CASCADE)
        if len(run.charts) == 1:
            result = job.execute_in_process(
                partition_key=run.charts[0],
                instance=self.instance,
                run_config=_QUIET,
                tags=run.tags,
                raise_on_error=False,
            )
        else:
            span = {
                "dagster/asset_partition_range_start": run.charts[0],
                "dagster/asset_partition_range_end": run.charts[-1],
            }
            result = job.execute_in_process(
                instance=self.instance, run_config=_QUIET, tags={**run.tags, **span}, raise_on_error=False
            )
        return result.success

    def carry_out_for(self, chart: str) -> bool:
        """Run the cascade for a chart, as somebody in Dagster's UI would."""
        return self.carry_out(RunAsked((chart,), "by hand"))

    def unfinished_run(
        self,
        chart: str,
        status: dg.DagsterRunStatus,
        tags: Mapping[str, str] | None = None,
    ) -> dg.DagsterRun:
        """Put a run about a chart on record that has not ended."""
        job = self._loaded.resolve_job_def(CASCADE)
        run = self.instance.create_run_for_job(job, tags={"dagster/partition": chart, **(tags or {})})
        if status is dg.DagsterRunStatus.STARTED:
            begun = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, CASCADE, message="begun by a test")
            self.instance.report_dagster_event(begun, run_id=run.run_id)
        return run


def _neighbours(places: Sequence[int], known: Sequence[str]) -> Iterator[list[str]]:
    """Group places that follow each other, ten at most."""
    group: list[str] = []
    ordered = sorted(places)
    for place, following in [*pairwise([*ordered, len(known) + 1])]:
        group.append(known[place])
        if following != place + 1 or len(group) == _CHARTS_PER_RUN:
            yield group
            group = []
