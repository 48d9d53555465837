"""What the warehouse is asked and what becomes of it: figures of a small example, worked out by hand."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from soundcharts_assets.dashboard.contents import Contents, Limits, reasons_in, web_address
from soundcharts_assets.dashboard.data import gather
from soundcharts_assets.dashboard.page import render
from soundcharts_assets.refresh.insights import rebuild_insights
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.errors import WarehouseError
from tests.dashboard.stock import FRANCE, NAMES, NOW, TODAY, WORLD, insert, refresher_in, stocked, uuid


def rows(table: Mapping[str, Sequence[Any]], *names: str) -> list[tuple[Any, ...]]:
    """Rows of columns."""
    return list(zip(*(table[name] for name in names), strict=True))


def name_of(contents: Contents, number: int) -> str:
    """The example's name of the track of a number."""
    uuids = [*contents.overview["tracks"]["uuid"], *contents.details["past"]["uuid"]]
    return str(uuids[number]).removesuffix("-uuid")


def chart_number(contents: Contents, slug: str) -> int:
    number: int = contents.overview["charts"]["slug"].index(slug)
    return number


def newest(contents: Contents, slug: str) -> list[tuple[Any, ...]]:
    """Movement, name, place, place before, peak and streak on the newest ranking."""
    ranking = contents.overview["newest"][chart_number(contents, slug)]
    named = [name_of(contents, track) for track in ranking["track"]]
    figures = rows(ranking, "position", "previous", "peak", "streak")
    return [(move, name, *rest) for move, name, rest in zip(ranking["moves"], named, figures, strict=True)]


def test_the_newest_ranking_says_who_moved_and_who_left(contents: Contents) -> None:
    assert newest(contents, FRANCE) == [
        ("u", "octopus", 1, 3, 1, 2),
        ("d", "ghost", 2, 1, 1, 3),
        ("n", "city", 3, None, 3, 1),
        ("x", "song", None, 2, 1, 0),
    ]
    assert newest(contents, WORLD) == [("u", "song", 1, 2, 1, 2), ("d", "plain", 2, 1, 1, 2)]


def test_the_figure_behind_a_place_and_the_days_are_told(contents: Contents) -> None:
    ranking = contents.overview["newest"][chart_number(contents, FRANCE)]

    # The ghost was first on the 9th, a day ago, and on the chart since the 8th.
    assert rows(ranking, "value", "peakAgo", "firstAgo", "times")[1] == (8_000, 1, 2, 3)


def test_a_track_that_left_long_ago_is_known_with_the_details_only(contents: Contents) -> None:
    assert uuid("arabic") not in contents.overview["tracks"]["uuid"]
    assert contents.details["past"]["name"] == [NAMES["arabic"][0]]


def test_places_of_a_track_are_a_series_over_rankings(contents: Contents) -> None:
    number = chart_number(contents, FRANCE)
    places = {
        name_of(contents, track): (first, steps)
        for track, first, steps in rows(contents.details["positions"][number], "track", "first", "steps")
    }

    assert places == {
        "song": (0, [1, 1]),
        "ghost": (0, [2, -1, 1]),
        "arabic": (0, [3]),
        "octopus": (1, [3, -2]),
        "city": (2, [3]),
    }
    assert [at[:10] for at in contents.details["rankings"][number]] == ["2026-03-08", "2026-03-09", "2026-03-10"]


def test_the_largest_of_spotifys_identifiers_counts_youtubes_add_up_and_a_missing_day_stays_missing(
    contents: Contents,
) -> None:
    series = {
        (one.platform, name_of(contents, one.number)): one.series for one in contents.series if one.entity == "track"
    }

    # Day 70 is today, so five days ago is 65. Steps of 10,000, 11,000, 19,000 and 12,000 are told in units of 100.
    assert series["spotify", "octopus"] == (65, 100, [1_000, 100, 110, None, 190, 120])
    # 100 + 1,000, then 200 + 1,001, then 300 + 1,010.
    assert series["youtube", "octopus"] == (68, 1, [1_100, 101, 109])


def test_series_of_artists_have_gaps_where_nobody_looked(contents: Contents) -> None:
    series = {one.metric: one.series for one in contents.series if one.entity == "artist"}

    assert series["listeners"] == (67, 1, [5_000, 200, -100])
    assert series["followers"] == (61, 1, [800, None, None, None, 10, None, None, None, 20])


def test_genres_share_a_ranking_in_thousandths(contents: Contents) -> None:
    table = contents.details["genreShares"][chart_number(contents, FRANCE)]
    shares = {genre: (first, steps) for genre, first, steps in rows(table, "genre", "first", "steps")}

    # On the 10th: octopus is electronic, the ghost half rock and half pop, the city pop. A third is 333 thousandths.
    assert shares["electronic"] == (1, [333, 0])
    assert shares["pop"] == (0, [500, 0, 0])
    assert shares["rock"] == (0, [167, 0, 0])
    assert shares[""] == (0, [333])


def test_a_track_is_told_where_it_charts_and_charted(contents: Contents) -> None:
    table = contents.details["crossChart"]
    found = [row[1:] for row in rows(table, "track", "chart", "position", "best", "bestAgo", "firstAgo", "mark")
             if name_of(contents, row[0]) == "song"]  # fmt: skip

    # First on the weekly chart, on the 3rd; there it is first since today. In France it was first on the 8th already.
    assert found == [
        (chart_number(contents, WORLD), 1, 1, 0, 7, 1),
        (chart_number(contents, FRANCE), None, 1, 2, 2, 2),
    ]


