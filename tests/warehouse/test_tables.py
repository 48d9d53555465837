"""The table specification is what DuckDB makes of it, and what users were promised."""

import re

import duckdb
import pytest

from soundcharts_assets.warehouse import insights, tables
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.insights import Insight
from soundcharts_assets.warehouse.specification import Table
from soundcharts_assets.warehouse.tables import TABLES, VIEWS

EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)

PROMISED = {
    "charts": (
        "slug",
        "slug name platform type frequency country_code country_name city_name max_results metric web_url followed "
        "cascade latest_ranked_at fetched_at",
    ),
    "chart_catalogue": (
        "slug",
        "slug name platform type frequency country_code country_name city_name max_results web_url fetched_at",
    ),
    "chart_rankings": ("chart_slug ranked_at", "chart_slug ranked_at entry_count seen_at unseen_at fetched_at"),
    "chart_entries": (
        "chart_slug ranked_at position",
        "chart_slug ranked_at position track_uuid previous_position position_change metric_value entered_at "
        "time_on_chart time_on_chart_unit entry_state",
    ),
    "tracks": (
        "uuid",
        "uuid name credit_name image_url isrc release_date duration_seconds explicit language_code copyright "
        "distributor composers producers labels audio_features discovered_at last_charted_at fetched_at payload",
    ),
    "track_artists": ("track_uuid artist_uuid", "track_uuid artist_uuid ordinal is_main"),
    "genres": ("genre parent", "genre parent level"),
    "track_genres": ("track_uuid root genre", "track_uuid root genre"),
    "artist_genres": ("artist_uuid root genre", "artist_uuid root genre"),
    "artists": (
        "uuid",
        "uuid name slug country_code city_name type gender birth_date career_stage growth_level biography isni ipi "
        "image_url web_url discovered_at last_charted_at fetched_at payload",
    ),
    "track_audience": (
        "track_uuid platform date identifier",
        "track_uuid platform date identifier value fetched_at",
    ),
    "artist_audience": (
        "artist_uuid platform date",
        "artist_uuid platform date followers likes views posts following fetched_at",
    ),
    "artist_listening": ("artist_uuid platform date", "artist_uuid platform date value fetched_at"),
    "fetches": ("subject uuid", "subject uuid status fetched_at through_date attempts not_before error"),
    "malformed_answers": ("subject uuid", "subject uuid received_at reason payload"),
    "api_calls": ("hour endpoint status", "hour endpoint status calls cost quota_remaining"),
    "schema_versions": ("version", "version applied_at"),
    "chart_movements": (
        "chart_slug ranked_at track_uuid",
        "chart_slug ranked_at track_uuid movement position previous_position change previous_ranked_at "
        "peak_position peak_ranked_at streak rankings_on_chart first_ranked_at fetched_at",
    ),
    "track_momentum": (
        "track_uuid platform",
        "track_uuid platform is_count as_of level change_7 days_7 per_day_7 growth_7 change_28 days_28 "
        "per_day_28 growth_28 acceleration latest latest_days usual highest jump",
    ),
    "artist_momentum": (
        "artist_uuid platform metric",
        "artist_uuid platform metric is_count as_of level change_7 days_7 per_day_7 growth_7 change_28 "
        "days_28 per_day_28 growth_28 acceleration latest latest_days usual highest jump",
    ),
    "cross_chart": (
        "track_uuid chart_slug",
        "track_uuid chart_slug is_on_chart position first_ranked_at first_position best_position "
        "best_ranked_at last_ranked_at rankings is_first is_best",
    ),
    "genre_share": (
        "chart_slug ranked_at genre",
        "chart_slug ranked_at genre tracks share best_position",
    ),
    "catalog": (
        "track_uuid",
        "track_uuid name credit_name isrc release_date label distributor language_code explicit "
        "main_artist_uuid main_artist artists genres charts_now charts_ever best_position_now best_chart_now "
        "best_position best_chart first_chart first_ranked_at spotify_streams spotify_per_day youtube_views "
        "youtube_per_day shazams shazams_per_day spins_per_day tiktok_videos artist_spotify_followers "
        "artist_spotify_listeners",
    ),
    "notable": (
        "entity uuid",
        "entity uuid rank score name credit_name sentence jump_platform jump_metric jump_on jump_days "
        "jump_latest jump_usual charts_entered entered_charts accelerating",
    ),
    "computed_tables": ("table_name", "table_name through mark"),
}
"""Tables are a public interface: queries of users name them. Key and columns of each."""


