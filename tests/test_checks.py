"""What is watched: on a sound warehouse all checks pass, and a planted defect fails its own check and no other."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from soundcharts_assets.checks import DAILY, QUALITY, Check, evaluate, rankings_check
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import CASCADE, register_charts
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.sandbox.process import Sandbox
from tests.automation.test_chart_updates import webhook
from tests.conftest import TODAY, Bench
from tests.warehouse.helpers import HOLD_FILE, another_process, end

CHARTS = ("viral-50-40", "top-200-52")
CONTENT: dict[str, Any] = {
    "charts": [{"slug": CHARTS[0], "history_days": 4}, {"slug": CHARTS[1], "cascade": False}],
    "platforms": {
        "track_audience": ["spotify", "airplay"],
        "artist_audience": ["youtube"],
        "artist_listening": ["spotify"],
    },
}
NOW = f"TIMESTAMPTZ '{TODAY.isoformat()}'"
TRACK = f"(SELECT max(track_uuid) FROM soundcharts.chart_entries WHERE chart_slug = '{CHARTS[0]}')"
NEWEST = f"(SELECT max(ranked_at) FROM soundcharts.chart_rankings WHERE chart_slug = '{CHARTS[0]}')"
PLACE = f"chart_slug = '{CHARTS[0]}' AND ranked_at = {NEWEST} AND position"

DEFECTS: Mapping[str, tuple[str, str, str]] = {
    "a day of a series is stored twice": (
        "INSERT INTO track_audience SELECT * FROM track_audience LIMIT 1",
        "every_key_is_stored_once",
        "track_audience: ",
    ),
    "a place of a ranking is stored twice": (
        f"INSERT INTO chart_entries SELECT * FROM chart_entries WHERE {PLACE} = 7",
        "every_key_is_stored_once",
        f"chart_entries: {CHARTS[0]}, ",
    ),
    "a ranking lacks a place": (
        f"DELETE FROM chart_entries WHERE {PLACE} = 7",
        "every_ranking_is_complete",
        "49 of 50 places",
    ),
    "a ranking was half replaced": (
        f"UPDATE chart_rankings SET entry_count = 40 WHERE chart_slug = '{CHARTS[0]}' AND ranked_at = {NEWEST}",
        "every_ranking_is_complete",
        "50 of 40 places",
    ),
    "entries are stored without their ranking": (
        f"DELETE FROM chart_rankings WHERE chart_slug = '{CHARTS[0]}' AND ranked_at = {NEWEST}",
        "every_ranking_is_complete",
        "entries without a ranking",
    ),
    "a place lies below the first": (
        f"UPDATE chart_entries SET position = 0 WHERE {PLACE} = 7",
        "every_ranking_is_complete",
        "place 0",
    ),
    "a ranking leaves a place out": (
        f"UPDATE chart_entries SET position = 51 WHERE {PLACE} = 7",
        "no_ranking_leaves_a_place_out",
        "50 entries on places 1 to 51",
    ),
    "a ranked track has no row": (
        f"DELETE FROM tracks WHERE uuid = {TRACK}",
        "every_ranked_track_has_a_row",
        "track {track}, ranked on ",
    ),
    "a credited artist has no row": (
        f"DELETE FROM artists WHERE uuid IN (SELECT artist_uuid FROM track_artists WHERE track_uuid = {TRACK})",
        "every_credit_has_its_artist",
        "credited on track ",
    ),
    "a track is settled and has no metadata": (
        f"UPDATE tracks SET fetched_at = NULL WHERE uuid = {TRACK}",
        "no_metadata_is_missing",
        "track {track}: ok",
    ),
    "a track fails since yesterday and has no metadata": (
        f"UPDATE tracks SET fetched_at = NULL, discovered_at = {NOW} - INTERVAL 25 HOUR WHERE uuid = {TRACK};"
        f"UPDATE fetches SET status = 'failed', fetched_at = NULL, not_before = {NOW} + INTERVAL 1 HOUR "
        f"WHERE subject = 'tracks' AND uuid = {TRACK}",
        "no_metadata_is_missing",
        "track {track}: failed",
    ),
    "a series is past its window for more than an hour": (
        f"UPDATE fetches SET fetched_at = {NOW} - INTERVAL '25 hours 1 minute', not_before = NULL "
        f"WHERE subject = 'track_audience/spotify' AND uuid = {TRACK}",
        "no_row_is_past_its_window",
        "track_audience/spotify of {track} on ",
    ),
    "a series was never asked for": (
        f"DELETE FROM fetches WHERE subject = 'track_audience/airplay' AND uuid = {TRACK};"
        f"UPDATE tracks SET discovered_at = {NOW} - INTERVAL '61 minutes' WHERE uuid = {TRACK}",
        "no_row_is_past_its_window",
        "track_audience/airplay of {track} on ",
    ),
    "a counter of streams falls": (
        "UPDATE track_audience SET value = value // 2 WHERE platform = 'spotify' AND (track_uuid, date) = "
        "(SELECT (track_uuid, max(date)) FROM track_audience WHERE platform = 'spotify' AND value > 100 "
        "GROUP BY track_uuid HAVING count(*) > 5 ORDER BY track_uuid LIMIT 1)",
        "no_total_falls_sharply",
        "track_audience/spotify of ",
    ),
    "a counter of views falls": (
        "UPDATE artist_audience SET views = views // 2 WHERE platform = 'youtube' AND (artist_uuid, date) = "
        "(SELECT (artist_uuid, max(date)) FROM artist_audience WHERE views > 100 AND date > DATE '2026-09-04' "
        "GROUP BY artist_uuid HAVING count(*) > 2 ORDER BY artist_uuid LIMIT 1)",
        "no_total_falls_sharply",
        "artist_audience/youtube of ",
    ),
    "days are missing in the series of a platform": (
        "DELETE FROM artist_listening WHERE date IN (DATE '2026-09-08', DATE '2026-09-09')",
        "no_platform_lacks_many_days",
        "artist_listening/spotify: ",
    ),
    "a listed ranking is wanted since yesterday": (
        f"INSERT INTO fetches (subject, uuid, status, attempts) VALUES "
        f"('chart_rankings', '{CHARTS[0]}@2026-09-14T11:59:59+00:00', 'wanted', 0);"
        f"UPDATE fetches SET fetched_at = {NOW} - INTERVAL 25 HOUR WHERE subject = 'available_rankings'",
        "no_wanted_ranking_is_missing",
        f"{CHARTS[0]} of 2026-09-14T11:59:59+00:00: wanted",
    ),
    "a listed ranking failed": (
        f"INSERT INTO fetches (subject, uuid, status, attempts, error) VALUES "
        f"('chart_rankings', '{CHARTS[0]}@2026-09-14T11:59:59+00:00', 'failed', 1, 'HTTP 500')",
        "no_wanted_ranking_is_missing",
        "failed, HTTP 500",
    ),
    "a tenth of a platform's rows fail": (
        f"UPDATE fetches SET status = 'failed', not_before = {NOW} + INTERVAL 1 HOUR, error = 'HTTP 500' "
        "WHERE subject = 'artist_audience/youtube' AND hash(uuid) % 10 = 0",
        "no_asset_fails_often",
        "artist_audience/youtube: ",
    ),
}
"""What goes wrong: the statements that plant it, the one check that finds it, and what its example says."""

NOT_DEFECTS: Mapping[str, str] = {
    "a row is due for less than an hour": (
        f"UPDATE fetches SET fetched_at = {NOW} - INTERVAL '24 hours 59 minutes' "
        f"WHERE subject = 'track_audience/spotify' AND uuid = {TRACK}"
    ),
    "a stale row is told to wait": (
        f"UPDATE fetches SET fetched_at = {NOW} - INTERVAL 3 DAY, not_before = {NOW} + INTERVAL 1 MINUTE "
        f"WHERE subject = 'track_audience/spotify' AND uuid = {TRACK}"
    ),
    "a track was discovered half an hour ago": (
        f"DELETE FROM fetches WHERE uuid = {TRACK};"
        f"UPDATE tracks SET fetched_at = NULL, discovered_at = {NOW} - INTERVAL 30 MINUTE WHERE uuid = {TRACK}"
    ),
    "a track is gone": (
        f"UPDATE tracks SET fetched_at = NULL, discovered_at = {NOW} - INTERVAL 9 DAY WHERE uuid = {TRACK};"
        f"UPDATE fetches SET status = 'gone' WHERE subject = 'tracks' AND uuid = {TRACK}"
    ),
    "a chart is followed no more, and its rows grow old": (
        f"UPDATE charts SET followed = false WHERE slug = '{CHARTS[0]}';"
        "UPDATE tracks SET fetched_at = NULL WHERE uuid IN ("
        f"SELECT track_uuid FROM chart_entries WHERE chart_slug = '{CHARTS[0]}' EXCEPT "
        f"SELECT track_uuid FROM chart_entries WHERE chart_slug = '{CHARTS[1]}');"
        f"UPDATE fetches SET fetched_at = {NOW} - INTERVAL 90 DAY WHERE uuid IN ("
        f"SELECT track_uuid FROM chart_entries WHERE chart_slug = '{CHARTS[0]}' EXCEPT "
        f"SELECT track_uuid FROM chart_entries WHERE chart_slug = '{CHARTS[1]}')"
    ),
    "tracks left the charts long ago, and their series grow old": (
        f"UPDATE chart_entries SET ranked_at = {NOW} - INTERVAL 31 DAY WHERE chart_slug = '{CHARTS[0]}' "
        f"AND ranked_at = {NEWEST};"
        f"UPDATE chart_rankings SET ranked_at = {NOW} - INTERVAL 31 DAY WHERE chart_slug = '{CHARTS[0]}' "
        f"AND ranked_at = {NEWEST};"
        f"UPDATE fetches SET fetched_at = {NOW} - INTERVAL 3 DAY WHERE subject LIKE 'track_audience/%' AND uuid IN "
        f"(SELECT track_uuid FROM chart_entries GROUP BY track_uuid HAVING max(ranked_at) < {NOW} - INTERVAL 30 DAY)"
    ),
    "a total falls by a little": (
        "UPDATE track_audience SET value = value - value // 100 WHERE platform = 'spotify' AND (track_uuid, "
        "date) = (SELECT (track_uuid, max(date)) FROM track_audience WHERE platform = 'spotify' AND value > "
        "100 GROUP BY track_uuid ORDER BY track_uuid LIMIT 1)"
    ),
    "listeners fall by half": (
        f"UPDATE artist_listening SET value = value // 2 WHERE date = ({NOW} - INTERVAL 1 DAY)::DATE"
    ),
    "a ranking was listed an hour ago": (
        f"INSERT INTO fetches (subject, uuid, status, attempts) VALUES "
        f"('chart_rankings', '{CHARTS[0]}@2026-09-14T11:59:59+00:00', 'wanted', 0)"
    ),
    "a ranking from before the wanted history is not stored": (
        f"INSERT INTO fetches (subject, uuid, status, attempts) VALUES "
        f"('chart_rankings', '{CHARTS[0]}@2026-08-14T12:00:00+00:00', 'failed', 9)"
    ),
    "rows failed that nobody asks for any more": (
        "INSERT INTO fetches (subject, uuid, status, attempts, not_before) "
        f"SELECT 'artist_audience/youtube', 'former ' || number, 'failed', 9, {NOW} - INTERVAL 90 DAY "
        "FROM range(100) AS numbers (number)"
    ),
}
"""What looks like a defect and is none."""


@pytest.fixture(scope="module")
def sound(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench after one cold pass, whose warehouse no test writes to."""
    shared_sandbox.faults([])
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(shared_sandbox, tmp_path_factory.mktemp("sound"), instance, content=CONTENT)
        assert bench.sync().exit_code == 0
        yield bench


