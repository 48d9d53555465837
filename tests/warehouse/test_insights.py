"""Computed tables, each on a small example that was computed by hand, with the sums beside it."""

from datetime import timedelta

import duckdb
import pytest

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.insights import INSIGHTS, rebuild
from tests.warehouse.figures import audience, followers, growing, listening, made, noon, told
from tests.warehouse.helpers import DAY, NOON, TODAY, chart, commit, credits_of, rows_of, stored_credits, stored_ranking


class TestMovements:
    """Five rankings of a chart of three places; `a` to `e` are tracks.

    | place | 1st | 2nd | 3rd | 4th | 5th |
    |---|---|---|---|---|---|
    | 1 | a | b | b | b | a |
    | 2 | b | a | d | a | b |
    | 3 | c | d | e | d | e |
    """

    @pytest.fixture(autouse=True)
    def rankings(self, warehouse: Warehouse) -> None:
        # The third ranking is of the 5th of January: one of the 4th was never published, or never stored.
        for day, tracks in ((2, "abc"), (3, "bad"), (5, "bde"), (6, "bad"), (7, "abe")):
            commit(warehouse, *stored_ranking("chart", *tracks, at=noon(day)))

    def movements(self, warehouse: Warehouse, day: int) -> dict[str, str | None]:
        rows = told(warehouse, "chart_movements", "track_uuid, movement", where=f"day(ranked_at) = {day}")
        return dict(rows)

    def test_of_the_oldest_stored_ranking_nothing_is_known(self, warehouse: Warehouse) -> None:
        assert self.movements(warehouse, 2) == {"a": None, "b": None, "c": None}

    def test_up_down_new_and_exit(self, warehouse: Warehouse) -> None:
        assert self.movements(warehouse, 3) == {"a": "down", "b": "up", "c": "exit", "d": "new"}

    def test_rankings_are_compared_across_a_day_without_one(self, warehouse: Warehouse) -> None:
        assert self.movements(warehouse, 5) == {"a": "exit", "b": "steady", "d": "up", "e": "new"}

    def test_who_comes_back_is_no_new_entry(self, warehouse: Warehouse) -> None:
        assert self.movements(warehouse, 6) == {"a": "re-entry", "b": "steady", "d": "down", "e": "exit"}
        assert self.movements(warehouse, 7) == {"a": "up", "b": "down", "d": "exit", "e": "re-entry"}

    def test_places_change_peak_and_streak_of_a_track_that_left_and_came_back(self, warehouse: Warehouse) -> None:
        columns = (
            "day(ranked_at), position, previous_position, change, day(previous_ranked_at), peak_position, "
            "day(peak_ranked_at), streak, rankings_on_chart, day(first_ranked_at)"
        )
        assert told(warehouse, "chart_movements", columns, where="track_uuid = 'a'") == [
            (2, 1, None, None, None, 1, 2, 1, 1, 2),
            (3, 2, 1, -1, 2, 1, 2, 2, 2, 2),
            (5, None, 2, None, 3, 1, 2, 0, 2, 2),
            (6, 2, None, None, 5, 1, 2, 1, 3, 2),
            (7, 1, 2, 1, 6, 1, 2, 2, 4, 2),
        ]

    def test_a_peak_is_as_of_its_ranking_and_dated_by_the_first_time(self, warehouse: Warehouse) -> None:
        columns = "day(ranked_at), peak_position, day(peak_ranked_at)"
        assert told(warehouse, "chart_movements", columns, where="track_uuid = 'd'") == [
            (3, 3, 3),
            (5, 2, 5),
            (6, 2, 5),
            (7, 2, 5),
        ]

    def test_where_it_charts_first_and_best(self, warehouse: Warehouse) -> None:
        commit(warehouse, *stored_ranking("other", "d", "x", at=noon(6)))
        columns = (
            "chart_slug, is_on_chart, position, day(first_ranked_at), first_position, best_position, "
            "day(best_ranked_at), day(last_ranked_at), rankings, is_first, is_best"
        )
        assert told(warehouse, "cross_chart", columns, where="track_uuid = 'd'") == [
            ("chart", False, None, 3, 3, 2, 5, 6, 3, True, False),
            ("other", True, 1, 6, 1, 1, 6, 6, 1, False, True),
        ]

    def test_only_charts_with_other_rankings_are_made_anew(self, warehouse: Warehouse) -> None:
        commit(warehouse, *stored_ranking("other", "d", at=noon(6)))
        # Places of the five rankings and four exits, a place of the other chart.
        assert made(warehouse, "chart_movements") == 15 + 4 + 1
        assert made(warehouse, "chart_movements") == 0
        commit(warehouse, *stored_ranking("other", "x", at=noon(7)))
        assert made(warehouse, "chart_movements") == 3, "two places and an exit"

    def test_a_ranking_that_was_fetched_again_is_judged_again(self, warehouse: Warehouse) -> None:
        self.movements(warehouse, 7)
        corrected = stored_ranking("chart", "a", "b", "c", at=noon(7))
        again = Change(
            "chart_rankings",
            Mode.UPSERT,
            ("chart_slug", "ranked_at", "entry_count", "fetched_at"),
            [("chart", noon(7), 3, noon(8))],
        )
        commit(warehouse, *corrected, again)
        assert self.movements(warehouse, 7) == {"a": "up", "b": "down", "c": "re-entry", "d": "exit"}

    def test_a_ranking_that_is_not_there_any_more_leaves_no_movements(self, warehouse: Warehouse) -> None:
        self.movements(warehouse, 7)
        with warehouse.connect() as connection:
            connection.execute("DELETE FROM soundcharts.chart_rankings WHERE ranked_at = ?", [noon(7)])
        assert self.movements(warehouse, 7) == {}

    def test_a_track_on_two_places_has_the_better_one(self, warehouse: Warehouse) -> None:
        commit(warehouse, *stored_ranking("odd", "x", "y", "x", at=noon(2)))
        assert told(warehouse, "chart_movements", "track_uuid, position", where="chart_slug = 'odd'") == [
            ("x", 1),
            ("y", 2),
        ]


