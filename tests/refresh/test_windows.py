"""Which days of a series are asked for, and up to which they are settled."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.refresh.subjects import _airplay_window, series_window, settled_through, subjects
from soundcharts_assets.settings.file import AudienceSettings, FileSettings, PlatformSettings

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def _settings(history: int = 30, overlap: int = 3, airplay: int = 1) -> FileSettings:
    audience = AudienceSettings(history_days=history, overlap_days=overlap, airplay_history_days=airplay)
    return FileSettings(audience=audience)


@pytest.mark.parametrize("history", [1, 30, 3_650])
def test_a_series_never_seen_is_asked_for_its_history_up_to_today(history: int) -> None:
    assert series_window(None, TODAY, _settings(history)) == (TODAY - history * DAY, TODAY)


@pytest.mark.parametrize(
    ("overlap", "first"),
    [(0, TODAY - 4 * DAY), (1, TODAY - 5 * DAY), (3, TODAY - 7 * DAY), (30, TODAY - 34 * DAY)],
)
def test_a_known_series_is_asked_for_what_is_not_settled_and_the_overlap(overlap: int, first: date) -> None:
    assert series_window(TODAY - 5 * DAY, TODAY, _settings(overlap=overlap)) == (first, TODAY)


def test_a_known_series_is_asked_for_all_days_that_were_missed_however_many() -> None:
    assert series_window(TODAY - 400 * DAY, TODAY, _settings(history=1))[0] == TODAY - 402 * DAY


@pytest.mark.parametrize("overlap", [0, 1, 30])
@pytest.mark.parametrize("ahead", [0, 1, 50])
def test_at_least_today_is_asked_for(overlap: int, ahead: int) -> None:
    first, last = series_window(TODAY + ahead * DAY, TODAY, _settings(overlap=overlap))
    assert first <= last == TODAY


def test_radio_is_asked_for_whole_days_only_each_a_call() -> None:
    assert _airplay_window(None, TODAY, _settings()) == (TODAY - DAY, TODAY)
    assert _airplay_window(None, TODAY, _settings(airplay=7)) == (TODAY - 7 * DAY, TODAY)


@pytest.mark.parametrize(
    ("through", "first"),
    [
        (TODAY - 20 * DAY, TODAY - 7 * DAY),
        (TODAY - 4 * DAY, TODAY - 3 * DAY),
        (TODAY - 2 * DAY, TODAY - DAY),
        (TODAY - DAY, TODAY - DAY),
        (TODAY, TODAY - DAY),
    ],
)
def test_radio_days_that_are_settled_are_not_paid_for_again_except_yesterday(through: date, first: date) -> None:
    assert _airplay_window(through, TODAY, _settings(airplay=7)) == (first, TODAY)


def test_radio_is_not_asked_for_days_nobody_wanted() -> None:
    assert _airplay_window(TODAY - 20 * DAY, TODAY, _settings(airplay=1)) == (TODAY - DAY, TODAY)


def test_a_series_without_a_single_day_is_not_settled() -> None:
    assert settled_through([], None, TODAY) is None


def test_days_are_settled_up_to_the_newest_that_came() -> None:
    days = [TODAY - 9 * DAY, TODAY - 2 * DAY, TODAY - 5 * DAY]
    assert settled_through(days, None, TODAY) == TODAY - 2 * DAY
    assert settled_through(days, TODAY - 20 * DAY, TODAY) == TODAY - 2 * DAY


def test_an_answer_without_newer_days_takes_nothing_back() -> None:
    assert settled_through([], TODAY - 3 * DAY, TODAY) == TODAY - 3 * DAY
    assert settled_through([TODAY - 5 * DAY], TODAY - 3 * DAY, TODAY) == TODAY - 3 * DAY


def test_a_series_that_ended_is_not_asked_from_its_end_for_ever() -> None:
    assert settled_through([], TODAY - 300 * DAY, TODAY) == TODAY - 30 * DAY
    assert settled_through([TODAY - 200 * DAY], None, TODAY) == TODAY - 30 * DAY


@given(
    st.lists(st.integers(0, 400)),
    st.none() | st.integers(0, 400),
    st.integers(0, 30),
)
def test_a_window_never_grows_with_the_age_of_a_series_that_ended(
    ages: list[int], settled: int | None, overlap: int
) -> None:
    before = None if settled is None else TODAY - settled * DAY
    through = settled_through([TODAY - age * DAY for age in ages], before, TODAY)
    if through is None:
        assert before is None
        assert ages == []
    else:
        assert through >= max([TODAY - age * DAY for age in ages], default=TODAY - 400 * DAY)
        first, last = series_window(through, TODAY + DAY, _settings(overlap=overlap))
        assert (last - first).days <= 31 + overlap


def test_subjects_are_those_of_the_settings_metadata_first() -> None:
    platforms = PlatformSettings(
        track_audience=("spotify", "airplay"), artist_audience=(), artist_listening=("youtube",)
    )
    made = subjects(FileSettings(platforms=platforms))
    assert list(made) == [
        "tracks",
        "artists",
        "track_audience/spotify",
        "track_audience/airplay",
        "artist_listening/youtube",
    ]
    assert [(subject.entity, subject.platform, subject.unit) for subject in made.values()] == [
        ("tracks", None, 50),
        ("artists", None, 50),
        ("tracks", "spotify", 1),
        ("tracks", "airplay", 1),
        ("artists", "youtube", 1),
    ]


def test_metadata_ages_by_days_and_audiences_by_hours() -> None:
    made = subjects(FileSettings())
    assert made["tracks"].window.fail == made["artists"].window.fail == timedelta(days=30)
    assert made["track_audience/spotify"].window.warn == timedelta(hours=20)
    assert {subject.table for subject in made.values()} == {
        "tracks",
        "artists",
        "track_audience",
        "artist_audience",
        "artist_listening",
    }
