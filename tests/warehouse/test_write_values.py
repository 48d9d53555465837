"""What goes in comes out: no value is changed, refused or run on its way into a table."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import AWKWARD_TEXTS, NOON, TODAY, batch_of, commit, rows_of

FOLLOWERS = ("artist_uuid", "platform", "date", "followers", "likes", "fetched_at")
NESTED = ("uuid", "name", "composers", "labels", "audio_features", "payload")
TYPED = ("uuid", "name", "slug", "birth_date", "discovered_at")


def test_awkward_texts_come_back_as_they_were(warehouse: Warehouse) -> None:
    rows = [(str(number), text, text) for number, text in enumerate(AWKWARD_TEXTS)]
    commit(warehouse, Change("artists", Mode.UPSERT, ("uuid", "name", "biography"), rows))
    stored = rows_of(warehouse, "SELECT uuid, name, biography FROM soundcharts.artists ORDER BY uuid::INTEGER")
    assert stored == rows


@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.ABSENT, Mode.REPLACE])
def test_awkward_texts_are_keys_as_good_as_any_other(warehouse: Warehouse, mode: Mode) -> None:
    rows = [(text, text, text) for text in AWKWARD_TEXTS]
    columns = ("subject", "uuid", "status", "attempts")
    parents = [row[:1] for row in rows] if mode is Mode.REPLACE else []
    for _ in range(2):
        commit(warehouse, Change("fetches", mode, columns, [(*row, 1) for row in rows], parents))
    stored = rows_of(warehouse, "SELECT subject, uuid, status FROM soundcharts.fetches")
    assert sorted(stored) == sorted(rows)


def test_awkward_texts_survive_the_spool(warehouse: Warehouse) -> None:
    rows = [(str(number), text) for number, text in enumerate(AWKWARD_TEXTS)]
    batch = batch_of(Change("artists", Mode.UPSERT, ("uuid", "name"), rows))
    warehouse.commit(Batch.from_json(batch.to_json()))
    assert rows_of(warehouse, "SELECT uuid, name FROM soundcharts.artists ORDER BY uuid::INTEGER") == rows


def test_texts_that_look_alike_stay_apart(warehouse: Warehouse) -> None:
    alike = ["\u00e9", "e\u0301", "E\u0301", "a", "A", "a ", " a", "a\u200b", ""]
    commit(warehouse, Change("artists", Mode.UPSERT, ("uuid", "name"), [(text, text) for text in alike]))
    commit(warehouse, Change("artists", Mode.ABSENT, ("uuid", "name"), [(text, "again") for text in alike]))
    assert sorted(rows_of(warehouse, "SELECT uuid FROM soundcharts.artists")) == sorted((text,) for text in alike)
    assert rows_of(warehouse, "SELECT count(*) FROM soundcharts.artists WHERE name = 'again'") == [(0,)]


def test_counters_hold_64_bits(warehouse: Warehouse) -> None:
    values = [(2**31, 2**31 - 1), (2**40, -(2**31) - 1), (2**63 - 1, -(2**63)), (2**53 + 1, -(2**53) - 1), (0, 0)]
    rows = [("a", str(number), TODAY, *pair, NOON) for number, pair in enumerate(values)]
    commit(warehouse, Change("artist_audience", Mode.APPEND, FOLLOWERS, rows))
    commit(warehouse, Change("artist_audience", Mode.CORRECT, FOLLOWERS, rows))
    stored = rows_of(warehouse, "SELECT followers, likes FROM soundcharts.artist_audience ORDER BY platform")
    assert stored == values


def test_counters_are_exact_beside_days_without_a_figure(warehouse: Warehouse) -> None:
    values = [(2**53 + 1, None), (None, -(2**53) - 1), (2**63 - 1, -(2**63)), (None, None), (1, 0)]
    rows = [("a", str(number), TODAY, *pair, NOON) for number, pair in enumerate(values)]
    commit(warehouse, Change("artist_audience", Mode.APPEND, FOLLOWERS, rows))
    stored = rows_of(warehouse, "SELECT followers, likes FROM soundcharts.artist_audience ORDER BY platform")
    assert stored == values


def test_a_first_batch_without_a_single_value_leaves_room_for_values(warehouse: Warehouse) -> None:
    nothing = ("a", "Ada", None, None, None)
    full = ("a", "Ada", "ada", date(1815, 12, 10), NOON)
    commit(warehouse, Change("artists", Mode.UPSERT, TYPED, [nothing]))
    commit(warehouse, Change("artists", Mode.UPSERT, TYPED, [full, ("b", *nothing[1:])]))
    stored = rows_of(warehouse, f"SELECT {', '.join(TYPED)} FROM soundcharts.artists ORDER BY uuid")
    assert stored == [full, ("b", *nothing[1:])]


def test_flags_and_numbers_without_a_single_value_are_null_and_not_false_or_zero(warehouse: Warehouse) -> None:
    columns = ("uuid", "name", "explicit", "duration_seconds", "composers", "payload")
    commit(warehouse, Change("tracks", Mode.UPSERT, columns, [("t", "Song", None, None, None, None)]))
    assert rows_of(warehouse, f"SELECT {', '.join(columns[2:])} FROM soundcharts.tracks") == [(None,) * 4]
    commit(warehouse, Change("tracks", Mode.UPSERT, columns, [("t", "Song", False, 0, "[]", "{}")]))
    assert rows_of(warehouse, f"SELECT {', '.join(columns[2:])} FROM soundcharts.tracks") == [(False, 0, [], "{}")]


def test_lists_structs_and_json_come_back_as_what_they_are(warehouse: Warehouse) -> None:
    payload = '{"b":[1,null,{"c":"\\u0027; -- \U0001f98a"}],"a":12345678901234567890,"f":1.10}'
    row = (
        "t",
        "Song",
        '["Ada","O\'Brien \\"B\\"","\U0001f98a",""]',
        '[{"name":"Big; --","type":"Universal"},{"name":"Small","type":null}]',
        '{"tempo":120.5}',
        payload,
    )
    commit(warehouse, Change("tracks", Mode.UPSERT, NESTED, [row, ("u", "No", "[]", "[]", None, None)]))
    stored = rows_of(warehouse, f"SELECT {', '.join(NESTED)} FROM soundcharts.tracks ORDER BY uuid")
    assert stored == [
        (
            "t",
            "Song",
            ["Ada", 'O\'Brien "B"', "\U0001f98a", ""],
            [{"name": "Big; --", "type": "Universal"}, {"name": "Small", "type": None}],
            '{"tempo":120.5}',
            payload,
        ),
        ("u", "No", [], [], None, None),
    ]
    queried = rows_of(warehouse, "SELECT labels[1].type, payload->>'$.b[0]' FROM soundcharts.tracks WHERE uuid = 't'")
    assert queried == [("Universal", "1")]


def test_nested_values_survive_the_spool(warehouse: Warehouse) -> None:
    row = ("t", "Song", '["Ada"]', '[{"name":"Big","type":null}]', None, '{"a":"\U0001f98a"}')
    batch = batch_of(Change("tracks", Mode.UPSERT, NESTED, [row]))
    warehouse.commit(Batch.from_json(batch.to_json()))
    stored = rows_of(warehouse, "SELECT composers, labels, payload FROM soundcharts.tracks")
    assert stored == [(["Ada"], [{"name": "Big", "type": None}], '{"a":"\U0001f98a"}')]


def test_days_and_instants_are_exact_from_the_first_to_the_last_there_are(warehouse: Warehouse) -> None:
    rows = [
        ("1", "first", None, date.min, datetime.min.replace(tzinfo=UTC)),
        ("2", "last", None, date.max, datetime.max.replace(tzinfo=UTC)),
        ("3", "now", None, TODAY, NOON + timedelta(microseconds=1)),
    ]
    commit(warehouse, Change("artists", Mode.UPSERT, TYPED, rows))
    stored = rows_of(warehouse, f"SELECT {', '.join(TYPED)} FROM soundcharts.artists ORDER BY uuid")
    assert stored == rows


def test_an_instant_is_the_same_key_whatever_offset_it_is_written_with(warehouse: Warehouse) -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    columns = ("chart_slug", "ranked_at", "entry_count", "fetched_at")
    for count, at in enumerate((NOON, tokyo)):
        commit(warehouse, Change("chart_rankings", Mode.UPSERT, columns, [("s", at, count, NOON)]))
    assert rows_of(warehouse, "SELECT ranked_at, entry_count FROM soundcharts.chart_rankings") == [(NOON, 1)]