class TestGenres:
    """Shares of root genres."""

    def test_a_track_of_two_genres_counts_for_each_by_half_and_one_of_none_for_itself(
        self, warehouse: Warehouse
    ) -> None:
        """Four tracks: a is pop and rock, b is pop with two genres below it, c is rock, d is of no known genre."""
        genres = [("a", "pop", "pop"), ("a", "rock", "indie"), ("b", "pop", "pop"), ("b", "pop", "k-pop")]
        rows = [*genres, ("c", "rock", "rock")]
        commit(
            warehouse,
            *stored_ranking("chart", "a", "b", "c", "d", at=NOON),
            Change("track_genres", Mode.REPLACE, ("track_uuid", "root", "genre"), rows),
        )
        assert told(warehouse, "genre_share", "genre, tracks, share, best_position") == [
            ("", 1, 0.25, 4),
            ("pop", 2, 0.375, 1),
            ("rock", 2, 0.375, 1),
        ]


class TestMomentum:
    """What came in 7 and 28 days, and what is usual. All figures are as of the second of March."""

    GAINS = "change_7, days_7, per_day_7, change_28, days_28, per_day_28"

    def test_of_a_total_the_difference_of_two_observed_days(self, warehouse: Warehouse) -> None:
        """100 a day for three weeks, then 200 a day for a week: 1,400 of 3,500."""
        values = {age: 10_000 - 200 * min(age, 7) - 100 * max(age - 7, 0) for age in range(30)}
        commit(warehouse, audience("t", "shazam", values))
        columns = f"as_of, level, {self.GAINS}, round(growth_7, 4), round(growth_28, 4), round(acceleration, 3)"
        assert told(warehouse, "track_momentum", columns) == [
            (TODAY, 10_000, 1_400, 7, 200.0, 3_500, 28, 125.0, round(1_400 / 8_600, 4), round(3_500 / 6_500, 4), 1.6)
        ]

    def test_where_the_day_is_missing_the_nearest_before_it_and_the_days_between_are_told(
        self, warehouse: Warehouse
    ) -> None:
        """Days 7 and 8 before are missing, so 9 days are compared; of 28 days there is none near enough."""
        commit(warehouse, audience("t", "shazam", growing([0, 1, 2, 3, 4, 5, 6, 9, 10, 39], 1_000, 10)))
        assert told(warehouse, "track_momentum", self.GAINS) == [(90, 9, 10.0, None, None, None)]

    def test_where_none_is_near_enough_nothing_is_said(self, warehouse: Warehouse) -> None:
        commit(warehouse, audience("t", "shazam", growing([0, 1, 2, 11], 1_000, 10)))
        assert told(warehouse, "track_momentum", "level", self.GAINS) == [(1_000, *[None] * 6)]

    def test_a_series_that_ended_more_than_two_weeks_ago_has_no_momentum(self, warehouse: Warehouse) -> None:
        commit(warehouse, audience("t", "shazam", growing([14, 21, 42], 1_000, 10)))
        commit(warehouse, audience("u", "shazam", growing([15, 22, 43], 1_000, 10)))
        assert told(warehouse, "track_momentum", "track_uuid, as_of, change_7, change_28") == [
            ("t", TODAY - timedelta(14), 70, 280)
        ]

    def test_of_spotify_identifiers_the_largest_counts(self, warehouse: Warehouse) -> None:
        commit(
            warehouse,
            audience("t", "spotify", {0: 1_000, 7: 300}, "first"),
            audience("t", "spotify", {0: 990, 7: 320}, "second"),
        )
        assert told(warehouse, "track_momentum", "level, change_7") == [(1_000, 680)]

    def test_a_day_without_the_identifier_that_counts_is_a_hole(self, warehouse: Warehouse) -> None:
        """Seven days before only the smaller one was seen: the day before is compared, not the smaller figure."""
        commit(
            warehouse,
            audience("t", "spotify", {0: 1_000, 8: 200, 9: 100}, "first"),
            audience("t", "spotify", {0: 500, 7: 490, 8: 480}, "second"),
        )
        assert told(warehouse, "track_momentum", "level, change_7, days_7") == [(1_000, 520, 8)]

    @pytest.mark.parametrize("platform", ["youtube", "tiktok"])
    def test_videos_and_sounds_add_up(self, warehouse: Warehouse, platform: str) -> None:
        commit(
            warehouse,
            audience("t", platform, {0: 1_000, 7: 300}, "first"),
            audience("t", platform, {0: 90, 7: 20}, "second"),
        )
        assert told(warehouse, "track_momentum", "level, change_7") == [(1_090, 770)]

    def test_a_day_that_lacks_a_known_video_is_a_hole_and_no_fall(self, warehouse: Warehouse) -> None:
        commit(
            warehouse,
            audience("t", "youtube", {1: 900, 7: 310, 8: 300}, "first"),
            # The newest day lacks it, and so did the one seven days before.
            audience("t", "youtube", {0: 1_000, 1: 100, 8: 20}, "second"),
        )
        assert told(warehouse, "track_momentum", "as_of, level, change_7, days_7") == [
            (TODAY - DAY, 1_000, 680, 7),
        ]

    def test_a_video_that_was_not_seen_for_a_week_is_gone(self, warehouse: Warehouse) -> None:
        commit(
            warehouse,
            audience("t", "youtube", {0: 1_000, 1: 990, 7: 930}, "first"),
            audience("t", "youtube", {8: 50}, "second"),
        )
        assert told(warehouse, "track_momentum", "as_of, level") == [(TODAY, 1_000)]

    def test_a_video_that_came_later_adds_from_then_on(self, warehouse: Warehouse) -> None:
        commit(
            warehouse,
            audience("t", "youtube", {0: 1_000, 7: 930}, "first"),
            audience("t", "youtube", {0: 50}, "second"),
        )
        assert told(warehouse, "track_momentum", "level, change_7") == [(1_050, 120)]

    def test_of_spins_of_a_day_the_sum_of_the_observed_ones(self, warehouse: Warehouse) -> None:
        """Of the last seven days five were observed, 10 each; of the seven before, seven at 5."""
        days = {1: 10, 2: 10, 4: 10, 5: 10, 7: 10} | dict.fromkeys(range(8, 15), 5)
        commit(warehouse, audience("t", "airplay", days))
        columns = f"is_count, as_of, level, {self.GAINS}, growth_7, growth_28"
        # Twelve of 28 days are fewer than half of them.
        expected = (True, TODAY - DAY, 10, 50, 5, 10.0, None, None, None, 1.0, None)
        assert told(warehouse, "track_momentum", columns) == [expected]

    def test_of_spins_no_rate_is_made_of_less_than_half_a_week(self, warehouse: Warehouse) -> None:
        commit(warehouse, audience("t", "airplay", {1: 10, 2: 10, 3: 10}))
        assert told(warehouse, "track_momentum", "level, change_7, latest") == [(10, None, 10.0)]

    def test_the_latest_against_a_usual_day(self, warehouse: Warehouse) -> None:
        """Gains by day, oldest first: 8, 9, 10, 10, 10, 11, 12, then 90.

        Median 10; distances from it 2, 1, 0, 0, 0, 1, 2 with median 1, so that a deviation is 1.4826.
        """
        gains = [90, 12, 11, 10, 10, 10, 9, 8]
        values = {age: 10_000 - sum(gains[:age]) for age in range(9)}
        commit(warehouse, audience("t", "shazam", values))
        columns = "latest, latest_days, usual, highest, round(jump, 3)"
        assert told(warehouse, "track_momentum", columns) == [(90.0, 1, 10.0, 12.0, round(80 / 1.4826, 3))]

    def test_over_missing_days_what_came_is_a_mean_and_says_of_how_many_days(self, warehouse: Warehouse) -> None:
        commit(warehouse, audience("t", "shazam", {0: 1_000, 3: 940, 4: 930}))
        assert told(warehouse, "track_momentum", "latest, latest_days, usual, jump") == [(20.0, 3, None, None)]

    def test_of_artists_each_metric_of_each_platform(self, warehouse: Warehouse) -> None:
        commit(
            warehouse,
            followers("a", {0: 500, 8: 420}),
            followers("a", {0: 9_000, 7: 8_300}, "youtube", "views"),
            listening("a", "spotify", {0: 4_000, 7: 5_000, 28: 3_000}),
            listening("a", "youtube", dict.fromkeys(range(14), 30)),
        )
        assert told(warehouse, "artist_momentum", "platform, metric, is_count, level, change_7, days_7, change_28") == [
            ("spotify", "followers", False, 500, 80, 8, None),
            ("spotify", "listeners", False, 4_000, -1_000, 7, 1_000),
            ("youtube", "daily_views", True, 30, 210, 7, 420),
            ("youtube", "views", False, 9_000, 700, 7, None),
        ]

    def test_a_growth_of_nothing_is_no_number(self, warehouse: Warehouse) -> None:
        commit(warehouse, audience("t", "shazam", {0: 50, 7: 0}))
        assert told(warehouse, "track_momentum", "change_7, growth_7, acceleration") == [(50, None, None)]

    def test_days_after_today_are_not_looked_at(self, warehouse: Warehouse) -> None:
        commit(warehouse, audience("t", "shazam", {-1: 99, 0: 50, 7: 10}))
        assert told(warehouse, "track_momentum", "level") == [(50,)]


