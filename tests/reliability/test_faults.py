"""Faults: a tenth of the answers is bad in any mixture, and the warehouse ends as if none had been."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from soundcharts_assets.commands.plan import make_plan
from soundcharts_assets.commands.report import PassReport
from soundcharts_assets.refresh.request import Request
from tests.conftest import Bench
from tests.reliability.contents import Contents, contents, doubled

FEW = {"track_audience": ["spotify", "airplay"], "artist_audience": ["instagram"], "artist_listening": []}
NONE: dict[str, Any] = {"track_audience": [], "artist_audience": [], "artist_listening": []}
KINDS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "reset"},
    {"kind": "hang"},
    {"kind": "truncated"},
    {"kind": "malformed"},
    {"kind": "null_items"},
]
SHARE = 0.1
MOST_PASSES = 10


def rules(kinds: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """A tenth of all answers goes wrong, in these ways alike."""
    return [{"path": "/api/", "share": SHARE / len(kinds), "seed": seed, **kind} for kind in kinds]


def follow(bench: Bench, *slugs: str, attempts: int = 1, **more: Any) -> None:
    """Follow charts with so many tries of a call, and with patience for a second only."""
    quick = {"attempts": attempts, "read_timeout_seconds": 1, "backoff_seconds": 0.01, "calls_per_minute": 100_000}
    bench.follow(*slugs, api={**quick, "workers": 8}, **{"platforms": FEW, **more})


def in_the_ledger(bench: Bench) -> int:
    """Things that failed and wait for their time."""
    return int(bench.one("SELECT count(*) FROM soundcharts.fetches WHERE status IN ('failed', 'malformed')"))


def until_settled(bench: Bench) -> list[PassReport]:
    """Run passes, each when the last failure of those before may be asked for again, until nothing is left."""
    reports = []
    for _ in range(MOST_PASSES):
        reports.append(bench.sync())
        assert doubled(bench.warehouse) == []
        assert torn(bench) == []
        if not in_the_ledger(bench) and reports[-1].exit_code == 0:
            return reports
        waits = "SELECT max(not_before) FROM soundcharts.fetches WHERE status IN ('failed', 'malformed')"
        bench.now = max(bench.now, bench.one(waits) or bench.now)
    raise AssertionError(f"not settled after {MOST_PASSES} passes")


def torn(bench: Bench) -> list[tuple[Any, ...]]:
    """Rankings that hold another number of places than they say, or holes, and rows without their ledger."""
    return bench.query(
        """
        SELECT rankings.chart_slug
        FROM soundcharts.chart_rankings AS rankings
        LEFT JOIN soundcharts.chart_entries AS entries USING (chart_slug, ranked_at)
        GROUP BY rankings.chart_slug, rankings.ranked_at, rankings.entry_count
        HAVING count(entries.position) <> rankings.entry_count OR max(entries.position) <> rankings.entry_count
        UNION ALL
        SELECT uuid FROM soundcharts.tracks
        WHERE fetched_at IS NOT NULL
          AND uuid NOT IN (SELECT uuid FROM soundcharts.fetches WHERE subject = 'tracks' AND fetched_at IS NOT NULL)
        UNION ALL
        SELECT uuid FROM soundcharts.fetches
        WHERE subject = 'track_audience/spotify' AND status = 'ok'
          AND uuid NOT IN (SELECT track_uuid FROM soundcharts.track_audience WHERE platform = 'spotify')
        """
    )


def undisturbed(bench: Bench, *slugs: str, **more: Any) -> Contents:
    """What the warehouse holds after a pass in which nothing goes wrong; the file is put away afterwards."""
    follow(bench, *slugs, **more)
    assert bench.sync().exit_code == 0
    found = contents(bench.warehouse)
    (bench.folder / "warehouse.duckdb").unlink()
    # So that waits of an hour and its doubles stay within the day whose figures are compared.
    bench.now = bench.now.replace(hour=0, minute=5)
    bench.sandbox.reset()
    return found


def test_a_mixture_of_faults_leaves_the_same_tables_as_none(bench: Bench) -> None:
    expected = undisturbed(bench, "top-50-58", history_days=2)
    bench.sandbox.faults(rules(KINDS, seed=1))
    reports = until_settled(bench)

    assert contents(bench.warehouse) == expected
    assert reports[0].exit_code == 1
    statuses = bench.sandbox.report().by_status
    assert {"500", "502", "503", "unanswered"} & set(statuses), "faults did strike"
    assert len(reports) > 1


def test_a_track_that_does_not_exist_is_settled_alike_when_its_metadata_says_so_late(bench: Bench) -> None:
    expected = undisturbed(bench, "top-50-58")
    (missing,) = [
        uuid for subject, uuid, status, _ in expected["fetches"] if (subject, status) == ("tracks", "not_found")
    ]
    bench.sandbox.faults([{"path": f"/song/{missing}", "kind": "status", "status": 500, "times": 1}])
    reports = until_settled(bench)

    assert len(reports) == 2
    assert bench.sandbox.report().by_status["500"] == 1, "the fault did strike"
    assert contents(bench.warehouse) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_mixtures_of_faults_leave_the_same_tables_as_none(bench: Bench, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    kinds = dice.sample(KINDS, dice.randint(1, 5))
    charts = dice.choice([("viral-50-40", "top-50-58"), ("airplay-100-61",)])
    settings = {"attempts": dice.choice([1, 2, 3]), "history_days": dice.choice([0, 2])}
    expected = undisturbed(bench, *charts, **settings)
    bench.sandbox.faults(rules(kinds, seed))
    until_settled(bench)

    assert contents(bench.warehouse) == expected


def refresh(bench: Bench, slug: str) -> int:
    """Poll a chart and store its rankings, as a run does, and say how many failed."""
    refresher = bench.refresher()
    refresher.poll_all([slug])
    return refresher.refresh_rankings([slug], Request()).failed


def places(bench: Bench, slug: str, ranked_at: datetime) -> list[tuple[Any, ...]]:
    """The places that are stored."""
    statement = """
        SELECT position, track_uuid, metric_value
        FROM soundcharts.chart_entries WHERE chart_slug = ? AND ranked_at = ? ORDER BY position
    """
    return bench.query(statement, slug, ranked_at)


def published(bench: Bench, slug: str, ranked_at: datetime) -> list[tuple[Any, ...]]:
    """The places as the sandbox has them now, asked for past the project's client."""
    found: list[tuple[Any, ...]] = []
    total = 1
    while len(found) < total:
        answer = requests.get(
            f"{bench.sandbox.url}/api/v2.14/chart/song/{slug}/ranking/{ranked_at.isoformat()}".replace("+", "%2B"),
            params={"offset": len(found), "limit": 100},
            headers={"x-app-id": "soundcharts", "x-api-key": "soundcharts"},
            timeout=10,
        ).json()
        total = answer["page"]["total"]
        found += [(item["position"], item["song"]["uuid"], item["metric"]) for item in answer["items"]]
    return found


