"""Warehouses of any size, whose rows lie as runs that follow each other leave them.

Belongs here: the invented rows, audiences included, and the order in which they were written. Does not belong here:
what is measured on them, which is in `growth`. Charts, rankings, entries and credits are those of `control_plane`.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks import control_plane
from benchmarks.control_plane import ARTIST_SUBJECTS, TRACK_SUBJECTS
from soundcharts_assets.warehouse.connection import Warehouse

NOW = datetime(2026, 9, 16, 15, 30, tzinfo=UTC)
"""Instant of the newest rankings. All was fetched in the ten hours before, but for a tenth of the series."""

_MEMORY = "8GB"

# Entities in the order in which the charts were synced, each with the first chart that brought it.
_ORDER = """
CREATE TEMP TABLE ordered_{entity} AS
SELECT row_number() OVER (ORDER BY chart_slug, uuid) AS ordinal, chart_slug, uuid
FROM (SELECT uuid, min(chart_slug) AS chart_slug FROM soundcharts.reached WHERE entity = '{entity}' GROUP BY uuid)
"""

# Fuller metadata than deciding needs: what a song or an artist says of itself is a kilobyte and more.
_METADATA = """
CREATE TEMP TABLE bare AS SELECT * FROM soundcharts.{entity};
TRUNCATE soundcharts.{entity};
INSERT INTO soundcharts.{entity} BY NAME
SELECT bare.* REPLACE ({values}) FROM bare JOIN ordered_{entity} AS entities ON entities.uuid = bare.uuid
ORDER BY entities.ordinal;
DROP TABLE bare;
"""
_PAYLOAD = """json_object(
    'uuid', bare.uuid, 'name', bare.name,
    'about', array_to_string([md5(bare.uuid || part) FOR part IN range({parts})], ' ')
)"""
_TRACK_VALUES = f"""
    'Track ' || left(bare.uuid, 8) AS name,
    'Artist ' || left(md5(bare.uuid), 8) AS credit_name,
    'https://assets.example.com/song/' || bare.uuid AS image_url,
    [left(md5(bare.uuid || 'composer'), 12)] AS composers,
    [{{'name': 'Label ' || hash(bare.uuid) % 1000, 'type': 'Indie'}}] AS labels,
    {_PAYLOAD.format(parts=40)} AS payload
"""
_ARTIST_VALUES = f"""
    'Artist ' || left(bare.uuid, 8) AS name,
    'https://assets.example.com/artist/' || bare.uuid AS image_url,
    array_to_string([md5(bare.uuid || part) FOR part IN range(10)], ' ') AS biography,
    {_PAYLOAD.format(parts=15)} AS payload
"""

_GENRES = """
INSERT INTO soundcharts.{entity}_genres
SELECT uuid, 'root-' || hash(uuid) % 20, 'genre-' || hash(uuid || ordinal) % 400 FROM ordered_{entity}s
"""

_SERIES = {
    "track_audience": """
INSERT INTO soundcharts.track_audience (track_uuid, platform, date, identifier, value, fetched_at)
SELECT
    uuid,
    platform,
    $last::DATE - (ago::INTEGER),
    left(md5(uuid), CASE platform WHEN 'spotify' THEN 22 WHEN 'youtube' THEN 11 ELSE 0 END),
    hash(uuid) % 10000000 * 10 + (400 - ago) * (hash(uuid) % 5000) + hash(uuid || ago) % 500,
    $at::TIMESTAMPTZ - to_days($last_ago::INTEGER) + to_milliseconds(turn * 12)
FROM (SELECT uuid, platform, turn, unnest(range($first_ago, $last_ago - 1, -1)) AS ago FROM turns_tracks)
""",
    "artist_audience": """
INSERT INTO soundcharts.artist_audience (artist_uuid, platform, date, followers, likes, views, posts, fetched_at)
SELECT
    uuid,
    platform,
    $last::DATE - (ago::INTEGER),
    hash(uuid) % 1000000 + (400 - ago) * 17,
    CASE platform WHEN 'tiktok' THEN hash(uuid) % 9000000 - ago END,
    CASE platform WHEN 'youtube' THEN hash(uuid) % 90000000 - ago * 1000 END,
    CASE platform WHEN 'instagram' THEN hash(uuid) % 2000 END,
    $at::TIMESTAMPTZ - to_days($last_ago::INTEGER) + to_milliseconds(turn * 12)
FROM (SELECT uuid, platform, turn, unnest(range($first_ago, $last_ago - 1, -1)) AS ago FROM turns_artists)
WHERE (hash(uuid) + ago) % 4 = 0 AND platform IN ('spotify', 'youtube', 'instagram', 'tiktok')
""",
    "artist_listening": """
INSERT INTO soundcharts.artist_listening (artist_uuid, platform, date, value, fetched_at)
SELECT
    uuid,
    right(platform, -10),
    $last::DATE - (ago::INTEGER),
    hash(uuid) % 1000000 + (400 - ago) * 17 + hash(uuid || ago) % 500,
    $at::TIMESTAMPTZ - to_days($last_ago::INTEGER) + to_milliseconds(turn * 12)
