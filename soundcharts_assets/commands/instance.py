"""How a command opens Dagster's instance: which one, one process at a time, and what is said where that fails.

What is done with it belongs to the commands; what is found out about it, to `doctor`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock

from soundcharts_assets.settings.errors import SettingsError

_MADE_TWICE = "more than one head"


class BrokenInstanceError(SettingsError):
    """There is an instance, and it cannot be used."""


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """Open the instance of DAGSTER_HOME, or of the folder one stands in where that holds a dagster.yaml.

    Raises:
        SettingsError: There is none.
        BrokenInstanceError: It cannot be opened, or went away meanwhile; says why, and what to do where that is known.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        if not Path("dagster.yaml").is_file():
            raise SettingsError("DAGSTER_HOME: not set, and there is no dagster.yaml in this folder")
        os.environ["DAGSTER_HOME"] = home = str(Path.cwd())
    if not Path(home).is_dir():
        raise SettingsError(f"DAGSTER_HOME: there is no folder {home}")
    name = f"DAGSTER_HOME: the Dagster instance in {home}"
    try:
        # Two processes that make a fresh SQLite instance at the same time trip over each other's tables (#2124).
        with FileLock(Path(home) / ".instance.lock"):
            instance = dg.DagsterInstance.get()
    except Exception as error:
        raise BrokenInstanceError(f"{name} cannot be opened: {_why(error)}") from error
    with instance:
        try:
            yield instance
        except Exception as error:
            if not _is_of_storage(error) and _answers(instance):
                raise
            told = f"{name} went away: {_why(error)}. Whatever was fetched is stored; start again once it is back"
            raise BrokenInstanceError(told) from error


def _is_of_storage(error: BaseException) -> bool:
    """Whether a database said it: one on a full disk still answers what it is asked, and takes nothing any more."""
    return type(error).__module__.startswith("sqlalchemy.")


def _answers(instance: dg.DagsterInstance) -> bool:
    """Whether an instance can be asked: each kind of storage raises what its own driver does where it cannot."""
    try:
        instance.get_runs_count()
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def _why(error: BaseException) -> str:
    """What a person can use of it: dagster-postgres keeps the reason to itself, and tells how often it tried."""
    reason = _without_statement(error)
    if _MADE_TWICE in reason:
        return (
            "two programs made its tables at the same time (dagster #27390); end what runs of Dagster, and remove what "
            "dagster.yaml names under `storage`, by default the folder data/dagster"
        )
    cause = "" if error.__cause__ is None else _without_statement(error.__cause__)
    return reason if cause in reason else f"{reason}: {cause}"


def _without_statement(error: BaseException) -> str:
    """SQLAlchemy ends with the statement and a link."""
    return " ".join(str(error).partition("\n[SQL: ")[0].partition("\n(Background on ")[0].split())
