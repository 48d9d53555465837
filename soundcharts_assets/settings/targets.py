"""Where a command may write a file: in the place of an earlier one, but not of the warehouse, a folder or a device."""

import os
from pathlib import Path

from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import Settings


def check_target(path: Path, settings: Settings, usual: str) -> None:
    """See that a file may be written there, where it replaces what there is.

    Args:
        path: Where it is to go.
        settings: Say where the warehouse is.
        usual: What such a file may be called.

    Raises:
        SettingsError: That is the warehouse, by whatever path, a folder, a device or the like.
    """
    if is_warehouse(path, settings):
        raise SettingsError(f"{path}: is the warehouse itself; name another file")
    # What lies in a folder that cannot be looked into is no error here.
    if os.path.isdir(path):  # noqa: PTH112
        raise SettingsError(f"{path}: is a folder; name a file, such as {path / usual}")
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
        raise SettingsError(f"{path}: is no file, but a device or the like; name a file, such as {usual}")


def is_warehouse(path: Path, settings: Settings) -> bool:
    """Whether a path leads to the file of the warehouse, whichever way it takes."""
    if settings.lake is not None:
        return False
    try:
        return path.samefile(settings.warehouse_path)
    except OSError:
        return path.absolute() == settings.warehouse_path.absolute()
