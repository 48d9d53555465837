"""What a person sees on the terminal: a progress bar, the report of a pass, a line for a mistake.

Nothing is decided here. Everything goes to the given console; names that come from the API stay text, never markup.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from soundcharts_assets.api.records import PlatformRecord
from soundcharts_assets.commands.charts import FollowedChart, Found
from soundcharts_assets.commands.report import PassReport
from soundcharts_assets.refresh.account import Account


class Bar:
    """A progress bar for the subject at hand. On anything but a terminal it shows nothing but waits."""

    def __init__(self, console: Console) -> None:
        """Draw on this console."""
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("polling", total=None)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def begin(self, subject: str, chart: str, due: int) -> None:
        """Start anew for a subject of a chart."""
        self._progress.reset(self._task, total=due, description=escape(f"{chart}  {subject}"))

    def advance(self) -> None:
        """One row more."""
        self._progress.advance(self._task)

    def waiting(self, holder: str) -> None:
        """Say who is waited for."""
        self._console.print(f"Waiting: {escape(holder)} is asking Soundcharts.", highlight=False)


def show_report(console: Console, report: PassReport, *, dry_run: bool) -> None:
    """Print what became of each chart, the figures by asset, and what failed."""
    for slug, fate in report.charts.items():
        console.print(f"{escape(slug)}: {escape(fate)}", highlight=False)
    if report.accounts:
        console.print(accounts_table(report.accounts, dry_run=dry_run))
    total = sum(account.planned for account in report.accounts) if dry_run else report.calls.total()
    left = "" if report.quota_left is None else f", {report.quota_left:,} left of the quota"
    does = "would be made at least" if dry_run else "made"
    if report.charts:
        console.print(f"{total:,} calls {does}{left}, {report.seconds:.1f} s", highlight=False)
    show_failures(console, report)


def show_failures(console: Console, report: PassReport) -> None:
    """Print a line for each warning and each failure, those of everything last."""
    for warning in report.warnings:
        console.print(f"[yellow]{escape(warning)}[/yellow]", highlight=False, soft_wrap=True)
    for failure in sorted(report.failures, key=lambda one: one.chart == ""):
        where = f"{failure.chart}: " if failure.chart else ""
        console.print(f"[red]{escape(where + failure.error)}[/red]", highlight=False, soft_wrap=True)


def accounts_table(accounts: Sequence[Account], *, dry_run: bool = False) -> Table:
    """One line per asset, added up over charts."""
    names = ["due", "calls at least"] if dry_run else ["due", "fetched", "empty", "gone", "failed", "deferred", "calls"]
    table = Table("asset", *names, *([] if dry_run else ["rows"]))
    for column in table.columns[1:]:
        column.justify = "right"
    subjects = dict.fromkeys(account.subject for account in accounts)
    for subject in subjects:
        own = [account for account in accounts if account.subject == subject]
        figures: Counter[str] = Counter()
        for account in own:
            figures.update({name: value for name, value in account.figures().items() if isinstance(value, int)})
            figures["calls at least"] += account.planned
            figures["rows"] += account.rows.total()
        cells = [f"{figures[name]:,}" for name in (*names, *([] if dry_run else ["rows"]))]
        table.add_row(escape(subject), *cells)
    return table


def show_pass(console: Console, title: str, report: PassReport, tables: Counter[str]) -> None:
    """Print the table of one pass of the demonstration: rows by table beside calls by endpoint."""
    table = Table("table", "rows now", "written", "endpoint", "calls", title=title, title_justify="left")
    for index in (1, 2, 4):
        table.columns[index].justify = "right"
    written = report.rows
    left = [(name, f"{count:,}", f"{written[name]:,}") for name, count in tables.items()]
    right = [(name, f"{count:,}") for name, count in sorted(report.calls.items())]
    for index in range(max(len(left), len(right))):
        table.add_row(
            *(left[index] if index < len(left) else ("", "", "")),
            *(right[index] if index < len(right) else ("", "")),
        )
    console.print(table)
    console.print(
        f"{report.calls.total():,} calls in {report.seconds:.1f} s; {report.avoided:,} calls avoided against a cascade "
        "that fetches each chart's tracks and artists one by one, every time\n",
        highlight=False,
    )


def show_platforms(console: Console, platforms: Sequence[PlatformRecord]) -> None:
    """Print codes and names of platforms."""
    _print_lines(console, ("platform", "name"), [(platform.code, platform.name) for platform in platforms])


def show_found(console: Console, found: Found) -> None:
    """Print the charts that a search found, those that are followed marked."""
    rows = [
        (
            "*" if found.following.follows(chart.slug) else "",
            chart.slug,
            chart.name,
            chart.platform,
            ", ".join(part for part in (chart.city_name, chart.country_name or chart.country_code) if part),
            chart.frequency or "",
            f"{chart.max_results or ''}",
        )
        for chart in found.charts
    ]
    if rows:
        _print_lines(console, ("", "slug", "name", "platform", "country", "frequency", "places"), rows)
    followed = sum(mark == "*" for mark, *_ in rows)
    console.print(f"{len(rows):,} found, {followed:,} of them followed (*)" if rows else "no chart fits")


def show_followed(console: Console, charts: Sequence[FollowedChart]) -> None:
    """Print the followed charts and what is known of them."""
    rows = [
        (
            chart.slug,
            chart.known.name or "",
            chart.known.platform or "",
            chart.known.country or "",
            chart.known.frequency or "",
            f"{chart.known.newest_ranking:%Y-%m-%d}" if chart.known.newest_ranking else "",
            "yes" if chart.cascade else "no",
            "named" if chart.through == "slug" else f"selector ({chart.through})",
        )
        for chart in charts
    ]
    if rows:
        names = ("slug", "name", "platform", "country", "frequency", "newest ranking", "cascade", "through")
        _print_lines(console, names, rows)
    console.print(f"{len(rows):,} followed", highlight=False)


def _print_lines(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; slugs and codes, which are there to be copied, are never broken."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=name in {"", "slug", "platform"}, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table, highlight=False)
