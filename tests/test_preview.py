"""Rows as Dagster shows them with a materialisation."""

from datetime import UTC, date, datetime

import dagster as dg

from soundcharts_assets.assets.preview import preview
from soundcharts_assets.warehouse.tables import TABLES


def cells(table: str, *rows: dict[str, object]) -> list[dict[str, object]]:
    """The preview of rows, as columns and cells."""
    return [dict(record.data) for record in preview(TABLES[table], rows)["preview"].records]


def test_numbers_stay_numbers_and_days_and_instants_are_legible() -> None:
    at = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    row = {"track_uuid": "u", "platform": "spotify", "date": date(2026, 3, 1), "value": 2**53, "fetched_at": at}
    assert cells("track_audience", row) == [row | {"date": "2026-03-01", "fetched_at": "2026-03-02 12:30:00 UTC"}]


def test_what_is_not_known_is_left_blank_and_flags_stay_flags() -> None:
    assert cells("tracks", {"uuid": "u", "explicit": True, "isrc": None}) == [
        {"uuid": "u", "isrc": None, "explicit": True}
    ]


def test_long_values_are_cut_and_short_ones_are_not() -> None:
    (row,) = cells("artists", {"uuid": "u" * 100, "biography": "b" * 10_000})
    assert row["uuid"] == "u" * 100
    assert row["biography"] == "b" * 99 + "…"


def test_names_are_shown_as_they_are_and_never_as_markup() -> None:
    name = "<b>*Bold*</b> | [link](https://example.com) `code`"
    value = preview(TABLES["tracks"], [{"uuid": "u", "name": name}])["preview"]
    assert isinstance(value, dg.TableMetadataValue), "the UI renders markup of its Markdown values only"
    assert value.records[0].data["name"] == name


def test_columns_stand_in_the_order_of_the_table_with_their_types() -> None:
    value = preview(TABLES["genres"], [{"level": 0, "parent": "", "genre": "pop"}])["preview"]
    assert [(column.name, column.type) for column in value.schema.columns] == [
        ("genre", "VARCHAR"),
        ("parent", "VARCHAR"),
        ("level", "BIGINT"),
    ]


def test_of_rows_with_different_columns_the_common_ones_are_shown() -> None:
    seen = {"chart_slug": "a", "entry_count": 50, "seen_at": datetime(2026, 3, 2, tzinfo=UTC)}
    assert cells("chart_rankings", seen, {"chart_slug": "b", "entry_count": 40}) == [
        {"chart_slug": "a", "entry_count": 50},
        {"chart_slug": "b", "entry_count": 40},
    ]


def test_where_nothing_was_written_there_is_no_preview() -> None:
    assert preview(TABLES["tracks"], []) == {}
