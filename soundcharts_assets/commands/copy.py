"""Copying the warehouse of the settings to another place: what may not happen meanwhile, and whom to wait for.

How tables are copied and compared is in `warehouse.copying`; how it is shown in `console`.
"""

import os
from collections.abc import Callable, Sequence

from soundcharts_assets.refresh.connect import warehouse_at
from soundcharts_assets.settings import Settings, read_warehouse
from soundcharts_assets.warehouse.copying import Copied, copy, require

_WHO = "copying the warehouse"


def copy_to(settings: Settings, place: str, on_wait: Callable[[str], None]) -> Sequence[Copied]:
    """Copy everything to an empty place, while nobody asks Soundcharts on behalf of either.

    Args:
        settings: Name the source.
        place: The target, as SOUNDCHARTS_WAREHOUSE would have it.
        on_wait: Told who asks Soundcharts, where somebody does.

    Raises:
        SettingsError: The place cannot be one.
        WarehouseError: It could not be copied.
    """
    options = settings.file.warehouse
    source = warehouse_at(settings.warehouse_path, settings.lake, options)
    target = warehouse_at(*read_warehouse({**os.environ, "SOUNDCHARTS_WAREHOUSE": place}, "--to"), options)
    require(source)
    with source.caller_lock().held(_WHO, on_wait), target.caller_lock().held(_WHO, on_wait):
        return copy(source, target)
