"""Who is followed: the charts that are named, and those of the catalogue that selectors find."""

from collections.abc import Mapping
from typing import Any

import pytest

from soundcharts_assets.api.errors import QuotaExhausted
from soundcharts_assets.api.records import ChartRecord
from soundcharts_assets.following import Following, follow
from soundcharts_assets.refresh.catalogue import Scope, scopes_of
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.settings.charts import ChartSelector
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.tables import CHART_CATALOGUE
from tests.conftest import Bench


def listed(slug: str, **changes: Any) -> ChartRecord:
    """A chart of the catalogue: Spotify's daily Top Songs of the world, but for the changes."""
    chart = ChartRecord(slug, "Top Songs", "spotify", "song", "daily", "", "Worldwide", None, 200, None, None)
    return chart._replace(**changes)


CATALOGUE = [
    listed("global-1"),
    listed("us-2", country_code="US"),
    listed("gb-3", country_code="GB", frequency="weekly"),
    listed("gb-4", country_code="GB", name="Viral 50"),
    listed("shazam-5", platform="shazam", name="Top 200"),
]


def following(*charts: Any, **content: Any) -> Following:
    return follow(FileSettings.model_validate({"charts": list(charts), **content}), CATALOGUE)


# What a selector finds.


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, ["global-1", "us-2", "gb-3", "gb-4"]),
        ({"countries": ["US"]}, ["us-2"]),
        ({"countries": ["us", "Gb"]}, ["us-2", "gb-3", "gb-4"]),
        ({"countries": ["worldwide"]}, ["global-1"]),
        ({"countries": ["Worldwide", "US"]}, ["global-1", "us-2"]),
        ({"countries": ["NL"]}, []),
        ({"name": "Top*"}, ["global-1", "us-2", "gb-3"]),
        ({"name": "top SONGS"}, ["global-1", "us-2", "gb-3"]),
        ({"name": "Top"}, []),
        ({"name": "*al ?0"}, ["gb-4"]),
        ({"name": "[vw]iral*"}, ["gb-4"]),
        ({"frequency": "weekly"}, ["gb-3"]),
        ({"frequency": "Daily"}, ["global-1", "us-2", "gb-4"]),
        ({"countries": ["GB"], "name": "Top*", "frequency": "weekly"}, ["gb-3"]),
        ({"countries": ["GB"], "name": "Top*", "frequency": "daily"}, []),
    ],
)
def test_a_selector_finds_what_fits_all_that_it_says(narrowed: Mapping[str, Any], found: list[str]) -> None:
    assert following({"platform": "spotify", **narrowed}).slugs == found


def test_a_pattern_takes_the_case_of_every_alphabet_for_one() -> None:
    file = FileSettings.model_validate({"charts": [{"platform": "spotify", "name": "STRASSE ÄÖ*"}]})
    assert follow(file, [listed("de-1", name="Straße äöü")]).slugs == ["de-1"]


def test_what_a_selector_says_holds_for_each_chart_that_it_finds() -> None:
    found = following({"platform": "spotify", "countries": ["GB"], "cascade": False, "history_days": 7}, history_days=3)
    assert [(chart.slug, chart.cascade) for chart in found.charts] == [("gb-3", False), ("gb-4", False)]
    assert found.history_days("gb-3") == 7
    assert following({"platform": "spotify"}, history_days=3).history_days("gb-3") == 3


def test_a_chart_without_frequency_fits_a_selector_that_asks_for_none() -> None:
    unknown = [listed("odd-1", frequency=None)]
    assert follow(FileSettings.model_validate({"charts": [{"platform": "spotify"}]}), unknown).follows("odd-1")
    daily = FileSettings.model_validate({"charts": [{"platform": "spotify", "frequency": "daily"}]})
    assert not follow(daily, unknown).follows("odd-1")


@pytest.mark.parametrize("slug", ["..", " a", "a\nb"])
def test_a_slug_that_cannot_be_asked_for_stops_nothing(slug: str) -> None:
    file = FileSettings.model_validate({"charts": [{"platform": "spotify"}]})
    assert follow(file, [listed(slug), listed("global-1")]).slugs == ["global-1"]


