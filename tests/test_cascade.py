"""Whole passes on real HTTP into a real file: what is stored, and that not one call more than needed is made."""

from collections import Counter
from math import ceil
from typing import Any, ClassVar

import pytest
import requests

from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.warehouse.tables import TABLES
from tests.conftest import Bench

TRACK_PLATFORMS = ("spotify", "youtube", "shazam", "airplay")
ARTIST_PLATFORMS = ("spotify", "youtube", "instagram", "tiktok")
SHARING = ("viral-50-40", "global-28", "top-songs-29")
FEW = {"track_audience": ["spotify", "airplay"], "artist_audience": ["tiktok"], "artist_listening": []}
ALL = {
    "track_audience": list(TRACK_PLATFORMS),
    "artist_audience": list(ARTIST_PLATFORMS),
    "artist_listening": ["spotify", "youtube"],
}


def available(bench: Bench, slug: str) -> int:
    """Rankings of a chart that the sandbox lists, asked for past the project's client."""
    answer = requests.get(
        f"{bench.sandbox.url}/api/v2/chart/song/{slug}/available-rankings",
        headers={"x-app-id": "soundcharts", "x-api-key": "soundcharts"},
        timeout=10,
    )
    return int(answer.json()["page"]["total"])


def gone(bench: Bench, subject: str) -> int:
    return int(
        bench.one("SELECT count(*) FROM soundcharts.fetches WHERE subject = ? AND status = 'not_found'", subject)
    )


def needed(
    bench: Bench,
    slugs: tuple[str, ...],
    platforms: dict[str, list[str]],
    lists: int,
) -> dict[str, int]:
    """The calls that a cold pass needs, worked out from what is in the warehouse afterwards.

    Batches are filled over all charts together; what a batch left out is asked singly.
    """
    pages = sum(ceil(count / 100) for (count,) in bench.query("SELECT entry_count FROM soundcharts.chart_rankings"))
    all_tracks, all_artists = (bench.one(f"SELECT count(*) FROM soundcharts.{name}") for name in ("tracks", "artists"))
    tracks, artists = all_tracks - gone(bench, "tracks"), all_artists - gone(bench, "artists")
    calls = {
        "available_rankings": lists,
        "ranking_latest": len(slugs),
        "ranking": pages - len(slugs),
        "song": ceil(all_tracks / 50) + gone(bench, "tracks"),
        "artist": ceil(all_artists / 50) + gone(bench, "artists"),
        **{f"song_audience/{platform}": tracks for platform in platforms["track_audience"] if platform != "airplay"},
        "song_broadcasts": tracks,
        **{f"artist_audience/{platform}": artists for platform in platforms["artist_audience"]},
        **{f"artist_listening/{platform}": artists for platform in platforms["artist_listening"]},
    }
    return {endpoint: count for endpoint, count in calls.items() if count}


@pytest.mark.parametrize(
    ("slugs", "history_days", "platforms"),
    [(("viral-50-40",), 0, ALL), (("top-50-58",), 20, FEW), (SHARING, 0, FEW), (SHARING[:2], 3, FEW)],
)
def test_a_cold_pass_makes_exactly_the_calls_it_needs_and_the_next_one_polls_only(
    bench: Bench,
    slugs: tuple[str, ...],
    history_days: int,
    platforms: dict[str, list[str]],
) -> None:
    lists = sum(ceil(available(bench, slug) / 100) for slug in slugs) if history_days else 0
    bench.sandbox.reset()
    bench.follow(*slugs, history_days=history_days, platforms=platforms)

    cold = bench.sync()
    asked = bench.sandbox.report()

    assert cold.exit_code == 0
    assert asked.by_endpoint == needed(bench, slugs, platforms, lists)
    assert asked.duplicates == 0
    assert dict(cold.calls) == asked.by_endpoint
    assert bench.one("SELECT sum(calls) FROM soundcharts.api_calls") == asked.calls
    assert cold.quota_left == asked.quota_remaining

    bench.sandbox.reset()
    warm = bench.sync()

    assert bench.sandbox.report().by_endpoint == {"ranking_latest": len(slugs)}
    assert warm.exit_code == 0
    assert not warm.rows - Counter(charts=len(slugs))