FROM (SELECT uuid, platform, turn, unnest(range($first_ago, $last_ago - 1, -1)) AS ago FROM turns_artists)
WHERE starts_with(platform, 'listening/')
""",
}
"""Rows of each table for the days from one so long ago to another, in the order in which runs fetch series."""

_TURNS = """
CREATE TEMP TABLE turns_{entity} AS
SELECT uuid, platform, row_number() OVER () AS turn
FROM (
    SELECT uuid, platform FROM ordered_{entity}, (SELECT unnest($platforms::VARCHAR[]) AS platform) AS platforms
    ORDER BY chart_slug, platform, uuid
)
"""
_PLATFORMS = {
    "tracks": ["spotify", "youtube", "shazam", "airplay"],
    "artists": ["spotify", "youtube", "instagram", "tiktok", "listening/spotify", "listening/youtube"],
}


@dataclass(frozen=True)
class Size:
    """How much a warehouse holds: its series are of `cold` days fetched at once and `daily` days fetched one by one."""

    charts: int
    tracks: int
    artists: int
    cold: int
    daily: int


def identifier(platform: str, uuid: str) -> str:
    """The platform's own id of a track, as the invented rows have it."""
    length = {"spotify": 22, "youtube": 11}.get(platform, 0)
    return hashlib.md5(uuid.encode()).hexdigest()[:length]  # noqa: S324 - nobody is kept out by it


def fill(path: Path, size: Size) -> None:
    """Make a warehouse in which everything was fetched lately, with all its series, and checkpoint it.

    Args:
        path: A file that is not there yet.
        size: How much it holds.
    """
    entities = control_plane.Size(size.charts, size.tracks, size.artists)
    control_plane.fill(path, entities, now=NOW)
    with Warehouse(path, memory_limit=_MEMORY, lock_timeout_seconds=1).connect() as connection:
        for entity, values in (("tracks", _TRACK_VALUES), ("artists", _ARTIST_VALUES)):
            connection.execute(_ORDER.format(entity=entity))
            connection.execute(_METADATA.format(entity=entity, values=values))
            connection.execute(_GENRES.format(entity=entity[:-1]))
            connection.execute(_TURNS.format(entity=entity), {"platforms": _PLATFORMS[entity]})
        connection.execute(
            "INSERT INTO soundcharts.genres SELECT DISTINCT genre, root, 1 "
            "FROM (FROM soundcharts.track_genres UNION ALL FROM soundcharts.artist_genres)"
        )
        _write_ledger(connection)
        for days in [(size.cold + size.daily, size.daily + 1), *((day, day) for day in range(size.daily, 0, -1))]:
            _write_series(connection, *days)


def _write_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("TRUNCATE soundcharts.fetches")
    connection.execute(
        """
        INSERT INTO soundcharts.fetches (subject, uuid, status, fetched_at, through_date, attempts)
        WITH due AS (
            SELECT chart_slug, uuid, subject, place, ordinal
            FROM (SELECT unnest($tracks::VARCHAR[]) AS subject, unnest(range(len($tracks))) AS place), ordered_tracks
            UNION ALL
            SELECT chart_slug, uuid, subject, 10 + place, ordinal
            FROM (SELECT unnest($artists::VARCHAR[]) AS subject, unnest(range(len($artists))) AS place), ordered_artists
        )
        SELECT
            subject,
            uuid,
            'ok',
            $now::TIMESTAMPTZ
                - if(contains(subject, '/') AND hash(uuid || subject) % 10 = 0, INTERVAL 16 HOUR, INTERVAL 10 HOUR)
                + to_microseconds(32400000000 * ordinal // max(ordinal) OVER ()),
            CASE WHEN contains(subject, '/') THEN $now::DATE - 1 END,
            0
        FROM due
        ORDER BY chart_slug, place, uuid
        """,
        {"tracks": list(TRACK_SUBJECTS), "artists": list(ARTIST_SUBJECTS), "now": NOW},
    )
    connection.execute(
        """
        INSERT INTO soundcharts.fetches (subject, uuid, status, fetched_at, attempts)
        SELECT 'chart_rankings', chart_slug || '@' || strftime(ranked_at, '%Y-%m-%dT%H:%M:%S+00:00'), 'ok', ranked_at, 0
        FROM soundcharts.chart_rankings
        UNION ALL
        SELECT 'charts', slug, 'ok', $now::TIMESTAMPTZ, 0 FROM soundcharts.charts
        """,
        {"now": NOW},
    )


def _write_series(connection: duckdb.DuckDBPyConnection, first_ago: int, last_ago: int) -> None:
    """Write the days from one to another, fetched on the day after the last of them."""
    for statement in _SERIES.values():
        connection.execute(
            statement,
            {"last": NOW.date(), "at": NOW, "first_ago": first_ago, "last_ago": last_ago},
        )
