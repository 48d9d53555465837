"""The page in a browser, opened from its file: what a reader sees, finds and does, with mouse, keyboard or phone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from soundcharts_assets.dashboard.build import build
from soundcharts_assets.dashboard.contents import Limits
from soundcharts_assets.refresh.insights import rebuild_insights
from soundcharts_assets.refresh.refresher import Refresher
from tests.dashboard.stock import FRANCE, NAMES, TODAY, WORLD, insert, refresher_in, stocked, uuid

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
VIEWS = ["changes", "charts", "tracks", "artists", "operations"]
DETAILS = [f"chart/{FRANCE}", f"track/{uuid('octopus')}", f"artist/{uuid('lukasz')}"]

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

FAINT, NAMELESS = ((Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("faint.js", "nameless.js"))
OCTOPUS = NAMES["octopus"][0]
NO_FIGURE = "\N{EN DASH}"


class Reader:
    """A page that somebody looks at, and everything that went wrong meanwhile."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        page.set_default_timeout(5_000)
        self.troubles: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, view: str = "") -> None:
        """Open the file at a view."""
        self.page.goto(f"{path.as_uri()}#{view}")
        self.page.wait_for_selector("h1:visible")
        self.page.evaluate("wanted()")

    def go(self, view: str) -> None:
        """Follow a link to a view, and wait until it is seen."""
        self.page.evaluate("(view) => { location.hash = view; }", view)
        kind, _, key = view.partition("/")
        self.page.locator(f"[data-detail='{kind}'][data-key='{key}']" if key else f"[data-list='{kind}']").wait_for()

    def heading(self) -> str:
        """The heading of the view that is seen."""
        return self.page.locator("h1:visible").inner_text()

    def column(self, table: str, key: str) -> list[str]:
        """Texts of a column of a table, as they are seen."""
        cells = self.page.locator(f"table:visible:has(caption:text-is({table!r})) tbody .col-{key}")
        return [text.replace("\u2009", " ") for text in cells.all_inner_texts()]

    def sort(self, table: str, title: str) -> str:
        """Press the head of a column, and return how the table says it is sorted."""
        head = self.page.locator(f"table:visible:has(caption:text-is({table!r})) thead th", has_text=title)
        head.get_by_role("button").click()
        return str(head.get_attribute("aria-sort"))


@pytest.fixture
def reader(browser: "Browser", page_path: Path) -> Iterator[Reader]:
    """A reader at a desk, with the page open."""
    with browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type]
        found = Reader(context.new_page())
        found.open(page_path)
        yield found
        assert found.troubles == []


def test_every_view_renders_without_trouble_and_asks_for_nothing_but_the_file(reader: Reader, page_path: Path) -> None:
    headings = {}
    for view in [*VIEWS, *DETAILS]:
        reader.go(view)
        headings[view] = reader.heading()
        assert reader.page.evaluate(NAMELESS) == []

    assert [headings[view] for view in VIEWS] == ["What changed", "Charts", "Tracks", "Artists", "Operations"]
    assert headings[DETAILS[1]] == NAMES["octopus"][0]
    assert {url.partition("#")[0] for url in reader.requests} == {page_path.as_uri()}


def test_the_first_view_says_who_climbed_fell_came_and_left(reader: Reader) -> None:
    assert reader.column("Biggest climbs", "change") == ["▲ 2\nup 2 places", "▲ 1\nup 1 place"]
    assert reader.column("Biggest climbs", "track")[0].startswith(OCTOPUS)
    assert reader.column("Biggest falls", "change")[0].startswith("▼ 1")
    assert reader.column("New entries and re-entries", "track")[0].startswith("Straße")
    assert reader.column("Exits", "before") == ["2"]


def test_names_stay_text_whatever_is_in_them(reader: Reader) -> None:
    for name in ("song", "ghost", "octopus", "city", "plain"):
        reader.go(f"track/{uuid(name)}")
        assert reader.page.locator("h1:visible").text_content() == NAMES[name][0]

    assert reader.page.locator("main img, main b b, main i i, main bdi > *").count() == 0
    assert reader.page.evaluate("document.title.includes('ran') && document.title.length < 10") is False
    assert reader.page.evaluate("document.querySelectorAll('script').length") == 16


def test_an_address_that_is_none_of_the_web_is_no_link(reader: Reader) -> None:
    outward = "Array.from(document.querySelectorAll('main a:not([href^=\"#\"])')).map((one) => one.href)"
    reader.go(f"chart/{FRANCE}")
    assert reader.page.evaluate(outward) == []
    reader.go(f"chart/{WORLD}")
    assert reader.page.evaluate(outward) == ["https://charts.example.com/viral"]


