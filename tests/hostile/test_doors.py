"""Slugs, ids, names and paths of every kind, at every door: never SQL, never another path or address, never a command.

A door takes a text exactly as it is or refuses it in a line that says so.
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import dagster as dg
import pytest
from ruamel.yaml import YAML

from soundcharts_assets.cli import main
from soundcharts_assets.commands.settings_file import with_chart, without_chart
from soundcharts_assets.commands.sync import sync
from soundcharts_assets.commands.terminal import printable
from soundcharts_assets.partitions import PARTITIONS, register_charts
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.settings.charts import ChartSettings
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import load_settings, parse_settings
from soundcharts_assets.settings.values import check_slugs
from soundcharts_assets.warehouse.connection import Warehouse
from tests.api.local_server import local_server
from tests.api.payloads import artist_light, chart, collection, entry, related, song, song_uuid, without
from tests.hostile.vendor import LATEST, SOUND, Books, Vendor, asked, one_pass

TAKEN = [
    "it's",
    'say "x"',
    "a;b--c",
    "'; DROP TABLE soundcharts.tracks; --",
    "a/b",
    "../../etc/passwd",
    "a\\b",
    "%2e%2e%2f",
    "100%",
    "%s%n",
    "{slug}",
    "$slug",
    "a?offset=1",
    "a#b",
    "a&b=c",
    "a+b",
    "a b",
    "a,b",
    "a@b",
    "a|b",
    "a:b",
    "*",
    "~",
    "null",
    "[bold]x[/bold]",
    "--force",
    "\U0001f98a",
    "Ünïcødé 山田",
    "x" * 255,
]
REFUSED = [
    "",
    ".",
    "..",
    " a",
    "a ",
    "a...b",
    "a\nb",
    "a\rb",
    "a\tb",
    "\x1b[31mred",
    "\x9b2J",
    "\u202eabc",
    "\u200fabc",
    "\u2028",
    "\x7f",
    "x" * 256,
]
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that a terminal obeys; a line may end."""
COMMAND = "\x1b]0;owned\x07\x9b2J\u202e[red]boo[/red]\nnext"
"""A name that sets a terminal's title, clears it, turns its direction, takes colour and begins a line."""


def yaml_of(content: Any) -> str:
    text = io.StringIO()
    YAML(typ="safe").dump(content, text)
    return text.getvalue()


# The settings.


@pytest.mark.parametrize("slug", TAKEN)
def test_a_slug_is_taken_from_the_settings_as_it_is_and_put_there_so(slug: str) -> None:
    path = Path("soundcharts.yaml")
    assert parse_settings(yaml_of({"charts": [slug]}), path).named_charts[0].slug == slug
    edited = with_chart("charts:\n  - first\n", path, ChartSettings(slug=slug))
    assert [chart.slug for chart in parse_settings(edited, path).named_charts] == ["first", slug]
    assert [chart.slug for chart in parse_settings(without_chart(edited, path, slug), path).named_charts] == ["first"]


@pytest.mark.parametrize("slug", [*REFUSED, "a\x00b", "\ud83d"])
def test_a_slug_that_no_address_or_terminal_should_see_is_refused_everywhere(slug: str) -> None:
    with pytest.raises(SettingsError):
        check_slugs([slug])
    text = yaml_of({"charts": [{"slug": "x"}]}).replace("slug: x", "slug: " + re.sub("^|$", '"', escaped(slug)))
    with pytest.raises(SettingsError, match=r"soundcharts\.yaml") as caught:
        parse_settings(text, Path("soundcharts.yaml"))
    assert not OBEYED.search(printable(str(caught.value)))


def escaped(text: str) -> str:
    """A text as YAML writes it between double quotes."""
    return "".join(f"\\U{ord(char):08X}" for char in text)


