"""Whatever batches come, and however often, the tables end as a plain dictionary would."""

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeAlias

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.warehouse import writes
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.connection import Warehouse
from tests.warehouse.helpers import DAY, NOON, TODAY, batch_of, doubled_keys, empty, stored, write

ARTIST = ("uuid", "name", "slug", "isni")
CREDITS = ("track_uuid", "artist_uuid", "ordinal")
LISTENING = ("artist_uuid", "platform", "date", "value", "fetched_at")

Tables: TypeAlias = dict[str, dict[tuple[Any, ...], dict[str, Any]]]

TABLES = ("artists", "track_artists", "artist_listening")

KEYS = st.sampled_from(["a", "b", "c", "'", "A"])
TEXTS = st.sampled_from(["x", "y", "O'Brien", "", "\U0001f98a"])
PLATFORMS = st.sampled_from(["spotify", "youtube"])
DAYS = st.integers(0, 6).map(lambda days: TODAY + days * DAY)
VALUES = st.integers(-(2**40), 2**40)


@st.composite
def _metadata(draw: st.DrawFn) -> Change:
    mode = draw(st.sampled_from([Mode.UPSERT, Mode.ABSENT]))
    others = draw(st.lists(st.sampled_from(ARTIST[2:]), unique=True))
    rows = st.tuples(KEYS, TEXTS, *(st.none() | TEXTS for _ in others))
    return Change("artists", mode, ("uuid", "name", *others), draw(st.lists(rows, max_size=4)))


@st.composite
def _children(draw: st.DrawFn) -> Change:
    parents = draw(st.lists(KEYS, max_size=3, unique=True))
    artists = {parent: draw(st.lists(KEYS, max_size=3)) for parent in parents}
    rows = [(parent, artist, ordinal) for parent in parents for ordinal, artist in enumerate(artists[parent])]
    return Change("track_artists", Mode.REPLACE, CREDITS, rows, [(parent,) for parent in parents])


@st.composite
def _answers(draw: st.DrawFn) -> list[tuple[str, str, dict[date, int]]]:
    """Series as some calls bring them: whose, where, and values by day."""
    points = st.dictionaries(DAYS, VALUES, max_size=4)
    return draw(st.lists(st.tuples(KEYS, PLATFORMS, points), max_size=3, unique_by=lambda one: one[:2]))


STEPS = st.lists(st.tuples(st.lists(_metadata() | _children(), max_size=3), _answers()), min_size=1, max_size=3)


def _series_changes(
    answers: list[tuple[str, str, dict[date, int]]], through: dict[tuple[str, str], date]
) -> list[Change]:
    """Days that the ledger does not call settled are appended, others corrected; the ledger moves on."""
    changes = []
    for artist, platform, points in answers:
        settled = through.get((artist, platform), date.min)
        rows = [(artist, platform, day, value, NOON) for day, value in points.items()]
        changes.append(Change("artist_listening", Mode.APPEND, LISTENING, [row for row in rows if row[2] > settled]))
        changes.append(Change("artist_listening", Mode.CORRECT, LISTENING, [row for row in rows if row[2] <= settled]))
        if points:
            through[artist, platform] = max(settled, *points)
    return changes


def _apply(model: Tables, batch: Batch) -> None:
    """What a batch means."""
    for change in batch:
        rows = model.setdefault(change.table, {})
        width = {"artists": 1, "track_artists": 2, "artist_listening": 3}[change.table]
        gone = set(change.parents)
        for key in [key for key in rows if key[:1] in gone]:
            del rows[key]
        known = set(rows)
        for row in change.rows:
            key = row[:width]
            if change.mode is not Mode.ABSENT or key not in known:
                rows[key] = {**rows.get(key, {}), **dict(zip(change.columns, row, strict=True))}


def _rows(model: Tables, table: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.get(name) for name in columns) for row in model.get(table, {}).values()), key=repr)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[Any, ...]]]:
    described = zip(TABLES, (ARTIST, CREDITS, LISTENING), strict=True)
    return [sorted(stored(connection, *table), key=repr) for table in described]


@pytest.fixture(scope="module")
def connection(module_warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with module_warehouse.connect() as opened:
        yield opened


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_any_sequence_of_batches_leaves_what_a_dictionary_would_hold(
    connection: duckdb.DuckDBPyConnection, steps: list[tuple[list[Change], list[tuple[str, str, dict[date, int]]]]]
) -> None:
    empty(connection)
    model: Tables = {}
    through: dict[tuple[str, str], date] = {}
    for changes, answers in steps:
        batch = batch_of(*changes, *_series_changes(answers, through))
        write(connection, *batch)
        _apply(model, batch)
    assert _tables(connection) == [
        _rows(model, "artists", ARTIST),
        _rows(model, "track_artists", CREDITS),
        _rows(model, "artist_listening", LISTENING),
    ]
    assert doubled_keys(connection) == []


@settings(max_examples=6, deadline=None)
@given(STEPS)
def test_a_batch_that_comes_twice_after_a_kill_stores_each_row_once(
    connection: duckdb.DuckDBPyConnection, steps: list[tuple[list[Change], list[tuple[str, str, dict[date, int]]]]]
) -> None:
    through: dict[tuple[str, str], date] = {}
    batches = [batch_of(*changes, *_series_changes(answers, through)) for changes, answers in steps]
    ends = []
    for times in (1, 2):
        empty(connection)
        for batch in batches:
            for _ in range(times):
                connection.execute("BEGIN")
                writes.apply(connection, batch.repeatable())
                connection.execute("COMMIT")
        ends.append(_tables(connection))
        assert doubled_keys(connection) == []
    assert ends[0] == ends[1]
