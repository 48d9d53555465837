"""The example's warehouse and its page, made once for the tests of a process."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundcharts_assets.dashboard.build import build
from soundcharts_assets.dashboard.contents import Contents
from soundcharts_assets.dashboard.data import gather
from soundcharts_assets.refresh.refresher import Refresher
from tests.dashboard.browser import chromium
from tests.dashboard.stock import stocked

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def refresher(tmp_path_factory: pytest.TempPathFactory) -> Refresher:
    """A refresher on the example, with its insights."""
    return stocked(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def contents(refresher: Refresher) -> Contents:
    """What the page of the example shows."""
    return gather(refresher)


@pytest.fixture(scope="session")
def page_path(refresher: Refresher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the example, in a file."""
    return build(refresher, tmp_path_factory.mktemp("page") / "dashboard.html").path


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One Chromium for all tests of a worker."""
    if chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    from tests.dashboard.browser import browsing  # noqa: PLC0415

    with browsing() as running:
        yield running