@pytest.fixture
def copied(sound: Bench, tmp_path: Path) -> Bench:
    """The same with a warehouse of its own, to plant defects in."""
    shutil.copy(sound.folder / "warehouse.duckdb", tmp_path)
    return replace(sound, folder=tmp_path)


def plant(bench: Bench, statements: str) -> None:
    """Change the warehouse past the program."""
    with duckdb.connect(str(bench.folder / "warehouse.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET schema = 'soundcharts'")
        for statement in statements.split(";"):
            connection.execute(statement)


def failing(bench: Bench) -> dict[str, dg.AssetCheckResult]:
    """The daily checks that do not pass, by name."""
    refresher = bench.refresher()
    with refresher.warehouse.connect():  # a file that is open already is opened at once
        results = {check.name: evaluate(check, refresher) for check in DAILY}
    return {name: result for name, result in results.items() if not result.passed}


def text(result: dg.AssetCheckResult, key: str) -> str:
    return str(result.metadata[key].value)


def examples(result: dg.AssetCheckResult) -> str:
    return "\n".join(text(result, key) for key in result.metadata if key.startswith("example_"))


def text_of(evaluation: dg.AssetCheckEvaluation, key: str) -> str:
    return str(evaluation.metadata[key].value)


def check_named(name: str) -> Check:
    return next(check for check in DAILY if check.name == name)


def test_all_checks_pass_after_a_cold_pass_and_each_has_looked_at_something(sound: Bench) -> None:
    refresher = sound.refresher()
    with refresher.warehouse.connect():
        results = [evaluate(check, refresher) for check in DAILY]

    for result in results:
        assert result.passed, (result.check_name, result.metadata)
        assert result.metadata["offending"].value == 0
        assert int(text(result, "looked_at")) > 0, result.check_name


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_fails_its_own_check_and_names_it(copied: Bench, defect: str) -> None:
    statements, name, example = DEFECTS[defect]
    track = copied.one(f"SELECT {TRACK}")
    plant(copied, statements)

    found = failing(copied)

    assert list(found) == [name]
    result = found[name]
    assert result.severity is check_named(name).severity
    assert 0 < int(text(result, "offending")) <= int(text(result, "looked_at"))
    assert example.format(track=track) in examples(result)
    assert text(result, "what_to_do")


@pytest.mark.parametrize("what", NOT_DEFECTS)
def test_what_is_no_defect_fails_no_check(copied: Bench, what: str) -> None:
    plant(copied, NOT_DEFECTS[what])

    assert failing(copied) == {}


def test_five_examples_are_named_however_many_there_are(copied: Bench) -> None:
    plant(
        copied,
        "DELETE FROM soundcharts.chart_entries WHERE position = 7; UPDATE soundcharts.tracks SET uuid = uuid || 'x'",
    )

    tracks = failing(copied)["every_ranked_track_has_a_row"]

    assert int(text(tracks, "offending")) == copied.one(
        "SELECT count(DISTINCT track_uuid) FROM soundcharts.chart_entries"
    )
    assert len(examples(tracks).splitlines()) == 5


@pytest.mark.parametrize(
    ("quality", "name"),
    [
        ({"largest_fall": 0.6}, "a counter of streams falls"),
        ({"most_days_missing": 0.5}, "days are missing in the series of a platform"),
        ({"most_failed": 0.5}, "a tenth of a platform's rows fail"),
        ({"settled_within_hours": 26}, "a listed ranking is wanted since yesterday"),
        ({"settled_within_hours": 26}, "a track fails since yesterday and has no metadata"),
    ],
)
def test_the_settings_say_what_is_too_much(copied: Bench, quality: dict[str, float], name: str) -> None:
    plant(copied, DEFECTS[name][0])
    copied.content = CONTENT | {"quality": quality}

    assert failing(copied) == {}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"budget": {"daily": 100}}, "budget"), ({"budget": {"reserve": 5}}, "budget"), ({}, "paused for quota")],
)
def test_stale_rows_only_warn_where_the_user_or_the_quota_holds_them_back(
    copied: Bench, settings: dict[str, Any], reason: str
) -> None:
    plant(copied, DEFECTS["a series was never asked for"][0])
    if not settings:
        plant(
            copied,
            "INSERT INTO soundcharts.fetches (subject, uuid, status, fetched_at, not_before, attempts, error) "
            f"VALUES ('breaker', 'quota', 'open', {NOW}, {NOW}, 0, 'spent')",
        )
    copied.content = CONTENT | settings

    result = failing(copied)["no_row_is_past_its_window"]

    assert result.severity is dg.AssetCheckSeverity.WARN
    assert reason in text(result, "what_to_do")