def test_every_table_holds_what_its_key_promises(bench: Bench) -> None:
    bench.follow("viral-50-40", history_days=2)
    bench.sync(insights=True)

    for table in TABLES.values():
        doubled = bench.query(f"SELECT {', '.join(table.key)} FROM {table.qualified} GROUP BY ALL HAVING count(*) > 1")
        assert doubled == [], table.name
        # The catalogue is asked for by selectors and searches only, and nothing malformed was answered. What is notable
        # depends on the figures.
        is_empty = bench.one(f"SELECT count(*) FROM {table.qualified}") == 0
        if table.name != "notable":
            assert is_empty is (table.name in {"chart_catalogue", "malformed_answers"}), table.name
    loose = """
        SELECT count(*) FROM soundcharts.chart_entries AS entries
        ANTI JOIN soundcharts.tracks AS tracks ON tracks.uuid = entries.track_uuid
    """
    assert bench.one(loose) == 0
    uncredited = """
        SELECT count(*) FROM soundcharts.track_artists AS credits
        ANTI JOIN soundcharts.artists AS artists ON artists.uuid = credits.artist_uuid
    """
    assert bench.one(uncredited) == 0
    orphans = """
        SELECT count(*) FROM soundcharts.genres
        WHERE parent <> '' AND parent NOT IN (SELECT genre FROM soundcharts.genres WHERE level = 0)
    """
    assert bench.one(orphans) == 0


def incomplete_tracks(bench: Bench, slug: str) -> list[tuple[Any, ...]]:
    """Tracks of a chart that miss metadata or an audience, though Soundcharts knows them."""
    return bench.query(
        """
        SELECT DISTINCT entries.track_uuid, wanted.subject
        FROM soundcharts.chart_entries AS entries
        CROSS JOIN (
            SELECT unnest(['tracks', 'track_audience/spotify', 'track_audience/airplay']) AS subject
        ) AS wanted
        LEFT JOIN soundcharts.fetches AS ledger
            ON ledger.subject = wanted.subject AND ledger.uuid = entries.track_uuid
        LEFT JOIN soundcharts.fetches AS metadata
            ON metadata.subject = 'tracks' AND metadata.uuid = entries.track_uuid
        WHERE entries.chart_slug = ? AND coalesce(metadata.status, '') <> 'not_found'
          AND coalesce(ledger.status, 'missing') NOT IN ('ok', 'empty')
        """,
        slug,
    )


class TestSharedRows:
    """A track on two charts is complete, stored once and fetched once, whatever becomes of one of the charts."""

    def test_when_the_other_charts_cascade_is_off(self, bench: Bench) -> None:
        bench.content = {
            "charts": [{"slug": "global-28", "cascade": False}, {"slug": "top-songs-29"}],
            "platforms": FEW,
        }
        bench.sync()

        assert incomplete_tracks(bench, "top-songs-29") == []
        only_global = """
            SELECT count(*) FROM soundcharts.fetches AS ledger
            JOIN soundcharts.chart_entries AS entries ON entries.track_uuid = ledger.uuid
            WHERE ledger.subject = 'tracks' AND entries.chart_slug = 'global-28'
              AND entries.track_uuid NOT IN (
                  SELECT track_uuid FROM soundcharts.chart_entries WHERE chart_slug = 'top-songs-29')
        """
        assert bench.one(only_global) == 0
        assert bench.one("SELECT count(*) FROM soundcharts.chart_entries WHERE chart_slug = 'global-28'") > 0

    def test_when_the_other_chart_fails(self, bench: Bench) -> None:
        bench.sandbox.faults([{"path": "/chart/song/global-28/", "kind": "status", "status": 500}])
        bench.follow("global-28", "top-songs-29", platforms=FEW)
        report = bench.sync()

        assert report.exit_code == 1
        assert [failure.chart for failure in report.failures] == ["global-28"]
        assert incomplete_tracks(bench, "top-songs-29") == []

    def test_when_the_other_chart_is_unfollowed_later(self, bench: Bench) -> None:
        bench.follow("global-28", "top-songs-29", platforms=FEW)
        bench.sync()
        bench.follow("top-songs-29", platforms=FEW)
        bench.let_pass(hours=25)
        bench.sandbox.reset()
        report = bench.sync()

        assert report.exit_code == 0
        assert incomplete_tracks(bench, "top-songs-29") == []
        assert bench.query("SELECT slug, followed FROM soundcharts.charts ORDER BY slug") == [
            ("global-28", False),
            ("top-songs-29", True),
        ]
        shared_or_own = bench.one(
            "SELECT count(*) FROM soundcharts.reached WHERE chart_slug = 'top-songs-29' AND entity = 'tracks'"
        )
        assert bench.sandbox.report().by_endpoint["song_audience/spotify"] <= shared_or_own
        assert bench.sandbox.report().duplicates == 0


