"""Which rankings of a chart are stored, and which are known to be wanting."""

from soundcharts_assets.warehouse.batch import Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.work import ChartState, RankingState, chart_state
from tests.warehouse.helpers import DAY, HOUR, NOON, chart, commit, ledger, ranking

RANKING = ("chart_slug", "ranked_at", "entry_count", "fetched_at")
TEXT = "2026-03-02T12:00:00+00:00"


def _stored(slug: str, *days_ago: int) -> Change:
    rows = [(slug, NOON - days * DAY, 1, NOON) for days in days_ago]
    return Change("chart_rankings", Mode.UPSERT, RANKING, rows)


def _state(warehouse: Warehouse, slug: str) -> ChartState:
    with warehouse.connect() as connection:
        return chart_state(connection, slug)


def test_a_chart_that_is_not_known_has_neither(warehouse: Warehouse) -> None:
    assert _state(warehouse, "s") == ChartState(frozenset(), {})


def test_rankings_are_stored_by_instant_and_wanting_by_the_text_that_addresses_them(warehouse: Warehouse) -> None:
    commit(
        warehouse,
        _stored("s", 0, 1),
        ledger("chart_rankings", f"s@{TEXT}", "ok", NOON),
        ledger("chart_rankings", "s@2026-02-28T12:00:00+00:00", "wanted"),
        ledger("chart_rankings", "s@2026-02-27T12:00:00Z", "failed", attempts=3, not_before=NOON + HOUR),
    )
    assert _state(warehouse, "s") == ChartState(
        frozenset({NOON, NOON - DAY}),
        {
            "2026-02-28T12:00:00+00:00": RankingState("wanted", None, 0),
            "2026-02-27T12:00:00Z": RankingState("failed", NOON + HOUR, 3),
        },
        {TEXT: NOON},
    )


def test_when_the_newest_stored_one_was_first_seen_is_known_where_a_poll_saw_it(warehouse: Warehouse) -> None:
    seen = [("s", NOON - days * DAY, 1, NOON, NOON - days * HOUR) for days in (0, 1)]
    commit(warehouse, Change("chart_rankings", Mode.UPSERT, (*RANKING, "seen_at"), seen))
    assert _state(warehouse, "s").seen_at == NOON
    commit(warehouse, _stored("s", -1))
    assert _state(warehouse, "s").seen_at is None


def test_whatever_is_not_ok_is_wanting(warehouse: Warehouse) -> None:
    statuses = ["wanted", "failed", "malformed", "forbidden", "not_found", "gone", "unsupported", "ok"]
    commit(warehouse, *(ledger("chart_rankings", f"s@{status}", status, NOON) for status in statuses))
    found = _state(warehouse, "s")
    assert found.unsettled == {status: RankingState(status, None, 0, NOON) for status in statuses[:-1]}
    assert found.settled == {"ok": NOON}


def test_a_chart_is_not_mistaken_for_one_whose_slug_begins_or_looks_alike(warehouse: Warehouse) -> None:
    slugs = [
        "top",
        "top-2",
        "to",
        "top@home",
        "top@home@night",
        "@",
        "o'clock",
        "%",
        "_op",
        "t\U0001f98a",
        "TOP",
        "top ",
    ]
    commit(
        warehouse,
        *(_stored(slug, days) for days, slug in enumerate(slugs)),
        *(ledger("chart_rankings", f"{slug}@{TEXT}", "failed", attempts=n) for n, slug in enumerate(slugs)),
    )
    for number, slug in enumerate(slugs):
        expected = ChartState(frozenset({NOON - number * DAY}), {TEXT: RankingState("failed", None, number)})
        assert _state(warehouse, slug) == expected


def test_other_subjects_of_the_ledger_are_no_rankings(warehouse: Warehouse) -> None:
    commit(
        warehouse,
        chart("s"),
        ranking("s", "t"),
        ledger("charts", f"s@{TEXT}", "failed"),
        ledger("available_rankings", f"s@{TEXT}", "failed"),
        ledger("chart_rankings", "s", "failed"),
    )
    assert _state(warehouse, "s") == ChartState(frozenset(), {})
