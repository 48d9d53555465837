"""How large the page of thirty charts is, how long building it takes, and when a browser has painted it.

`python -m benchmarks.dashboard [CHARTS]` prints the figures. It takes Chromium, as the tests of the page do.

Belongs here: what is measured. The invented warehouse is that of `growth_warehouse`, with figures that vary from day to
day as real ones do, since it is the variation that takes room.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.growth_warehouse import NOW, Size, fill
from soundcharts_assets.dashboard.build import Built, build
from soundcharts_assets.refresh.insights import rebuild_insights
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import load_settings
from tests.dashboard.browser import browsing

TRACKS_OF_CHART = 170
ARTISTS_OF_CHART = 120

_LIFE = (
    """
    UPDATE soundcharts.tracks SET
        name = name || ' of the ' || left(md5(uuid || 'n'), 6),
        release_date = DATE '2026-01-01' + (hash(uuid) % 200)::INTEGER,
        isrc = 'ZZ' || upper(left(md5(uuid), 10)),
        distributor = 'Distributor'
    """,
    # Two thirds of what comes a day vary by the day.
    """
    UPDATE soundcharts.track_audience
    SET value = value + (hash(track_uuid || platform || date) % 1000) * (hash(track_uuid) % 5000) // 1500
    """,
    """
    UPDATE soundcharts.artist_listening
    SET value = value + (hash(artist_uuid || platform || date) % 1000) * value // 40000
    """,
    "UPDATE soundcharts.charts SET country_name = 'Country ' || right(slug, 2), country_code = 'US'",
    # Ranks shuffle a little within a ranking.
    """
    CREATE OR REPLACE TEMP TABLE shuffled AS
    SELECT chart_slug, ranked_at, track_uuid, metric_value,
        row_number() OVER (
            PARTITION BY chart_slug, ranked_at ORDER BY position + hash(track_uuid || ranked_at) % 9
        ) AS position
    FROM soundcharts.chart_entries
    """,
    "TRUNCATE soundcharts.chart_entries",
    "INSERT INTO soundcharts.chart_entries BY NAME FROM shuffled",
)


def stock(folder: Path, charts: int) -> Refresher:
    """Make a warehouse of so many charts in a folder, and a refresher that lives at its last day."""
    path = folder / "warehouse.duckdb"
    fill(path, Size(charts, charts * TRACKS_OF_CHART, charts * ARTISTS_OF_CHART, cold=60, daily=10))
    (folder / "soundcharts.yaml").write_text("charts:\n" + "".join(f"  - chart-{n:05d}\n" for n in range(charts)))
    variables = {"SOUNDCHARTS_WAREHOUSE": str(path), "SOUNDCHARTS_CONFIG": str(folder / "soundcharts.yaml")}
    refresher = Refresher(load_settings(variables), clock=lambda: NOW)
    with refresher.warehouse.connect() as connection:
        for statement in _LIFE:
            connection.execute(statement)
    rebuild_insights(refresher.warehouse, NOW.date())
    return refresher


def paint(path: Path) -> dict[str, float]:
    """Milliseconds from opening a page to its first paint, to its first view, and to its details unpacked."""
    with browsing() as browser:
        page = browser.new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("h1")
        viewed = page.evaluate("performance.now()")
        page.evaluate("wanted()")
        unpacked = page.evaluate("performance.now()")
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    return {"first paint": painted, "first view": viewed, "unpacked": unpacked}


def measure(charts: int) -> tuple[Built, dict[str, float], float]:
    """Build a page and open it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        refresher = stock(folder, charts)
        started = time.monotonic()
        built = build(refresher, folder / "page.html")
        seconds = time.monotonic() - started
        return built, paint(built.path), seconds


def main() -> None:
    """Print the figures."""
    charts = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    built, painted, seconds = measure(charts)
    print(f"{built.charts} of {charts} charts: {built.size / 1e6:.2f} MB, built in {seconds:.1f} s")  # noqa: T201
    print(", ".join(f"{name} after {milliseconds:,.0f} ms" for name, milliseconds in painted.items()))  # noqa: T201


if __name__ == "__main__":
    main()