class TestOneTrackFails:
    """One failing track leaves every other one stored and waits for its time in the ledger; the run succeeds."""

    FAULTS: ClassVar[list[tuple[dict[str, Any], str, int]]] = [
        ({"kind": "status", "status": 404}, "not_found", 24 * 30),
        ({"kind": "status", "status": 500}, "failed", 1),
        ({"kind": "truncated"}, "failed", 1),
        ({"kind": "malformed"}, "malformed", 1),
    ]
    """What goes wrong, what the ledger calls it, and how many hours it waits."""

    def test_in_its_metadata(self, bench: Bench) -> None:
        bench.some_track("viral-50-40")
        victims = [uuid for (uuid,) in bench.query("SELECT uuid FROM soundcharts.tracks ORDER BY uuid LIMIT 4")]
        bench.follow("viral-50-40", platforms=FEW)
        bench.sandbox.faults(
            [
                {"path": f"/song/[^?]*{uuid}(,|$|\\?)", **fault}
                for uuid, (fault, _, _) in zip(victims, self.FAULTS, strict=True)
            ]
        )
        report = bench.sync()

        assert report.exit_code == 1
        waits = """
            SELECT uuid, status, date_diff('minute', ?::TIMESTAMPTZ, not_before) / 60
            FROM soundcharts.fetches WHERE subject = 'tracks' AND status <> 'ok' ORDER BY uuid
        """
        assert bench.query(waits, bench.now) == [
            (uuid, status, hours) for uuid, (_, status, hours) in zip(victims, self.FAULTS, strict=True)
        ]
        tracks = next(account for account in report.accounts if account.subject == "tracks")
        assert (tracks.due, tracks.outcomes[Status.OK], tracks.failed) == (50, 46, 3)

    def test_in_one_audience(self, bench: Bench) -> None:
        victim = bench.some_track("viral-50-40")
        bench.follow("viral-50-40", platforms=FEW)
        bench.sandbox.faults([{"path": f"{victim}/audience/spotify", "kind": "status", "status": 503}])
        failed = bench.sync()

        assert failed.exit_code == 1
        assert [failure.subject for failure in failed.failures] == ["track_audience/spotify"]
        assert bench.query("SELECT subject, uuid, attempts FROM soundcharts.fetches WHERE status = 'failed'") == [
            ("track_audience/spotify", victim, 1),
        ]

        bench.sandbox.faults([])
        bench.sandbox.reset()
        assert bench.sync().exit_code == 0
        assert "song_audience/spotify" not in bench.sandbox.report().by_endpoint, "its time has not come"
        bench.let_pass(hours=1)
        assert bench.sync().exit_code == 0
        assert bench.sandbox.report().by_endpoint["song_audience/spotify"] == 1
        assert bench.query("SELECT count(*) FROM soundcharts.fetches WHERE status = 'failed'") == [(0,)]


def test_a_list_of_rankings_that_fails_hides_nothing_that_is_known(bench: Bench) -> None:
    bench.sandbox.faults([{"path": "available-rankings", "kind": "status", "status": 500}])
    bench.follow("viral-50-40", history_days=5, platforms=FEW)
    failed = bench.sync()

    assert failed.exit_code == 1
    assert [failure.subject for failure in failed.failures] == ["chart_rankings"]
    assert incomplete_tracks(bench, "viral-50-40") == []

    bench.sandbox.faults([])
    bench.sandbox.reset()
    bench.sync()
    assert bench.sandbox.report().by_endpoint == {"ranking_latest": 1}, "its time has not come"
    bench.let_pass(hours=1)
    assert bench.sync().exit_code == 0
    assert bench.one("SELECT count(*) FROM soundcharts.chart_rankings") > 1


