"""A warehouse of thousands of charts in which everything was fetched lately, and what deciding costs on it.

`python -m benchmarks.control_plane` prints the figures at 200 and at 2,000 charts.

Belongs here: the invented rows and what is timed on them. Audiences are left out: deciding reads the ledger, never a
series. Does not belong here: how it is decided what is due, which is the project's own business and used as it is.
"""

import tempfile
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from soundcharts_assets.automation.alerts import Alerts
from soundcharts_assets.automation.chart_updates import tick
from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.partitions import register_charts
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.reading import Settings, load_settings
from soundcharts_assets.warehouse.connection import Warehouse

PLACES = 150
RANKINGS = 30
NEW_PLACES = 5
"""Tracks of a ranking that the one before did not have."""

TRACK_SUBJECTS = ("tracks", *(f"track_audience/{one}" for one in ("spotify", "youtube", "shazam", "airplay")))
ARTIST_SUBJECTS = (
    "artists",
    *(f"artist_audience/{one}" for one in ("spotify", "youtube", "instagram", "tiktok")),
    *(f"artist_listening/{one}" for one in ("spotify", "youtube")),
)

_REACH = PLACES + NEW_PLACES * (RANKINGS - 1)

_CHARTS = """
INSERT INTO soundcharts.charts (slug, name, platform, type, frequency, followed, cascade, latest_ranked_at, fetched_at)
SELECT printf('chart-%05d', chart), 'Chart ' || chart, 'spotify', 'song', 'daily', true, true, $now, $now
FROM range($charts) AS charts (chart)
"""

_RANKINGS = """
INSERT INTO soundcharts.chart_rankings (chart_slug, ranked_at, entry_count, seen_at, fetched_at)
SELECT printf('chart-%05d', chart), $ranked_at, $places, $ranked_at, $ranked_at
FROM range($charts) AS charts (chart)
"""

# A chart moves on over its own stretch of all tracks. Where the stretches have gone round once, the next round strides
# otherwise, so that the charts of a track do not share their other tracks as well.
_ENTRIES = """
INSERT INTO soundcharts.chart_entries (chart_slug, ranked_at, position, track_uuid, metric_value)
SELECT
    printf('chart-%05d', chart),
    $ranked_at,
    place + 1,
    md5('track ' || (step * if(step // $tracks % 2 = 0, 7919, 104729)) % $tracks)::UUID::VARCHAR,
    1000000 - place
FROM (
    SELECT chart, place, chart * $reach + $gone + place AS step
    FROM range($charts) AS charts (chart), range($places) AS places (place)
)
"""

_TRACKS = """
INSERT INTO soundcharts.tracks (uuid, name, discovered_at, last_charted_at, fetched_at)
SELECT track_uuid, 'Track', $now, max(ranked_at), $now
FROM soundcharts.chart_entries
GROUP BY track_uuid
"""

_CREDITS = """
INSERT INTO soundcharts.track_artists (track_uuid, artist_uuid, ordinal, is_main)
SELECT
    md5('track ' || track)::UUID::VARCHAR,
    md5('artist ' || (track * 7919 + ordinal * 104729) % $artists)::UUID::VARCHAR,
    ordinal + 1,
    ordinal = 0
FROM range($tracks) AS tracks (track), range(2) AS ordinals (ordinal)
WHERE ordinal <= track % 2
"""

_ARTISTS = """
INSERT INTO soundcharts.artists (uuid, name, discovered_at, last_charted_at, fetched_at)
SELECT credits.artist_uuid, 'Artist', $now, max(tracks.last_charted_at), $now
FROM soundcharts.track_artists AS credits
JOIN soundcharts.tracks AS tracks ON tracks.uuid = credits.track_uuid
GROUP BY credits.artist_uuid
"""

# Subjects lie mixed, as runs that follow each other leave them.
_LEDGER = """
INSERT INTO soundcharts.fetches (subject, uuid, status, fetched_at, through_date, attempts)
SELECT
    subject,
    uuid,
    'ok',
    $now - if(
        subject <> $entity AND hash(subject || uuid) % 1000000 < $stale_share * 1000000,
        to_hours(48),
        to_seconds(hash(uuid) % 36000)
    ),
    ($now - to_days(1))::DATE,
    0
FROM (SELECT unnest($subjects::VARCHAR[]) AS subject) AS subjects, {table} AS entities
ORDER BY hash(uuid), subject
"""


@dataclass(frozen=True)
class Size:
    """How much a warehouse holds: charts, and the tracks and artists they share."""

    charts: int
    tracks: int
    artists: int


SMALL = Size(charts=200, tracks=30_000, artists=15_000)
LARGE = Size(charts=2_000, tracks=300_000, artists=150_000)


