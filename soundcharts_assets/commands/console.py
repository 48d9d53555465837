"""What a person sees on the terminal: a progress bar, the report of a pass, states of things, a line for a mistake.

Nothing is decided here. Everything goes to the given console; names that come from the API stay text, never markup
or commands to the terminal (`terminal`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from soundcharts_assets.api.records import PlatformRecord
from soundcharts_assets.commands.charts import FollowedChart, Found
from soundcharts_assets.commands.plan import Plan
from soundcharts_assets.commands.report import PassReport
from soundcharts_assets.commands.terminal import plain
from soundcharts_assets.refresh.account import Account
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.status import AssetStatus, ChartStatus, WarehouseStatus
from soundcharts_assets.warehouse.copying import Copied

if TYPE_CHECKING:
    from soundcharts_assets.commands.doctor.findings import Check  # brings Dagster, whose import takes seconds


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
        self._progress.reset(self._task, total=due, description=plain(f"{chart}  {subject}"))

    def advance(self) -> None:
        """One row more."""
        self._progress.advance(self._task)

    def waiting(self, holder: str) -> None:
        """Say who is waited for."""
        self._console.print(f"Waiting: {plain(holder)} is asking Soundcharts.", highlight=False)


def show_report(console: Console, report: PassReport, *, dry_run: bool) -> None:
    """Print what became of each chart, the figures by asset, and what failed."""
    for slug, fate in report.charts.items():
        console.print(f"{plain(slug)}: {plain(fate)}", highlight=False)
    if report.accounts:
        console.print(accounts_table(report.accounts, dry_run=dry_run))
    total = sum(account.planned for account in report.accounts) if dry_run else report.calls.total()
    left = "" if report.quota_left is None else f", {report.quota_left:,} left of the quota"
    does = "would be made at least" if dry_run else "made"
    if report.charts:
        console.print(f"{total:,} calls {does}{left}, {report.seconds:.1f} s", highlight=False)
    show_failures(console, report)


def show_plan(console: Console, plan: Plan) -> None:
    """Print calls by asset for the next pass and for a month, and what may be spent."""
    table = Table("asset", "next pass", "30 days")
    for column in table.columns[1:]:
        column.justify = "right"
    next_pass = plan.by_asset()
    for name in dict.fromkeys([*plan.month, *next_pass]):
        table.add_row(plain(name), f"{next_pass[name]:,}", f"{plan.month[name]:,}")
    table.add_section()
    table.add_row("calls", f"{plan.calls:,}", f"{plan.month.total():,}")
    console.print(table)
    for slug, calls in plan.by_chart().items():
        console.print(f"{plain(slug)}: {sum(calls.values()):,} calls", highlight=False)
    lines = ["The next pass is counted as far as the warehouse knows: new rankings bring new tracks and artists."]
    if plan.unknown:
        lines.append(f"For {len(plan.unknown)} charts without a stored ranking the month counts an assumption.")
    if plan.room is not None:
        lines.append(
            f"Budget and reserve leave {plan.room:,} calls for rows now; {plan.deferred:,} due rows would wait."
        )
    daily = "no daily budget" if plan.daily is None else f"{plan.daily:,} a day"
    lines.append(f"{daily}, {plan.spent_today:,} spent today (UTC), {plan.reserve:,} in reserve")
    left = f"{plan.quota_left:,}" if plan.quota_left is not None else f"unknown ({plan.quota_error or 'not said'})"
    lines.append(f"Quota left: {left}")
    for line in lines:
        console.print(plain(line), highlight=False)


def show_failures(console: Console, report: PassReport) -> None:
    """Print a line for each warning and each failure, those of everything last."""
    for warning in report.warnings:
        console.print(f"[yellow]{plain(warning)}[/yellow]", highlight=False, soft_wrap=True)
    for failure in sorted(report.failures, key=lambda one: one.chart == ""):
        where = f"{failure.chart}: " if failure.chart else ""
        console.print(f"[red]{plain(where + failure.error)}[/red]", highlight=False, soft_wrap=True)


def accounts_table(accounts: Sequence[Account], *, dry_run: bool = False) -> Table:
    """One line per asset, added up over charts."""
    names = ["due", "calls at least"] if dry_run else ["due", "fetched", "empty", "gone", "failed", "deferred", "calls"]
    table = Table("asset", *names, *([] if dry_run else ["rows"]))
    table.columns[0].overflow = "fold"  # cut at the width of a terminal, many assets would be called track_au…
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
        table.add_row(plain(subject), *cells)
    return table


def show_pass(console: Console, title: str, report: PassReport, tables: Counter[str]) -> None:
    """Print the table of one pass of the demonstration: rows by table beside calls by endpoint."""
    table = Table("table", "rows now", "written", "endpoint", "calls", title=title, title_justify="left")
    for index in (1, 2, 4):
        table.columns[index].justify = "right"
    written = report.rows
    left = [(name, f"{count:,}", f"{written[name]:,}" if name in written else "") for name, count in tables.items()]
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


def show_copied(console: Console, copied: Sequence[Copied]) -> None:
    """Print what both sides of a copy hold."""
    _print_lines(console, ("table", "rows", "digest"), [(one.table, f"{one.rows:,}", one.digest) for one in copied])
    rows = sum(one.rows for one in copied)
    console.print(
        f"{rows:,} rows copied and compared. The source is as it was; SOUNDCHARTS_WAREHOUSE says which is used."
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


def show_status(console: Console, status: WarehouseStatus, *, details: bool) -> None:
    """Print a line for each chart and what holds for all of them; of each chart its assets too, where wanted."""
    if status.charts:
        names = (
            "chart",
            "newest",
            "next poll",
            "rankings",
            "tracks",
            "artists",
            "due",
            "metadata",
            "series",
            "failures",
        )
        _print_figures(console, names, [_chart_line(chart, status.at) for chart in status.charts])
    if details:
        for chart in status.charts:
            console.print(
                f"\n{plain(chart.slug)}: {plain(chart.title or 'not heard of yet')}",
                highlight=False,
            )
            assets = [_asset_line(name, asset, status.at) for name, asset in chart.assets.items()]
            _print_figures(console, ("asset", "reached", "due", "oldest", "failures"), assets)
    console.print()
    for line in _overall(status):
        console.print(line, highlight=False, soft_wrap=True)


def show_checks(console: Console, checks: Sequence["Check"]) -> None:
    """Print a line for each check and, below it, what to do about what was found."""
    colours = {"ok": "green", "warning": "yellow", "failure": "red", "not checked": "dim"}
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("level", "check"):
        table.add_column(name, no_wrap=True)
    table.add_column("found", overflow="fold")
    for check in checks:
        colour = colours[check.level]
        todo = f"\n[bold]{plain(check.todo)}[/bold]" if check.todo else ""
        table.add_row(f"[{colour}]{check.level}[/{colour}]", plain(check.name), plain(check.found) + todo)
    console.print(table, highlight=False)
    levels = Counter(check.level for check in checks)
    console.print(", ".join(f"{count} {level}" for level, count in levels.items()), highlight=False)


def _chart_line(chart: ChartStatus, now: datetime) -> tuple[str, ...]:
    newest = chart.poll.newest_stored if chart.poll else None
    next_poll = "at a run" if chart.has_news else "" if chart.next_poll is None else _until(chart.next_poll, now)
    return (
        chart.slug,
        f"{newest:%Y-%m-%d}" if newest else "",
        next_poll if chart.followed else "retired",
        f"{chart.rankings:,}",
        f"{chart.reached('tracks'):,}",
        f"{chart.reached('artists'):,}",
        f"{chart.due:,}",
        _age(chart.oldest(metadata=True), now),
        _age(chart.oldest(metadata=False), now),
        _counted(chart.failures),
    )


def _asset_line(name: str, asset: AssetStatus, now: datetime) -> tuple[str, ...]:
    return (name, f"{asset.rows.total():,}", f"{asset.due:,}", _age(asset.oldest, now), _counted(asset.failures))


def _overall(status: WarehouseStatus) -> list[str]:
    """What holds for all charts, a line each; what is not so is left out."""
    if not status.exists:
        return [f"There is no warehouse at {plain(status.place)} yet; `soundcharts-assets sync` makes it."]
    due = f"{sum(status.due.values()):,} rows are due now, what charts share counted once"
    daily = f"{status.daily:,}" if isinstance(status.daily, int) else status.daily
    lines = [
        f"{status.followed:,} charts followed, {status.retired:,} retired; {due}",
        f"{status.spent_today:,} requests spent today" + (f" of {daily}" if daily else "; no daily budget is set"),
    ]
    if status.quota_left is not None:
        kept = f", {status.reserve:,} of them reserved" if status.reserve else ""
        lines.append(f"{status.quota_left:,} were left of the quota when it was last heard of{kept}")
    if status.breaker is not None:
        since, look = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (status.breaker.opened_at, status.breaker.look_at))
        reason = f"Paused for {status.breaker.kind} since {since}: {status.breaker.reason}"
        lines.append(f"[red]{plain(reason)}; next look at {look}[/red]")
    if any(status.unreached.values()):
        lines.append(f"Stored, reached by no followed chart and not refreshed: {_counted(status.unreached)}")
    if status.spooled:
        lines.append(f"[yellow]{status.spooled:,} batches wait in the spool; the next sync stores them first[/yellow]")
    if status.behind:
        made = "the next sync makes them anew, and so does `soundcharts-assets dashboard`"
        lines.append(f"Computed tables that lack what is stored by now: {', '.join(status.behind)}; {made}")
    lines.append(f"Ledger: {_counted(status.ledger) or 'empty'}")
    malformed = status.ledger.get(Status.MALFORMED, 0)
    if malformed:
        where = "reason and payload are in soundcharts.malformed_answers"
        lines.append(f"[yellow]{malformed:,} answers were malformed and not stored; {where}[/yellow]")
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _until(instant: datetime, now: datetime) -> str:
    return "now" if instant <= now else f"in {_age(now, instant)}"


def _age(instant: datetime | None, now: datetime) -> str:
    """How long ago an instant is, in the largest unit of which it is more than one."""
    if instant is None:
        return ""
    minutes = (now - instant).total_seconds() / 60
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes >= 2 * length:
            return f"{minutes / length:.0f} {unit}"
    return f"{max(minutes, 0):.0f} min"


def _print_figures(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a line for each row: a name, figures to the right, and words at the end, cut where there is no room."""
    table = Table(box=None, pad_edge=False)
    table.add_column(names[0], no_wrap=True, min_width=max((len(row[0]) for row in rows), default=0))
    for index, name in enumerate(names[1:-1], start=1):
        width = max([len(name), *(len(row[index]) for row in rows)])
        table.add_column(name, no_wrap=True, min_width=width, justify="right")
    table.add_column(names[-1], no_wrap=True)
    for row in rows:
        table.add_row(*map(plain, row))
    console.print(table, highlight=False)


def _print_lines(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; slugs and codes, which are there to be copied, are never broken."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=name in {"", "slug", "platform"}, overflow="fold")
    for row in rows:
        table.add_row(*map(plain, row))
    console.print(table, highlight=False)
