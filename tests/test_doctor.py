"""`soundcharts-assets doctor`: each check whole and broken, found on the real command line without a billed call."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from soundcharts_assets.api.errors import CredentialsRejected
from soundcharts_assets.automation.chart_updates import LOADED
from soundcharts_assets.commands.doctor.findings import Level
from soundcharts_assets.commands.doctor.storage import room_on_disk
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import load_settings
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.spool import Spool
from tests.shop import FEW, Shop, lines, wait_until

pytestmark = pytest.mark.slow

NO_CREDENTIALS = {"SOUNDCHARTS_APP_ID": "", "SOUNDCHARTS_API_KEY": ""}
WRONG_KEY = {"SOUNDCHARTS_API_KEY": "a-wrong-key-nobody-has"}
PROJECT = Path(__file__).parents[1]


class Told(NamedTuple):
    """What the command said of one thing."""

    level: str
    found: str
    todo: str


class Visit(NamedTuple):
    """One run of the command."""

    code: int
    checks: dict[str, Told]

    def levels(self, level: str) -> set[str]:
        return {name for name, told in self.checks.items() if told.level == level}


def visit(shop: Shop, **changes: str) -> Visit:
    """Call the doctor, who bills nothing."""
    billed = shop.sandbox.report().billed
    found = examined(shop, **changes)
    assert shop.sandbox.report().billed == billed
    return found


def examined(shop: Shop, **changes: str) -> Visit:
    """Call the doctor, who breaks nowhere, shows no secret, and says what to do about all that is not well."""
    done = shop.call("doctor", "--json", **changes)
    report = json.loads(done.stdout)
    checks = {one["check"]: Told(one["level"], one["found"], one["todo"]) for one in report["checks"]}

    assert done.stderr == ""
    assert report["exit_code"] == done.returncode
    assert "Traceback" not in done.stdout
    assert "a-wrong-key-nobody-has" not in done.stdout
    assert all(told.todo for told in checks.values() if told.level in {"warning", "failure"})
    assert bool(done.returncode) == any(told.level == "failure" for told in checks.values())
    return Visit(done.returncode, checks)


def make_warehouse(shop: Shop) -> Warehouse:
    """An empty one, with all its tables."""
    warehouse = Warehouse(shop.warehouse, memory_limit="1GB", lock_timeout_seconds=1)
    warehouse.probe()
    return warehouse


def change(shop: Shop, statement: str) -> None:
    with duckdb.connect(str(shop.warehouse)) as connection:
        connection.execute(statement)


def test_a_whole_installation_is_well_but_for_the_daemon_that_nobody_started(shop: Shop) -> None:
    make_warehouse(shop)
    found = visit(shop)

    assert found.code == 0
    assert found.levels("failure") == set()
    assert found.levels("warning") == {"daemons"}
    assert found.levels("not checked") == {"code location"}
    assert shop.query("SELECT endpoint, cost FROM soundcharts.api_calls") == [("team_usage", 0)]


def test_before_the_first_sync_nothing_is_wrong_and_nothing_is_made(shop: Shop) -> None:
    found = visit(shop)

    assert found.code == 0
    assert found.checks["warehouse"].level == "ok"
    assert "not there yet" in found.checks["warehouse"].found
    assert found.levels("not checked") == {"tables", "breaker", "charts", "code location"}
    assert not shop.warehouse.parent.exists()


def test_people_get_a_line_for_each_check_and_what_to_do(shop: Shop) -> None:
    done = shop.call("doctor", **WRONG_KEY)

    assert done.returncode == 3
    said = lines(done)
    assert [line for line in said if line.startswith("failure") and "rejected the credentials" in line]
    assert [line for line in said if line.strip().startswith("check SOUNDCHARTS_APP_ID and SOUNDCHARTS_API_KEY")]
    assert said[-1].endswith("1 warning")


# Settings


def test_wrong_settings_are_told_and_nothing_that_needs_them_is_held_against_anything_else(shop: Shop) -> None:
    (shop.folder / "soundcharts.yaml").write_text("charts: []\nhistory: 3\nbudget: {daily: some}\n", encoding="utf-8")
    found = visit(shop)

    assert found.code == 2
    assert found.levels("failure") == {"settings"}
    assert "soundcharts.yaml: history: no such setting" in found.checks["settings"].found
    assert found.checks["quota"] == ("not checked", "the settings are not valid", "")
    assert found.checks["instance"].level == "ok"


def test_half_a_pair_of_credentials_is_a_mistake_in_the_settings(shop: Shop) -> None:
    found = visit(shop, SOUNDCHARTS_API_KEY="")

    assert found.code == 2
    assert "SOUNDCHARTS_API_KEY: not set" in found.checks["settings"].found


@pytest.mark.parametrize(("text", "says"), [(None, "is not there"), ("charts: []", "follows no chart")])
def test_following_nothing_is_worth_a_warning(shop: Shop, text: str | None, says: str) -> None:
    path = shop.folder / "soundcharts.yaml"
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    found = visit(shop)

    assert found.code == 0
    assert found.checks["settings"].level == "warning"
    assert says in found.checks["settings"].found
    assert "charts add" in found.checks["settings"].todo


def test_a_webhook_is_told_of_and_never_shown(shop: Shop) -> None:
    done = shop.call("doctor", "--json", SOUNDCHARTS_WEBHOOK="https://hooks.example/secret-path")

    assert "SOUNDCHARTS_WEBHOOK is set" in done.stdout
    assert "secret-path" not in done.stdout
    assert "SOUNDCHARTS_WEBHOOK is not set" in visit(shop).checks["webhook"].found


# Soundcharts


def test_a_wrong_key_is_told_from_all_else(shop: Shop) -> None:
    found = visit(shop, **WRONG_KEY)

    assert found.code == 3
    assert found.levels("failure") == {"credentials"}
    assert "rejected the credentials" in found.checks["credentials"].found
    assert found.checks["quota"] == ("not checked", "Soundcharts cannot be asked", "")


def test_missing_credentials_are_a_matter_of_the_environment(shop: Shop) -> None:
    found = visit(shop, **NO_CREDENTIALS)

    assert found.code == 2
    assert "no credentials" in found.checks["credentials"].found


def test_a_host_that_does_not_answer_is_named(shop: Shop) -> None:
    found = visit(shop, SOUNDCHARTS_BASE_URL="http://127.0.0.1:9")

    assert found.code == 1
    assert "no answer from http://127.0.0.1:9" in found.checks["credentials"].found
    assert "SOUNDCHARTS_BASE_URL" in found.checks["credentials"].todo


def test_a_host_that_fails_is_another_matter_than_credentials(shop: Shop) -> None:
    shop.sandbox.faults([{"path": "team/usage", "kind": "status", "status": 503}])
    found = visit(shop)

    assert found.code == 1
    assert "503" in found.checks["credentials"].found


def test_a_plan_without_the_endpoint_is_no_failure_and_the_quota_is_what_was_last_heard(shop: Shop) -> None:
    make_warehouse(shop)
    shop.sandbox.faults([{"path": "team/usage", "kind": "status", "status": 403}])
    change(shop, "INSERT INTO soundcharts.api_calls VALUES ('2026-09-16 15:00:00+00', 'song', '200', 3, 3, 4321)")
    # The sandbox tells what is left with every answer, refusals included; it is the ledger that is asked here.
    found = visit(shop)

    assert found.code == 0
    assert found.checks["credentials"].level == "warning"
    assert "403" in found.checks["credentials"].found
    assert found.checks["quota"] == ("ok", "4,321 requests left", "")


def test_a_spent_quota_is_told_with_the_breaker_and_the_run_that_failed_for_it(shop: Shop) -> None:
    shop.sandbox.switch(quota=20)
    assert shop.call("sync").returncode == 3
    found = visit(shop)

    assert found.code == 3
    assert found.levels("failure") == {"quota", "breaker"}
    assert found.checks["quota"].found == "the quota is used up"
    assert "paused for quota" in found.checks["breaker"].found
    assert found.checks["failed runs"].level == "warning"
    assert "1 x " in found.checks["failed runs"].found
    assert "Maximum quota reached" in found.checks["failed runs"].found
    assert "viral-50-40" in found.checks["failed runs"].found

    shop.sandbox.switch(quota=1_000_000)
    later = visit(shop)

    assert later.code == 0
    assert later.checks["quota"].level == "ok"
    assert later.checks["breaker"].level == "warning"
    assert "by now Soundcharts lets us in" in later.checks["breaker"].found
    assert shop.call("sync", "--limit", "1").returncode == 0
    assert visit(shop).checks["breaker"] == ("ok", "nothing is paused", "")


@pytest.mark.parametrize(
    ("budget", "level", "says"),
    [
        ("{reserve: 100}", "ok", "100 of them reserved"),
        ("{reserve: 2000000}", "failure", "all of them reserved"),
        ("{daily: 2000000}", "warning", "less than the 2,000,000 of budget.daily"),
    ],
)
def test_what_is_left_of_the_quota_is_held_against_reserve_and_budget(
    shop: Shop, budget: str, level: str, says: str
) -> None:
    shop.follow("viral-50-40", more=f"{FEW}\nbudget: {budget}")
    found = visit(shop)

    assert found.code == (3 if level == "failure" else 0)
    assert found.checks["quota"].level == level
    assert says in found.checks["quota"].found


def test_against_the_vendor_nothing_is_spent_unattended_without_a_daily_budget(shop: Shop) -> None:
    # Without credentials nothing is asked of the vendor.
    found = visit(shop, SOUNDCHARTS_BASE_URL="", **NO_CREDENTIALS)
    assert found.checks["budget"].level == "warning"
    assert "set budget.daily in" in found.checks["budget"].todo

    shop.follow("viral-50-40", more=f"{FEW}\nbudget: {{daily: unlimited}}")
    found = visit(shop, SOUNDCHARTS_BASE_URL="", **NO_CREDENTIALS)
    assert found.checks["budget"] == ("ok", "no daily limit", "")


def test_a_budget_that_is_spent_for_today_is_worth_a_warning(shop: Shop) -> None:
    make_warehouse(shop)
    shop.follow("viral-50-40", more=f"{FEW}\nbudget: {{daily: 100}}")
    assert visit(shop).checks["budget"] == ("ok", "0 of 100 requests spent today", "")

    change(shop, "INSERT INTO soundcharts.api_calls VALUES (date_trunc('hour', now()), 'song', '200', 100, 100, NULL)")
    assert visit(shop).checks["budget"][:2] == ("warning", "100 of 100 requests spent today")


def test_a_breaker_for_credentials_that_are_still_wrong_is_a_failure(shop: Shop) -> None:
    make_warehouse(shop)
    refresher = Refresher(load_settings(shop.environment() | {"SOUNDCHARTS_WAREHOUSE": str(shop.warehouse)}))
    refresher.open_breaker(CredentialsRejected("Invalid credentials", endpoint="song", status=401))

    found = visit(shop, **WRONG_KEY)
    assert found.code == 3
    assert found.checks["breaker"].level == "failure"
    assert found.checks["breaker"].todo.startswith("correct the credentials")
    assert visit(shop).checks["breaker"].level == "warning"


def test_charts_that_soundcharts_does_not_know_and_selectors_that_find_none_are_named(shop: Shop) -> None:
    make_warehouse(shop)
    charts = "charts: [viral-50-40, no-such-chart, {platform: deezer}]\n"
    (shop.folder / "soundcharts.yaml").write_text(charts, encoding="utf-8")
    values = "('charts', '{}', 'not_found', now(), NULL, 0, NULL, '404')"
    rows = ", ".join(values.format(slug) for slug in ("no-such-chart", "followed-no-more"))
    change(shop, f"INSERT INTO soundcharts.fetches VALUES {rows}")
    told = visit(shop).checks["charts"]

    assert told.level == "warning"
    assert told.found == "Soundcharts does not know no-such-chart; no chart matches the selector (deezer)"


# The warehouse


def test_a_warehouse_that_another_process_holds_is_told_with_its_holder(shop: Shop) -> None:
    make_warehouse(shop)
    hold = (
        f"import duckdb, time; c = duckdb.connect({str(shop.warehouse)!r}); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = visit(shop)
        holder.kill()

    assert found.code == 2
    assert found.levels("failure") == {"warehouse"}
    assert f"(process {holder.pid})" in found.checks["warehouse"].found
    assert found.checks["tables"] == ("not checked", "the warehouse is held by another process", "")
    assert visit(shop).checks["warehouse"].level == "ok"


@pytest.mark.parametrize(
    ("path", "says"),
    [("dagster.yaml/warehouse.duckdb", "cannot be made"), ("dagster.yaml", "not a valid DuckDB database")],
)
def test_a_warehouse_that_cannot_be_made_or_is_none_is_a_failure(shop: Shop, path: str, says: str) -> None:
    found = visit(shop, SOUNDCHARTS_WAREHOUSE=path)

    assert found.code == 2
    assert found.levels("failure") == {"warehouse"}
    assert says in found.checks["warehouse"].found


def test_a_column_that_is_not_as_it_was_made_is_named(shop: Shop) -> None:
    make_warehouse(shop)
    change(shop, "ALTER TABLE soundcharts.fetches ALTER attempts TYPE VARCHAR")
    found = visit(shop)

    assert found.code == 2
    assert found.checks["tables"].found == "fetches.attempts is VARCHAR, not BIGINT"


def test_a_column_that_an_earlier_version_lacked_is_no_trouble(shop: Shop) -> None:
    make_warehouse(shop)
    change(shop, "ALTER TABLE soundcharts.chart_rankings DROP COLUMN seen_at")
    change(shop, "DROP TABLE soundcharts.schema_versions")  # the first version did not say which it was

    assert visit(shop).checks["tables"].level == "ok"


def test_answers_that_wait_to_be_stored_are_counted(shop: Shop) -> None:
    make_warehouse(shop).spool.put(Batch())
    told = visit(shop).checks["spool"]

    assert told.level == "warning"
    assert told.found.startswith("1 batches of paid answers wait in ")


@pytest.mark.parametrize(
    ("free", "size", "level"),
    [
        (50_000_000, 0, Level.FAILURE),
        (500_000_000, 0, Level.WARNING),
        (5_000_000_000, 6_000_000_000, Level.WARNING),
        (5_000_000_000, 4_000_000_000, Level.OK),
    ],
)
def test_room_on_the_disk_is_wanted_for_the_warehouse_to_grow(free: int, size: int, level: Level) -> None:
    assert room_on_disk(free, size).level is level


# Dagster


def test_without_an_instance_the_rest_is_checked_all_the_same(shop: Shop) -> None:
    found = visit(shop, DAGSTER_HOME="/nowhere/at/all")

    assert found.code == 2
    assert found.levels("failure") == {"instance"}
    assert found.checks["daemons"] == ("not checked", "Dagster's instance cannot be opened", "")
    assert found.checks["credentials"].level == "ok"


def test_an_instance_whose_storage_is_broken_is_a_finding(shop: Shop) -> None:
    assert visit(shop).code == 0
    (shop.folder / "history" / "runs.db").write_text("no database at all, but a longish line\n" * 100, encoding="utf-8")
    found = visit(shop)

    assert found.code == 2
    assert found.levels("failure") == {"instance"}
    assert found.checks["instance"].found.endswith("cannot be opened: (sqlite3.DatabaseError) file is not a database")
    assert found.checks["instance"].todo.startswith("what dagster.yaml names under `storage` holds")


def test_runs_of_a_living_sync_are_its_own_and_those_of_a_killed_one_are_orphans(shop: Shop) -> None:
    (shop.folder / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\nrun_monitoring: {enabled: true, max_runtime_seconds: 1}\n", encoding="utf-8"
    )
    shop.sandbox.faults([{"path": "/audience/spotify", "kind": "hang", "after": 5}])
    sync = shop.start("sync")
    wait_until(lambda: shop.sandbox.report().by_endpoint.get("song_audience/spotify", 0) > 5, sync)
    living = examined(shop).checks["runs"]
    sync.send_signal(signal.SIGKILL)
    sync.communicate()
    shop.sandbox.faults([])
    orphaned = visit(shop).checks["runs"]

    # The bound of this instance is a second, so that the living run is past it.
    assert living.level == "warning"
    assert "killed" not in living.found
    assert living.found.startswith("1 runs are started for longer than 0:00:01: ")
    assert orphaned.level == "warning"
    assert orphaned.found == "1 runs that were killed pass for alive, and keep their charts: viral-50-40"
    assert "so does `soundcharts-assets sync`" in orphaned.todo
    assert shop.call("sync", "--limit", "1").returncode == 0
    assert visit(shop).checks["runs"] == ("ok", "none; nobody is asking Soundcharts", "")


def test_a_live_daemon_tells_what_it_has_loaded_and_which_sensors_are_off(shop: Shop) -> None:
    make_warehouse(shop)
    (shop.folder / "dagster.yaml").write_bytes((PROJECT / "dagster.yaml").read_bytes())
    # Nothing is followed, so that the daemon has nothing to do but tick.
    (shop.folder / "soundcharts.yaml").write_text(FEW, encoding="utf-8")
    spool = Spool(shop.warehouse.with_name(f"{shop.warehouse.name}.spool"))
    module = ["-m", "soundcharts_assets.definitions"]
    with (
        (shop.folder / "daemon.log").open("w") as log,
        dagster(shop, "dagster-daemon", "run", *module, log=log) as live,
    ):
        try:
            wait_until(lambda: spool.note(*LOADED) is not None, live)
            wait_until(lambda: visit(shop).checks["daemons"].level == "ok", live)
            whole = visit(shop)
            (shop.folder / "soundcharts.yaml").write_text(
                "platforms: {track_audience: [spotify, genius], artist_audience: [], artist_listening: []}",
                encoding="utf-8",
            )
            more = visit(shop).checks["code location"]
            (shop.folder / "soundcharts.yaml").write_text(
                "platforms: {track_audience: [], artist_audience: [], artist_listening: []}", encoding="utf-8"
            )
            fewer = visit(shop).checks["code location"]
        finally:
            live.terminate()
            live.wait(timeout=30)
    with (shop.folder / "cli.log").open("w") as log:
        assert dagster(shop, "dagster", "sensor", "stop", "chart_updates", *module, log=log).wait(timeout=60) == 0
    off = visit(shop)

    assert whole.levels("ok") >= {"daemons", "sensors", "code location"}
    assert whole.checks["code location"].found == "Dagster has loaded all 3 assets of the settings"
    assert more[:2] == ("warning", "Dagster has not loaded track_audience/genius")
    assert fewer[:2] == ("warning", "Dagster still has soundcharts/track_audience/spotify")
    assert off.checks["sensors"][:2] == ("warning", "chart_updates switched off by hand")


def dagster(shop: Shop, program: str, *arguments: str, log: Any) -> "subprocess.Popen[str]":
    command = [str(Path(sys.executable).parent / program), *arguments]
    return subprocess.Popen(command, cwd=shop.folder, env=shop.environment(), stdout=log, stderr=log, text=True)