def test_the_check_of_freshness_and_the_work_lists_of_an_hour_ago_agree(copied: Bench) -> None:
    plant(
        copied,
        f"UPDATE soundcharts.fetches SET fetched_at = {NOW} - INTERVAL 26 HOUR WHERE hash(subject, uuid) % 7 = 0",
    )
    copied.let_pass(hours=-1)
    due = copied.refresher().left_due(CHARTS)
    copied.let_pass(hours=1)

    assert int(text(failing(copied)["no_row_is_past_its_window"], "offending")) == due > 0


def run_quality(bench: Bench) -> dg.ExecuteInProcessResult:
    """Run the job of the daily schedule."""
    definitions = build_definitions(bench.refresher().settings, bench.refresher())
    return definitions.resolve_job_def(QUALITY).execute_in_process(instance=bench.instance, raise_on_error=False)


def test_the_daily_job_checks_everything_and_asks_nobody(copied: Bench) -> None:
    copied.sandbox.reset()
    result = run_quality(copied)

    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert {evaluation.check_name for evaluation in evaluations} == {check.name for check in DAILY}
    assert all(evaluation.passed for evaluation in evaluations)
    assert copied.sandbox.report().calls == 0


def test_the_daily_job_succeeds_whatever_it_finds(copied: Bench) -> None:
    plant(copied, DEFECTS["a ranking lacks a place"][0])
    result = run_quality(copied)

    assert result.success
    (failed,) = [evaluation for evaluation in result.get_asset_check_evaluations() if not evaluation.passed]
    assert failed.check_name == "every_ranking_is_complete"
    assert failed.severity is dg.AssetCheckSeverity.ERROR
    assert failed.description == f"1 of {text_of(failed, 'looked_at')} offend"


