"""The time, for the outermost callers: commands, sensors and runs. Everything below is handed a clock."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import Settings


def utc_now() -> datetime:
    """Tell the time of the machine."""
    return datetime.now(UTC)


def clock_of(settings: Settings) -> Callable[[], datetime]:
    """Return the clock that the settings ask for: the machine's, or one that is ahead by a sandbox's days."""
    return utc_now if settings.clock_shift_path is None else _ShiftedClock(settings.clock_shift_path)


def ahead(settings: Settings) -> timedelta:
    """By how much a sandbox's time is ahead of the machine's; a file that is not there yet means not at all.

    Raises:
        SettingsError: The file holds something else than seconds.
    """
    path = settings.clock_shift_path
    return timedelta() if path is None else _read_shift(path)


class _ShiftedClock:
    """A clock ahead of the machine's. Its file is replaced whenever days go by, and read again only then.

    Every answer is stamped with the time, and reading the file each time took a fifth of a pass.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[tuple[int, int] | None, timedelta] = (None, timedelta())

    def __call__(self) -> datetime:
        version = self._version()
        known, shift = self._known
        if version != known:
            shift = _read_shift(self._path)
            self._known = (version, shift)
        return utc_now() + shift

    def _version(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - a path object of its own doubles the price
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _read_shift(path: Path) -> timedelta:
    try:
        return timedelta(seconds=float(path.read_text(encoding="utf-8") or 0))
    except FileNotFoundError:
        return timedelta()
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(f"SOUNDCHARTS_CLOCK_SHIFT: {path} does not hold seconds: {error}") from None