@pytest.mark.parametrize(
    ("typed", "first", "said"),
    [
        ("ete", "Track", "1 result"),
        ("Été", "Track", "1 result"),
        ("BEYONCE", "Artist", "2 results"),
        ("lukasz grosse", "Artist", "3 results"),
        ("strasse", "Track", "1 result"),
        ("viral", "Chart", "1 result"),
        ("<img", "Track", "1 result"),
        ("النور", "Track", "1 result"),
        ("no such thing", None, "No results"),
    ],
)
def test_search_finds_tracks_artists_and_charts_whatever_the_accents(
    reader: Reader, typed: str, first: str | None, said: str
) -> None:
    reader.page.get_by_role("combobox", name="Search").fill(typed)

    assert reader.page.locator(".search [role=status]").inner_text() == said
    options = reader.page.locator("#results [role=option]")
    assert (options.first.locator(".kind").inner_text() if options.count() else None) == first


def test_search_needs_no_mouse(reader: Reader) -> None:
    keyboard = reader.page.keyboard
    keyboard.press("/")
    keyboard.type("gro")
    active = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).innerText"
    assert "Łukasz Große" in reader.page.evaluate(active)
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    reader.page.locator("h1:focus").wait_for()

    assert reader.heading() == OCTOPUS
    keyboard.press("Escape")
    reader.page.locator("[data-list=changes]").wait_for()
    assert reader.heading() == "What changed"


def test_a_detail_view_is_linked_to_closes_with_escape_and_goes_back(reader: Reader) -> None:
    page = reader.page
    page.locator("nav a", has_text="Tracks").click()
    link = page.locator("[data-list=tracks] a.title", has_text="Octo").first
    link.click()
    assert reader.heading() == NAMES["octopus"][0]
    assert page.url.endswith(f"#track/{uuid('octopus')}")

    page.keyboard.press("Escape")
    page.locator("[data-list=tracks]").wait_for()
    assert reader.heading() == "Tracks"
    assert page.evaluate("document.activeElement.textContent") == NAMES["octopus"][0]

    page.go_back()
    page.locator("[data-detail=track]").wait_for()
    assert reader.heading() == NAMES["octopus"][0]
    page.go_back()
    page.locator("[data-list=tracks]").wait_for()
    assert reader.heading() == "Tracks"


def test_what_is_not_on_the_page_is_told(reader: Reader) -> None:
    reader.go("track/nobody%")
    assert reader.heading() == "This track is not on this page"


@pytest.mark.parametrize("address", ["nonsense", "constructor/x", "__proto__/x", "toString/", "chart"])
def test_an_address_that_means_nothing_leads_to_the_first_view(
    browser: "Browser", page_path: Path, address: str
) -> None:
    with browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(page_path, address)
        assert reader.heading() == "What changed"
        assert reader.troubles == []


def test_the_title_of_a_track_that_left_the_charts_is_its_name(browser: "Browser", page_path: Path) -> None:
    with browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(page_path, f"track/{uuid('arabic')}")
        reader.page.wait_for_function(f"document.title.startsWith('{NAMES['arabic'][0]}')")
        assert reader.troubles == []


def test_the_keyboard_reaches_the_content_and_sees_where_it_is(reader: Reader) -> None:
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert reader.page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    reader.page.keyboard.press("Enter")
    assert reader.page.evaluate("document.activeElement.id") == "main"
    reader.page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName"
    assert reader.page.evaluate(outline) == "solidSELECT"


def test_every_column_sorts_both_ways_and_says_so(reader: Reader) -> None:
    reader.go("tracks")

    assert reader.sort("Tracks", "Charts") == "descending"
    assert reader.column("Tracks", "charts") == ["1", "1", "1", "1", "1"]
    assert reader.sort("Tracks", "Best now") == "ascending"
    ascending = reader.column("Tracks", "best")
    assert reader.sort("Tracks", "Best now") == "descending"
    assert ascending == sorted(ascending)
    assert reader.column("Tracks", "best") == ascending[::-1]
    assert reader.sort("Tracks", "Released") == "ascending"
    # Five tracks have no day of release: they come last, whichever the direction.
    assert reader.column("Tracks", "released")[0] == "1 Mar 2026"
    reader.sort("Tracks", "Released")
    assert reader.column("Tracks", "released")[0] == "1 Mar 2026"


