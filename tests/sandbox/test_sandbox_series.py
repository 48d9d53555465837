"""The synthetic series as functions."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.sandbox import series

DAYS = st.dates(date(2018, 1, 1), date(2027, 12, 31)).map(date.toordinal)
ENTITIES = st.uuids().map(str)
NO_CASES: frozenset[str] = frozenset()
BORN = date(2017, 3, 1).toordinal()


def counter(entity: str, platform: str = "spotify", *cases: str) -> series.SongCounter:
    return series.song_counter(entity, platform, BORN, (), frozenset(cases))


@given(ENTITIES, st.sampled_from(series.SONG_PLATFORMS), DAYS)
def test_same_day_same_value(entity: str, platform: str, day: int) -> None:
    once = counter(entity, platform)
    series.song_counter.cache_clear()
    again = counter(entity, platform)
    assert once == again
    assert once.has(day) == again.has(day)
    assert once.plots(day) == again.plots(day)


@given(ENTITIES, DAYS, st.integers(0, 60), st.integers(0, 60))
def test_two_windows_are_the_whole_window(entity: str, first: int, before: int, after: int) -> None:
    middle, last = first + before, first + before + after + 1
    for some in (
        counter(entity),
        series.artist_audience(entity, "youtube"),
        series.artist_listening(entity, "spotify"),
    ):
        assert some.days(first, middle) + some.days(middle + 1, last) == some.days(first, last)


@given(ENTITIES, st.sampled_from(series.SONG_PLATFORMS), DAYS)
def test_counters_never_fall_unless_marked(entity: str, platform: str, day: int) -> None:
    some = counter(entity, platform)
    if not some.drops:
        for (_, earlier), (_, later) in zip(some.plots(day), some.plots(day + 1), strict=True):
            assert 0 <= earlier <= later


def test_marked_counters_fall() -> None:
    some = counter("anyone", "spotify", "counter_drops")
    totals = [some.total(day) for day in range(BORN, BORN + 60)]
    assert any(later < earlier for earlier, later in pairwise(totals))
    assert min(totals) > 0


def test_some_counters_need_64_bits_and_some_days_are_missing() -> None:
    day = date(2026, 11, 21).toordinal()
    found = [series.song_counter(f"song {number}", "spotify", BORN, popularity=1.0) for number in range(30)]
    assert max(value for some in found for _, value in some.plots(day)) > 2**31
    shown = found[0].days(day - 365, day)
    assert 300 < len(shown) < 365


def test_spotify_ids_nearly_agree_and_videos_do_not() -> None:
    day = date(2026, 11, 21).toordinal()
    for number in range(40):
        streams = [value for _, value in counter(f"{number}", "spotify", "several_identifiers").plots(day)]
        assert len(streams) in {0, 2}
        assert not streams or streams[0] * 0.99 <= streams[1] <= streams[0]
        views = [value for _, value in counter(f"{number}", "youtube", "several_identifiers").plots(day)]
        assert not views or views[1] < views[0] * 0.5


@given(ENTITIES, st.sampled_from(sorted(series.AUDIENCE_METRICS)), DAYS)
def test_crawls_follow_the_size_of_the_artist(entity: str, platform: str, day: int) -> None:
    audience = series.artist_audience(entity, platform)
    last = audience.last_crawl(day)
    if audience.empty:
        assert last is None
        return
    assert last is not None
    assert audience.days(last, day) == [last]
    assert day - last < 2 * 15
    assert audience.interval(day) in {2, 3, 5, 7, 15}


@pytest.mark.parametrize(
    ("followers", "interval"),
    [(0, 15), (9.5, 15), (10, 7), (149.5, 7), (150, 5), (499, 5), (500, 3), (4_990, 3), (5_000, 2), (1e8, 2)],
)
def test_the_next_crawl_comes_one_interval_after_the_last(followers: float, interval: int) -> None:
    first = date(2026, 9, 16).toordinal()
    for seed in range(1_000, 1_020):
        audience = series.ArtistAudience(seed, "spotify", followers, growth=0.0, empty=False)
        crawls = audience.days(first, first + 90)
        assert {after - before for before, after in pairwise(crawls)} == {interval}
        assert all(audience.last_crawl(day + interval - 1) == day for day in crawls)


def test_metrics_of_a_platform() -> None:
    day = date(2026, 11, 21).toordinal()

    def filled(platform: str) -> set[str]:
        metrics = series.artist_audience("someone", platform).metrics(day)
        return {name for name, value in metrics.items() if value is not None}

    assert filled("spotify") == {"followerCount"}
    assert filled("instagram") == {"followerCount", "followingCount", "postCount"}
    assert filled("youtube") == {"followerCount", "postCount", "viewCount"}
    assert filled("tiktok") == {"followerCount", "followingCount", "postCount", "likeCount"}


@given(ENTITIES, DAYS)
def test_plays_of_a_day_are_as_many_as_counted_and_in_order(entity: str, day: int) -> None:
    airplay = series.airplay(entity, BORN, NO_CASES, 12)
    plays = list(airplay.plays(day))
    assert len(plays) == airplay.count(day)
    assert [play.second for play in plays] == sorted(play.second for play in plays)
    assert all(0 <= play.second < 86_400 and 0 <= play.station < 12 for play in plays)
