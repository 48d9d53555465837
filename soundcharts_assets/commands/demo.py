"""The demonstration and the development server on the sandbox: everything works without an account.

The sandbox itself is in `sandbox`; here it is only put in the vendor's place.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
from rich.console import Console

from soundcharts_assets.clock import utc_now
from soundcharts_assets.commands.console import Bar, show_failures, show_pass
from soundcharts_assets.commands.report import PassReport
from soundcharts_assets.commands.sync import sync
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.sandbox.process import Sandbox, running_sandbox
from soundcharts_assets.settings.environment import USUAL_PAGE
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import load_settings
from soundcharts_assets.warehouse import work
from soundcharts_assets.warehouse.lock import FileCallerLock

WAREHOUSE = Path("data/demo.duckdb")
_SETTINGS = Path(__file__).parents[2] / "data" / "sandbox" / "soundcharts.yaml"
_CLOCK = Path("data/sandbox.clock")
_PUBLIC_PAIR = "soundcharts"
_LOOK = """\
The warehouse is {warehouse}. Look at it with
  .venv/bin/python -c "import duckdb; duckdb.connect('{warehouse}', read_only=True).table('soundcharts.tracks').show()"
and at the runs and assets in Dagster's UI with
  make dev
What changed is on the page {page}, which any browser opens.
"""


def sandbox_environment(url: str) -> dict[str, str]:
    """Variables that point everything at a sandbox, with a warehouse and settings of its own."""
    return {
        "SOUNDCHARTS_BASE_URL": url,
        "SOUNDCHARTS_APP_ID": _PUBLIC_PAIR,
        "SOUNDCHARTS_API_KEY": _PUBLIC_PAIR,
        "SOUNDCHARTS_WAREHOUSE": str(WAREHOUSE),
        "SOUNDCHARTS_CONFIG": os.environ.get("SOUNDCHARTS_CONFIG") or str(_SETTINGS),
    }


@contextmanager
def sandbox_in_place(
    *, today: date | None = None, with_its_days: bool = False
) -> Iterator[tuple[Sandbox, Mapping[str, str]]]:
    """Run a sandbox for the length of the block, and yield it with the variables that point at it.

    Args:
        today: The sandbox's first day; the UTC date where left out.
        with_its_days: Whether the program's clock follows the sandbox's days.
    """
    with running_sandbox(today=today, clock=_CLOCK if with_its_days else None) as sandbox:
        days = {"SOUNDCHARTS_CLOCK_SHIFT": str(_CLOCK)} if with_its_days else {}
        yield sandbox, sandbox_environment(sandbox.url) | days


def demonstrate(console: Console, instance: dg.DagsterInstance) -> int:
    """Sync several charts cold, let a day go by, sync again, and show what each pass did. Returns an exit code."""
    _start_cold()
    # The day that goes by is today, so that nothing shown is of a day to come.
    with sandbox_in_place(today=utc_now().date() - timedelta(days=1)) as (sandbox, environment):
        console.print(f"A sandbox with invented data stands in for Soundcharts at {sandbox.url}", highlight=False)
        first = _pass(console, instance, environment, "First pass: an empty warehouse")
        if first.interrupted:
            return first.exit_code
        day = sandbox.advance(1)
        second = _pass(console, instance, environment, f"Second pass: it is {day} now, daily charts were updated")
    text = _LOOK.format(warehouse=WAREHOUSE, page=WAREHOUSE.with_name(USUAL_PAGE))
    console.print(text, highlight=False, soft_wrap=True, markup=False)
    return max(first.exit_code, second.exit_code)


def _start_cold() -> None:
    """Remove what an earlier demonstration left.

    Raises:
        SettingsError: Somebody is writing into it.
    """
    with FileCallerLock(WAREHOUSE).held_if_free("demo") as is_free:
        if not is_free:
            raise SettingsError(f"{WAREHOUSE}: another `demo`, or a run of `dev`, is writing into it; end that first")
        for path in (WAREHOUSE, WAREHOUSE.with_name(f"{WAREHOUSE.name}.wal")):
            path.unlink(missing_ok=True)
        for beside in ("spool", "runs"):
            shutil.rmtree(WAREHOUSE.with_name(f"{WAREHOUSE.name}.{beside}"), ignore_errors=True)


def _pass(console: Console, instance: dg.DagsterInstance, environment: Mapping[str, str], title: str) -> PassReport:
    with Bar(console) as bar:
        refresher = Refresher(load_settings(environment), progress=bar, attended=True)
        report = sync(refresher, instance, Request())
    with refresher.warehouse.connect() as connection:
        tables = Counter(work.row_counts(connection))
    show_pass(console, title, report, tables)
    show_failures(console, report)
    return report
