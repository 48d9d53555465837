"""The command line. Arguments in, exit code out; what the commands do is in `sync`, `demo` and `sandbox`.

Exit codes: 0 everything due was settled, 1 something failed, 2 bad settings or arguments, 3 credentials or quota;
130 interrupted before there was anything to tell.
"""

import gc
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from soundcharts_assets.commands.terminal import printable, say, say_json
from soundcharts_assets.warehouse.formats import Format

if TYPE_CHECKING:
    from soundcharts_assets.refresh.refresher import Refresher
    from soundcharts_assets.settings.reading import Settings

# Dagster takes seconds to import; commands import what they need, so that --help and mistakes answer at once.

app = typer.Typer(
    help="Charts, tracks, artists and audiences from Soundcharts, as Dagster assets in DuckDB.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_BAD_SETTINGS = 2
_INTERRUPTED = 128 + signal.SIGINT
_INTERRUPTED_QUERY = "Query interrupted"
"""What DuckDB makes of a Ctrl-C that comes while it works."""
_UNTIL_COLLECTED = 50_000
"""Objects made before the collector looks for cycles; by default 700, for which imports alone wait a fifth longer."""
_WIDE = 200

charts = typer.Typer(help="Find charts, and follow one more or one less.", no_args_is_help=True)
app.add_typer(charts, name="charts")


@app.command()
def sync(
    chart: Annotated[
        list[str] | None, typer.Option(help="Only this chart; may be repeated. Need not be followed.")
    ] = None,
    platform: Annotated[
        list[str] | None, typer.Option(help="Only audiences of this platform; may be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask for everything, however fresh.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many rows of each asset and chart.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is due; make no call.")] = False,
    insights: Annotated[
        bool, typer.Option("--insights/--no-insights", help="Make computed tables and the dashboard anew at the end.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Bring the followed charts, and all they reach, up to date: one full pass."""
    from soundcharts_assets.commands.console import Bar, show_report  # noqa: PLC0415
    from soundcharts_assets.commands.instance import open_instance  # noqa: PLC0415
    from soundcharts_assets.commands.sync import sync as run_pass  # noqa: PLC0415
    from soundcharts_assets.refresh.refresher import Refresher  # noqa: PLC0415
    from soundcharts_assets.refresh.request import Request  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    settings = load_settings()
    _check_platforms(platform or [], settings.file.platforms)
    request = Request(force=force, platforms=tuple(platform or ()), limit=limit, dry_run=dry_run)
    with open_instance() as instance, Bar(Console(stderr=True)) as bar:
        refresher = Refresher(settings, progress=bar, attended=True)
        report = run_pass(refresher, instance, request, chart or [], insights=insights)
    if as_json:
        say_json(report.as_dict())
    else:
        show_report(_console(), report, dry_run=dry_run)
    raise typer.Exit(report.exit_code)


@app.command()
def status(
    chart: Annotated[list[str] | None, typer.Option(help="Only this chart, asset by asset; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Tell how complete and how fresh the warehouse is. Makes no call and needs no credentials."""
    from soundcharts_assets.commands.console import show_status  # noqa: PLC0415
    from soundcharts_assets.refresh.status import look  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _refresher(load_settings()) as refresher:
        found = look(refresher, chart or [])
    if as_json:
        say_json(found.as_dict())
    else:
        show_status(_console(), found, details=bool(chart))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Check settings, credentials, quota, warehouse and Dagster, and tell what to do. Makes no billed call."""
    from soundcharts_assets.commands.console import show_checks  # noqa: PLC0415
    from soundcharts_assets.commands.doctor.examination import examine  # noqa: PLC0415
    from soundcharts_assets.commands.instance import open_instance  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    diagnosis = examine(load_settings, open_instance)
    if as_json:
        say_json(diagnosis.as_dict())
    else:
        show_checks(_console(), diagnosis.checks)
    raise typer.Exit(diagnosis.exit_code)


@app.command()
def plan(
    chart: Annotated[
        list[str] | None, typer.Option(help="Only this chart; may be repeated. Need not be followed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Tell what the next pass and a month would cost, without a billed call."""
    from soundcharts_assets.commands.console import show_plan  # noqa: PLC0415
    from soundcharts_assets.commands.plan import make_plan  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _refresher(load_settings()) as refresher:
        made = make_plan(refresher, chart or [])
    if as_json:
        say_json(made.as_dict())
    else:
        show_plan(_console(), made)


@app.command()
def copy(
    to: Annotated[str, typer.Option(help="A path, or ducklake:postgres:... with SOUNDCHARTS_LAKE_PATH set.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Copy the warehouse to an empty place, from a file to a lake or back, and compare both. Makes no call."""
    from soundcharts_assets.commands.console import show_copied  # noqa: PLC0415
    from soundcharts_assets.commands.taking_out import copy_to  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _told_in_a_line():
        copied = copy_to(load_settings(), to, _say_who_is_waited_for)
    if as_json:
        say_json({one.table: {"rows": one.rows, "digest": one.digest} for one in copied})
    else:
        show_copied(_console(), copied)


@app.command()
def snapshot(
    path: Annotated[Path, typer.Argument(help="The DuckDB file to write; an earlier one is replaced.")],
) -> None:
    """Write the warehouse into one file that may be read all day, and keeps no pass waiting. Makes no call."""
    from soundcharts_assets.commands.taking_out import snapshot_to  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _told_in_a_line():
        copied = snapshot_to(load_settings(), path, _say_who_is_waited_for)
    say(f"{path}: {sum(one.rows for one in copied):,} rows of {len(copied)} tables")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go; earlier ones of the same names are replaced.")],
    form: Annotated[Format, typer.Option("--format", help="Kind of the files.")] = Format.PARQUET,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table or view; may be repeated. Default: all.")
    ] = None,
) -> None:
    """Write tables and views as Parquet, CSV or Excel files, all of one state. Makes no call."""
    from soundcharts_assets.commands.taking_out import export_to  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _told_in_a_line():
        exported = export_to(load_settings(), folder, form, table or [])
    for one in exported:
        say(f"{one.path}: {one.rows:,} rows")


@app.command()
def dashboard(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="The page to write. Default: SOUNDCHARTS_DASHBOARD, else dashboard.html beside the warehouse.",
        ),
    ] = None,
) -> None:
    """Build one page of HTML that shows what changed, and opens anywhere without a network. Makes no call."""
    from soundcharts_assets.commands.dashboard import build_dashboard  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    settings = load_settings()
    with _refresher(settings) as refresher:
        built = build_dashboard(refresher, path or settings.dashboard_path)
    of = "" if built.charts == built.charts_known else f" of {built.charts_known:,}"
    told = f"{built.charts:,}{of} {'chart' if built.charts_known == 1 else 'charts'}"
    say(f"{built.path}: {built.size / 1e6:.1f} MB, {told}, {built.seconds:.1f} s")


@app.command()
def demo() -> None:
    """Show everything on invented data: several charts cold, a day later, and what each pass cost."""
    from soundcharts_assets.commands.demo import demonstrate  # noqa: PLC0415
    from soundcharts_assets.commands.instance import open_instance  # noqa: PLC0415

    with open_instance() as instance:
        raise typer.Exit(demonstrate(Console(), instance))


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8_199,
    data: Annotated[Path | None, typer.Option(help="Folder of Parquet files in the documented format.")] = None,
    latency_ms: Annotated[float, typer.Option(min=0, help="Wait so long before each answer.")] = 0.0,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="Refuse more with 429.")] = None,
    quota: Annotated[int | None, typer.Option(min=0, help="Requests of the plan.")] = None,
) -> None:
    """Serve a local Soundcharts API until interrupted."""
    from soundcharts_assets.sandbox.data import DEFAULT_FOLDER  # noqa: PLC0415
    from soundcharts_assets.sandbox.server import Options, serve  # noqa: PLC0415
    from soundcharts_assets.sandbox.switches import Switches  # noqa: PLC0415

    folder = data or DEFAULT_FOLDER
    if not (folder / "charts.parquet").is_file():
        raise typer.BadParameter(f"there is no charts.parquet in {folder}", param_hint="--data")
    _check_port(host, port)
    switches = Switches(
        latency_seconds=latency_ms / 1_000,
        requests_per_minute=requests_per_minute,
        quota=Switches().quota if quota is None else quota,
    )
    serve(Options(host=host, port=port, data=folder, switches=switches))


@app.command()
def dev(
    host: Annotated[str, typer.Option(help="Address of Dagster's UI.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of Dagster's UI.")] = 3_000,
) -> None:
    """Open Dagster's UI with the daemon; without credentials in the environment, on the sandbox."""
    from soundcharts_assets.commands.demo import sandbox_in_place  # noqa: PLC0415
    from soundcharts_assets.commands.instance import open_instance  # noqa: PLC0415
    from soundcharts_assets.partitions import register_charts  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    @contextmanager
    def environment() -> Iterator[dict[str, str]]:
        if load_settings().credentials.present:
            yield {}
            return
        with sandbox_in_place(with_its_days=True) as (running, variables):
            say(f"No credentials in the environment: a sandbox with invented data runs at {running.url}")
            say(f"Let a day go by: curl -X POST {running.url}/sandbox/advance")
            yield dict(variables)

    _check_port(host, port)
    with environment() as variables:
        with open_instance() as instance:
            named = load_settings({**os.environ, **variables}).file.named_charts
            register_charts(instance, [chart.slug for chart in named])
        code = _serve_dagster(["--host", host, "--port", str(port)], {**os.environ, **variables})
    raise typer.Exit(code)


@charts.command("platforms")
def charts_platforms() -> None:
    """List the platforms that have song charts. Costs one call."""
    from soundcharts_assets.commands.charts import platforms  # noqa: PLC0415
    from soundcharts_assets.commands.console import show_platforms  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _refresher(load_settings()) as refresher:
        show_platforms(_console(), platforms(refresher))


@charts.command("search")
def charts_search(
    text: Annotated[str | None, typer.Argument(help="Part of the name, slug, country or city.")] = None,
    platform: Annotated[
        str | None, typer.Option(help="Only this platform; its charts are listed once a day at most.")
    ] = None,
    country: Annotated[str | None, typer.Option(help="Only this country, such as US, or worldwide.")] = None,
    frequency: Annotated[str | None, typer.Option(help="Only these, such as daily or weekly.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="List the platform's charts again now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list and nothing else.")] = False,
) -> None:
    """Find charts, and see which are followed. The first search of a platform costs a call per 100 charts."""
    from soundcharts_assets.commands.charts import Search, search  # noqa: PLC0415
    from soundcharts_assets.commands.console import show_found  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _refresher(load_settings()) as refresher:
        found = search(refresher, Search(text, platform, country, frequency), again=refresh)
    if as_json:
        say_json(found.as_list())
    else:
        show_found(_console(), found)
    if found.trouble is not None:
        say(found.trouble, is_error=True)
        raise typer.Exit(1)


@charts.command("list")
def charts_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list and nothing else.")] = False,
) -> None:
    """List the followed charts, and through what they are followed. Makes no call."""
    from soundcharts_assets.commands.charts import followed, unmatched  # noqa: PLC0415
    from soundcharts_assets.commands.console import show_followed  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    with _refresher(load_settings()) as refresher:
        listed = followed(refresher)
        warnings_ = unmatched(refresher)
    if as_json:
        say_json([chart.as_dict() for chart in listed])
    else:
        show_followed(_console(), listed)
    for warning in warnings_:
        say(warning, is_error=True)


@charts.command("add")
def charts_add(
    slug: Annotated[str, typer.Argument(help="The chart's name at Soundcharts, such as global-28.")],
    no_cascade: Annotated[
        bool, typer.Option("--no-cascade", help="Fetch its rankings only, not their tracks and artists.")
    ] = False,
    history_days: Annotated[
        int | None, typer.Option(min=0, max=36_500, help="Days of rankings wanted before its newest one.")
    ] = None,
    no_check: Annotated[bool, typer.Option("--no-check", help="Do not ask whether it exists; make no call.")] = False,
) -> None:
    """Follow a chart: name it in the settings file. Costs a call, which asks whether it exists."""
    from soundcharts_assets.commands.charts import add, describe  # noqa: PLC0415
    from soundcharts_assets.settings.charts import ChartSettings  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415
    from soundcharts_assets.settings.values import check_slugs  # noqa: PLC0415

    settings = load_settings(file_may_be_absent=True)
    check_slugs([slug])
    chart = ChartSettings(slug=slug, cascade=not no_cascade, history_days=history_days)
    with _refresher(settings) as refresher:
        poll = add(settings, chart, None if no_check else refresher)
    calls = sum(refresher.calls.totals().values())
    say(f"{settings.config_path}: added {describe(slug, poll)}; calls made: {calls}")


@charts.command("remove")
def charts_remove(slug: Annotated[str, typer.Argument(help="A chart that the settings file names.")]) -> None:
    """Follow a chart no longer: take it out of the settings file. What is stored of it stays. Makes no call."""
    from soundcharts_assets.commands.charts import remove  # noqa: PLC0415
    from soundcharts_assets.settings.reading import load_settings  # noqa: PLC0415

    settings = load_settings()
    with _refresher(settings) as refresher:
        selector = remove(refresher, slug)
    stays = "what is stored of it stays" if selector is None else f"still followed through a selector ({selector})"
    say(f"{settings.config_path}: removed {slug}; {stays}")


def _serve_dagster(arguments: list[str], environment: dict[str, str]) -> int:
    """Run `dg dev` until it ends or this process is told to; it never outlives this one's orderly end."""
    beside = Path(sys.executable).parent / "dg"
    command = str(beside) if beside.exists() else shutil.which("dg")
    if command is None:
        raise typer.BadParameter("the dg command is missing; install the project with its dev extra")

    def leave(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    # A shell starts background commands deaf to SIGINT; inherited, that would leave Dagster deaf to SIGTERM as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen([command, "dev", *arguments], env=environment)  # noqa: S603
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal told the child as well; it takes a moment to stop its own children in order.
        return 0
    finally:
        process.terminate()
        process.wait()


def _check_port(host: str, port: int) -> None:
    """See that a server can listen there, before anything is started that would go on without it."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        told = f"cannot listen on {host}:{port}: {reason}; end what listens there, or name another port"
        raise typer.BadParameter(printable(told), param_hint="--port") from None


def main() -> None:
    """Run the command line; a user's mistake is a line on the terminal, not a traceback."""
    from soundcharts_assets.settings.errors import SettingsError  # noqa: PLC0415

    # What Dagster says about its own preview features is for its developers.
    warnings.filterwarnings("ignore", module="dagster.*")
    logging.getLogger("soundcharts_assets").addHandler(logging.NullHandler())
    gc.set_threshold(_UNTIL_COLLECTED)
    for stream in (sys.stdout, sys.stderr):
        # In another locale than one of UTF-8 a title or a line of a table may hold what cannot be encoded.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SettingsError as error:
        for mistake in str(error).split("\n"):
            say(mistake, is_error=True)
        sys.exit(_BAD_SETTINGS)
    except RuntimeError as error:
        if str(error) != _INTERRUPTED_QUERY:
            raise
        sys.exit(_INTERRUPTED)
    finally:
        # All that was imported ends with the process: to search it for cycles first takes half a second.
        gc.freeze()


@contextmanager
def _told_in_a_line() -> Iterator[None]:
    """Where the warehouse cannot be used, say so and end."""
    from soundcharts_assets.warehouse.errors import WarehouseError  # noqa: PLC0415

    try:
        yield
    except WarehouseError as error:
        say(str(error), is_error=True)
        raise typer.Exit(_BAD_SETTINGS) from None


def _say_who_is_waited_for(holder: str) -> None:
    say(f"waiting for {holder}", is_error=True)


@contextmanager
def _refresher(settings: "Settings") -> Iterator["Refresher"]:
    """Hand out a refresher to a command that makes few calls or none; what stops it is one line and the exit code."""
    from soundcharts_assets.api.errors import SoundchartsError  # noqa: PLC0415
    from soundcharts_assets.commands.console import Bar  # noqa: PLC0415
    from soundcharts_assets.commands.report import PassReport  # noqa: PLC0415
    from soundcharts_assets.refresh.breaker import PausedError  # noqa: PLC0415
    from soundcharts_assets.refresh.refresher import Refresher  # noqa: PLC0415
    from soundcharts_assets.warehouse.errors import WarehouseError  # noqa: PLC0415

    try:
        yield Refresher(settings, progress=Bar(Console(stderr=True)), attended=True)
    except (SoundchartsError, WarehouseError, PausedError) as error:
        report = PassReport()
        report.stop(error)
        say(report.failures[0].error, is_error=True)
        raise typer.Exit(report.exit_code) from None


def _console() -> Console:
    """Standard output; lines that go into a file or a pipe are not broken at the width of some terminal."""
    # Python has no stream where the descriptor was closed.
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if is_terminal else _WIDE)


def _check_platforms(named: list[str], platforms: object) -> None:
    known = {code for codes in vars(platforms).values() for code in codes}
    unknown = [code for code in named if code not in known]
    if unknown:
        hint = (
            f"{', '.join(map(printable, unknown))}: not among the platforms of the settings: {', '.join(sorted(known))}"
        )
        raise typer.BadParameter(hint, param_hint="--platform")
