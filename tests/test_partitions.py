"""Which charts a run takes together: partitions that follow each other, since Dagster gives a run one or a range."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.automation.tags import CHART, FIRST_OF_RANGE, LAST_OF_RANGE, tags_of_charts
from soundcharts_assets.partitions import neighbours
from soundcharts_assets.warehouse.work import PollState

KNOWN = list("abcdefgh")
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_neighbours_share_a_run_and_a_gap_ends_it() -> None:
    assert list(neighbours(KNOWN, {"h", "a", "b", "d"}, 50)) == [["a", "b"], ["d"], ["h"]]


def test_a_run_takes_no_more_charts_than_it_may() -> None:
    assert list(neighbours(KNOWN, set(KNOWN), 3)) == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
    assert list(neighbours(KNOWN, {"a", "b"}, 1)) == [["a"], ["b"]]


@given(st.sets(st.sampled_from(KNOWN)), st.integers(1, 9))
def test_every_chosen_chart_is_in_one_run_and_no_other_chart_is(chosen: set[str], most: int) -> None:
    groups = list(neighbours(KNOWN, chosen, most))

    assert [slug for group in groups for slug in group] == sorted(chosen)
    for group in groups:
        first = KNOWN.index(group[0])
        assert group == KNOWN[first : first + len(group)]
        assert len(group) <= most


def state(slug: str) -> PollState:
    return PollState(slug, f"Top {slug}", "daily", DAY, None, DAY, DAY, [], [])


def test_a_run_of_one_chart_names_it_and_its_ranking() -> None:
    assert tags_of_charts([state("a")]) == {CHART: "Top a", "soundcharts/ranking": "2026-03-02 00:00:00 UTC"}


def test_a_run_of_several_charts_names_some_and_tells_dagster_the_range() -> None:
    assert tags_of_charts([state(slug) for slug in "ab"]) == {
        CHART: "Top a; Top b",
        FIRST_OF_RANGE: "a",
        LAST_OF_RANGE: "b",
    }
    assert tags_of_charts([state(slug) for slug in KNOWN])[CHART] == "Top a; Top b; Top c and 5 more"