# Several of them.


def test_a_named_chart_is_what_its_name_says_wherever_it_stands() -> None:
    found = following({"platform": "spotify", "cascade": False}, {"slug": "us-2", "history_days": 9}, "not-listed")
    assert found.slugs == ["us-2", "not-listed", "global-1", "gb-3", "gb-4"]
    assert (found.chart("us-2").cascade, found.history_days("us-2")) == (True, 9)
    assert "us-2" not in found.selected_by


def test_of_two_selectors_the_first_decides() -> None:
    first = {"platform": "spotify", "countries": ["US"], "cascade": False}
    found = following(first, {"platform": "spotify"})
    assert found.slugs == ["us-2", "global-1", "gb-3", "gb-4"]
    assert [found.chart(slug).cascade for slug in found.slugs] == [False, True, True, True]
    assert found.selected_by["us-2"] == ChartSelector.model_validate(first)


def test_a_selector_that_finds_nothing_is_told_and_one_that_comes_second_is_not() -> None:
    found = following(
        "us-2", {"platform": "spotify", "countries": ["US"]}, {"platform": "tidal", "countries": ["US", "worldwide"]}
    )
    assert found.slugs == ["us-2"]
    assert [str(selector) for selector in found.unmatched] == ["tidal, US worldwide"]


def test_without_a_catalogue_the_named_charts_are_followed() -> None:
    file = FileSettings.model_validate({"charts": ["global-1", {"platform": "spotify"}]})
    assert follow(file).slugs == ["global-1"]


# What has to be asked for it.


@pytest.mark.parametrize(
    ("selectors", "scopes"),
    [
        ([], []),
        ([{"platform": "spotify"}], [Scope("spotify")]),
        ([{"platform": "spotify", "countries": ["US", "GB"]}], [Scope("spotify", "US"), Scope("spotify", "GB")]),
        ([{"platform": "spotify", "countries": ["US", "worldwide"]}], [Scope("spotify")]),
        ([{"platform": "spotify", "countries": ["US"]}, {"platform": "spotify"}], [Scope("spotify")]),
        (
            [{"platform": "spotify"}, {"platform": "tidal", "countries": ["US"]}],
            [Scope("spotify"), Scope("tidal", "US")],
        ),
        (
            [
                {"platform": "spotify", "countries": ["US"]},
                {"platform": "spotify", "countries": ["us"], "name": "Top*"},
            ],
            [Scope("spotify", "US")],
        ),
    ],
)
def test_no_more_is_listed_than_the_selectors_need(selectors: list[dict[str, Any]], scopes: list[Scope]) -> None:
    assert scopes_of(ChartSelector.model_validate(selector) for selector in selectors) == scopes


# A pass.


def select(bench: Bench, *charts: Any) -> None:
    """Follow these from now on, rankings only."""
    bench.content = {
        "charts": [{"cascade": False, **chart} if isinstance(chart, dict) else chart for chart in charts],
        "platforms": {"track_audience": [], "artist_audience": [], "artist_listening": []},
    }


def listings(bench: Bench) -> int:
    """Calls for listings since the last reset."""
    return bench.sandbox.report().by_endpoint.get("charts_by_platform", 0)


def ledger(bench: Bench) -> dict[str, str]:
    rows = bench.query("SELECT uuid, status FROM soundcharts.fetches WHERE subject = 'chart_catalogue'")
    return {str(uuid): str(status) for uuid, status in rows}


def stored_charts(bench: Bench) -> list[str]:
    rows = bench.query("SELECT slug FROM soundcharts.chart_catalogue ORDER BY slug")
    return [str(slug) for (slug,) in rows]


def followed_charts(bench: Bench) -> list[str]:
    return [str(slug) for (slug,) in bench.query("SELECT slug FROM soundcharts.charts WHERE followed ORDER BY slug")]


