"""The arithmetic of `docs/scale.md`, worked by hand on a small example."""

from pathlib import Path

import pytest

from benchmarks import scale
from benchmarks.scale import Assumptions, Charts, Policy, Reach

ONE_DAILY = Charts("spotify", "country", "daily", 1, 200)
SEVEN_WEEKLY = Charts("youtube", "countries", "weekly", 7, 100)
FEW = Assumptions(charts=(ONE_DAILY, SEVEN_WEEKLY), tracks=1_000, artists_per_track=0.5, distinct=0.5)
AUDIENCES = Reach(100, 10)


def test_a_day_of_rankings_is_a_poll_or_a_little_more_and_the_further_pages() -> None:
    # One daily ranking of two pages and, of seven weekly charts, one ranking of one page.
    assert scale.ranking_calls(FEW.charts, 1.2) == pytest.approx((1.2 + 1) + 1.2)
    assert scale.runs_a_day(FEW.charts) == pytest.approx(2)


def test_a_track_takes_four_requests_a_day_and_an_artist_four() -> None:
    daily = scale.settings_of()
    assert scale.per_entity(daily, "tracks", 5_000) == pytest.approx((4, 4))
    # Listeners and views daily; of followers four series, which Soundcharts looks at every two days.
    assert scale.per_entity(daily, "artists", 5_000) == pytest.approx((6, 2 + 4 / 2))
    assert scale.per_entity(daily, "artists", 20) == pytest.approx((6, 2 + 4 / 7))


def test_rarer_audiences_cost_less_and_what_is_rarer_already_does_not() -> None:
    every_other = scale.settings_of(every_days=2)
    assert scale.per_entity(every_other, "tracks", 5_000)[1] == pytest.approx(2)
    assert scale.per_entity(every_other, "artists", 5_000)[1] == pytest.approx(6 / 2)


def test_a_policy_adds_metadata_in_batches_once_a_month() -> None:
    policy = Policy("some", scale.settings_of(), Reach(3_000, 1_500), AUDIENCES)
    assert scale.policy_calls(policy, 5_000) == pytest.approx(4_500 / 50 / 30 + 4 * 100 + 4 * 10)
    by_id = Policy("some", scale.settings_of(batch_size=1), Reach(3_000, 1_500), AUDIENCES)
    assert scale.policy_calls(by_id, 5_000) == pytest.approx(4_500 / 30 + 4 * 100 + 4 * 10)


def test_the_first_fill_takes_a_request_for_each_series_and_batch() -> None:
    assert scale.fill_calls(scale.settings_of(), AUDIENCES) == pytest.approx(110 / 50 + 4 * 100 + 6 * 10)
    assert scale.days_at(7_200_000, 5_000) == pytest.approx(1)


def test_a_year_of_rankings_takes_its_lists_and_pages() -> None:
    # 365 rankings: a list of four pages, and two pages each; 52 rankings: a list of one page, and one page each.
    assert scale.history_calls(FEW.charts, 365) == (4 + 365 * 2) + 7 * (1 + 52)


def test_reach_follows_the_places_and_is_never_more_than_there_are() -> None:
    assert scale.places(FEW.charts) == 900
    assert scale.reach_of(FEW) == Reach(450, 337.5)
    assert scale.reach_of(FEW, (("daily", 3.0), ("weekly", 1.0))).tracks == pytest.approx((600 + 700) / 2)
    assert scale.reach_of(FEW, (("daily", 9.0), ("weekly", 9.0))).tracks == 1_000


def test_the_cheapest_plan_that_suffices_is_taken_and_none_invented() -> None:
    cheapest = scale.plan_for(500_000)
    assert cheapest is not None
    assert cheapest.name == "Developer"
    assert scale.plan_for(60_000_001) is None


def test_rows_of_a_year_and_their_bytes() -> None:
    policy = Policy("some", scale.settings_of(), AUDIENCES, AUDIENCES)
    rows = scale.rows_a_year(policy, FEW)
    assert rows == pytest.approx(
        {
            "chart_entries": 365 * (200 + 100),
            "track_audience": 365 * 4 * 100,
            "artist_audience": 365 * 4 * 10,
            "artist_listening": 365 * 2 * 10,
        }
    )
    assert scale.bytes_of(rows, Assumptions(bytes_per_million_rows=())) is None
    known = Assumptions(bytes_per_million_rows=tuple((table, 1_000_000.0) for table in rows))
    assert scale.bytes_of(rows, known) == pytest.approx(sum(rows.values()))


def test_so_many_tracks_as_a_limit_suffices_for() -> None:
    # A track and half an artist take 4 + 2 requests a day.
    assert scale.most_tracks(6_000, Assumptions()) == pytest.approx(1_000)


def test_the_page_holds_the_tables_as_they_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    scale.main()
    page = (Path(__file__).parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    tables = capsys.readouterr().out.split("\n\n")
    assert len(tables) > 5
    for table in tables:
        body = "\n".join(line for line in table.splitlines() if line.startswith("|"))
        assert body in page
