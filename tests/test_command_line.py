"""The command as its user meets it: exit codes, one clear line for each thing that goes wrong, and two at once."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing

import pytest

from soundcharts_assets.warehouse.lock import FileCallerLock
from tests.shop import COMMAND, Shop, lines, wait_until


def test_a_sync_settles_everything_and_says_so_in_json(shop: Shop) -> None:
    done = shop.run("sync", "--json")
    report = json.loads(done.stdout)

    assert done.returncode == 0
    assert done.stderr == ""
    assert set(report) == {"charts", "calls", "rows", "failures", "warnings", "deferred", "quota_left", "seconds"}
    assert report["calls"] == shop.sandbox.report().by_endpoint
    assert report["rows"]["chart_entries"] == 50
    assert report["failures"] == []
    assert report["deferred"] == 0
    assert report["quota_left"] == shop.sandbox.report().quota_remaining

    again = json.loads(shop.run("sync", "--json").stdout)
    assert again["calls"] == {"ranking_latest": 1}


WRONG: list[tuple[str, Mapping[str, str], int, str]] = [
    ("a wrong key", {"SOUNDCHARTS_API_KEY": "a-wrong-key-nobody-has"}, 3, "rejected the credentials"),
    ("no credentials", {"SOUNDCHARTS_APP_ID": "", "SOUNDCHARTS_API_KEY": ""}, 2, "SOUNDCHARTS_APP_ID"),
    ("half a pair", {"SOUNDCHARTS_API_KEY": ""}, 2, "SOUNDCHARTS_API_KEY: not set"),
    ("nobody at that address", {"SOUNDCHARTS_BASE_URL": "http://127.0.0.1:9"}, 1, "no answer from http://127.0.0.1:9"),
    ("no address", {"SOUNDCHARTS_BASE_URL": "soundcharts"}, 2, "SOUNDCHARTS_BASE_URL"),
    ("a warehouse that cannot be made", {"SOUNDCHARTS_WAREHOUSE": "dagster.yaml/warehouse.duckdb"}, 2, "dagster.yaml"),
    ("a warehouse that is none", {"SOUNDCHARTS_WAREHOUSE": "dagster.yaml"}, 2, "not a valid DuckDB database"),
    ("no settings file", {"SOUNDCHARTS_CONFIG": "nowhere.yaml"}, 2, "nowhere.yaml"),
    ("no instance", {"DAGSTER_HOME": "/nowhere/at/all"}, 2, "DAGSTER_HOME"),
]


@pytest.mark.parametrize(("changes", "code", "says"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_goes_wrong_is_one_clear_line(shop: Shop, changes: Mapping[str, str], code: int, says: str) -> None:
    done = shop.call("sync", **changes)

    assert done.returncode == code
    telling = [line for line in lines(done) if says in line]
    assert len(telling) == 1
    assert "a-wrong-key-nobody-has" not in done.stdout + done.stderr


POSTGRES = """
storage:
  postgres:
    postgres_db:
      scheme: postgresql+psycopg2
      hostname: 127.0.0.1
      port: 9
      db_name: dagster
      username: dagster
      password: not-to-be-told
