"""Building the page: asked, put together, and written whole or not at all."""

import os
import secrets
import time
from pathlib import Path
from typing import NamedTuple

from soundcharts_assets.dashboard.contents import LIMITS, Limits
from soundcharts_assets.dashboard.data import gather
from soundcharts_assets.dashboard.page import render
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.environment import USUAL_PAGE
from soundcharts_assets.settings.targets import check_target
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.errors import WarehouseError


class Built(NamedTuple):
    """A page that was written: where, bytes, charts on it, charts there are, and seconds it took."""

    path: Path
    size: int
    charts: int
    charts_known: int
    seconds: float


def build(refresher: Refresher, path: Path, limits: Limits = LIMITS) -> Built:
    """Build the page and write it. Soundcharts is not asked.

    Args:
        refresher: Knows settings, clock and warehouse.
        path: Where the page goes; an earlier one is replaced.
        limits: How much it shows at most.

    Raises:
        SettingsError: No page may take that place.
        WarehouseError: There is no warehouse, it cannot be read, or the page cannot be written.
    """
    started = time.monotonic()
    check_target(path, refresher.settings, USUAL_PAGE)
    require(refresher.warehouse)
    contents = gather(refresher, limits)
    page = render(contents).encode()
    write_whole(path, page)
    overview = contents.overview
    shown, known = len(overview["charts"]["slug"]), overview["state"]["charts"]
    return Built(path, len(page), shown, known, time.monotonic() - started)


def require(warehouse: Warehouse) -> None:
    """See that there is something to show, before anything is made for it.

    Raises:
        WarehouseError: There is not.
    """
    if not warehouse.is_made():
        raise WarehouseError(f"{warehouse.name} does not exist; `soundcharts-assets sync` makes it")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever opens it finds all of the old content or all of the new.

    Raises:
        WarehouseError: It cannot be written; an earlier one stays.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise WarehouseError(f"{path}: cannot be written: {error.strerror}") from None
