"""What a check may look at and what it may find, and the words that checks share.

What is checked does not belong here.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.connection import Warehouse

OTHER, UNUSABLE, STOPPED = 1, 2, 3
"""Exit codes, as those of `sync`: settings, instance or warehouse; credentials or quota; anything else."""

MOST_EXAMPLES = 5
_GIGABYTES_FROM = 10_000_000_000


class Level(StrEnum):
    """How grave it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "not checked"
    """What it takes to check is missing, which another check tells."""


class Finding(NamedTuple):
    """What a check found, and what to do about it; the exit code of a failure where it is not that of the check."""

    level: Level
    found: str
    todo: str = ""
    code: int | None = None


@dataclass(frozen=True)
class Check:
    """A check that was made. `code` is the exit code if it failed."""

    name: str
    level: Level
    found: str
    todo: str
    code: int

    def as_dict(self) -> dict[str, str]:
        """The check as a JSON object."""
        return {"check": self.name, "level": self.level.value, "found": self.found, "todo": self.todo}


@dataclass(frozen=True)
class Diagnosis:
    """All checks, in the order in which they were made."""

    checks: Sequence[Check]

    @property
    def exit_code(self) -> int:
        """0 nothing failed, 2 settings, instance or warehouse did, 3 credentials or quota, 1 anything else."""
        codes = {check.code for check in self.checks if check.level is Level.FAILURE}
        return next((code for code in (UNUSABLE, STOPPED, OTHER) if code in codes), 0)

    def as_dict(self) -> dict[str, Any]:
        """The diagnosis as one JSON object."""
        return {"exit_code": self.exit_code, "checks": [check.as_dict() for check in self.checks]}


OpenInstance = Callable[[], AbstractContextManager[dg.DagsterInstance]]


@dataclass
class Scene:
    """What there is to look at, as far as it was found so far.

    Attributes:
        load: Reads the settings.
        open_instance: Opens Dagster's instance.
        stack: Closes at the end what was opened.
        missing: Why something that checks need is not to be had, by what it is.
        quota: What Soundcharts says is left, None where it did not.
        daemons_live: Whether the daemon that ticks sensors does.
        refresher: Made of the settings.
        instance: Dagster's.
    """

    load: Callable[[], Settings]
    open_instance: OpenInstance
    stack: ExitStack
    missing: dict[str, str] = field(default_factory=dict)
    quota: int | None = None
    daemons_live: bool = False
    refresher: Refresher = field(init=False)
    instance: dg.DagsterInstance = field(init=False)

    @property
    def settings(self) -> Settings:
        """What the user decided."""
        return self.refresher.settings

    @property
    def warehouse(self) -> Warehouse:
        """Where it would be."""
        return self.refresher.warehouse


def nearest(path: Path) -> Path:
    """The path, or what there is of the way to it."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())


def megabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1_000_000:,.0f} MB" if size < _GIGABYTES_FROM else f"{size / 1_000_000_000:,.0f} GB"


def seconds(age: timedelta) -> str:
    """A time in words."""
    return f"{age.total_seconds():.0f} s"


def some(names: Sequence[str], separator: str = ", ") -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - MOST_EXAMPLES
    return separator.join(names[:MOST_EXAMPLES]) + (f" and {more:,} more" if more > 0 else "")