@pytest.mark.parametrize(
    ("label", "choice", "climbs", "said"),
    [
        ("Chart", "Viral · Shazam worldwide", 1, "2 movements on 1 chart"),
        ("Platform", "Spotify", 1, "4 movements on 1 chart"),
        ("Country", "France", 1, "4 movements on 1 chart"),
        ("Genre", "electronic", 1, "1 movement on 1 chart"),
        ("Genre", "rock", 0, "1 movement on 1 chart"),
    ],
)
def test_filters_leave_what_fits_and_say_how_much_that_is(
    reader: Reader, label: str, choice: str, climbs: int, said: str
) -> None:
    reader.page.get_by_label(label, exact=True).select_option(choice)

    assert reader.page.locator(".said:visible").inner_text() == said
    assert len(reader.column("Biggest climbs", "change")) == climbs
    reader.page.get_by_role("button", name="Clear filters").click()
    assert reader.page.locator(".said:visible").inner_text() == "6 movements on 2 charts"


def test_a_movement_is_a_filter_too(reader: Reader) -> None:
    button = reader.page.get_by_role("group", name="Movement").get_by_role("button", name="1 New entries")
    button.click()

    assert button.get_attribute("aria-pressed") == "true"
    assert reader.column("New entries", "now") == ["3"]
    assert reader.page.locator("table:visible").count() == 1


def test_a_chart_shows_its_rankings_one_by_one(reader: Reader) -> None:
    page = reader.page
    reader.go(f"chart/{FRANCE}")
    page.get_by_role("heading", name="Ranking of 10 Mar 2026").wait_for()
    caption = "Top <i>Songs</i>, ranking of {} Mar 2026"
    assert reader.column(caption.format(10), "streak") == ["2", "3", "1"]

    page.get_by_role("button", name="Earlier").click()

    assert reader.column(caption.format(9), "position") == ["1", "2", "3"]
    moves = reader.column(caption.format(9), "move")
    assert [move[0] for move in moves] == ["▲", "▼", "N"]


def test_a_missing_day_is_a_gap_in_lines_and_in_the_table(reader: Reader) -> None:
    page = reader.page
    reader.go(f"track/{uuid('octopus')}")
    page.get_by_role("button", name="Total").click()
    figure = page.locator("figure", has_text="Spotify streams")
    figure.locator("summary").click()
    table = figure.locator("tbody tr")
    table.first.wait_for()

    figures = [row.replace("\t", " ") for row in table.all_inner_texts()[:6]]
    assert figures == [
        "10 Mar 2026 152K",
        "9 Mar 2026 140K",
        f"8 Mar 2026 {NO_FIGURE}",
        "7 Mar 2026 121K",
        "6 Mar 2026 110K",
        "5 Mar 2026 100K",
    ]
    # What is drawn: two runs, of three days and of two, and nothing between them.
    drawn = """(uuid) => {
      const [spotify] = details.series.track.get(trackByUuid.get(uuid).number);
      return runs(dayValues(spotify)).map((run) => run.length);
    }"""
    assert page.evaluate(drawn, uuid("octopus")) == [3, 2]

    page.get_by_role("group", name="Figures").get_by_role("button", name="A day").click()
    # Of the 9th nothing is known, since the 8th is missing: neither of the two days.
    daily = page.locator("figure", has_text="Spotify streams a day")
    daily.locator("summary").click()
    daily.locator("tbody tr").first.wait_for()
    gains = [row.split("\t")[1] for row in daily.locator("tbody tr").all_inner_texts()[:6]]
    assert gains == ["12K", NO_FIGURE, NO_FIGURE, "11K", "10K", NO_FIGURE]


def test_no_line_is_drawn_across_a_gap(reader: Reader) -> None:
    paths = """(values) => {
      const box = document.body.appendChild(document.createElement("div"));
      render(html`<${Spark} values=${values} label="x" />`, box);
      const lines = box.querySelector("path").getAttribute("d").split("M").length - 1;
      return [lines, box.querySelectorAll("circle.alone").length];
    }"""
    assert reader.page.evaluate(paths, [1, 2, None, 4, 5, None, 3]) == [2, 1]


