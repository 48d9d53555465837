"""Taking the warehouse of the settings elsewhere: a copy to live with, a snapshot to read, files for other programs.

Here is what may not happen meanwhile, and whom to wait for. How tables are copied and written is in `warehouse`; how it
is shown, in `console`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from soundcharts_assets.refresh.connect import warehouse_at
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.location import read_warehouse
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.settings.targets import check_target, is_warehouse
from soundcharts_assets.warehouse import exporting
from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.copying import Copied, copy, require
from soundcharts_assets.warehouse.exporting import Exported
from soundcharts_assets.warehouse.formats import Format

_COPYING, _SNAPSHOT = "copying the warehouse", "taking a snapshot of the warehouse"
_USUAL_SNAPSHOT = "snapshot.duckdb"


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
    source = _source(settings)
    path, lake = read_warehouse({**os.environ, "SOUNDCHARTS_WAREHOUSE": place}, "--to")
    if lake == settings.lake and (lake is not None or is_warehouse(path, settings)):
        raise SettingsError("--to: is the warehouse itself; name another place")
    target = warehouse_at(path, lake, settings.file.warehouse)
    require(source)
    with source.caller_lock().held(_COPYING, on_wait), target.caller_lock().held(_COPYING, on_wait):
        return copy(source, target)


def snapshot_to(settings: Settings, path: Path, on_wait: Callable[[str], None]) -> Sequence[Copied]:
    """Write everything into one DuckDB file that nothing of this program uses, between two passes.

    Raises:
        SettingsError: No such file can be there.
        WarehouseError: It could not be written; an earlier snapshot stays.
    """
    check_target(path, settings, _USUAL_SNAPSHOT)
    _, lake = read_warehouse({"SOUNDCHARTS_WAREHOUSE": str(path)}, str(path))
    if lake is not None:
        raise SettingsError(f"{path}: a snapshot is one file; `soundcharts-assets copy` takes everything to a lake")
    source = _source(settings)
    require(source)
    with source.caller_lock().held(_SNAPSHOT, on_wait):
        return exporting.snapshot(source, path)


def export_to(settings: Settings, folder: Path, form: Format, names: Sequence[str]) -> list[Exported]:
    """Write tables and views as files.

    Raises:
        SettingsError: There is no such table or view.
        WarehouseError: They could not be written.
    """
    unknown = [name for name in names if name not in exporting.NAMES]
    if unknown:
        raise SettingsError(f"--table: there is no {unknown[0]}; there are {', '.join(exporting.NAMES)}")
    source = _source(settings)
    require(source)
    return exporting.export(source, folder, form, names or exporting.NAMES)


def _source(settings: Settings) -> Warehouse:
    return warehouse_at(settings.warehouse_path, settings.lake, settings.file.warehouse)