class TestNarrowing:
    """Run configuration narrows a pass, and what it leaves stays due."""

    def test_platforms(self, bench: Bench) -> None:
        bench.follow("viral-50-40")
        bench.sync(request=Request(platforms=("shazam",)))

        audiences = {name for name in bench.sandbox.report().by_endpoint if "/" in name or name == "song_broadcasts"}
        assert audiences == {"song_audience/shazam"}

    def test_limit_defers_the_rest(self, bench: Bench) -> None:
        bench.follow("viral-50-40")
        report = bench.sync(request=Request(limit=3))

        assert report.exit_code == 0
        spotify = next(account for account in report.accounts if account.subject == "track_audience/spotify")
        assert (spotify.due, spotify.calls.total(), spotify.deferred) == (50, 3, 47)
        assert report.deferred > 0

    def test_a_dry_run_counts_and_makes_no_call(self, bench: Bench) -> None:
        bench.follow("viral-50-40", platforms={**FEW, "track_audience": ["spotify", "shazam"]})
        bench.sync(request=Request(platforms=("spotify",)))
        bench.sandbox.reset()
        report = bench.sync(request=Request(dry_run=True))

        assert bench.sandbox.report().calls == 0
        planned = {account.subject: account.planned for account in report.accounts}
        tracks = bench.one("SELECT count(*) FROM soundcharts.tracks") - gone(bench, "tracks")
        counted = Counter[str]()
        for account in report.accounts:
            counted[account.subject] += account.planned
        assert counted["track_audience/shazam"] == tracks
        assert "track_audience/spotify" not in planned

        bench.sync()
        made = bench.sandbox.report().by_endpoint
        assert made["song_audience/shazam"] == counted["track_audience/shazam"]
        assert made["artist_audience/tiktok"] == counted["artist_audience/tiktok"]

    def test_force_asks_for_everything_once(self, bench: Bench) -> None:
        bench.follow("viral-50-40", "top-50-58", platforms={**FEW, "artist_audience": []})
        bench.sync()
        bench.sandbox.reset()
        report = bench.sync(request=Request(force=True))

        assert report.exit_code == 0
        asked = bench.sandbox.report()
        assert asked.duplicates == 0
        tracks = bench.one("SELECT count(*) FROM soundcharts.tracks") - gone(bench, "tracks")
        assert asked.by_endpoint["song_audience/spotify"] == tracks

    def test_a_named_chart_need_not_be_followed(self, bench: Bench) -> None:
        bench.follow("global-28", platforms=FEW)
        report = bench.sync("viral-50-40")

        assert report.exit_code == 0
        assert bench.query("SELECT slug, followed, cascade FROM soundcharts.charts") == [("viral-50-40", False, True)]
        assert incomplete_tracks(bench, "viral-50-40") == []