def fill(path: Path, size: Size, *, now: datetime, stale_share: float = 0.0) -> None:
    """Make a warehouse in which every row was fetched in the last ten hours, but for a share two days old.

    Each chart has 30 daily rankings of 150 places; a track is on about two charts and has one or two artists.

    Args:
        path: A file that is not there yet.
        size: How much it holds.
        now: Instant of the newest rankings; the ledger is of the hours before.
        stale_share: Of the series in the ledger, these are past every window. Metadata never is.
    """
    warehouse = Warehouse(path, memory_limit="2GB", lock_timeout_seconds=1)
    with warehouse.connect() as connection:
        connection.execute(_CHARTS, {"now": now, "charts": size.charts})
        # As in life, the rankings of a day lie together and those of a chart apart.
        for number in range(RANKINGS):
            ranked_at = now - timedelta(days=RANKINGS - 1 - number)
            of_day = {"charts": size.charts, "ranked_at": ranked_at, "places": PLACES}
            connection.execute(_RANKINGS, of_day)
            connection.execute(
                _ENTRIES, {**of_day, "tracks": size.tracks, "reach": _REACH, "gone": number * NEW_PLACES}
            )
        connection.execute(_TRACKS, {"now": now})
        connection.execute(_CREDITS, {"tracks": size.tracks, "artists": size.artists})
        connection.execute(_ARTISTS, {"now": now})
        for entity, subjects in (("tracks", TRACK_SUBJECTS), ("artists", ARTIST_SUBJECTS)):
            connection.execute(
                _LEDGER.format(table=f"soundcharts.{entity}"),
                {"now": now, "entity": entity, "subjects": list(subjects), "stale_share": stale_share},
            )


@dataclass
class _Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def measure(folder: Path, size: Size) -> dict[str, float]:
    """Time a tick of the sensor with nothing due, and one of the condition over all assets, in seconds.

    Both are taken as Dagster takes them, on an instance that knows the charts as partitions; the first tick of each,
    which prepares the file and fills caches, is not counted.
    """
    now = datetime(2026, 9, 16, 15, 30, tzinfo=UTC)
    fill(folder / "warehouse.duckdb", size, now=now)
    settings = _settings(folder, size)
    with Warehouse(settings.warehouse_path, memory_limit="1GB", lock_timeout_seconds=1).connect() as connection:
        connection.execute(_POLLED, {"now": now})
    clock = _Clock(now + timedelta(minutes=5))
    figures = {}
    with dg.DagsterInstance.ephemeral() as instance:
        register_charts(instance, [f"chart-{number:05d}" for number in range(size.charts)])
        definitions = build_definitions(settings, clock=clock)
        cursor = None
        for _ in range(2):
            started = time.perf_counter()
            refresher = Refresher(_settings(folder, size).for_polling(), clock=clock)
            found = tick(refresher, instance, Alerts(settings, refresher.warehouse.spool))
            figures["sensor tick, settings read included"] = time.perf_counter() - started
            assert isinstance(found, dg.SkipReason), found
            started = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", dg.BetaWarning)
                result = dg.evaluate_automation_conditions(
                    definitions, instance, evaluation_time=clock.now, cursor=cursor
                )
            figures["automation tick over all assets"] = time.perf_counter() - started
            assert result.total_requested == 0
            cursor = result.cursor
            clock.now += timedelta(seconds=30)
    return figures


_POLLED = """
INSERT INTO soundcharts.fetches (subject, uuid, status, fetched_at, attempts)
SELECT 'charts', slug, 'ok', $now, 0 FROM soundcharts.charts
"""


def _settings(folder: Path, size: Size) -> Settings:
    path = folder / "soundcharts.yaml"
    if not path.exists():
        lines = [f"  - chart-{number:05d}" for number in range(size.charts)]
        path.write_text("\n".join(["charts:", *lines, ""]), encoding="utf-8")
    return load_settings(
        {
            "SOUNDCHARTS_BASE_URL": "http://127.0.0.1:9",  # nobody listens there: a tick with nothing due asks nobody
            "SOUNDCHARTS_APP_ID": "nobody",
            "SOUNDCHARTS_API_KEY": "nobody",
            "SOUNDCHARTS_WAREHOUSE": str(folder / "warehouse.duckdb"),
            "SOUNDCHARTS_CONFIG": str(path),
        }
    )


def main() -> None:
    """Print the figures of both sizes and the growth between them."""
    found = []
    for size in (SMALL, LARGE):
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(Path(folder), size))
    print(f"{'seconds':40} {SMALL.charts:>8} charts {LARGE.charts:>8} charts   growth")  # noqa: T201
    for name, small in found[0].items():
        print(f"{name:40} {small:15.2f} {found[1][name]:15.2f} {found[1][name] / small:8.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