def test_a_chart_that_is_not_on_the_page_is_named_in_what_is_told_of_a_track(refresher: Refresher) -> None:
    contents = gather(refresher, Limits(charts=1))

    shown = contents.overview["charts"]["slug"]
    assert len(shown) == 1
    assert contents.overview["state"]["charts"] == 2
    (other,) = {FRANCE, WORLD}.difference(shown)
    assert contents.details["otherCharts"]["slug"] == [other]


def test_the_chart_on_which_most_happened_comes_first_and_places_are_limited(refresher: Refresher) -> None:
    # In France one came and one left; on the weekly chart two changed places.
    assert gather(refresher).overview["charts"]["slug"] == [FRANCE, WORLD]
    assert gather(refresher, Limits(places=4)).overview["charts"]["slug"] == [FRANCE]
    assert gather(refresher, Limits(places=1)).overview["charts"]["slug"] == [FRANCE]


def test_rankings_are_limited_to_the_last_ones(refresher: Refresher) -> None:
    contents = gather(refresher, Limits(rankings=2))

    assert [at[:10] for at in contents.details["rankings"][chart_number(contents, FRANCE)]] == [
        "2026-03-09",
        "2026-03-10",
    ]
    assert contents.details["past"]["uuid"] == []


def test_operations_tell_failures_by_kind_calls_by_day_and_the_month(contents: Contents) -> None:
    upkeep = contents.overview["operations"]

    assert rows(upkeep["ledger"], "subject", "status", "rows") == [
        ("tracks", "failed", 1),
        ("tracks", "malformed", 1),
        ("tracks", "ok", 1),
    ]
    assert rows(upkeep["days"], "day", "calls", "requests", "refused", "quota") == [
        ("2026-03-09", 42, 42, 2, 880),
        ("2026-03-10", 7, 7, None, 860),
    ]
    assert upkeep["spentToday"] == 7
    assert upkeep["quotaLeft"] == 860
    # 30 daily rankings and 30 / 7 weekly ones, 1.2 polls each: 36 and 5.14, of which every begun one counts.
    assert upkeep["month"]["charts"] == 42
    assert upkeep["charts"]["slug"] == [FRANCE, WORLD]


def test_nothing_secret_is_on_the_page(contents: Contents, refresher: Refresher) -> None:
    page = render(contents)

    for secret in ("a-secret-key", "an-app", "password", str(refresher.warehouse.path.parent), "javascript:alert"):
        assert secret not in page
        assert secret not in str(contents)


def test_only_addresses_of_the_web_become_links() -> None:
    assert web_address("https://charts.example.com/viral?x=1") == "https://charts.example.com/viral?x=1"
    for other in (
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a b",
        'https://a"b',
        "file:///etc/passwd",
    ):
        assert web_address(other) is None


@pytest.mark.parametrize(
    ("sentence", "name", "credit", "told"),
    [
        ("Sun by Ada: entered 2 charts.", "Sun", "Ada", "Entered 2 charts."),
        ("Ada: accelerates.", "Ada", None, "Accelerates."),
        ("Told otherwise.", "Sun", "Ada", "Told otherwise."),
        ("", "", None, ""),
    ],
)
def test_reasons_are_told_without_the_name_that_stands_beside_them(
    sentence: str, name: str, credit: str | None, told: str
) -> None:
    assert reasons_in(sentence, name, credit) == told


def test_insights_that_were_never_made_are_told(tmp_path: Path) -> None:
    state = gather(stocked(tmp_path, insights=False)).overview["state"]

    assert (state["rankings"], state["movements"], state["knownAt"]) == (5, 0, None)


def test_a_ranking_that_is_newer_than_the_insights_is_told(tmp_path: Path) -> None:
    refresher = stocked(tmp_path)
    at = NOW + timedelta(days=1)
    ranking = {"chart_slug": FRANCE, "ranked_at": at, "entry_count": 1, "fetched_at": at}
    entry = {"chart_slug": FRANCE, "ranked_at": at, "position": 1, "track_uuid": uuid("song")}
    with refresher.warehouse.connect() as connection:
        insert(connection, "chart_rankings", [ranking])
        insert(connection, "chart_entries", [entry])

    behind = gather(refresher).overview
    rebuild_insights(refresher.warehouse, TODAY)

    assert behind["state"]["behind"] == 1
    assert behind["charts"]["rankedAt"][0][:10] == "2026-03-10"
    assert gather(refresher).overview["state"]["behind"] == 0


def test_a_warehouse_without_rows_is_no_trouble(tmp_path: Path) -> None:
    refresher = refresher_in(tmp_path)
    with refresher.warehouse.connect():
        pass

    overview = gather(refresher).overview

    assert overview["state"]["rankings"] == 0
    assert overview["charts"]["slug"] == []


def test_a_warehouse_that_cannot_be_read_is_a_line(tmp_path: Path) -> None:
    refresher = stocked(tmp_path)
    with duckdb.connect(str(refresher.warehouse.path)) as connection:
        connection.execute("ALTER TABLE soundcharts.charts RENAME TO moved")

    with pytest.raises(WarehouseError, match="cannot be read"):
        gather(refresher)


def test_asking_leaves_the_warehouse_as_it_was(tmp_path: Path) -> None:
    refresher = stocked(tmp_path)
    tables = "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL"
    with refresher.warehouse.connect() as connection:
        before = connection.execute(tables).fetchall()

    gather(refresher)

    with refresher.warehouse.connect() as connection:
        assert connection.execute(tables).fetchall() == before