class TestDaysGoBy:
    """What time makes due, and nothing else."""

    def test_a_day_later_daily_charts_bring_one_ranking_and_only_new_tracks_metadata(self, moving_bench: Bench) -> None:
        bench = moving_bench
        bench.follow(
            "global-28",
            "top-songs-31",
            platforms={"track_audience": ["spotify"], "artist_audience": [], "artist_listening": []},
        )
        bench.sync()
        known = bench.one("SELECT count(*) FROM soundcharts.tracks")
        bench.sandbox.advance(1)
        bench.sandbox.reset()
        bench.let_pass(hours=2)
        report = bench.sync()

        new = bench.one("SELECT count(*) FROM soundcharts.tracks") - known
        asked = bench.sandbox.report()
        assert report.exit_code == 0
        assert asked.by_endpoint["ranking_latest"] == 2
        assert asked.by_endpoint["ranking"] == 1
        assert asked.by_endpoint.get("song_audience/spotify", 0) == new
        assert report.charts["top-songs-31"].startswith("unchanged")

    def test_audiences_are_asked_for_again_after_a_day_and_grow_by_the_days_between(self, moving_bench: Bench) -> None:
        bench = moving_bench
        bench.follow("viral-50-40", platforms=FEW)
        bench.sync()
        newest = bench.one("SELECT max(date) FROM soundcharts.track_audience WHERE platform = 'spotify'")
        rows = bench.one("SELECT count(*) FROM soundcharts.track_audience")
        bench.let_pass(hours=23, minutes=59)
        bench.sandbox.reset()
        bench.sync()
        assert bench.sandbox.report().by_endpoint == {"ranking_latest": 1}

        bench.sandbox.advance(3)
        bench.let_pass(days=2)
        bench.sync()
        assert (
            bench.one("SELECT max(date) FROM soundcharts.track_audience WHERE platform = 'spotify'") - newest
        ).days == 3
        assert bench.one("SELECT count(*) FROM soundcharts.track_audience") > rows
        doubled = """
            SELECT track_uuid FROM soundcharts.track_audience
            GROUP BY track_uuid, platform, date, identifier HAVING count(*) > 1
        """
        assert bench.query(doubled) == []

    def test_rows_past_their_warn_window_are_taken_along_by_a_run_that_happens_anyway(
        self, moving_bench: Bench
    ) -> None:
        bench = moving_bench
        bench.follow("viral-50-40", platforms=FEW)
        bench.sync()
        bench.sandbox.advance(1)
        bench.sandbox.reset()
        bench.let_pass(hours=21)
        bench.sync()

        reached = bench.one("SELECT count(*) FROM soundcharts.reached WHERE entity = 'tracks'") - gone(bench, "tracks")
        empty = bench.one(
            "SELECT count(*) FROM soundcharts.fetches WHERE subject = 'track_audience/spotify' AND status = 'empty'"
        )
        assert bench.sandbox.report().by_endpoint["song_audience/spotify"] == reached - empty

    def test_metadata_is_asked_for_again_after_thirty_days(self, moving_bench: Bench) -> None:
        bench = moving_bench
        bench.follow("viral-50-40", platforms={"track_audience": [], "artist_audience": [], "artist_listening": []})
        bench.sync()
        bench.let_pass(days=29, hours=23)
        bench.sandbox.reset()
        bench.sync()
        assert set(bench.sandbox.report().by_endpoint) == {"ranking_latest"}
        bench.let_pass(hours=2)
        bench.sync()
        assert bench.sandbox.report().by_endpoint["song"] == 1

    def test_rankings_missed_while_nobody_looked_are_fetched_where_history_is_wanted(self, moving_bench: Bench) -> None:
        bench = moving_bench
        bench.follow("global-28", history_days=10)
        bench.content["charts"][0]["cascade"] = False
        bench.sync()
        bench.sandbox.advance(4)
        bench.let_pass(days=4)
        bench.sandbox.reset()
        bench.sync()

        asked = bench.sandbox.report()
        assert asked.by_endpoint["available_rankings"] == 1
        newest = bench.one("SELECT max(ranked_at) FROM soundcharts.chart_rankings")
        stored = bench.one(
            "SELECT count(*) FROM soundcharts.chart_rankings WHERE ranked_at > ?::TIMESTAMPTZ - INTERVAL 4 DAY", newest
        )
        assert stored == 4
        assert asked.duplicates == 0


class TestRefusals:
    """What the plan or a platform refuses is learnt once, not once for every artist, and hides nothing else."""

    def test_a_platform_that_is_not_in_the_plan(self, bench: Bench) -> None:
        bench.sandbox.switch(plan_forbidden=["tiktok"])
        bench.follow("viral-50-40", platforms=FEW)
        report = bench.sync()

        assert report.exit_code == 1
        assert {failure.subject for failure in report.failures} == {"artist_audience/tiktok"}
        assert "403" in report.failures[0].error
        assert bench.sandbox.report().by_endpoint["artist_audience/tiktok"] <= 8, "no more than were in flight"
        assert incomplete_tracks(bench, "viral-50-40") == []

        bench.sandbox.switch(plan_forbidden=[])
        bench.sandbox.reset()
        bench.let_pass(hours=23)
        bench.sync()
        assert "artist_audience/tiktok" not in bench.sandbox.report().by_endpoint
        bench.let_pass(hours=1)
        assert bench.sync().exit_code == 0
        artists = bench.one("SELECT count(*) FROM soundcharts.artists") - gone(bench, "artists")
        assert bench.sandbox.report().by_endpoint["artist_audience/tiktok"] == artists

    def test_a_platform_that_has_no_such_audience(self, bench: Bench) -> None:
        bench.follow("viral-50-40", platforms={**FEW, "artist_audience": ["joox"]})
        bench.sandbox.faults([{"path": "/audience/joox", "kind": "status", "status": 400}])
        report = bench.sync()

        assert report.exit_code == 0
        assert bench.sandbox.report().by_endpoint["artist_audience/joox"] <= 8
        unsupported = next(account for account in report.accounts if account.subject == "artist_audience/joox")
        assert unsupported.outcomes[Status.UNSUPPORTED] == unsupported.due