"""


def misspell(shop: Shop) -> None:
    (shop.folder / "dagster.yaml").write_text("storage: {nonsense: true}\n", encoding="utf-8")


def overwrite(shop: Shop) -> None:
    (shop.folder / "history").mkdir()
    (shop.folder / "history" / "runs.db").write_text("no database at all, but a longish line\n" * 100, encoding="utf-8")


def make_twice(shop: Shop) -> None:
    """As two programs leave it that make a fresh instance at once, one time in six within 0.4 s of each other."""
    assert shop.call("sync", "--limit", "0").returncode == 0
    shop.sandbox.reset()
    with closing(sqlite3.connect(shop.folder / "history" / "runs.db")) as runs, runs:
        runs.execute("INSERT INTO alembic_version VALUES ('958a9495162d')")


def leave_to_nobody(shop: Shop) -> None:
    (shop.folder / "dagster.yaml").write_text(POSTGRES, encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (misspell, "nonsense"),
        (overwrite, "file is not a database"),
        (make_twice, "remove what dagster.yaml names under `storage`"),
        (leave_to_nobody, "Connection refused"),
    ],
)
def test_a_broken_instance_is_one_clear_line(shop: Shop, harm: Callable[[Shop], None], says: str) -> None:
    harm(shop)
    done = shop.call("sync")

    assert done.returncode == 2
    assert len(lines(done)) == 1
    assert "DAGSTER_HOME: the Dagster instance in" in done.stderr
    assert says in done.stderr
    assert "not-to-be-told" not in done.stderr
    assert shop.sandbox.report().calls == 0


def test_an_instance_that_goes_away_during_a_pass_costs_no_answer(shop: Shop) -> None:
    shop.sandbox.switch(latency_seconds=0.1)
    sync = shop.start("sync")
    wait_until(lambda: shop.sandbox.report().by_endpoint.get("song_audience/spotify", 0) > 5, sync)
    shutil.rmtree(shop.folder / "history")
    _, errors = sync.communicate(timeout=120)
    shop.sandbox.switch(latency_seconds=0)
    again = shop.call("sync")

    assert sync.returncode == 2
    assert "Traceback" not in errors
    told = "went away: (sqlite3.OperationalError) unable to open database file. Whatever was fetched is stored"
    assert told in errors.splitlines()[-1]
    assert again.returncode == 0
    assert shop.sandbox.report().duplicates == 1, "nothing is asked for again but whether the chart has news"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("charts: [{slug: a}, {slug: a}]", "soundcharts.yaml: charts: named twice: a"),
        ("charts: [{slug: a, cascade: perhaps}]", "soundcharts.yaml: charts[0].cascade"),
        ("platforms: {track_audience: [myspace]}", "soundcharts.yaml: platforms.track_audience[0]: 'myspace'"),
        ("chart: []", "soundcharts.yaml: chart: no such setting"),
        ("charts: [", "soundcharts.yaml: not YAML"),
        ("", "soundcharts.yaml: charts: none is followed"),
    ],
)
def test_a_broken_settings_file_is_named_with_key_and_reason(shop: Shop, content: str, says: str) -> None:
    (shop.folder / "soundcharts.yaml").write_text(content, encoding="utf-8")
    done = shop.call("sync")

    assert done.returncode == 2
    assert says in done.stderr + done.stdout
    assert shop.sandbox.report().calls == 0


def test_an_unknown_chart_and_an_empty_one_do_not_stop_the_others(shop: Shop) -> None:
    shop.follow("no-such-chart", "empty-99", "viral-50-40")
    done = shop.call("sync")

    assert done.returncode == 1
    assert [line for line in lines(done) if "Soundcharts has no chart 'no-such-chart'" in line]
    assert [line for line in lines(done) if line.startswith("empty-99: has no ranking yet")]
    assert shop.query("SELECT count(*) FROM soundcharts.chart_entries") == [(50,)]


def test_a_spent_quota_stops_the_pass_and_loses_nothing(shop: Shop) -> None:
    # 110 % of the plan are served, as contract section 6.3 says.
    shop.sandbox.switch(quota=20)
    done = shop.run("sync")

    assert done.returncode == 3
    assert len([line for line in lines(done) if "quota is used up" in line]) == 1
    billed = shop.sandbox.report().billed
    stored = shop.query("SELECT count(*) FROM soundcharts.fetches WHERE subject LIKE 'track_audience/%'")[0][0]
    others = shop.query(
        "SELECT sum(calls) FROM soundcharts.api_calls WHERE endpoint NOT LIKE 'song_audience/%' AND status <> '429'"
    )[0][0]
    assert stored + others == billed

    shop.sandbox.switch(quota=1_000_000)
    shop.sandbox.reset()
    assert shop.run("sync").returncode == 0
    tracks = shop.query("SELECT count(*) FROM soundcharts.tracks")[0][0]
    assert shop.sandbox.report().by_endpoint["song_audience/spotify"] == tracks - stored


def test_two_at_once_the_second_waits_and_fetches_nothing_twice(shop: Shop) -> None:
    shop.sandbox.switch(latency_seconds=0.5)
    both = [shop.start("sync", "--json") for _ in range(2)]
    results = [process.communicate(timeout=120) for process in both]

    assert [process.returncode for process in both] == [0, 0], results
    waited = [index for index, (_, errors) in enumerate(results) if errors]
    assert len(waited) == 1
    second = waited[0]
    assert results[second][1] == f"Waiting: sync (process {both[1 - second].pid}) is asking Soundcharts.\n"
    assert json.loads(results[second][0])["calls"] == {"ranking_latest": 1}
    assert all("/ranking/latest" in example for example in shop.sandbox.report().duplicate_examples)


def test_a_plan_for_a_warehouse_that_cannot_be_used_is_one_clear_line(shop: Shop) -> None:
    done = shop.call("plan", SOUNDCHARTS_WAREHOUSE="dagster.yaml")

    assert done.returncode == 2
    assert len(lines(done)) == 1, lines(done)
    assert "not a valid DuckDB database" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_a_sync_means_all_its_runs(shop: Shop, number: signal.Signals) -> None:
    shop.follow("viral-50-40", "top-songs-31")
    shop.sandbox.switch(latency_seconds=1)
    sync = shop.start("sync", "--limit", "3")
    wait_until(lambda: "song_audience/spotify" in shop.sandbox.report().by_endpoint, sync)
    sync.send_signal(number)
    output, errors = sync.communicate(timeout=120)

    assert sync.returncode == 1
    assert "Traceback" not in output + errors
    assert re.search("^[a-z0-9-]+: interrupted$", output, re.MULTILINE), output
    assert output.splitlines()[-1].startswith("interrupted; what was fetched is stored, the rest stays due")
    assert shop.sandbox.report().by_endpoint["song_audience/spotify"] <= 3, "the second chart's run did not begin"
    assert shop.query("SELECT count(*) FROM soundcharts.tracks WHERE fetched_at IS NOT NULL") == [(3,)]
    assert "1 x somebody interrupted it" in shop.call("doctor").stdout
    shop.sandbox.switch(latency_seconds=0)
    assert shop.call("sync", "--limit", "3").returncode == 0
    assert shop.sandbox.report().duplicates == 2, "nothing is asked for again but whether the charts have news"


def test_what_the_terminal_cannot_show_is_written_out(shop: Shop) -> None:
    done = shop.run("charts", "add", "--no-check", "東京-28", PYTHONIOENCODING="latin-1")

    assert done.returncode == 0
    assert "added \\u6771\\u4eac-28" in done.stdout


@pytest.mark.parametrize("command", ["status", "plan", "charts list"])
def test_a_command_may_be_asked_with_its_output_closed(shop: Shop, command: str) -> None:
    closed = ["sh", "-c", 'exec "$0" "$@" >&-', *COMMAND, *command.split()]
    done = subprocess.run(
        closed, cwd=shop.folder, env=shop.environment(), stderr=subprocess.PIPE, text=True, timeout=120, check=False
    )

    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["sandbox", "dev"])
def test_a_port_that_is_taken_is_told_before_anything_starts(shop: Shop, command: str) -> None:
    port = shop.sandbox.url.rpartition(":")[2]
    done = shop.call(command, "--port", port)

    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in " ".join(
        done.stderr.replace("│", "").split()
    )
    assert done.stdout == ""


def test_an_instance_that_still_answers_and_takes_nothing_is_one_clear_line(shop: Shop) -> None:
    """As on a full disk."""
    assert shop.call("sync", "--limit", "0").returncode == 0
    with closing(sqlite3.connect(shop.folder / "history" / "runs.db")) as runs, runs:
        full = "SELECT RAISE(ABORT, 'database or disk is full')"
        runs.execute(f"CREATE TRIGGER full BEFORE UPDATE ON runs BEGIN {full}; END")

    done = shop.run("sync")

    assert done.returncode == 2
    assert "database or disk is full. Whatever was fetched is stored" in lines(done)[-1]


def test_lines_in_a_pipe_are_not_broken_at_the_width_of_a_terminal(shop: Shop) -> None:
    done = shop.call("sync", "--limit", "1", COLUMNS="40")

    assert "track_audience/spotify" in done.stdout


def test_a_demo_removes_no_warehouse_that_somebody_is_writing_into(shop: Shop) -> None:
    warehouse = shop.folder / "data" / "demo.duckdb"
    with FileCallerLock(warehouse).held("run of dev"):
        warehouse.write_text("of another", encoding="utf-8")
        done = shop.run("demo")

    assert done.returncode == 2
    assert lines(done) == [
        "data/demo.duckdb: another `demo`, or a run of `dev`, is writing into it; end that first",
    ]
    assert warehouse.read_text(encoding="utf-8") == "of another"


def test_help_answers_at_once_and_names_every_command(shop: Shop) -> None:
    done = shop.call("--help")

    assert done.returncode == 0
    for command in ("sync", "demo", "sandbox", "dev"):
        assert command in done.stdout


@pytest.mark.parametrize(
    "arguments", [["sync", "--nonsense"], ["sync", "--limit", "-1"], ["sync", "--platform", "myspace"]]
)
def test_wrong_arguments_end_with_two(shop: Shop, arguments: list[str]) -> None:
    done = shop.call(*arguments)

    assert done.returncode == 2
    assert arguments[1] in done.stderr