def test_a_pass_lists_the_charts_once_a_day_and_follows_what_fits(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["fr"]}, {"platform": "shazam", "name": "top 50"})
    report = bench.sync()

    assert report.exit_code == 0
    assert list(report.charts) == ["top-songs-31", "top-50-58"]
    assert report.calls["charts_by_platform"] == listings(bench) == 2
    assert ledger(bench) == {"spotify@FR": "ok", "shazam": "ok"}
    assert stored_charts(bench) == ["top-200-52", "top-50-58", "top-songs-31"]
    assert followed_charts(bench) == ["top-50-58", "top-songs-31"]
    assert set(bench.instance.get_dynamic_partitions("charts")) == {"top-50-58", "top-songs-31"}
    counted = "SELECT sum(calls) FROM soundcharts.api_calls WHERE endpoint = 'charts_by_platform'"
    assert bench.one(counted) == 2

    bench.let_pass(hours=23)
    assert bench.sync().exit_code == 0
    assert listings(bench) == 2
    bench.let_pass(hours=1)
    assert bench.sync().exit_code == 0
    assert listings(bench) == 4


def test_worldwide_charts_come_with_the_whole_platform(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["worldwide", "BR"]})
    assert set(bench.sync().charts) == {"global-28", "viral-50-40"}
    assert ledger(bench) == {"spotify": "ok"}


def test_a_country_is_not_asked_for_where_its_platform_was_listed_within_a_day(bench: Bench) -> None:
    select(bench, {"platform": "spotify"})
    bench.refresher().refresh_catalogue()
    select(bench, {"platform": "spotify", "countries": ["US"]})
    assert bench.refresher().refresh_catalogue() == []
    assert bench.refresher().following.slugs == ["top-songs-29"]


def test_named_charts_cost_no_listing(bench: Bench) -> None:
    select(bench, {"slug": "viral-50-40"})
    assert bench.sync().exit_code == 0
    select(bench, {"platform": "spotify"})
    assert list(bench.sync("viral-50-40").charts) == ["viral-50-40"]
    assert listings(bench) == 0


def test_a_dry_run_goes_by_what_was_listed_before(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["BR"]})
    assert bench.sync(request=Request(dry_run=True)).charts == {}
    assert bench.sandbox.report().calls == 0
    bench.refresher().refresh_catalogue()
    assert list(bench.sync(request=Request(dry_run=True)).charts) == ["viral-50-40"]


def test_a_selector_that_finds_nothing_is_told_and_is_no_failure(bench: Bench) -> None:
    select(bench, {"platform": "tidal", "countries": ["NL"]}, {"slug": "viral-50-40"})
    report = bench.sync()
    assert report.exit_code == 0
    assert report.warnings == ["no chart matches the selector (tidal, NL)"]
    assert list(report.charts) == ["viral-50-40"]

    select(bench, {"platform": "tidal", "countries": ["NL"]})
    alone = bench.sync()
    assert (alone.exit_code, alone.charts, len(alone.warnings)) == (0, {}, 1)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "status", "status": 500}, "failed"),
        ({"kind": "malformed"}, "malformed"),
        ({"kind": "status", "status": 404}, "not_found"),
    ],
)
def test_a_listing_that_fails_is_not_taken_for_an_empty_one(bench: Bench, fault: dict[str, Any], status: str) -> None:
    select(bench, {"platform": "spotify", "countries": ["BR"]})
    bench.sync()
    bench.let_pass(days=1)
    bench.sandbox.faults([{"path": "by-platform", **fault}])
    failed = bench.sync()

    assert failed.exit_code == 1
    assert [one.subject for one in failed.failures] == ["chart_catalogue"]
    assert "spotify@BR" in failed.failures[0].error
    assert list(failed.charts) == ["viral-50-40"]
    assert ledger(bench) == {"spotify@BR": status}
    assert stored_charts(bench) == ["viral-50-40"]