def test_figures_are_short_with_the_full_one_at_hand(reader: Reader) -> None:
    reader.go(f"track/{uuid('octopus')}")
    row = reader.page.locator("table:visible tr", has=reader.page.locator("th", has_text="Spotify streams"))
    figure = row.locator(".col-level span")

    assert (figure.inner_text(), figure.get_attribute("title")) == ("152K", "152,000")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_both_themes_and_fits_a_phone(browser: "Browser", page_path: Path, scheme: Any) -> None:
    with browser.new_context(viewport=PHONE, color_scheme=scheme, has_touch=True) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(page_path)
        for view in [*VIEWS, *DETAILS]:
            reader.go(view)
            assert reader.page.evaluate(FAINT) == [], view
            assert reader.page.evaluate(TOO_WIDE) == 0, view
        assert reader.troubles == []


def test_the_theme_follows_the_system_until_one_is_chosen(browser: "Browser", page_path: Path) -> None:
    with browser.new_context(viewport=DESK, color_scheme="dark") as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(page_path)
        theme = "document.documentElement.dataset.theme"
        assert reader.page.evaluate(theme) == "dark"
        reader.page.emulate_media(color_scheme="light")
        reader.page.wait_for_selector("html[data-theme=light]")
        reader.page.get_by_label("Theme").select_option("Dark")
        assert reader.page.evaluate(theme) == "dark"
        reader.page.reload()
        reader.page.wait_for_selector("h1")
        assert reader.page.evaluate(theme) == "dark"


def test_an_empty_warehouse_says_what_to_do(browser: "Browser", tmp_path: Path) -> None:
    refresher = refresher_in(tmp_path)
    with refresher.warehouse.connect():
        pass
    path = build(refresher, tmp_path / "page.html").path
    with browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(path)
        assert reader.heading() == "Nothing is stored yet"
        assert "soundcharts-assets sync" in reader.page.locator("main").inner_text()
        reader.go("operations")
        assert "No chart is followed" not in reader.page.locator("main").inner_text()
        assert "The insight tables are" not in reader.page.locator("main").inner_text()
        assert reader.troubles == []


def test_insights_that_are_missing_and_charts_that_are_left_out_are_told(browser: "Browser", tmp_path: Path) -> None:
    refresher: Refresher = stocked(tmp_path, insights=False)
    path = build(refresher, tmp_path / "page.html", Limits(charts=1)).path
    with browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(path)
        assert "The insight tables are empty" in reader.page.locator("main").inner_text()
        assert re.search(r"1 chart is not on this page", reader.page.locator("footer").inner_text())
        for view in VIEWS:
            reader.go(view)
        assert reader.troubles == []


def test_a_followed_chart_without_a_ranking_is_told_without_a_date(browser: "Browser", tmp_path: Path) -> None:
    new = "brand-new"
    stocked(tmp_path)
    refresher = refresher_in(tmp_path, (new,))
    with refresher.warehouse.connect() as connection:
        connection.execute("UPDATE soundcharts.charts SET followed = false")
        insert(connection, "charts", [{"slug": new, "followed": True, "cascade": True}])
    path = build(refresher, tmp_path / "page.html").path
    with browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(path)
        lead = reader.page.locator("[data-list=changes] .lead").inner_text()
        assert lead == "No ranking of a followed chart is known yet."
        reader.go(f"chart/{new}")
        assert reader.page.locator("[data-detail] .under").inner_text() == ""
        assert "No ranking of this chart is stored yet" in reader.page.locator("main").inner_text()
        assert reader.troubles == []


def test_odd_names_and_addresses_break_no_view(browser: "Browser", tmp_path: Path) -> None:
    refresher = stocked(tmp_path)
    with refresher.warehouse.connect() as connection:
        connection.execute(
            "UPDATE soundcharts.charts SET web_url = 'https://charts.example.com:port/', city_name = repeat('City', 99)"
        )
        connection.execute("UPDATE soundcharts.tracks SET name = '' WHERE uuid = ?", [uuid("octopus")])
        connection.execute("UPDATE soundcharts.tracks SET credit_name = repeat('Credit', 99)")
        connection.execute("UPDATE soundcharts.artists SET name = ' ' WHERE uuid = ?", [uuid("lukasz")])
    rebuild_insights(refresher.warehouse, TODAY)
    path = build(refresher, tmp_path / "page.html").path
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]
        reader = Reader(context.new_page())
        reader.open(path)
        for view in [*VIEWS, *DETAILS, f"track/{uuid('ghost')}"]:
            reader.go(view)
            assert reader.page.evaluate(NAMELESS) == [], view
            assert reader.page.evaluate(TOO_WIDE) == 0, view
        reader.go(f"track/{uuid('octopus')}")
        assert reader.heading() == "(no name)"
        assert reader.troubles == []