def test_a_failing_check_is_told_to_the_webhook_once_and_a_warning_is_not(copied: Bench) -> None:
    with webhook() as (address, told):

        def quality_of(bench: Bench) -> None:
            refresher = Refresher(bench.settings(bench.content, SOUNDCHARTS_WEBHOOK=address), clock=lambda: bench.now)
            job = build_definitions(refresher.settings, refresher).resolve_job_def(QUALITY)
            with refresher.warehouse.connect():
                assert job.execute_in_process(instance=bench.instance, run_config=QUIET).success

        plant(copied, DEFECTS["a counter of streams falls"][0])
        quality_of(copied)
        assert told == []

        plant(copied, DEFECTS["a ranking lacks a place"][0])
        quality_of(copied)
        quality_of(copied)
        assert len(told) == 1
        assert "every_ranking_is_complete (1 of " in told[0]


def test_the_daily_job_runs_every_day_by_itself(sound: Bench) -> None:
    schedule = build_definitions(sound.refresher().settings).resolve_schedule_def(QUALITY)

    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.execution_timezone == "UTC"
    minute, hour, *days = str(schedule.cron_schedule).split()
    assert (minute + hour).isdigit()
    assert days == ["*", "*", "*"]


def test_a_locked_warehouse_is_told_of_and_fails_no_run(copied: Bench) -> None:
    copied.content = CONTENT | {"warehouse": {"lock_timeout_seconds": 0.1}}
    with another_process(HOLD_FILE, str(copied.folder / "warehouse.duckdb"), "write") as process:
        result = run_quality(copied)
        end(process)

    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert {evaluation.severity for evaluation in evaluations} == {dg.AssetCheckSeverity.WARN}
    assert all("Not looked at" in str(evaluation.description) for evaluation in evaluations)
    assert all(str(process.pid) in str(evaluation.description) for evaluation in evaluations)


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_cascade(bench: Bench) -> dg.ExecuteInProcessResult:
    """Run the cascade of one chart as Dagster would."""
    register_charts(bench.instance, CHARTS)
    job = build_definitions(bench.refresher().settings, bench.refresher()).resolve_job_def(CASCADE)
    return job.execute_in_process(
        instance=bench.instance, partition_key=CHARTS[0], raise_on_error=False, run_config=QUIET
    )


