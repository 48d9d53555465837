"""`soundcharts-assets status`: what is stored, how old it is and what is due, told from the warehouse alone."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from benchmarks.control_plane import Size, fill
from soundcharts_assets.api.errors import QuotaExhausted
from soundcharts_assets.commands.console import show_status
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.status import NEVER_ASKED, AssetStatus, ChartStatus, WarehouseStatus, look
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import load_settings
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.insights import INSIGHTS
from tests.conftest import TODAY, Bench
from tests.shop import Shop, lines

pytestmark = pytest.mark.slow

FEW = {"track_audience": ["spotify"], "artist_audience": ["tiktok"], "artist_listening": []}
NONE: dict[str, list[str]] = {"track_audience": [], "artist_audience": [], "artist_listening": []}
ASSETS = ["charts", "chart_rankings", "tracks", "artists", "track_audience/spotify", "artist_audience/tiktok"]


def status_of(bench: Bench, *named: str) -> WarehouseStatus:
    """Look, which asks Soundcharts nothing."""
    calls = bench.sandbox.report().calls
    found = look(bench.refresher(), named)
    assert bench.sandbox.report().calls == calls
    return found


def one(bench: Bench, slug: str) -> ChartStatus:
    (chart,) = status_of(bench, slug).charts
    return chart


def change(bench: Bench, statement: str, **parameters: object) -> None:
    with duckdb.connect(str(bench.folder / "warehouse.duckdb")) as connection:
        connection.execute(statement, parameters)


def shown(status: WarehouseStatus, *, width: int = 100, details: bool = False) -> list[str]:
    """Lines of a terminal of this width."""
    text = io.StringIO()
    show_status(Console(file=text, width=width), status, details=details)
    return [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]


# The command


def test_before_there_is_a_warehouse_it_says_so_and_makes_none(shop: Shop) -> None:
    nothing = {"SOUNDCHARTS_APP_ID": "", "SOUNDCHARTS_API_KEY": "", "DAGSTER_HOME": "/nowhere/at/all"}
    done = shop.call("status", **nothing)
    report = json.loads(shop.call("status", "--json", **nothing).stdout)

    assert done.returncode == 0
    assert [line for line in lines(done) if line.startswith("There is no warehouse at") and "sync` makes it" in line]
    assert report["warehouse"] == {"path": str(shop.warehouse), "exists": False}
    assert [(chart["slug"], chart["next_poll"], chart["rankings"]) for chart in report["charts"]] == [
        ("viral-50-40", "at once", 0)
    ]
    assert not shop.warehouse.parent.exists()
    assert shop.sandbox.report().calls == 0


def test_it_needs_the_warehouse_and_nothing_else(shop: Shop) -> None:
    assert shop.call("sync").returncode == 0
    shop.sandbox.reset()
    nothing = {"SOUNDCHARTS_APP_ID": "", "SOUNDCHARTS_API_KEY": "", "DAGSTER_HOME": "/nowhere/at/all"}
    done = shop.call("status", "--json", **nothing)
    report = json.loads(done.stdout)

    assert done.returncode == 0
    assert done.stderr == ""
    assert (report["followed"], report["retired"], report["due"], report["breaker"]) == (1, 0, {}, None)
    assert report["charts"][0]["rankings"] == 1
    assert report["charts"][0]["tracks"] == 50
    assert sum(report["ledger"].values()) == shop.query("SELECT count(*) FROM soundcharts.fetches")[0][0]
    assert shop.sandbox.report().calls == 0


def test_a_chart_that_nobody_knows_is_a_mistake_in_one_line(shop: Shop) -> None:
    done = shop.call("status", "--chart", "no-such-chart")

    assert done.returncode == 2
    assert lines(done) == ["no-such-chart: neither followed nor in the warehouse"]


# Charts


def test_after_a_pass_a_chart_is_complete_and_nothing_is_due(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=FEW)
    bench.sync()
    chart = one(bench, "viral-50-40")

    assert chart.title == "Viral 50, spotify, Brazil"
    assert chart.followed
    assert chart.rankings == 1
    assert list(chart.assets) == ASSETS
    assert chart.reached("tracks") == bench.one("SELECT count(*) FROM soundcharts.tracks") == 50
    assert chart.reached("artists") == bench.one("SELECT count(*) FROM soundcharts.artists")
    assert chart.due == 0
    assert chart.oldest(metadata=True) == chart.oldest(metadata=False) == bench.now
    assert chart.as_dict(bench.now)["next_poll"] == "2026-09-17T12:00:00+00:00"
    assert status_of(bench).due == {}


def test_what_is_due_is_what_a_run_would_ask_for_and_what_charts_share_counts_once_over_all(bench: Bench) -> None:
    slugs = ("viral-50-40", "global-28")
    bench.follow(*slugs, platforms=FEW)
    bench.sync()
    bench.let_pass(hours=25)
    found = status_of(bench)

    by_chart = {
        chart.slug: {name: asset.due for name, asset in chart.assets.items() if asset.due} for chart in found.charts
    }
    assert by_chart == bench.refresher().due_counts(slugs)
    assert sum(found.due.values()) == bench.refresher().left_due(slugs)
    assert sum(found.due.values()) < sum(chart.due for chart in found.charts)


def test_the_oldest_row_is_the_stalest_that_is_not_told_to_wait(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=FEW)
    bench.sync()
    waiting, stale = (uuid for (uuid,) in bench.query("SELECT uuid FROM soundcharts.tracks ORDER BY uuid LIMIT 2"))
    age = (
        "UPDATE soundcharts.fetches SET fetched_at = $at, not_before = $until WHERE subject = $subject AND uuid = $uuid"
    )
    series = {"subject": "track_audience/spotify"}
    change(bench, age, **series, uuid=waiting, at=TODAY - timedelta(days=9), until=TODAY + timedelta(hours=1))
    change(bench, age, **series, uuid=stale, at=TODAY - timedelta(days=2), until=TODAY - timedelta(hours=1))
    asset = one(bench, "viral-50-40").assets["track_audience/spotify"]

    assert asset.oldest == TODAY - timedelta(days=2)
    assert asset.as_dict(TODAY)["oldest_age_seconds"] == 2 * 24 * 3600
    assert asset.due == 1


def test_failures_are_told_by_kind(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=FEW)
    bench.sandbox.faults([{"path": "/audience/spotify", "kind": "status", "status": 500, "after": 40}])
    bench.sync()
    statuses = dict(
        bench.query(
            "SELECT status, count(*) FROM soundcharts.fetches WHERE subject = 'track_audience/spotify' GROUP BY status"
        )
    )
    chart = one(bench, "viral-50-40")

    assert statuses["failed"] > 0
    assert chart.assets["track_audience/spotify"].rows == statuses
    assert chart.assets["track_audience/spotify"].failures == {"failed": statuses["failed"]}
    assert chart.failures["failed"] == statuses["failed"]
    assert f"{statuses['failed']} failed" in " ".join(shown(status_of(bench)))


def test_a_chart_that_does_not_exist_is_a_failure_of_its_own(bench: Bench) -> None:
    bench.follow("no-such-chart", platforms=NONE)
    bench.sync()
    chart = one(bench, "no-such-chart")

    assert chart.failures == {"not_found": 1}
    assert chart.as_dict(bench.now)["assets"]["charts"]["failures"] == {"not_found": 1}


def test_a_ranking_that_was_seen_and_is_not_stored_waits_for_a_run(moving_bench: Bench) -> None:
    bench = moving_bench
    bench.follow("viral-50-40", platforms=NONE)
    bench.sync()
    bench.sandbox.advance(1)
    bench.let_pass(days=1)
    bench.refresher().poll_all(["viral-50-40"])
    chart = one(bench, "viral-50-40")

    assert chart.has_news
    assert chart.next_poll is None
    assert "at a run" in " ".join(shown(status_of(bench)))


def test_a_chart_that_was_never_polled_is_polled_at_once(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=NONE)
    bench.sync()
    bench.follow("viral-50-40", "global-28", platforms=NONE)
    chart = one(bench, "global-28")

    assert (chart.rankings, chart.assets, chart.as_dict(bench.now)["next_poll"]) == (0, {}, "at once")


def test_a_chart_that_is_followed_no_more_is_retired_and_what_it_alone_reached_is_unreached(bench: Bench) -> None:
    bench.follow("viral-50-40", "global-28", platforms=NONE)
    bench.sync()
    both = status_of(bench)
    bench.follow("viral-50-40", platforms=NONE)
    bench.sync()
    bench.let_pass(days=2)
    found = status_of(bench)
    kept, retired = found.charts

    assert both.unreached == {"tracks": 0, "artists": 0}
    assert (found.followed, found.retired) == (1, 1)
    assert (retired.slug, retired.followed, retired.due, retired.next_poll) == ("global-28", False, 0, None)
    assert retired.reached("tracks") > 0
    assert found.unreached == {
        entity: bench.one(f"SELECT count(*) FROM soundcharts.{entity}") - kept.reached(entity)
        for entity in ("tracks", "artists")
    }
    assert found.unreached["tracks"] > 0
    assert [line for line in shown(found) if line.startswith("global-28") and "retired" in line]


def test_a_chart_without_cascade_reaches_nothing(bench: Bench) -> None:
    bench.content = {"charts": [{"slug": "viral-50-40", "cascade": False}], "platforms": NONE}
    bench.sync()
    found = status_of(bench)

    assert found.charts[0].rankings == 1
    assert found.charts[0].reached("tracks") == 0
    assert found.unreached == {"tracks": 50, "artists": 0}


# The whole


def test_budget_quota_breaker_and_spool_are_told(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=NONE, budget={"daily": 5_000, "reserve": 10})
    bench.sync()
    spent = bench.sandbox.report().billed
    refresher = bench.refresher()
    refresher.open_breaker(QuotaExhausted("Maximum quota reached", endpoint="song", status=429))
    refresher.warehouse.spool.put(Batch())
    found = status_of(bench)
    report = found.as_dict()

    assert report["budget"] == {"daily": 5_000, "spent_today": spent, "reserve": 10}
    assert report["quota_left"] == bench.sandbox.report().quota_remaining
    assert report["spooled"] == 1
    assert report["breaker"] == {
        "kind": "quota",
        "since": bench.now.isoformat(),
        "next_look": (bench.now + timedelta(minutes=10)).isoformat(),
        "reason": "song 429: Maximum quota reached",
    }
    assert "open" not in report["ledger"]
    told = "\n".join(shown(found))
    assert "Paused for quota since 2026-09-16 15:30 UTC: song 429: Maximum quota reached; next look at" in told
    assert f"{spent:,} requests spent today of 5,000" in told
    assert "1 batches wait in the spool" in told
    assert "10 of them reserved" in told


def test_computed_tables_that_lack_something_are_told(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=NONE)
    bench.sync()
    lacking = status_of(bench)
    bench.sync(insights=True)
    whole = status_of(bench)

    assert lacking.as_dict()["behind"] == list(INSIGHTS)
    assert "Computed tables that lack what is stored by now: chart_movements, track_momentum" in "\n".join(
        shown(lacking)
    )
    assert whole.as_dict()["behind"] == []
    assert "Computed" not in "\n".join(shown(whole))


def test_one_question_for_all_charts_finds_what_many_small_ones_would(tmp_path: Path) -> None:
    refresher = large(tmp_path, Size(charts=12, tracks=900, artists=400))
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE soundcharts.fetches SET not_before = $at WHERE hash(uuid) % 7 = 0", {"at": NOON})
        connection.execute("UPDATE soundcharts.fetches SET status = 'failed' WHERE hash(subject || uuid) % 5 = 0")
        connection.execute("DELETE FROM soundcharts.fetches WHERE hash(subject || uuid) % 11 = 0")
    found = look(refresher)

    assert len(found.charts) == 12
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for chart in found.charts[::4]:
            for name, asset in chart.assets.items():
                assert (asset.due, asset.oldest, dict(asset.rows)) == one_by_one(connection, chart.slug, name)
    due = {chart.slug: {name: one.due for name, one in chart.assets.items() if one.due} for chart in found.charts}
    assert due == refresher.due_counts([])
    assert sum(found.due.values()) == refresher.left_due([])


NOON = TODAY + timedelta(hours=1)


def large(folder: Path, size: Size) -> Refresher:
    """A warehouse of so many charts, a third of whose series is stale."""
    fill(folder / "warehouse.duckdb", size, now=TODAY, stale_share=0.3)
    charts = ", ".join(f"chart-{number:05d}" for number in range(size.charts))
    (folder / "soundcharts.yaml").write_text(f"charts: [{charts}]\n", encoding="utf-8")
    environment = {
        "SOUNDCHARTS_CONFIG": str(folder / "soundcharts.yaml"),
        "SOUNDCHARTS_WAREHOUSE": str(folder / "warehouse.duckdb"),
    }
    return Refresher(load_settings(environment), clock=lambda: TODAY)


def one_by_one(connection: duckdb.DuckDBPyConnection, slug: str, subject: str) -> tuple[Any, ...]:
    """Due rows, the oldest and rows by status, of one chart and asset, in the plainest way."""
    entity = "artists" if subject.startswith("artist") else "tracks"
    window = timedelta(days=30) if subject == entity else timedelta(hours=24)
    rows = connection.execute(
        """
        SELECT ledger.status, ledger.fetched_at, ledger.not_before
        FROM soundcharts.reached
        LEFT JOIN soundcharts.fetches AS ledger ON ledger.subject = $subject AND ledger.uuid = reached.uuid
        WHERE chart_slug = $slug AND entity = $entity
        """,
        {"slug": slug, "entity": entity, "subject": subject},
    ).fetchall()
    free = [(status, at) for status, at, not_before in rows if not_before is None or not_before <= TODAY]
    statuses = [status or NEVER_ASKED for status, *_ in rows]
    return (
        sum(at is None or at <= TODAY - window for _, at in free),
        min((at for _, at in free if at is not None), default=None),
        {status: statuses.count(status) for status in statuses},
    )


# On the terminal


def charts(count: int) -> Sequence[ChartStatus]:
    """Charts of long names, every other one with failures."""
    asset = AssetStatus(due=12, oldest=TODAY - timedelta(hours=30))
    asset.rows.update({"ok": 1_200, "failed": 7, "not_found": 3})
    return [
        ChartStatus(f"a-chart-of-platform-{number}", None, number % 2 == 0, True, 30, {"tracks": asset})
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [5, 200])
@pytest.mark.parametrize("width", [100, 200])
def test_each_chart_is_one_line(count: int, width: int) -> None:
    status = WarehouseStatus(TODAY, "warehouse.duckdb", exists=True, charts=charts(count), followed=count)
    said = shown(status, width=width)
    told = [line for line in said if line.startswith("a-chart-of-platform")]

    assert len(told) == count
    assert len(said) <= count + 6
    assert all(len(line) <= width for line in told)
    assert told[0].split()[0] == "a-chart-of-platform-0"
    assert "1,210" in told[0]
    assert "30 h" in told[0]
    assert "7 fail" in told[0]


def test_a_named_chart_is_told_asset_by_asset_and_names_from_soundcharts_stay_text(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=FEW)
    bench.sync()
    bench.follow("viral-50-40", "global-28", platforms=FEW)
    found = status_of(bench, "viral-50-40")
    said = shown(found, details=True)

    assert [line.split()[0] for line in said if line.split()[0] in ASSETS] == ASSETS
    assert "viral-50-40: Viral 50, spotify, Brazil" in said
    assert not [line for line in said if line.startswith("global-28")]

    (chart,) = found.charts
    assert chart.poll is not None
    odd = replace(chart, poll=chart.poll._replace(title="[red]Top[/] 50"))
    assert "viral-50-40: [red]Top[/] 50" in shown(replace(found, charts=[odd]), details=True)


def test_a_chart_of_which_nothing_is_known_has_no_assets_to_tell(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=FEW)

    assert "viral-50-40: not heard of yet" in shown(status_of(bench, "viral-50-40"), details=True)


def test_a_stranger_is_named(bench: Bench) -> None:
    bench.follow("viral-50-40", platforms=FEW)
    with pytest.raises(SettingsError, match="global-28: neither followed nor in the warehouse"):
        status_of(bench, "global-28")
