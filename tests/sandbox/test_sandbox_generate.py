"""The generated folder."""

from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from soundcharts_assets.sandbox.data import DEFAULT_FOLDER, load
from soundcharts_assets.sandbox.generate import generate

TABLES = sorted(path.stem for path in DEFAULT_FOLDER.glob("*.parquet"))


def rows(folder: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(":memory:") as connection:
        return connection.read_parquet(str(folder / f"{table}.parquet")).fetchall()


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 28)
    return folder


@pytest.mark.parametrize("table", TABLES)
def test_the_same_seed_writes_the_same_rows(again: Path, table: str) -> None:
    assert rows(again, table) == rows(DEFAULT_FOLDER, table)


def test_folder_is_small_and_whole(again: Path) -> None:
    assert sorted(path.stem for path in again.glob("*.parquet")) == TABLES
    assert sum(path.stat().st_size for path in DEFAULT_FOLDER.iterdir()) < 2_000_000


def test_contents() -> None:
    catalogue = load(DEFAULT_FOLDER)
    assert 600 <= len(catalogue.tracks) <= 900
    assert 400 <= len(catalogue.artists) <= 600
    assert catalogue.charts["empty-99"].rankings == ()
    assert len(catalogue.charts["global-28"].rankings) == 70
    assert len(catalogue.charts["top-songs-31"].rankings) == 26
    titles = {track.title for track in catalogue.tracks.values()}
    assert {'The "Quoted" One', "Back\\slash Boulevard", "🦊🎷 Fox Trot 𝄞"} <= titles
    assert any(len(title) > 200 for title in titles)
    assert any(not track.credits for track in catalogue.tracks.values())
    assert any(len(track.credits) > 2 for track in catalogue.tracks.values())


def test_charts_share_tracks_and_move() -> None:
    charts = load(DEFAULT_FOLDER).charts

    def tracks(slug: str) -> set[int]:
        return {track_id for _, content in charts[slug].rankings for track_id in content.track_ids}

    shared = len(tracks("global-28") & tracks("top-songs-29")) / len(tracks("top-songs-29"))
    assert 0.35 < shared < 0.65
    steps = pairwise(charts["global-28"].rankings)
    entered = [len(set(now.track_ids) - set(before.track_ids)) for (_, before), (_, now) in steps]
    assert 1 < sum(entered) / len(entered) < 15