def test_a_run_of_the_cascade_checks_the_rankings_it_wrote_and_no_whole_table(bench: Bench) -> None:
    bench.follow(CHARTS[0], history_days=2, platforms={table: [] for table in CONTENT["platforms"]})
    (first,) = run_cascade(bench).get_asset_check_evaluations()
    bench.let_pass(minutes=1)
    (second,) = run_cascade(bench).get_asset_check_evaluations()

    assert first.check_name == second.check_name == "new_rankings_are_whole"
    assert first.passed
    assert int(text_of(first, "looked_at")) == bench.one("SELECT count(*) FROM soundcharts.chart_rankings") > 1
    assert second.passed
    assert text_of(second, "looked_at") == "0"


@pytest.mark.parametrize(
    ("defect", "example"),
    [
        (f"DELETE FROM soundcharts.chart_entries WHERE {PLACE} = 7", "49 entries on 49 places for 50 announced"),
        (f"UPDATE soundcharts.chart_entries SET position = 8 WHERE {PLACE} = 7", "50 entries on 49 places"),
        (f"UPDATE soundcharts.chart_entries SET position = 51 WHERE {PLACE} = 7", "50 entries on 50 places"),
        (
            f"UPDATE soundcharts.chart_entries SET track_uuid = 'nobody' WHERE {PLACE} = 7",
            "place 7: track nobody has no row",
        ),
    ],
)
def test_a_run_finds_what_it_has_written_wrong_and_is_not_stopped_by_it(
    copied: Bench, defect: str, example: str
) -> None:
    plant(copied, defect)
    check = rankings_check()

    result = check.look(copied.refresher(), [CHARTS[0]], TODAY)

    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.ERROR
    assert not check.spec.blocking
    assert text(result, "offending") == "1"
    assert example in examples(result)
    assert check.look(copied.refresher(), [CHARTS[1]], TODAY).passed, "another chart's run looks at its own"
    assert check.look(copied.refresher(), [CHARTS[0]], TODAY + timedelta(seconds=1)).passed, "what was there before"
