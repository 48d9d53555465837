"""The `charts` commands: the settings file is edited with a fine blade, and a platform is listed once a day at most."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soundcharts_assets.commands.settings_file import read, rewrite, with_chart, without_chart
from soundcharts_assets.settings.charts import ChartSettings
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import COMPONENT, parse_settings
from tests.shop import FEW, Shop, lines

PATH = Path("soundcharts.yaml")
PLAIN = ChartSettings(slug="new-1")
PARTICULAR = ChartSettings(slug="new-1", cascade=False, history_days=7)


# The text of the file: a chart more. `+` marks the lines that are new or changed; the others are what they were.


def before_and_after(drawn: str) -> tuple[str, str]:
    """Read a drawing in which `-` lines are only in the text before and `+` lines only in the text after."""
    marked = [(line[:1], line[1:]) for line in drawn.splitlines(keepends=True)]
    before = "".join(line for mark, line in marked if mark != "+")
    return before, "".join(line for mark, line in marked if mark != "-")


ADDED = {
    "an empty file": "+charts:\n+  - slug: new-1\n",
    "a file of comments": " # ours\n \n # nothing yet\n+charts:\n+  - slug: new-1\n",
    "no such key": " history_days: 3 # a\n \n # end\n+charts:\n+  - slug: new-1\n",
    "nothing below the key": " charts:\n+  - slug: new-1\n history_days: 3\n",
    "a comment beside the key": " charts:   # what to follow\n+  - slug: new-1\n \n history_days: 3\n",
    "all commented out": " charts:\n+  - slug: new-1\n   # - global-28\n   # - slug: b\n \n api: {}\n",
    "a written null": "-charts: ~ # none\n+charts: # none\n+  - slug: new-1\n",
    "plain slugs": " charts:\n   - a\n   - 'b'   # bb\n+  - new-1\n   # - c\n \n # end\n",
    "mappings": " charts:\n   - slug: a   # first\n     cascade: false\n+  - slug: new-1\n \n history_days: 3\n",
    "no indentation": " charts:\n - a\n+- new-1\n history_days: 3\n",
    "deep indentation": " charts:\n      -   a\n+     - new-1\n",
    "an indented file": "   charts:\n     - a\n+    - new-1\n   history_days: 3\n",
    "dashes on lines of their own": " charts:\n   - # one\n     slug: a\n+  - slug: new-1\n",
    "a folded slug": " charts:\n   - slug: >-\n       a\n+  - slug: new-1\n history_days: 3\n",
    "a key without value": " charts:\n   - slug: a\n     history_days:   # later\n+  - slug: new-1\n # end\n",
    "a list in brackets": "-charts: [a,  'b']  # two\n+charts: [a,  'b', new-1]  # two\n",
    "mappings in brackets": "-charts: [a, {slug: b}]\n+charts: [a, {slug: b}, {slug: new-1}]\n",
    "empty brackets": "-charts: []   # none\n+charts: [new-1]   # none\n",
    "brackets over several lines": " charts: [\n   a,  # about a\n-  b,  # about b\n+  b, new-1,  # about b\n ]\n",
    "one line of braces": '-{"charts": ["a"], "history_days": 3}\n+{"charts": ["a", new-1], "history_days": 3}\n',
    "braces without the key": "-{history_days: 3}\n+{charts: [new-1], history_days: 3}\n",
    "empty braces": "-{}\n+{charts: [new-1]}\n",
    "a document with start and end": " %YAML 1.2\n ---\n charts:\n   - a\n+  - new-1\n ...\n",
    "a document without the key": " ---\n history_days: 3\n+charts:\n+  - slug: new-1\n ...\n",
    "selectors": " charts:\n   - {platform: spotify, countries: [US, GB]}\n+  - slug: new-1\n",
    "quoted keys": " 'charts' :\n   - a\n+  - new-1\n",
    "blanks at the ends of lines": " charts:  \n   - a  \n+  - new-1\n    \n history_days:   3   \n",
    "a component": f" type: {COMPONENT}\n attributes:\n   charts:\n     - a\n+    - new-1\n   history_days: 3\n",
    "a component without the key": f" type: {COMPONENT}\n attributes:\n   api: {{}}\n+  charts:\n+    - slug: new-1\n",
    "odd spacing": " charts:\n   -  a\n+  - new-1\n api:   {workers:    3}\n history_days:   007 # seven\n",
}


@pytest.mark.parametrize("drawn", ADDED.values(), ids=ADDED.keys())
def test_a_chart_more_changes_its_own_lines_only(drawn: str) -> None:
    before, after = before_and_after(drawn)
    assert with_chart(before, PATH, PLAIN) == after


def test_what_is_particular_about_a_chart_is_written_in_the_manner_of_the_list() -> None:
    block = with_chart("charts:\n- a\n", PATH, PARTICULAR)
    assert block == "charts:\n- a\n- slug: new-1\n  cascade: false\n  history_days: 7\n"
    flow = with_chart("charts: [a]\n", PATH, PARTICULAR)
    assert flow == "charts: [a, {slug: new-1, cascade: false, history_days: 7}]\n"


REMOVED = {
    "the first": " charts:\n-  - slug: gone   # bye\n-    cascade: false\n   # stays\n   - slug: b\n \n api: {}\n",
    "the last": " charts:\n   - b   # bb\n-  - gone\n   # - c\n \n # end\n",
    "one in the middle": " charts:\n   # a\n   - a\n   # about it\n-  - gone\n   - b\n",
    "the only one": " charts:   # what\n-  - gone\n   # - b\n \n history_days: 3\n",
    "under a dash of its own": " charts:\n-  -\n-    slug: gone\n   - b\n",
    "under a dash with a comment": " charts:\n-  - # about it\n-    slug: gone\n   - b\n",
    "without indentation": " charts:\n-- 'gone'\n - b\n history_days: 3\n",
    "folded": " charts:\n-  - slug: >-\n-      gone\n   - b\n",
    "beside a selector": " charts:\n   - {platform: spotify}\n-  - {slug: gone, history_days: 3}\n",
    "first in brackets": "-charts: [gone,  b]  # two\n+charts: [b]  # two\n",
    "last in brackets": "-charts: [a,  {slug: gone}]  # two\n+charts: [a]  # two\n",
    "alone in brackets": "-charts: [ 'gone' ]\n+charts: [  ]\n",
    "alone with a comma": "-charts: [gone,]\n+charts: []\n",
    "on a line within brackets": " charts: [\n-  gone,\n   b,\n ]\n",
    "in one line of braces": '-{"charts": ["a", "gone"]}\n+{"charts": ["a"]}\n',
    "before the end of the document": " ---\n charts:\n-  - gone\n ...\n",
}


@pytest.mark.parametrize("drawn", REMOVED.values(), ids=REMOVED.keys())
def test_a_chart_less_takes_its_own_lines_only(drawn: str) -> None:
    before, after = before_and_after(drawn)
    assert without_chart(before, PATH, "gone") == after


@pytest.mark.parametrize("slug", ["gone", "b"])
def test_comments_within_brackets_stay(slug: str) -> None:
    text = "charts: [\n  gone,  # about the first\n  b,  # about the second\n]\n"
    edited = without_chart(text, PATH, slug)
    assert "# about the first" in edited
    assert "# about the second" in edited


@pytest.mark.parametrize(
    "edit", [lambda text: with_chart(text, PATH, PLAIN), lambda text: without_chart(text, PATH, "a")]
)
@pytest.mark.parametrize("text", ["charts:\n  - a\n  - b\n", "charts:\n  - slug: a # ä\n  # c\n\nhistory_days: 3\n"])
def test_line_ends_a_mark_at_the_start_and_a_missing_last_line_end_stay(text: str, edit: Callable[[str], str]) -> None:
    assert edit(text.replace("\n", "\r\n")) == edit(text).replace("\n", "\r\n")
    assert edit(f"\ufeff{text}") == f"\ufeff{edit(text)}"
    if text.endswith("3\n"):
        assert edit(text.removesuffix("\n")) == edit(text).removesuffix("\n")


def test_a_last_line_without_end_gets_one_before_it_is_followed() -> None:
    assert with_chart("charts:\n  - a", PATH, PLAIN) == "charts:\n  - a\n  - new-1"
    assert with_chart("history_days: 3", PATH, PLAIN) == "history_days: 3\ncharts:\n  - slug: new-1\n"


@pytest.mark.parametrize("text", ["charts:\n  - a\n", "charts: [a]\n", "charts: [{slug: a}]\n", ""])
@pytest.mark.parametrize(
    "slug",
    ["28", "null", "true", "1e3", "2026-01-01", "a, b", "a: b", "- a", "#a", "[a]", "it's", 'say "hi"', "ä", "*a"],
)
def test_an_odd_slug_is_quoted_and_comes_out_again(text: str, slug: str) -> None:
    edited = with_chart(text, PATH, ChartSettings(slug=slug))
    assert parse_settings(edited, PATH).named_charts[-1].slug == slug
    assert without_chart(edited, PATH, slug) in {text, "charts:\n"}


@pytest.mark.parametrize("text", ["null\n", "? charts\n: - a\n", "--- {history_days: 3}\n...\n# end\n", "{charts: }\n"])
def test_what_cannot_be_edited_without_risk_is_left_alone_or_comes_out_right(text: str) -> None:
    try:
        edited = with_chart(text, PATH, PLAIN)
    except SettingsError as error:
        assert str(error) == (  # noqa: PT017 - or
            "soundcharts.yaml: charts: written in a way that cannot be edited without risk; add new-1 by hand"
        )
    else:
        assert parse_settings(edited, PATH).named_charts[-1] == PLAIN


def test_a_list_that_is_written_elsewhere_is_left_alone() -> None:
    shared = "charts:\n  - &one {slug: a}\n  - slug: b\n    cascade: &no false\n  - {slug: c, cascade: *no}\n"
    with pytest.raises(SettingsError, match="remove b by hand"):
        without_chart(shared, PATH, "b")
    assert without_chart(shared, PATH, "a") == shared.replace("  - &one {slug: a}\n", "")


# The file itself.


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "soundcharts.yaml"
    real.write_bytes(b"charts:\r\n  - a\r\n")
    real.chmod(0o640)
    link.symlink_to(real)
    rewrite(link, lambda text: with_chart(text, link, PLAIN))

    assert link.is_symlink()
    assert real.read_bytes() == b"charts:\r\n  - a\r\n  - new-1\r\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.yaml", "soundcharts.yaml"]


def test_a_chart_that_somebody_else_took_out_meanwhile_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a is not named there any more"):
        without_chart("charts: [b]", tmp_path / "soundcharts.yaml", "a")


def test_a_file_that_cannot_be_written_is_told_and_left_alone(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "soundcharts.yaml"
    assert read(missing) == ""
    with pytest.raises(SettingsError, match="cannot be written"):
        rewrite(missing, lambda text: with_chart(text, missing, PLAIN))
    bad = tmp_path / "soundcharts.yaml"
    bad.write_bytes(b"charts: [f\xfcr]")
    with pytest.raises(SettingsError, match="cannot be read"):
        rewrite(bad, str)
    assert bad.read_bytes() == b"charts: [f\xfcr]"
    long = tmp_path / ("a" * 250)  # what is written first is called longer, and can neither be made nor removed
    with pytest.raises(SettingsError, match="cannot be written"):
        rewrite(long, lambda text: with_chart(text, long, PLAIN))


# The commands.


def write(shop: Shop, text: str) -> Path:
    path = shop.folder / "soundcharts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def calls(shop: Shop) -> dict[str, int]:
    """Calls since this was last asked."""
    made = shop.sandbox.report().by_endpoint
    shop.sandbox.reset()
    return made


def slugs(done: "subprocess.CompletedProcess[str]") -> list[Any]:
    return [chart["slug"] for chart in json.loads(done.stdout)]


def test_the_platforms_are_one_call(shop: Shop) -> None:
    done = shop.call("charts", "platforms")
    assert done.returncode == 0
    assert [line.split() for line in lines(done) if "apple" in line] == [["apple-music", "Apple", "Music"]]
    assert calls(shop) == {"chart_platforms": 1}
    assert shop.query("SELECT endpoint, calls FROM soundcharts.api_calls") == [("chart_platforms", 1)]


class TestSearch:
    """The first search of a platform lists it; the others of that day make no call."""

    def test_a_platform_is_listed_once(self, shop: Shop) -> None:
        first = shop.call("charts", "search", "--platform", "spotify", "--json")
        assert slugs(first) == ["global-28", "viral-50-40", "top-songs-31", "top-songs-29"]
        assert calls(shop) == {"charts_by_platform": 1}
        for narrowed in ([], ["--country", "US"], ["--country", "worldwide"], ["songs"], ["--frequency", "daily"]):
            assert shop.call("charts", "search", "--platform", "spotify", *narrowed).returncode == 0
        assert slugs(shop.call("charts", "search", "--json")) == slugs(first)
        assert calls(shop) == {}
        assert shop.call("charts", "search", "--platform", "spotify", "--refresh").returncode == 0
        assert calls(shop) == {"charts_by_platform": 1}

    def test_a_country_is_a_listing_of_its_own(self, shop: Shop) -> None:
        done = shop.call("charts", "search", "--platform", "spotify", "--country", "us", "--json")
        assert slugs(done) == ["top-songs-29"]
        assert shop.query("SELECT uuid, status FROM soundcharts.fetches") == [("spotify@US", "ok")]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (["TOP"], ["top-200-52", "top-50-58"]),
            (["50-58"], ["top-50-58"]),
            (["germ"], ["top-50-58"]),
            (["KÖLN"], ["top-50-58"]),
            (["--country", "de"], ["top-50-58"]),
            (["--country", "Worldwide"], ["top-200-52"]),
            (["--frequency", "Daily"], ["top-200-52", "top-50-58"]),
            (["--frequency", "weekly"], []),
            (["nothing of the kind"], []),
        ],
    )
    def test_what_is_looked_for(self, shop: Shop, wanted: list[str], found: list[str]) -> None:
        done = shop.call("charts", "search", "--platform", "shazam", "--json", *wanted)
        assert done.returncode == 0
        assert slugs(done) == found

    def test_charts_that_are_followed_are_marked(self, shop: Shop) -> None:
        write(shop, "charts:\n  - viral-50-40\n  - {platform: spotify, frequency: weekly}\n")
        done = shop.call("charts", "search", "--platform", "spotify")
        marked = [line.split()[1] for line in lines(done) if line.startswith("*")]
        assert marked == ["viral-50-40", "top-songs-31"]
        assert [line.split() for line in lines(done) if "viral" in line] == [
            ["*", "viral-50-40", "Viral", "50", "spotify", "Brazil", "daily", "50"]
        ]
        as_json = json.loads(shop.call("charts", "search", "--platform", "spotify", "--json").stdout)
        assert [chart["slug"] for chart in as_json if chart["followed"]] == marked

    def test_without_a_platform_only_what_was_listed_is_searched(self, shop: Shop) -> None:
        done = shop.call("charts", "search", "top")
        assert done.returncode == 2
        assert "--platform" in done.stderr
        assert shop.call("charts", "search", "--refresh").returncode == 2
        assert calls(shop) == {}

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--platform", "Spotify"], "codes are written like spotify"),
            (["--platform", "spotify", "--country", "Germany"], "'Germany' is no country"),
            (["--platform", "myspace"], "Soundcharts has no charts of a platform 'myspace'"),
        ],
    )
    def test_what_cannot_be_searched_ends_with_two(self, shop: Shop, arguments: list[str], says: str) -> None:
        for _ in range(2):
            done = shop.call("charts", "search", *arguments)
            assert done.returncode == 2
            assert len(lines(done)) == 1
            assert says in done.stderr
        assert sum(calls(shop).values()) <= 1

    def test_a_listing_that_fails_shows_what_is_known_and_waits(self, shop: Shop) -> None:
        shop.call("charts", "search", "--platform", "spotify")
        shop.sandbox.faults([{"path": "by-platform", "kind": "status", "status": 500}])
        failed = shop.call("charts", "search", "--platform", "spotify", "--refresh", "--json")
        assert failed.returncode == 1
        assert len(slugs(failed)) == 4
        assert "spotify were not listed" in failed.stderr
        assert "--refresh" in failed.stderr

        shop.sandbox.faults([])
        calls(shop)
        assert shop.call("charts", "search", "--platform", "tidal").returncode == 0
        assert calls(shop) == {"charts_by_platform": 1}
        assert shop.call("charts", "search", "--platform", "spotify", "--refresh").returncode == 0


class TestAdd:
    """A chart more, once it is known to exist."""

    def test_it_is_checked_with_one_call_and_written(self, shop: Shop) -> None:
        path = write(shop, "# ours\ncharts:\n  - viral-50-40   # daily\n")
        done = shop.call("charts", "add", "global-28")
        assert done.returncode == 0
        assert done.stdout.startswith("soundcharts.yaml: added global-28 (Top Songs, spotify, Worldwide, daily; newest")
        assert done.stdout.endswith("calls made: 1\n")
        assert path.read_text(encoding="utf-8") == "# ours\ncharts:\n  - viral-50-40   # daily\n  - global-28\n"
        assert calls(shop) == {"ranking_latest": 1}

    def test_options_are_written_and_unchecked_means_no_call(self, shop: Shop) -> None:
        path = write(shop, "")
        done = shop.call("charts", "add", "what-1", "--no-cascade", "--history-days", "0", "--no-check")
        assert done.returncode == 0
        assert path.read_text(encoding="utf-8") == (
            "charts:\n  - slug: what-1\n    cascade: false\n    history_days: 0\n"
        )
        assert calls(shop) == {}
        assert not shop.warehouse.exists()

    @pytest.mark.parametrize("named", ["soundcharts.yaml", "other.yaml"])
    def test_a_file_that_is_not_there_is_made(self, shop: Shop, named: str) -> None:
        (shop.folder / "soundcharts.yaml").unlink()
        assert shop.call("charts", "add", "global-28", "--no-check", SOUNDCHARTS_CONFIG=named).returncode == 0
        assert (shop.folder / named).read_text(encoding="utf-8") == "charts:\n  - slug: global-28\n"

    @pytest.mark.parametrize(
        ("arguments", "says", "most_calls"),
        [
            (["viral-50-40"], "viral-50-40 is there already", 0),
            (["no-such-chart"], "Soundcharts has no chart 'no-such-chart'", 2),
            ([".."], "such as global-28", 0),
            (["global-28", "--history-days", "-1"], "--history-days", 0),
        ],
    )
    def test_a_mistake_ends_with_two_and_changes_nothing(
        self, shop: Shop, arguments: list[str], says: str, most_calls: int
    ) -> None:
        path = shop.folder / "soundcharts.yaml"
        before = path.read_bytes()
        done = shop.call("charts", "add", *arguments)
        assert done.returncode == 2
        assert says in done.stderr
        assert path.read_bytes() == before
        assert sum(calls(shop).values()) <= most_calls

    def test_a_file_that_cannot_be_edited_costs_no_call(self, shop: Shop) -> None:
        path = write(shop, "? charts\n: - a\n")
        done = shop.call("charts", "add", "global-28")
        assert done.returncode == 2
        assert "add global-28 by hand" in done.stderr
        assert path.read_text(encoding="utf-8") == "? charts\n: - a\n"
        assert calls(shop) == {}

    @pytest.mark.parametrize(
        ("changes", "code", "says"),
        [
            ({"SOUNDCHARTS_API_KEY": "a-wrong-key-nobody-has"}, 3, "rejected the credentials"),
            ({"SOUNDCHARTS_APP_ID": "", "SOUNDCHARTS_API_KEY": ""}, 2, "SOUNDCHARTS_APP_ID"),
            ({"SOUNDCHARTS_BASE_URL": "http://127.0.0.1:9"}, 1, "no answer"),
        ],
    )
    def test_what_stops_the_check_is_one_line_and_changes_nothing(
        self, shop: Shop, changes: dict[str, str], code: int, says: str
    ) -> None:
        path = shop.folder / "soundcharts.yaml"
        before = path.read_bytes()
        done = shop.call("charts", "add", "global-28", **changes)
        assert done.returncode == code
        assert len(lines(done)) == 1
        assert says in done.stderr
        assert "a-wrong-key-nobody-has" not in done.stderr
        assert path.read_bytes() == before

    def test_a_chart_without_ranking_exists(self, shop: Shop) -> None:
        assert "has no ranking yet" in shop.call("charts", "add", "empty-99").stdout


class TestRemove:
    """A chart less."""

    def test_it_is_taken_out_and_nothing_else(self, shop: Shop) -> None:
        path = write(shop, "charts:\n  - a   # first\n  # between\n  - slug: b\n    cascade: false\n\napi: {}\n")
        done = shop.call("charts", "remove", "b")
        assert done.returncode == 0
        assert "what is stored of it stays" in done.stdout
        assert path.read_text(encoding="utf-8") == "charts:\n  - a   # first\n  # between\n\napi: {}\n"
        assert calls(shop) == {}

    def test_one_that_is_not_followed_ends_with_two(self, shop: Shop) -> None:
        done = shop.call("charts", "remove", "global-28")
        assert done.returncode == 2
        assert lines(done) == [
            "soundcharts.yaml: charts: global-28 is not followed; `soundcharts-assets charts list` tells what is"
        ]

    def test_one_that_a_selector_found_ends_with_two_and_names_the_selector(self, shop: Shop) -> None:
        text = "charts:\n  - a\n  - {platform: spotify, countries: [BR]}\n"
        path = write(shop, text)
        shop.call("charts", "search", "--platform", "spotify")
        done = shop.call("charts", "remove", "viral-50-40")
        assert done.returncode == 2
        assert lines(done) == [
            "soundcharts.yaml: charts[1]: viral-50-40 is followed through this selector; narrow it (spotify, BR)"
        ]
        assert path.read_text(encoding="utf-8") == text

    def test_one_that_a_selector_finds_too_is_followed_still(self, shop: Shop) -> None:
        write(shop, "charts:\n  - viral-50-40\n  - {platform: spotify, countries: [BR]}\n")
        shop.call("charts", "search", "--platform", "spotify")
        done = shop.call("charts", "remove", "viral-50-40")
        assert done.returncode == 0
        assert "still followed through a selector (spotify, BR)" in done.stdout


class TestList:
    """What is followed, through what, and what is known of it."""

    def test_it_makes_no_call_and_no_warehouse(self, shop: Shop) -> None:
        write(shop, "charts: [a, {platform: tidal}]\n")
        done = shop.call("charts", "list", "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout) == [
            {
                "slug": "a",
                "name": None,
                "platform": None,
                "country": None,
                "frequency": None,
                "newest_ranking": None,
                "cascade": True,
                "history_days": 0,
                "through": "slug",
            }
        ]
        assert done.stderr == "no chart matches the selector (tidal)\n"
        assert calls(shop) == {}
        assert not shop.warehouse.exists()

    def test_it_tells_what_the_warehouse_knows(self, shop: Shop) -> None:
        write(
            shop,
            FEW + "\nhistory_days: 3\ncharts:\n  - {slug: viral-50-40, cascade: false, history_days: 0}\n"
            "  - {platform: spotify, countries: [FR, worldwide], cascade: false}\n",
        )
        assert shop.call("sync").returncode == 0
        charts = json.loads(shop.call("charts", "list", "--json").stdout)
        assert [(one["slug"], one["through"], one["history_days"]) for one in charts] == [
            ("viral-50-40", "slug", 0),
            ("global-28", "spotify, FR worldwide", 3),
            ("top-songs-31", "spotify, FR worldwide", 3),
        ]
        assert [(one["name"], one["frequency"], one["country"], one["cascade"]) for one in charts] == [
            ("Viral 50", "daily", "Brazil", False),
            ("Top Songs", "daily", "Worldwide", False),
            ("Top Songs", "weekly", "France", False),
        ]
        assert all(one["newest_ranking"].endswith("+00:00") for one in charts)
        shown = lines(shop.call("charts", "list"))
        assert shown[1].split()[0] == "viral-50-40"
        assert shown[1].rstrip().endswith("named")
        assert shown[2].rstrip().endswith("selector (spotify, FR worldwide)")
        assert shown[-1] == "3 followed"

    def test_nothing_is_followed(self, shop: Shop) -> None:
        write(shop, "")
        assert shop.call("charts", "list").stdout == "0 followed\n"


def test_the_help_names_every_command(shop: Shop) -> None:
    done = shop.call("charts", "--help")
    assert done.returncode == 0
    for command in ("platforms", "search", "list", "add", "remove"):
        assert command in done.stdout
