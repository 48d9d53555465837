"""Runs that a person or the daemon started carry the names of their charts, at no call and at no risk."""

import dagster as dg
import pytest

from soundcharts_assets.automation.naming import name_run
from soundcharts_assets.automation.tags import CHART, FIRST_OF_RANGE, LAST_OF_RANGE, PARTITION
from soundcharts_assets.checks import QUALITY
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import CASCADE, register_charts
from tests.conftest import Bench
from tests.warehouse.helpers import HOLD_FILE, another_process, end

SLUGS = ("viral-50-40", "top-50-58", "top-songs-70", "top-songs-31")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def known(bench: Bench) -> Bench:
    """A bench whose warehouse has the rankings of four charts, and which asks for nothing more."""
    bench.follow(*SLUGS)
    content = bench.content
    bench.content = {"charts": [{"slug": slug, "cascade": False} for slug in SLUGS]}
    bench.sync()
    register_charts(bench.instance, SLUGS)
    bench.sandbox.reset()
    bench.content = content | {"platforms": {"track_audience": [], "artist_audience": [], "artist_listening": []}}
    return bench


def run(bench: Bench, job: str = CASCADE, partition: str | None = None, **tags: str) -> dg.DagsterRun:
    """Carry out a job as Dagster does, and return the run as it is on record then."""
    definitions = build_definitions(bench.refresher().settings, bench.refresher())
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=bench.instance, partition_key=partition, tags=tags, run_config=QUIET, raise_on_error=False
    )
    assert result.success
    recorded = bench.instance.get_run_by_id(result.run_id)
    assert recorded is not None
    return recorded


def title(bench: Bench, slug: str) -> str:
    """The name of a chart as Soundcharts has it."""
    return str(bench.one("SELECT name FROM soundcharts.charts WHERE slug = ?", slug))


def test_a_run_of_one_chart_that_was_started_by_hand_is_named_after_it(known: Bench) -> None:
    assert run(known, partition=SLUGS[0]).tags[CHART] == "Viral 50, spotify, Brazil"


def test_a_run_of_a_range_of_charts_names_some_of_them_and_says_how_many_more(known: Bench) -> None:
    tags = run(known, **{FIRST_OF_RANGE: SLUGS[0], LAST_OF_RANGE: SLUGS[3]}).tags

    assert tags[CHART].split("; ")[0].startswith(title(known, SLUGS[0]))
    assert tags[CHART].split("; ")[1].startswith(title(known, SLUGS[1]))
    assert tags[CHART].endswith(" and 1 more")
    assert (tags[FIRST_OF_RANGE], tags[LAST_OF_RANGE]) == (SLUGS[0], SLUGS[3])


def test_a_name_that_a_run_was_started_with_stays(known: Bench) -> None:
    assert run(known, partition=SLUGS[0], **{CHART: "mine"}).tags[CHART] == "mine"


def test_a_chart_that_was_never_heard_of_goes_by_its_slug(bench: Bench) -> None:
    bench.follow(SLUGS[0], platforms={"track_audience": [], "artist_audience": [], "artist_listening": []})
    register_charts(bench.instance, SLUGS[:1])

    assert run(bench, partition=SLUGS[0]).tags[CHART] == SLUGS[0]


def test_a_run_that_is_about_no_chart_has_no_name_of_one(known: Bench) -> None:
    assert CHART not in run(known, QUALITY).tags


def begun(bench: Bench) -> dg.DagsterRun:
    """A run of one chart that has just begun."""
    job = build_definitions(bench.refresher().settings).resolve_job_def(CASCADE)
    return bench.instance.create_run_for_job(job, tags={PARTITION: SLUGS[0]})


def test_a_name_costs_no_call(known: Bench) -> None:
    run = begun(known)
    name_run(run, known.instance, known.refresher)

    recorded = known.instance.get_run_by_id(run.run_id)
    assert recorded is not None
    assert CHART in recorded.tags
    assert known.sandbox.report().calls == 0


def test_a_locked_warehouse_leaves_a_run_without_a_name_and_does_not_fail_it(known: Bench) -> None:
    run = begun(known)
    known.content["warehouse"] = {"lock_timeout_seconds": 0.1}
    with another_process(HOLD_FILE, str(known.warehouse), "write") as process:
        name_run(run, known.instance, known.refresher)
        end(process)

    recorded = known.instance.get_run_by_id(run.run_id)
    assert recorded is not None
    assert CHART not in recorded.tags