def test_tables_keys_and_columns_are_those_that_users_were_promised() -> None:
    declared = {table.name: (" ".join(table.key), " ".join(table.names)) for table in TABLES.values()}
    assert declared == PROMISED


def test_no_table_is_specified_and_then_forgotten() -> None:
    specified = [value for value in (vars(tables) | vars(insights)).values() if isinstance(value, Table)]
    computed = [value.table for value in vars(insights).values() if isinstance(value, Insight)]
    assert sorted(table.name for table in [*specified, *computed]) == sorted(TABLES)


@EVERY_TABLE
def test_key_columns_are_columns_of_the_table_and_never_null(table: Table) -> None:
    assert table.key
    assert len(set(table.key)) == len(table.key)
    assert [name for name in table.key if table.column(name).nullable] == []


@EVERY_TABLE
def test_names_are_unique_and_need_no_quotes_to_be_queried(table: Table) -> None:
    assert len(set(table.names)) == len(table.names)
    assert [name for name in (table.name, *table.names) if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE {table.name} ({', '.join(f'{name} INTEGER' for name in table.names)})")
        connection.execute(f"SELECT {', '.join(f'{table.name}.{name}' for name in table.names)} FROM {table.name}")


@EVERY_TABLE
def test_every_table_and_column_says_what_it_means_in_a_sentence(table: Table) -> None:
    said = [table.meaning, *(column.meaning for column in table.columns)]
    assert [sentence for sentence in said if not re.fullmatch(r"[A-Z0-9'\"].*\.", sentence)] == []


@EVERY_TABLE
def test_duckdb_gives_back_the_declared_names_types_and_nullability(warehouse: Warehouse, table: Table) -> None:
    with warehouse.connect() as connection:
        described = connection.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
            "WHERE table_schema = 'soundcharts' AND table_name = ? ORDER BY ordinal_position",
            [table.name],
        ).fetchall()
        declared = [
            (
                column.name,
                *connection.execute(f"SELECT typeof(NULL::{column.type})").fetchall()[0],
                "YES" if column.nullable else "NO",
            )
            for column in table.columns
        ]
    assert described == declared


def test_a_warehouse_holds_the_specified_tables_and_views(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        found = connection.execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'soundcharts'"
        ).fetchall()
    assert dict(found) == {**dict.fromkeys(TABLES, "BASE TABLE"), **dict.fromkeys(VIEWS, "VIEW")}


def test_ddl_may_be_run_again_over_tables_that_hold_rows() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA soundcharts")
        for _ in range(2):
            connection.execute(TABLES["genres"].ddl())
            connection.execute("INSERT INTO soundcharts.genres VALUES ('pop', '', 0)")
        assert connection.execute("SELECT count(*) FROM soundcharts.genres").fetchall() == [(2,)]


def test_asking_for_a_column_that_is_not_there_names_table_and_column() -> None:
    with pytest.raises(KeyError, match="genres has no column mood"):
        TABLES["genres"].column("mood")


def test_the_page_of_documentation_tells_every_table_and_view_with_a_row_for_each_column() -> None:
    page = tables.as_markdown()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in rows] == [
        *(name for table in TABLES.values() for name in table.names),
        *(column.name for view in VIEWS.values() for column in view.columns),
    ]
    assert {line.count("|") for line in rows} == {4, 5}, "views have no nulls to speak of"
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        f"## {name}" for name in (*TABLES, *VIEWS)
    ]
