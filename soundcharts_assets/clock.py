"""The time, for the outermost callers: commands, sensors and runs. Everything below is handed a clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from soundcharts_assets.settings import Settings, SettingsError


def utc_now() -> datetime:
    """Tell the time of the machine."""
    return datetime.now(UTC)


def clock_of(settings: Settings) -> Callable[[], datetime]:
    """Return the clock that the settings ask for: the machine's, or one that is ahead by a sandbox's days."""
    return utc_now if settings.clock_shift_path is None else lambda: utc_now() + ahead(settings)


def ahead(settings: Settings) -> timedelta:
    """By how much a sandbox's time is ahead of the machine's; a file that is not there yet means not at all.

    Raises:
        SettingsError: The file holds something else than seconds.
    """
    path = settings.clock_shift_path
    if path is None:
        return timedelta()
    try:
        return timedelta(seconds=float(path.read_text(encoding="utf-8") or 0))
    except FileNotFoundError:
        return timedelta()
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(f"SOUNDCHARTS_CLOCK_SHIFT: {path} does not hold seconds: {error}") from None