def test_a_listing_that_failed_waits_for_its_time(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["BR"]})
    bench.sandbox.faults([{"path": "by-platform", "kind": "status", "status": 500}])
    assert bench.sync().exit_code == 1
    bench.sandbox.faults([])
    bench.sandbox.reset()

    assert bench.sync().exit_code == 0
    assert listings(bench) == 0
    bench.let_pass(hours=1)
    assert list(bench.sync().charts) == ["viral-50-40"]
    assert listings(bench) == 1


def store_chart(bench: Bench, **changes: Any) -> None:
    """Put a chart into the catalogue that Soundcharts does not list any more."""
    values = {**listed("vanished-7")._asdict(), **changes, "fetched_at": bench.now}
    row = tuple(values[name] for name in CHART_CATALOGUE.names)
    batch = Batch()
    batch.add([Change(CHART_CATALOGUE.name, Mode.UPSERT, CHART_CATALOGUE.names, [row])])
    bench.refresher().warehouse.commit(batch)


@pytest.mark.parametrize("countries", [["BR"], None])
def test_a_chart_that_is_listed_no_more_is_followed_no_more(bench: Bench, countries: list[str] | None) -> None:
    selector = {"platform": "spotify", "name": "Viral*"} | ({"countries": countries} if countries else {})
    select(bench, selector)
    bench.refresher().refresh_catalogue()
    store_chart(bench, name="Viral 50", country_code="BR")
    assert set(bench.refresher().following.slugs) == {"viral-50-40", "vanished-7"}

    bench.let_pass(days=1)
    refresher = bench.refresher()
    assert set(refresher.following.slugs) == {"viral-50-40", "vanished-7"}
    refresher.refresh_catalogue()
    assert refresher.following.slugs == ["viral-50-40"]
    assert "vanished-7" not in stored_charts(bench)


def test_the_listing_of_a_country_leaves_other_countries_and_platforms_alone(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["BR"]})
    bench.refresher().refresh_catalogue()
    store_chart(bench, slug="us-1", country_code="US")
    store_chart(bench, slug="tidal-1", platform="tidal", country_code="BR")
    bench.let_pass(days=1)
    bench.refresher().refresh_catalogue()
    assert stored_charts(bench) == ["tidal-1", "us-1", "viral-50-40"]


def test_a_refresher_reads_the_catalogue_once_until_it_is_refreshed(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["BR"]})
    refresher = bench.refresher()
    assert refresher.following.slugs == []
    bench.refresher().refresh_catalogue()  # another process
    assert refresher.following.slugs == []
    assert refresher.refresh_catalogue() == []
    assert refresher.following.slugs == ["viral-50-40"]


def test_a_spent_quota_stops_the_listing_and_keeps_what_was_listed(bench: Bench) -> None:
    select(bench, {"platform": "spotify"}, {"platform": "shazam"})
    bench.sandbox.switch(quota=0)
    with pytest.raises(QuotaExhausted):
        bench.refresher().refresh_catalogue()
    bench.sandbox.switch(quota=1_000_000)
    bench.refresher().refresh_catalogue([Scope("spotify")])
    bench.sandbox.switch(quota=0)
    report = bench.sync()
    assert report.exit_code == 3
    assert ledger(bench)["spotify"] == "ok"
    assert bench.refresher().following.follows("global-28")


def test_without_budget_for_a_listing_the_pass_goes_by_what_was_listed_before(bench: Bench) -> None:
    select(bench, {"platform": "spotify", "countries": ["BR"]})
    assert bench.sync().exit_code == 0
    bench.let_pass(days=1)
    bench.content["budget"] = {"daily": 0}
    report = bench.sync()
    assert listings(bench) == 1
    assert [warning for warning in report.warnings if warning.startswith("charts were not listed: ")]
    assert list(report.charts) == ["viral-50-40"]


def test_without_selectors_no_warehouse_is_opened_to_know_who_is_followed(bench: Bench) -> None:
    bench.follow("global-28")
    refresher = bench.refresher()
    assert refresher.following.slugs == ["global-28"]
    assert refresher.refresh_catalogue() == []
    assert not refresher.warehouse.path.exists()
