"""A simulated month: every row stays fresh, and neither a call too many nor one too few is made for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.sandbox.process import running_sandbox
from soundcharts_assets.settings.reading import load_settings
from tests.conftest import TODAY
from tests.month.data import Charts, write_charts
from tests.month.oracle import Oracle, Rules
from tests.month.provisional import DirectOperator
from tests.month.simulation import POLLS, Clock, Result, Simulation

pytestmark = pytest.mark.slow

FEW = Rules(track_audience=("spotify", "airplay"), artist_audience=("tiktok",), artist_listening=("youtube",))
TICK = timedelta(hours=3)


def settings_of(charts: Charts, rules: Rules) -> dict[str, Any]:
    """The content of `soundcharts.yaml` that asks for what the rules say."""
    audience = {} if rules.charted_within is None else {"charted_within_days": rules.charted_within.days}
    return {
        "charts": [{"slug": slug, "cascade": slug not in charts.rankings_only} for slug in charts.slugs],
        "platforms": {
            "track_audience": list(rules.track_audience),
            "artist_audience": list(rules.artist_audience),
            "artist_listening": list(rules.artist_listening),
        },
        "audience": audience,
        "api": {"calls_per_minute": 100_000, "polls_per_minute": 100_000, "workers": 8, "backoff_seconds": 0.01},
    }


@contextmanager
def simulated(
    folder: Path,
    charts: Charts,
    rules: Rules,
    tick: timedelta = timedelta(minutes=30),
) -> Iterator[tuple[Simulation, DirectOperator]]:
    """A sandbox on these charts, and an operator who follows them by these rules."""
    config = folder / "soundcharts.yaml"
    with config.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(settings_of(charts, rules), file)
    clock = Clock(TODAY)
    with running_sandbox(data=charts.folder, today=TODAY.date()) as sandbox:
        settings = load_settings(
            {
                "SOUNDCHARTS_BASE_URL": sandbox.url,
                "SOUNDCHARTS_APP_ID": "soundcharts",
                "SOUNDCHARTS_API_KEY": "soundcharts",
                "SOUNDCHARTS_WAREHOUSE": str(folder / "warehouse.duckdb"),
                "SOUNDCHARTS_CONFIG": str(config),
            }
        )
        refresher = Refresher(settings, clock=clock)
        simulation = Simulation(
            sandbox,
            refresher.warehouse,
            clock,
            rules,
            Oracle(charts.folder, TODAY, charts.rankings_only, rules),
            Oracle(charts.folder, TODAY, charts.rankings_only, replace(rules, waits_for_crawls=False)),
            tick,
        )
        yield simulation, DirectOperator(refresher)


@pytest.fixture(scope="module")
def short_result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Eight days of eight charts, one more than an empty series rests."""
    folder = tmp_path_factory.mktemp("month")
    charts = write_charts(folder / "data", 8)
    with simulated(folder, charts, FEW, TICK) as (simulation, operator):
        return simulation.live(operator, days=8)


def test_the_calls_are_those_that_the_runs_needed(short_result: Result) -> None:
    asked = {endpoint: count for endpoint, count in short_result.calls.items() if endpoint != POLLS}
    assert asked == short_result.needed
    assert short_result.stored == short_result.published


def test_no_row_grows_older_than_its_window_allows(short_result: Result) -> None:
    # A stale chart is left for its own next update for half an hour, and then a tick has to come.
    patience = timedelta(minutes=30) + TICK
    oldest = {subject: short_result.oldest(subject) for subject in FEW.subjects}
    late = {subject: age for subject, age in oldest.items() if age > FEW.fail_window(subject) + patience}
    assert late == {}


def test_waiting_for_crawls_saves_calls(short_result: Result) -> None:
    asked = sum(count for endpoint, count in short_result.calls.items() if endpoint.startswith("artist_audience/"))
    assert asked < 0.7 * short_result.daily_followers