@pytest.mark.parametrize("odd", [text for text in [*TAKEN, *REFUSED] if text != "null"])
def test_a_platform_a_country_and_a_key_are_what_they_can_be(odd: str) -> None:
    path = Path("soundcharts.yaml")
    for content in ({"charts": [{"platform": odd}]}, {"platforms": {"track_audience": [odd]}}, {odd or "x": 1}):
        with pytest.raises(SettingsError, match=r"soundcharts\.yaml"):
            parse_settings(yaml_of(content), path)
    with pytest.raises(SettingsError, match=r"soundcharts\.yaml"):
        parse_settings(yaml_of({"charts": [{"platform": "spotify", "countries": [odd]}]}), path)


NAMES = [
    "it's.duckdb",
    'say "x".duckdb',
    "a;b--.duckdb",
    "'; DROP TABLE x; --.duckdb",
    "a%2Fb.duckdb",
    "a b.duckdb",
    "a\nb.duckdb",
    "a?access_mode=READ_ONLY.duckdb",
    "a#b.duckdb",
    "$HOME.duckdb",
    "{x}.duckdb",
    "*.duckdb",
    "\U0001f98a.duckdb",
    "\u202eabc.duckdb",
    "select.duckdb",
    "main.duckdb",
    "temp.duckdb",
    "system.duckdb",
    "memory.duckdb",
    "no-suffix",
    "x" * 200,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_warehouse_lies_where_it_was_named_and_nowhere_else(tmp_path: Path, name: str) -> None:
    path = load_settings({"SOUNDCHARTS_WAREHOUSE": str(tmp_path / name)}).warehouse_path
    warehouse = Warehouse(path, memory_limit="100MB", lock_timeout_seconds=0)
    with warehouse.connect() as connection:
        assert connection.execute("SELECT count(*) FROM soundcharts.tracks").fetchall() == [(0,)]
    warehouse.spool.put_note("poll", "x", 1)
    assert sorted(found.name for found in tmp_path.iterdir()) == [name, f"{name}.spool"]


@pytest.mark.parametrize(
    "name", ["md:x", "MD:x", "S3://b/x", "http://h/x", "HTTPS://h/x", "hf://x", "x_1:y", ":memory:"]
)
def test_a_warehouse_is_no_address(name: str) -> None:
    with pytest.raises(SettingsError, match="SOUNDCHARTS_WAREHOUSE"):
        load_settings({"SOUNDCHARTS_WAREHOUSE": name})


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://h/s3cr3t",
        "http://u:s3cr3t@h/",
        "http://h/s3cr3t\nx",
        "http://h /s3cr3t",
        "//h/s3cr3t",
    ],
)
def test_a_webhook_that_cannot_be_one_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(SettingsError, match="SOUNDCHARTS_WEBHOOK") as caught:
        load_settings({"SOUNDCHARTS_WEBHOOK": address})
    assert "s3cr3t" not in str(caught.value)


# Addresses, ledger, partitions and the spool, by a whole pass.


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vendor, Books]:
    """A pass over charts of all these slugs, tracks and artists of all these ids."""
    vendor = Vendor(tracks=1)
    places = [
        entry(place, song={"uuid": uuid, "name": COMMAND}) for place, uuid in enumerate([*TAKEN, "..", "."], start=1)
    ]
    ids = ("chart_rankings", f"{SOUND}@{LATEST}")
    vendor.replaced[ids] = collection(places, related=related(LATEST, slug=SOUND, name=COMMAND))
    for number, uuid in enumerate(TAKEN, start=1):
        vendor.replaced["tracks", uuid] = song(number, uuid=uuid, artists=[artist_light(uuid=uuid)], mainArtists=[])
        vendor.replaced["artists", uuid] = {**artist_light(uuid=uuid), "name": uuid}
    return vendor, one_pass(tmp_path_factory.mktemp("doors"), vendor, *TAKEN)


