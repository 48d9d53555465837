"""The time, for the outermost callers: commands, sensors and runs. Everything below is handed a clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from soundcharts_assets.settings import Settings, SettingsError


def utc_now() -> datetime:
    """Tell the time of the machine."""
    return datetime.now(UTC)


def clock_of(settings: Settings) -> Callable[[], datetime]:
    """Return the clock that the settings ask for: the machine's, or one that is ahead by a sandbox's days."""
    path = settings.clock_shift_path
    return utc_now if path is None else lambda: utc_now() + shift(path)


def shift(path: Path) -> timedelta:
    """Read by how much a sandbox's time is ahead; a file that is not there yet means not at all.

    Raises:
        SettingsError: The file holds something else than seconds.
    """
    try:
        return timedelta(seconds=float(path.read_text(encoding="utf-8") or 0))
    except FileNotFoundError:
        return timedelta()
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(f"SOUNDCHARTS_CLOCK_SHIFT: {path} does not hold seconds: {error}") from None