def stored(bench: Bench, slug: str) -> list[datetime]:
    """Instants of the stored rankings, newest first."""
    statement = "SELECT ranked_at FROM soundcharts.chart_rankings WHERE chart_slug = ? ORDER BY ranked_at DESC"
    return [ranked_at for (ranked_at,) in bench.query(statement, slug)]


def test_a_page_that_fails_fails_its_ranking_as_a_whole(bench: Bench) -> None:
    follow(bench, "global-28", "top-200-52", platforms=NONE)
    bench.sandbox.faults([{"path": "global-28/ranking/.*offset=100", "kind": "truncated"}])
    assert refresh(bench, "global-28") == 1
    assert refresh(bench, "top-200-52") == 0
    assert bench.query("SELECT chart_slug, count(*) FROM soundcharts.chart_entries GROUP BY ALL") == [
        ("top-200-52", 200)
    ]

    bench.sandbox.faults([])
    bench.let_pass(hours=1)
    assert refresh(bench, "global-28") == 0
    assert torn(bench) == []
    assert len(stored(bench, "global-28")) == 1


def test_a_ranking_that_is_published_between_two_pages_is_not_mixed_into_the_one_being_read(
    moving_bench: Bench,
) -> None:
    bench = moving_bench
    follow(bench, "global-28", platforms=NONE)
    bench.sandbox.publish_between("global-28")
    assert refresh(bench, "global-28") == 0
    (first,) = stored(bench, "global-28")
    assert places(bench, "global-28", first) == published(bench, "global-28", first)

    assert refresh(bench, "global-28") == 0
    second, also_first = stored(bench, "global-28")
    assert also_first == first
    assert places(bench, "global-28", second) == published(bench, "global-28", second)
    assert places(bench, "global-28", first) == published(bench, "global-28", first)
    assert places(bench, "global-28", first) != places(bench, "global-28", second)