def test_every_address_is_one_of_the_contract_however_odd_the_names(passed: tuple[Vendor, Books]) -> None:
    vendor, _ = passed
    part = r"[A-Za-z0-9._~%-]+"
    known = re.compile(
        rf"/api/v2\.14/chart/song/{part}/ranking/{part}|/api/v2/chart/song/{part}/available-rankings"
        rf"|/api/v2/chart/song/by-platform/spotify|/api/v2\.25/song/{part}(,{part})*|/api/v2\.9/artist/{part}(,{part})*"
        rf"|/api/v2/song/{part}/(audience/spotify|broadcasts)"
        rf"|/api/v2/artist/{part}/(audience|streaming)/spotify(/listening)?"
    )
    paths = {urlsplit(target).path for target in vendor.heard}
    assert [path for path in paths if not known.fullmatch(path)] == []
    assert all(
        urlsplit(target).query.startswith(("offset=", "startDate=", "countryCode=")) or not urlsplit(target).query
        for target in vendor.heard
    )
    assert len(paths) > 4 * len(TAKEN)


def test_every_name_is_stored_as_the_key_that_it_is(passed: tuple[Vendor, Books]) -> None:
    _, books = passed
    slugs = {slug for (slug,) in books.rows("SELECT slug FROM soundcharts.charts")}
    assert slugs == {SOUND, *TAKEN}
    assert {slug for (slug,) in books.rows("SELECT chart_slug FROM soundcharts.chart_rankings")} == {SOUND, *TAKEN}
    ledger = books.ledger()
    for slug in TAKEN:
        assert ledger["chart_rankings", f"{slug}@{LATEST}"] == "ok"
    for uuid in TAKEN:
        for subject in ("tracks", "artists", "track_audience/spotify", "artist_listening/spotify"):
            assert ledger[subject, uuid] == "ok", (subject, uuid)
        assert books.rows("SELECT count(*) FROM soundcharts.track_audience WHERE track_uuid = ?", uuid)[0][0] > 0
    # Dots alone would be another address, however they are written.
    assert {ledger["tracks", ".."], ledger["tracks", "."]} == {"malformed"}


def test_nothing_lies_beside_the_warehouse_but_its_own(passed: tuple[Vendor, Books]) -> None:
    _, books = passed
    names = {found.relative_to(books.path.parent).parts[0] for found in books.path.parent.rglob("*")}
    assert {name.removeprefix("warehouse.duckdb") for name in names - {"soundcharts.yaml"}} <= {
        "",
        ".spool",
        ".lock",
        ".lock.holder",
    }


def test_ids_and_platforms_of_a_run_choose_rows_and_are_nothing_else(tmp_path: Path) -> None:
    vendor = Vendor()
    with asked(tmp_path, vendor) as refresher, refresher.calling("a test"):
        refresher.poll_all([SOUND])
        refresher.refresh_rankings([SOUND], Request())
        before = len(vendor.heard)
        for odd in ((*TAKEN, *REFUSED), (*TAKEN, song_uuid(2))):
            account = refresher.refresh_subject(refresher.subjects["tracks"], [SOUND], Request(uuids=odd, force=True))
            assert account.outcomes.total() == (song_uuid(2) in odd)
        streams = refresher.subjects["track_audience/spotify"]
        assert refresher.refresh_subject(streams, [SOUND], Request(platforms=(*TAKEN, *REFUSED))).due == 0
        assert refresher.refresh_subject(streams, [*TAKEN, *REFUSED], Request()).due == 0
    assert [urlsplit(target).path for target in vendor.heard[before:]] == [f"/api/v2.25/song/{song_uuid(2)}"]


def test_every_slug_that_is_taken_is_a_partition_and_can_be_run(tmp_path: Path) -> None:
    hardest = ["../'; DROP TABLE soundcharts.tracks; --%2e \U0001f98a [bold]x[/bold] a,b|c:d@e"]
    vendor = Vendor(tracks=2)
    for slug in hardest:
        thing = ("chart_rankings", f"{slug}@{LATEST}")
        vendor.replaced[thing] = collection([entry(1)], related=related(LATEST, slug=slug, name=COMMAND))
    with dg.DagsterInstance.ephemeral() as instance, asked(tmp_path, vendor, *hardest) as refresher:
        assert register_charts(instance, TAKEN) == TAKEN
        assert set(instance.get_dynamic_partitions(PARTITIONS)) == set(TAKEN)
        report = sync(refresher, instance, Request(platforms=("spotify",)), hardest, insights=False)
        runs = instance.get_runs()
    assert report.failures == []
    assert report.exit_code == 0
    assert sorted(run.tags["dagster/partition"] for run in runs) == sorted(hardest)
    assert not [run.tags for run in runs if OBEYED.search("".join(run.tags.values()))]
    assert all("[red]boo[/red] next" in run.tags["soundcharts/chart"] for run in runs)


