"""The page of a lake is that of a file with the same rows."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundcharts_assets.dashboard.contents import Contents
from soundcharts_assets.dashboard.data import gather
from soundcharts_assets.dashboard.page import render
from tests.dashboard.stock import stocked

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytestmark = pytest.mark.lake


def test_a_lake_gives_the_same_page_and_is_not_named_on_it(
    contents: Contents, postgres: "Postgres", tmp_path: Path
) -> None:
    catalogue = postgres.database()
    lake = {"SOUNDCHARTS_WAREHOUSE": f"ducklake:postgres:{catalogue}", "SOUNDCHARTS_LAKE_PATH": str(tmp_path / "files")}

    page = render(gather(stocked(tmp_path, variables=lake)))

    assert page == render(contents)
    for part in catalogue.split():
        assert part not in page