def test_a_poll_that_finds_the_newest_ranking_corrected_replaces_its_rows(moving_bench: Bench) -> None:
    bench = moving_bench
    follow(bench, "global-28", platforms=NONE)
    refresh(bench, "global-28")
    (newest,) = stored(bench, "global-28")
    changes: list[tuple[dict[str, Any], int]] = [
        ({"swap": [1, 2]}, 2),
        ({"raise_metrics": 5}, 2),
        ({"add": 7}, 3),
        ({"drop": 30}, 2),
        ({"drop": 100}, 1),
        ({"drop": 10, "add": 40, "raise_metrics": 1, "swap": [3, 50]}, 2),
    ]
    for change, calls in changes:
        before = places(bench, "global-28", newest)
        bench.sandbox.revise("global-28", newest.isoformat(), **change)
        bench.sandbox.reset()
        refresh(bench, "global-28")

        # The poll's own page serves as the first, so that a correction costs no more than the other pages.
        assert bench.sandbox.report().calls == calls
        assert places(bench, "global-28", newest) == published(bench, "global-28", newest) != before
        assert torn(bench) == []
    bench.sandbox.reset()
    refresh(bench, "global-28")
    assert bench.sandbox.report().calls == 1, "it is found to be the same now"


@pytest.mark.slow
def test_a_pass_over_an_unchanged_chart_whose_ranking_was_corrected_refreshes_what_is_on_it(
    moving_bench: Bench,
) -> None:
    bench = moving_bench
    follow(bench, "viral-50-40", platforms=NONE)
    bench.sync()
    (newest,) = stored(bench, "viral-50-40")
    bench.sandbox.revise("viral-50-40", newest.isoformat(), drop=10, add=4)
    report = bench.sync()

    assert report.exit_code == 0
    assert places(bench, "viral-50-40", newest) == published(bench, "viral-50-40", newest)
    new = "SELECT count(*) FROM soundcharts.tracks WHERE fetched_at IS NOT NULL AND uuid IN (SELECT track_uuid FROM "
    assert bench.one(f"{new} soundcharts.chart_entries WHERE position > 40)") == 4


class TestReadOnceMore:
    """`reread_days`: with each new ranking, the stored ones of so many days before it are read once more."""

    @pytest.fixture
    def week(self, moving_bench: Bench) -> Bench:
        """A bench with some days of rankings, and a new one since."""
        bench = moving_bench
        follow(bench, "global-28", platforms=NONE, history_days=3)
        bench.sandbox.advance(4)
        bench.let_pass(days=4)
        refresh(bench, "global-28")
        assert len(stored(bench, "global-28")) == 4
        bench.sandbox.advance(1)
        bench.let_pass(days=1)
        return bench

    def test_corrections_of_older_rankings_are_found_then_and_no_sooner(self, week: Bench) -> None:
        known = stored(week, "global-28")
        changes: list[dict[str, Any]] = [{"drop": 30}, {"add": 9}, {"raise_metrics": 2}, {"swap": [4, 9]}]
        for ranked_at, change in zip(known, changes, strict=True):
            week.sandbox.revise("global-28", ranked_at.isoformat(), **change)
        week.sandbox.reset()
        refresh(week, "global-28")
        assert week.sandbox.report().by_endpoint == {"ranking_latest": 1, "ranking": 1}, "by default none is read again"

        week.content["reread_days"] = 3
        refresh(week, "global-28")
        newest, *earlier = stored(week, "global-28")
        assert earlier == known
        for ranked_at in [newest, *earlier]:
            told_again = (newest - ranked_at).days <= 3
            same = places(week, "global-28", ranked_at) == published(week, "global-28", ranked_at)
            assert same is told_again, ranked_at
        assert torn(week) == []
        week.sandbox.reset()
        refresh(week, "global-28")
        assert week.sandbox.report().by_endpoint == {"ranking_latest": 1}, "once for each new ranking"

    def test_plan_account_and_bill_agree_to_the_call(self, week: Bench) -> None:
        week.content["charts"] = [{"slug": "global-28", "reread_days": 2, "cascade": False}]
        week.refresher().poll_all(["global-28"])
        week.sandbox.reset()
        plan = make_plan(week.refresher())
        report = week.sync()

        assert report.exit_code == 0
        assert report.calls["ranking"] == 1 + 2 * 2
        assert plan.calls == report.calls.total() == week.sandbox.report().billed
        assert plan.month["chart_rankings"] == 30 * (1 + 2 * 2)

    def test_one_that_cannot_be_read_again_keeps_its_rows_and_is_asked_for_later(self, week: Bench) -> None:
        before, *_ = stored(week, "global-28")
        rows = places(week, "global-28", before)
        week.sandbox.revise("global-28", before.isoformat(), drop=30)
        week.content["reread_days"] = 1
        day = before.date().isoformat()
        week.sandbox.faults([{"path": f"global-28/ranking/{day}.*offset=100", "kind": "status", "status": 500}])
        assert refresh(week, "global-28") == 1
        assert places(week, "global-28", before) == rows

        week.sandbox.faults([])
        week.let_pass(hours=1)
        assert week.refresher().charts_due(timedelta()) == {"global-28"}, "unattended, too"
        assert refresh(week, "global-28") == 0
        assert places(week, "global-28", before) == published(week, "global-28", before) != rows