# The terminal.


class Terminal:
    """The command line in this process, on a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
        (folder / "soundcharts.yaml").write_text("charts: []\n", encoding="utf-8")
        self._environment = {
            "PATH": os.environ["PATH"],
            "DAGSTER_HOME": str(folder),
            "SOUNDCHARTS_BASE_URL": url,
            "SOUNDCHARTS_APP_ID": "app",
            "SOUNDCHARTS_API_KEY": "key",
        }

    def call(self, *arguments: str) -> tuple[int, str]:
        """Run a command; returns its exit code and all that it wrote."""
        written = io.StringIO()
        with (
            mock.patch.dict(os.environ, self._environment, clear=True),
            mock.patch.object(sys, "argv", ["soundcharts-assets", *arguments]),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(written),
            contextlib.redirect_stderr(written),
            pytest.raises(SystemExit) as end,
        ):
            main()
        return int(end.value.code or 0), written.getvalue()


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal whose vendor gives everything the name of a command."""
    vendor = Vendor(tracks=1)
    listed = without(chart(slug="named-1", name=COMMAND, countryName=COMMAND, frequency=COMMAND), "metric")
    vendor.replaced["chart_catalogue", "spotify"] = collection([listed])
    vendor.replaced["chart_platforms", ""] = collection([{"name": COMMAND, "code": "spotify"}])
    ranked = collection([entry(1)], related=related(LATEST, slug="named-1", name=COMMAND, countryName=COMMAND))
    vendor.replaced["chart_rankings", f"named-1@{LATEST}"] = ranked
    with local_server(vendor) as server:
        yield Terminal(tmp_path_factory.mktemp("terminal"), server.url)


def test_no_name_of_soundcharts_is_obeyed_by_the_terminal(terminal: Terminal) -> None:
    shown = {}
    for arguments in (
        ("charts", "platforms"),
        ("charts", "search", "--platform", "spotify"),
        ("charts", "search", "boo", "--json"),
        ("charts", "add", "named-1"),
        ("sync", "--platform", "spotify"),
        ("charts", "list"),
        ("charts", "list", "--json"),
        ("status", "--chart", "named-1"),
        ("status", "--json"),
        ("plan",),
    ):
        code, written = terminal.call(*arguments)
        shown[" ".join(arguments)] = written
        assert code == 0, written
        assert not OBEYED.search(written), (arguments, written)
        assert "Traceback" not in written
    # It is shown for what it is: no markup, no new line.
    for command in ("charts platforms", "charts search --platform spotify", "charts add named-1", "charts list"):
        assert "[red]boo[/red]" in "".join(shown[command].split()), shown[command]
        assert not re.search("^next", shown[command], re.MULTILINE)


@pytest.mark.parametrize("odd", [*TAKEN, *REFUSED])
def test_an_argument_is_taken_as_it_is_or_refused_in_a_line(terminal: Terminal, odd: str) -> None:
    settings = terminal.folder / "soundcharts.yaml"
    before = settings.read_bytes()
    asked_for = {
        ("charts", "add", "--no-check", "--", odd): 0 if odd in TAKEN else 2,
        ("charts", "remove", "--", odd): 0 if odd in TAKEN else 2,
        ("charts", "search", f"--platform={odd}"): 0 if odd == "null" else 2,
        ("charts", "search", f"--country={odd}"): 2,
        ("sync", f"--platform={odd}", "--dry-run"): 2,
    }
    for arguments, expected in asked_for.items():
        code, written = terminal.call(*arguments)
        assert code == expected, (arguments, written)
        assert not OBEYED.search(written), (arguments, written)
        assert "Traceback" not in written
    assert settings.read_bytes() == before