class TestNotable:
    """What stands out, and what does not."""

    def test_a_jump_far_above_the_usual_day(self, warehouse: Warehouse) -> None:
        """100 streams on each of the nine days before, then 800: eight times the usual, worth three."""
        values = {0: 10_000} | {age: 9_200 - 100 * (age - 1) for age in range(1, 11)}
        commit(warehouse, *stored_ranking("chart", "t", at=NOON), audience("t", "spotify", values))
        columns = ("entity, uuid, rank, score, sentence, jump_platform, jump_metric, jump_on, jump_latest, jump_usual",)
        assert told(warehouse, "notable", *columns) == [
            (
                "track", "t", 1, 3.0, "t: 800 streams on Spotify on 2026-03-02, 8.0 times the usual 100.",
                "spotify", "streams", TODAY, 800.0, 100.0,
            )
        ]  # fmt: skip

    def test_views_of_an_artists_channel_are_told_from_those_of_all_videos_on_a_day(self, warehouse: Warehouse) -> None:
        """On each channel 100 views a day, then 800; of all videos with songs of the other artist, the same."""
        values = {0: 10_000} | {age: 9_200 - 100 * (age - 1) for age in range(1, 11)}
        commit(
            warehouse,
            *stored_ranking("chart", "t", at=NOON),
            *stored_credits("t", "channel", "videos"),
            followers("channel", values, "youtube", "views"),
            listening("videos", "youtube", {0: 800} | dict.fromkeys(range(1, 11), 100)),
        )
        usual = "on YouTube on 2026-03-02, 8.0 times the usual 100."
        assert told(warehouse, "notable", "uuid, jump_metric, sentence") == [
            ("channel", "views", f"channel: 800 channel views {usual}"),
            ("videos", "daily_views", f"videos: 800 views {usual}"),
        ]

    @pytest.mark.parametrize(
        "newest",
        [
            pytest.param(140, id="less than half as much again"),
            pytest.param(100, id="a usual day"),
        ],
    )
    def test_what_is_usual_is_not_notable(self, warehouse: Warehouse, newest: int) -> None:
        values = {0: 9_200 + newest} | {age: 9_200 - 100 * (age - 1) for age in range(1, 11)}
        commit(warehouse, *stored_ranking("chart", "t", at=NOON), audience("t", "spotify", values))
        assert told(warehouse, "notable", "uuid") == []

    def test_a_series_that_comes_in_lumps_is_not_notable_for_another_lump(self, warehouse: Warehouse) -> None:
        """Nothing for days, then 500 at once, as it was two weeks ago."""
        values = {age: 1_000 if age < 14 else 500 for age in range(1, 30)} | {0: 1_500}
        commit(warehouse, *stored_ranking("chart", "t", at=NOON), audience("t", "youtube", values, "video"))
        assert told(warehouse, "notable", "uuid") == []

    def test_an_old_video_that_is_linked_now_is_no_jump(self, warehouse: Warehouse) -> None:
        """Its 900,000 views of before come all at once; of the day after, what both gained is known again."""
        commit(
            warehouse,
            *stored_ranking("chart", "t", at=NOON),
            audience("t", "youtube", growing(range(40), 50_000, 100), "one"),
            audience("t", "youtube", {0: 900_000}, "old"),
        )
        assert told(warehouse, "notable", "uuid") == []
        assert told(warehouse, "track_momentum", "level, latest, latest_days, usual") == [(950_000, None, None, 100.0)]
        tomorrow = TODAY + DAY
        commit(warehouse, audience("t", "youtube", {-1: 50_100}, "one"), audience("t", "youtube", {-1: 900_300}, "old"))
        made(warehouse, "track_momentum", tomorrow)
        columns = "level, latest, latest_days, usual, highest"
        expected = [(950_400, 400.0, 1, 100.0, 100.0)]
        assert rows_of(warehouse, f"SELECT {columns} FROM soundcharts.track_momentum") == expected

    def test_what_is_five_days_old_is_no_news(self, warehouse: Warehouse) -> None:
        values = {5: 10_000} | {age: 9_200 - 100 * (age - 6) for age in range(6, 16)}
        commit(warehouse, *stored_ranking("chart", "t", at=NOON), audience("t", "spotify", values))
        assert told(warehouse, "notable", "uuid") == []

    def test_entering_several_charts_within_a_week(self, warehouse: Warehouse) -> None:
        """`t` enters two charts and `u` one; of both `singer` is the artist, who has two tracks on two charts."""
        for slug, name, tracks in (("one", "Top", "tu"), ("two", "Viral", "t")):
            commit(
                warehouse,
                Change(
                    "charts",
                    Mode.UPSERT,
                    ("slug", "name", "platform", "country_name", "followed", "cascade"),
                    [(slug, name, "spotify", "Brazil", True, True)],
                ),
                *stored_ranking(slug, "x", at=NOON - 2 * DAY),
                *stored_ranking(slug, *tracks, at=NOON - DAY),
            )
        commit(warehouse, *stored_credits("t", "singer"), credits_of("u", "singer"))
        charts = "entered 2 charts within a week: Top (Spotify, Brazil) and Viral (Spotify, Brazil)."
        assert told(warehouse, "notable", "rank, entity, score, charts_entered, entered_charts, sentence") == [
            (1, "track", 1.0, 2, ["one", "two"], f"t: {charts}"),
            (2, "artist", 1.0, 2, ["one", "two"], f"singer: {charts}"),
        ]

    def test_a_chart_that_was_not_described_yet_goes_by_its_slug(self, warehouse: Warehouse) -> None:
        """Of `one` there is a row without a name, of `two` there is none."""
        commit(warehouse, chart("one"))
        for slug in ("one", "two"):
            commit(warehouse, *stored_ranking(slug, "x", at=NOON - 2 * DAY), *stored_ranking(slug, "t", at=NOON - DAY))
        assert told(warehouse, "notable", "sentence") == [("t: entered 2 charts within a week: one and two.",)]

    @pytest.mark.parametrize(
        ("before", "entered"), [pytest.param(7, ["one", "two"], id="a week"), pytest.param(14, None, id="a fortnight")]
    )
    def test_who_came_in_a_hole_between_rankings_may_have_entered_long_ago(
        self, warehouse: Warehouse, before: int, entered: list[str] | None
    ) -> None:
        """The ranking before was published so many days earlier, or none between them is stored."""
        for slug in ("one", "two"):
            commit(warehouse, *stored_ranking(slug, "x", at=NOON - before * DAY), *stored_ranking(slug, "t", at=NOON))
        assert told(warehouse, "notable", "entered_charts") == ([(entered,)] if entered else [])

    @pytest.mark.parametrize(
        ("a_week", "told_of_usual"),
        [
            pytest.param(-700, "where it usually loses 100", id="a loss"),
            pytest.param(0, "where there are usually none", id="nothing"),
            pytest.param(2, "where there are usually none", id="less than one a day"),
        ],
    )
    def test_a_jump_from_what_is_no_gain_is_no_multiple_of_it(
        self, warehouse: Warehouse, a_week: int, told_of_usual: str
    ) -> None:
        """Looks a week apart, each with so many followers more or fewer, and 400 more on the last day."""
        values = {0: 10_400} | {1 + 7 * week: 10_000 - a_week * week for week in range(9)}
        commit(
            warehouse,
            *stored_ranking("chart", "t", at=NOON),
            *stored_credits("t", "a"),
            followers("a", values | {age: 10_000 - a_week * (age - 1) // 7 for age in (2, 3, 4, 5)}),
        )
        ((sentence,),) = told(warehouse, "notable", "sentence")
        assert sentence == f"a: 400 followers on Spotify on 2026-03-02, {told_of_usual}."

    def test_who_left_again_has_not_entered(self, warehouse: Warehouse) -> None:
        for slug in ("one", "two"):
            for age, track in ((3, "x"), (2, "t"), (1, "x")):
                commit(warehouse, *stored_ranking(slug, track, at=NOON - age * DAY))
        assert told(warehouse, "notable", "uuid") == [("x",)], "who came back"

    def test_platforms_that_accelerate_together(self, warehouse: Warehouse) -> None:
        """On three platforms 100 a day for three weeks, then 200 a day: 1.6 times the mean of the four weeks."""
        values = {age: 10_000 - 200 * min(age, 7) - 100 * max(age - 7, 0) for age in range(30)}
        commit(
            warehouse,
            *stored_ranking("chart", "t", at=NOON),
            *(audience("t", platform, values) for platform in ("shazam", "spotify", "tiktok")),
        )
        # Today's 200 are twice the usual, but so were those of the days before: no jump.
        assert told(warehouse, "notable", "score, accelerating, sentence") == [
            (2.0, ["shazam", "spotify", "tiktok"], "t: accelerates on Shazam, Spotify and TikTok at once.")
        ]

    @pytest.mark.parametrize(
        ("newest", "a_day"),
        [
            pytest.param(10_000, 40, id="few a day"),
            pytest.param(1_000_000, 100, id="less than a hundredth of what there is in a week"),
        ],
    )
    def test_small_accelerations_are_chance(self, warehouse: Warehouse, newest: int, a_day: int) -> None:
        values = {age: newest - 2 * a_day * min(age, 7) - a_day * max(age - 7, 0) for age in range(30)}
        commit(
            warehouse,
            *stored_ranking("chart", "t", at=NOON),
            *(audience("t", platform, values) for platform in ("shazam", "spotify")),
        )
        assert told(warehouse, "notable", "uuid") == []

    def test_markup_and_quotes_of_names_are_left_as_they_are(self, warehouse: Warehouse) -> None:
        values = {0: 10_000} | {age: 9_200 - 100 * (age - 1) for age in range(1, 11)}
        commit(warehouse, *stored_ranking("chart", "t", at=NOON), audience("t", "spotify", values))
        with warehouse.connect() as connection:
            connection.execute("UPDATE soundcharts.tracks SET name = '<b>{} $1</b>', credit_name = 'O''B; {:,}'")
        ((sentence,),) = told(warehouse, "notable", "sentence")
        assert sentence.startswith("<b>{} $1</b> by O'B; {:,}: 800 streams")


class TestCatalog:
    """The wide table."""

    def test_everything_about_a_track_side_by_side(self, warehouse: Warehouse) -> None:
        commit(
            warehouse,
            *stored_ranking("chart", "x", "t", at=NOON - DAY),
            *stored_ranking("chart", "t", "x", at=NOON),
            *stored_ranking("other", "x", "y", "t", at=NOON),
            *stored_credits("t", "first", "second"),
            Change(
                "track_genres",
                Mode.REPLACE,
                ("track_uuid", "root", "genre"),
                [("t", "rock", "rock"), ("t", "pop", "k-pop"), ("t", "pop", "pop")],
            ),
            audience("t", "spotify", growing(range(10), 1_000, 10)),
            audience("t", "airplay", dict.fromkeys(range(1, 8), 4)),
            followers("first", {0: 77}),
            followers("second", {0: 88}),
        )
        columns = (
            "charts_now, charts_ever, best_position_now, best_chart_now, best_position, best_chart, first_chart, "
            "first_ranked_at, artists, main_artist, genres, spotify_streams, spotify_per_day, spins_per_day, "
            "youtube_views, artist_spotify_followers"
        )
        assert told(warehouse, "catalog", columns, where="track_uuid = 't'") == [
            (
                2, 2, 1, "chart", 1, "chart", "chart", NOON - DAY, ["first", "second"], "first", ["pop", "rock"],
                1_000, 10.0, 4.0, None, 77,
            )
        ]  # fmt: skip

    def test_a_track_of_which_nothing_else_is_known_has_a_row(self, warehouse: Warehouse) -> None:
        commit(warehouse, *stored_ranking("chart", "t", at=NOON))
        assert told(warehouse, "catalog", "name, charts_now, artists, spotify_streams") == [("t", 1, None, None)]


def test_computed_tables_of_an_empty_warehouse_are_empty(warehouse: Warehouse) -> None:
    assert {name: made(warehouse, name) for name in INSIGHTS} == dict.fromkeys(INSIGHTS, 0)


def test_a_table_that_cannot_be_made_keeps_the_rows_before(warehouse: Warehouse) -> None:
    commit(warehouse, *stored_ranking("chart", "t", at=NOON))
    told(warehouse, "catalog", "name")
    with warehouse.connect() as connection:
        connection.execute("ALTER TABLE soundcharts.cross_chart RENAME TO elsewhere")
        try:
            with pytest.raises(duckdb.CatalogException):
                rebuild(connection, INSIGHTS["catalog"], TODAY)
        finally:
            connection.execute("ALTER TABLE soundcharts.elsewhere RENAME TO cross_chart")
        assert connection.execute("SELECT name FROM soundcharts.catalog").fetchall() == [("t",)]
