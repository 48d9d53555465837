"""A batch keeps changes together, becomes text and comes back as it was."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.warehouse.batch import Batch, Change, Mode, Row, frame
from soundcharts_assets.warehouse.specification import Column
from soundcharts_assets.warehouse.tables import TABLES
from tests.warehouse.helpers import AWKWARD_TEXTS, DAY, NOON, TODAY, batch_of

GENRES = ("genre", "parent", "level")

_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "VARCHAR": st.text() | st.sampled_from(AWKWARD_TEXTS),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "BOOLEAN": st.booleans(),
    "DATE": st.dates(),
    "TIMESTAMPTZ": st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])),
}
_NESTED = st.recursive(st.none() | st.text(), st.lists).map(json.dumps)


def _values(column: Column) -> st.SearchStrategy[Any]:
    return st.none() | _BY_TYPE.get(column.type, _NESTED)


@st.composite
def _changes(draw: st.DrawFn) -> Change:
    table = TABLES[draw(st.sampled_from(sorted(TABLES)))]
    columns = tuple(draw(st.lists(st.sampled_from(table.names), min_size=1, max_size=6, unique=True)))
    rows: list[Row] = draw(st.lists(st.tuples(*(_values(table.column(name)) for name in columns)), max_size=3))
    parent = table.key[: draw(st.integers(1, len(table.key)))]
    parents: list[Row] = draw(st.lists(st.tuples(*(_values(table.column(name)) for name in parent)), max_size=2))
    return Change(table.name, draw(st.sampled_from(Mode)), columns, rows, parents)


def _typed(batch: Batch) -> list[Any]:
    """All that a batch says, with the type of every value, so that 1 and True or a day and an instant differ."""
    return [
        (change.table, change.mode, change.columns, [[(type(value), value) for value in row] for row in rows])
        for change in batch
        for rows in (change.rows, change.parents)
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(_changes(), max_size=4))
def test_a_batch_read_back_from_its_text_is_the_same_batch(changes: list[Change]) -> None:
    batch = batch_of(*changes)
    again = Batch.from_json(batch.to_json())
    assert _typed(again) == _typed(batch)
    assert again.size == batch.size


def test_instants_keep_their_microseconds_and_parents_their_types() -> None:
    at = NOON + timedelta(microseconds=1)
    change = Change(
        "chart_entries", Mode.REPLACE, ("chart_slug", "ranked_at", "position", "track_uuid"), [], [("s", at)]
    )
    assert list(Batch.from_json(batch_of(change).to_json())) == [change]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{half",
        '[{"table": "no_such_table", "mode": "upsert", "columns": [], "rows": [], "parents": []}]',
        '[{"table": "genres", "mode": "no_such_mode", "columns": [], "rows": [], "parents": []}]',
        '[{"table": "genres", "mode": "upsert", "columns": ["gone"], "rows": [["x"]], "parents": []}]',
        '[{"table": "genres", "mode": "upsert"}]',
    ],
)
def test_text_that_is_no_batch_of_this_version_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Batch.from_json(text)


def test_a_value_that_no_table_holds_is_refused_by_its_type() -> None:
    batch = batch_of(Change("genres", Mode.UPSERT, GENRES, [("a", "", Decimal(1))]))
    with pytest.raises(TypeError, match="Decimal"):
        batch.to_json()


def test_changes_of_one_table_mode_and_set_of_columns_become_one_in_the_order_they_came() -> None:
    batch = batch_of(
        Change("genres", Mode.ABSENT, GENRES, [("a", "", 0)]),
        Change("track_genres", Mode.REPLACE, ("track_uuid", "root", "genre"), [], [("t1",)]),
        Change("genres", Mode.ABSENT, GENRES, [("b", "", 0)]),
        Change("genres", Mode.UPSERT, GENRES, [("c", "", 0)]),
        Change("track_genres", Mode.REPLACE, ("track_uuid", "root", "genre"), [("t2", "a", "a")], [("t2",)]),
    )
    assert list(batch) == [
        Change("genres", Mode.ABSENT, GENRES, [("a", "", 0), ("b", "", 0)], []),
        Change("track_genres", Mode.REPLACE, ("track_uuid", "root", "genre"), [("t2", "a", "a")], [("t1",), ("t2",)]),
        Change("genres", Mode.UPSERT, GENRES, [("c", "", 0)], []),
    ]


def test_size_counts_rows_and_parents_since_both_are_work() -> None:
    batch = batch_of(
        Change("genres", Mode.ABSENT, GENRES, [("a", "", 0), ("b", "", 0)]),
        Change("track_genres", Mode.REPLACE, ("track_uuid", "root", "genre"), [], [("t1",)]),
        Change("genres", Mode.ABSENT, GENRES, []),
    )
    assert batch.size == 3
    assert Batch().size == 0


def test_a_batch_leaves_the_rows_it_was_given_alone() -> None:
    rows: list[Row] = [("a", "", 0)]
    change = Change("genres", Mode.ABSENT, GENRES, rows)
    batch = batch_of(change, change)
    assert batch.size == 2
    assert rows == [("a", "", 0)]


def test_a_repeatable_batch_looks_before_it_appends_and_is_otherwise_the_same() -> None:
    series = ("artist_uuid", "platform", "date", "value", "fetched_at")
    point = ("a", "spotify", TODAY, 1, NOON)
    others = [
        Change("genres", mode, GENRES, [("a", "", 0)], [])
        for mode in (Mode.UPSERT, Mode.DISCOVER, Mode.ABSENT, Mode.ADD, Mode.REPLACE)
    ]
    batch = batch_of(Change("artist_listening", Mode.APPEND, series, [point]), *others)
    assert list(batch.repeatable()) == [Change("artist_listening", Mode.CORRECT, series, [point], []), *others]
    assert next(iter(batch)).mode is Mode.APPEND


def test_a_frame_has_the_declared_types_whatever_the_first_values_are() -> None:
    columns = ("uuid", "explicit", "duration_seconds", "release_date", "discovered_at", "composers")
    nothing = ("a", None, None, None, None, None)
    made = frame(TABLES["tracks"], columns, [nothing], key=("uuid",))
    full = frame(TABLES["tracks"], columns, [("b", True, 1, TODAY, NOON, "[]"), nothing], key=("uuid",))
    assert list(made.dtypes) == list(full.dtypes)
    assert [str(kind) for kind in made.dtypes] == [
        "str",
        "boolean",
        "Int64",
        "datetime64[s]",
        "datetime64[us, UTC]",
        "str",
    ]


def test_a_frame_keeps_the_last_row_of_a_key_or_the_latest_by_a_column() -> None:
    columns = ("uuid", "name", "last_charted_at")
    rows = [("a", "newest", NOON), ("a", "older", NOON - DAY), ("b", "other", NOON)]
    last = frame(TABLES["tracks"], columns, rows, key=("uuid",))
    latest = frame(TABLES["tracks"], columns, rows, key=("uuid",), latest_by="last_charted_at")
    assert sorted(last["name"]) == ["older", "other"]
    assert sorted(latest["name"]) == ["newest", "other"]


def test_a_frame_holds_the_first_and_the_last_day_a_date_can_be() -> None:
    rows = [("a", date.min), ("b", date.max), ("c", None)]
    made = frame(TABLES["tracks"], ("uuid", "release_date"), rows, key=("uuid",))
    assert [value.date() for value in made["release_date"][:2]] == [date.min, date.max]


def test_a_frame_keeps_an_instant_whatever_offset_it_is_written_with() -> None:
    paris = NOON.astimezone(timezone(timedelta(hours=1)))
    columns = ("uuid", "fetched_at")
    made = frame(
        TABLES["tracks"], columns, [("a", NOON), ("b", paris), ("c", datetime.min.replace(tzinfo=UTC))], key=columns
    )
    assert [value.to_pydatetime() for value in made["fetched_at"]] == [NOON, NOON, datetime.min.replace(tzinfo=UTC)]
