"""Tables that are computed from the fetched ones: what they hold, what they are made from, and how they are made anew.

What they select is in `sql/insights`, a file each. When they are made is not decided here, and what is shown of them
neither. All figures are observed ones: nothing is filled in between days.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import duckdb

from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.specification import Column, Table, key_column

_PREVIEWED = 5
_CHARTS_AT_ONCE = 50
_FIGURES_AT_ONCE = 2_000_000
_TRACKS_AT_ONCE = 50_000
"""So much is computed at once: some seconds, within the default memory limit."""


@dataclass(frozen=True)
class Insight:
    """A computed table.

    Attributes:
        table: What it holds.
        inputs: Names of the tables that its query reads.
        queries: Files below `sql/insights` that make up the query, one after the other.
        first: Rows that a person would look at first, as an ORDER BY clause has it.
        changed: File of the query that finds charts of which rows are made anew; None where all rows are.
        size: Query that counts what is read; None where it is made in one go.
        at_once: How much is made at once: so many charts that changed, or what is read of so much as `size` counts. The
            rest follows, by chart or by the first column of the key.
    """

    table: Table
    inputs: tuple[str, ...]
    queries: tuple[str, ...]
    first: str
    changed: str | None = None
    size: str | None = None
    at_once: int = 1

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    def statement(self) -> str:
        """The query, as DuckDB reads it."""
        return "\n".join(query(f"insights/{name}") for name in self.queries)


class Ledger(NamedTuple):
    """How far the ledger is: its newest instant, and a number that is another one once anything was settled since."""

    through: datetime
    mark: int


def ledger(connection: duckdb.DuckDBPyConnection) -> Ledger | None:
    """Return how far the ledger is; None while nothing is settled."""
    rows = connection.execute(query("ledger_mark")).fetchall()
    return Ledger(*rows[0]) if rows else None


def behind(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> list[str]:
    """Return those of the computed tables that were made of less than what is fetched by now, or never."""
    now = ledger(connection)
    if now is None:
        return []
    made = dict(connection.execute(f"SELECT table_name, mark FROM {COMPUTED_TABLES.qualified}").fetchall())
    return [name for name in names if made.get(name) != now.mark]


def parts(connection: duckdb.DuckDBPyConnection, insight: Insight, today: date) -> int:
    """Return in how many parts a table is made anew, so that memory suffices and others get at the warehouse between.

    Args:
        connection: To the warehouse.
        insight: The table.
        today: The day (UTC) up to which days count.
    """
    if insight.changed is not None:
        changed = query(f"insights/{insight.changed}")
        found = connection.execute(f"SELECT count(*) FROM ({changed})", {"most": None}).fetchall()
        return math.ceil(int(found[0][0]) / insight.at_once)
    if insight.size is None:
        return 1
    read = connection.execute(insight.size, _named_in(insight.size, today=today)).fetchall()
    return max(1, math.ceil(int(read[0][0]) / insight.at_once))


def rebuild(
    connection: duckdb.DuckDBPyConnection,
    insight: Insight,
    today: date,
    made_of: Ledger | None = None,
    *,
    part: int = 0,
    of: int = 1,
) -> int:
    """Make a part of a computed table anew, in one transaction: who reads it sees its old rows or its new ones.

    Args:
        connection: To the warehouse, for writing.
        insight: The table.
        today: The day (UTC) up to which days count.
        made_of: How far the ledger was before the first part, which is noted with the last one.
        part: Which part, from 0.
        of: How many there are, as `parts` has it; 0 where its rows are as they should be.

    Returns:
        How many rows were written.
    """
    connection.execute("BEGIN")
    try:
        written = _replace(connection, insight, {"today": today, "part": part, "parts": of}) if of else 0
        if part + 1 >= of and made_of is not None:
            noted = {"table_name": insight.name, **made_of._asdict()}
            connection.execute(
                f"DELETE FROM {COMPUTED_TABLES.qualified} WHERE table_name = $name", {"name": insight.name}
            )
            connection.execute(f"INSERT INTO {COMPUTED_TABLES.qualified} VALUES ($table_name, $through, $mark)", noted)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return written


def _replace(connection: duckdb.DuckDBPyConnection, insight: Insight, values: Mapping[str, Any]) -> int:
    table, statement = insight.table, insight.statement()
    if insight.changed is not None:
        changed = query(f"insights/{insight.changed}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE changed AS {changed}", {"most": insight.at_once})
        connection.execute(f"DELETE FROM {table.qualified} AS old USING changed WHERE old.chart_slug = changed.slug")
    elif values["parts"] == 1:
        connection.execute(f"DELETE FROM {table.qualified}")
    else:
        connection.execute(
            f"DELETE FROM {table.qualified} WHERE hash({table.key[0]}) % $parts::UBIGINT = $part::UBIGINT",
            {"part": values["part"], "parts": values["parts"]},
        )
    # In the order of the key, so that a question for some of them reads little.
    written = connection.execute(
        f"INSERT INTO {table.qualified} BY NAME FROM ({statement}) ORDER BY {', '.join(table.key)}",
        _named_in(statement, **values),
    ).fetchall()
    return int(written[0][0])


def _named_in(statement: str, **values: object) -> dict[str, object]:
    """Return the values that a statement asks for: DuckDB takes no others."""
    return {name: value for name, value in values.items() if re.search(rf"\${name}\b", statement)}


def preview(connection: duckdb.DuckDBPyConnection, insight: Insight) -> tuple[int, list[dict[str, Any]]]:
    """Count the rows of a computed table, and return the first few of those that a person would look at first."""
    table = insight.table
    rows = connection.execute(f"SELECT count(*) FROM {table.qualified}").fetchall()[0][0]
    shown = connection.execute(
        f"SELECT {', '.join(table.names)} FROM {table.qualified} ORDER BY {insight.first} LIMIT $most",
        {"most": _PREVIEWED},
    ).fetchall()
    return int(rows), [dict(zip(table.names, row, strict=True)) for row in shown]


def _growth(days: int) -> tuple[Column, ...]:
    """Columns of what came in so many days."""
    return (
        Column(f"change_{days}", "BIGINT", f"What came in days_{days} days; null where nothing was observed then."),
        Column(
            f"days_{days}",
            "BIGINT",
            f"Days between the two figures compared: {days}, or up to {days * 5 // 4 + 2} where days are missing. Of "
            "counts of a day: how many of the days were observed.",
        ),
        Column(f"per_day_{days}", "DOUBLE", f"What came a day: change_{days} by days_{days}."),
        Column(
            f"growth_{days}",
            "DOUBLE",
            f"How change_{days} compares with the figure before it, as a share; of counts, how much more came a day "
            f"than in the {days} days before.",
        ),
    )


def _momentum(name: str, entity: str, metric: tuple[Column, ...]) -> Table:
    return Table(
        name,
        f"One row per {entity}, platform{' and metric' if metric else ''} with a figure of the last two weeks.",
        (f"{entity}_uuid", "platform", *(column.name for column in metric)),
        (
            key_column(f"{entity}_uuid", "VARCHAR", f"The {entity}."),
            key_column("platform", "VARCHAR", "Platform code."),
            *metric,
            Column("is_count", "BOOLEAN", "Whether figures are counts of a day rather than levels.", nullable=False),
            Column("as_of", "DATE", "Newest day with a figure.", nullable=False),
            Column("level", "BIGINT", "The figure of that day.", nullable=False),
            *_growth(7),
            *_growth(28),
            Column("acceleration", "DOUBLE", "How many times per_day_28 per_day_7 is, where both are above 0."),
            Column(
                "latest",
                "DOUBLE",
                "What came a day between the newest figure and the one before, or on the newest day of counts; null "
                "over more than 15 days, and where an identifier is new or gone.",
            ),
            Column("latest_days", "BIGINT", "Days between the two: 1 where no day is missing; null where latest is."),
            Column("usual", "DOUBLE", "Median of the same over the 35 days before; null for fewer than 7 figures."),
            Column("highest", "DOUBLE", "Largest of the same over these 35 days; null likewise."),
            Column(
                "jump",
                "DOUBLE",
                "By how many usual deviations the latest is above the usual. A deviation is 1.4826 times the median "
                "one, 5 % of the usual at least, and 1 at least.",
            ),
        ),
    )


CHART_MOVEMENTS = Insight(
    Table(
        "chart_movements",
        "One row per stored ranking and track that is on it or has just left it, judged by stored rankings alone.",
        ("chart_slug", "ranked_at", "track_uuid"),
        (
            key_column("chart_slug", "VARCHAR", "The chart."),
            key_column("ranked_at", "TIMESTAMPTZ", "Instant of the ranking."),
            key_column("track_uuid", "VARCHAR", "The track."),
            Column(
                "movement",
                "VARCHAR",
                "One of new, re-entry, up, down, steady and exit, by the stored ranking before; null on the oldest.",
            ),
            Column("position", "BIGINT", "Its place, the best one where it has several; null after an exit."),
            Column("previous_position", "BIGINT", "Its place in the stored ranking before; null where it had none."),
            Column("change", "BIGINT", "Places gained since; below 0 for places lost."),
            Column("previous_ranked_at", "TIMESTAMPTZ", "Instant of the stored ranking before; null on the oldest."),
            Column("peak_position", "BIGINT", "Its best place in stored rankings so far.", nullable=False),
            Column("peak_ranked_at", "TIMESTAMPTZ", "First ranking in which it had that.", nullable=False),
            Column("streak", "BIGINT", "Stored rankings in a row that hold it, this one included.", nullable=False),
            Column("rankings_on_chart", "BIGINT", "Stored rankings so far that hold it.", nullable=False),
            Column("first_ranked_at", "TIMESTAMPTZ", "First stored ranking that holds it.", nullable=False),
            Column("fetched_at", "TIMESTAMPTZ", "When the ranking was fetched.", nullable=False),
        ),
    ),
    inputs=("chart_rankings", "chart_entries"),
    queries=("chart_movements",),
    first="ranked_at DESC, chart_slug, position",
    changed="charts_with_other_rankings",
    at_once=_CHARTS_AT_ONCE,
)

CROSS_CHART = Insight(
    Table(
        "cross_chart",
        "One row per track and chart that ever held it, in stored rankings.",
        ("track_uuid", "chart_slug"),
        (
            key_column("track_uuid", "VARCHAR", "The track."),
            key_column("chart_slug", "VARCHAR", "The chart."),
            Column("is_on_chart", "BOOLEAN", "Whether the chart's newest stored ranking holds it.", nullable=False),
            Column("position", "BIGINT", "Its place there now; null where it left."),
            Column("first_ranked_at", "TIMESTAMPTZ", "First ranking that holds it.", nullable=False),
            Column("first_position", "BIGINT", "Its place then.", nullable=False),
            Column("best_position", "BIGINT", "Its best place.", nullable=False),
            Column("best_ranked_at", "TIMESTAMPTZ", "First ranking in which it had that.", nullable=False),
            Column("last_ranked_at", "TIMESTAMPTZ", "Newest ranking that holds it.", nullable=False),
            Column("rankings", "BIGINT", "Rankings that hold it.", nullable=False),
            Column(
                "is_first",
                "BOOLEAN",
                "Whether it is the chart that had the track first; of several, that of the better place.",
                nullable=False,
            ),
            Column(
                "is_best",
                "BOOLEAN",
                "Whether it is the chart of the track's best place; of several, the one that had it first.",
                nullable=False,
            ),
        ),
    ),
    inputs=("chart_movements",),
    queries=("cross_chart",),
    first="last_ranked_at DESC, best_position, chart_slug",
)

GENRE_SHARE = Insight(
    Table(
        "genre_share",
        "One row per stored ranking and root genre of tracks on it.",
        ("chart_slug", "ranked_at", "genre"),
        (
            key_column("chart_slug", "VARCHAR", "The chart."),
            key_column("ranked_at", "TIMESTAMPTZ", "Instant of the ranking."),
            key_column("genre", "VARCHAR", "The root genre; '' for tracks of which none is known."),
            Column("tracks", "BIGINT", "Tracks of that genre.", nullable=False),
            Column(
                "share",
                "DOUBLE",
                "Share of the tracks; one of several genres counts for each in part, so shares of a ranking add to 1.",
                nullable=False,
            ),
            Column("best_position", "BIGINT", "Best place of those tracks.", nullable=False),
        ),
    ),
    inputs=("chart_entries", "track_genres"),
    queries=("genre_share",),
    first="ranked_at DESC, chart_slug, share DESC",
)

TRACK_MOMENTUM = Insight(
    _momentum("track_momentum", "track", ()),
    inputs=("track_audience",),
    queries=("track_days", "momentum", "track_momentum"),
    size="SELECT count(*) FROM soundcharts.track_audience WHERE date BETWEEN $today::DATE - 70 AND $today::DATE",
    at_once=_FIGURES_AT_ONCE,
    first="jump DESC NULLS LAST, level DESC",
)

ARTIST_MOMENTUM = Insight(
    _momentum(
        "artist_momentum",
        "artist",
        (
            key_column(
                "metric",
                "VARCHAR",
                "One of followers, likes, listeners (of 28 days), views (of its channel, in all) and daily_views (of "
                "all videos with its songs, on a day).",
            ),
        ),
    ),
    inputs=("artist_audience", "artist_listening"),
    queries=("artist_days", "momentum", "artist_momentum"),
    size="""
    SELECT
        3 * (SELECT count(*) FROM soundcharts.artist_audience WHERE date BETWEEN $today::DATE - 70 AND $today::DATE)
        + (SELECT count(*) FROM soundcharts.artist_listening WHERE date BETWEEN $today::DATE - 70 AND $today::DATE)
    """,
    at_once=_FIGURES_AT_ONCE,
    first="jump DESC NULLS LAST, level DESC",
)

CATALOG = Insight(
    Table(
        "catalog",
        "One row per track, with what there is to know of it side by side.",
        ("track_uuid",),
        (
            key_column("track_uuid", "VARCHAR", "The track."),
            Column("name", "VARCHAR", "Title.", nullable=False),
            Column("credit_name", "VARCHAR", "Credit line as printed."),
            Column("isrc", "VARCHAR", "International Standard Recording Code."),
            Column("release_date", "DATE", "Day of release."),
            Column("label", "VARCHAR", "First label."),
            Column("distributor", "VARCHAR", "Distributor."),
            Column("language_code", "VARCHAR", "Language of the lyrics."),
            Column("explicit", "BOOLEAN", "Whether marked explicit."),
            Column("main_artist_uuid", "VARCHAR", "First credited artist."),
            Column("main_artist", "VARCHAR", "Name of that artist."),
            Column("artists", "VARCHAR[]", "Names of all credited artists, in order."),
            Column("genres", "VARCHAR[]", "Root genres."),
            Column("charts_now", "BIGINT", "Charts whose newest ranking holds it.", nullable=False),
            Column("charts_ever", "BIGINT", "Charts that ever held it, in stored rankings.", nullable=False),
            Column("best_position_now", "BIGINT", "Its best place in the newest rankings."),
            Column("best_chart_now", "VARCHAR", "Slug of the chart of that place."),
            Column("best_position", "BIGINT", "Its best place ever."),
            Column("best_chart", "VARCHAR", "Slug of the chart of that place."),
            Column("first_chart", "VARCHAR", "Slug of the chart that had it first."),
            Column("first_ranked_at", "TIMESTAMPTZ", "When that was."),
            Column("spotify_streams", "BIGINT", "Streams on Spotify so far."),
            Column("spotify_per_day", "DOUBLE", "Streams a day, over the last 7."),
            Column("youtube_views", "BIGINT", "Views on YouTube so far, of all its videos."),
            Column("youtube_per_day", "DOUBLE", "Views a day, over the last 7."),
            Column("shazams", "BIGINT", "Shazams so far."),
            Column("shazams_per_day", "DOUBLE", "Shazams a day, over the last 7."),
            Column("spins_per_day", "DOUBLE", "Plays on the radio a day, over the observed ones of the last 7."),
            Column("tiktok_videos", "BIGINT", "Videos on TikTok so far, of all its sounds."),
            Column("artist_spotify_followers", "BIGINT", "Followers of the main artist on Spotify."),
            Column("artist_spotify_listeners", "BIGINT", "Listeners of the main artist on Spotify in 28 days."),
        ),
    ),
    inputs=("tracks", "track_artists", "track_genres", "artists", "cross_chart", "track_momentum", "artist_momentum"),
    queries=("catalog",),
    size="SELECT count(*) FROM soundcharts.tracks",
    at_once=_TRACKS_AT_ONCE,
    first="charts_now DESC, best_position_now, track_uuid",
)

NOTABLE = Insight(
    Table(
        "notable",
        "One row per track or artist that stands out from its own trend now.",
        ("entity", "uuid"),
        (
            key_column("entity", "VARCHAR", "Whether it is a track or an artist: track, artist."),
            key_column("uuid", "VARCHAR", "The track or artist."),
            Column("rank", "BIGINT", "1 for what stands out most.", nullable=False),
            Column(
                "score",
                "DOUBLE",
                "Sum over the reasons: the binary logarithm of how many times its usual the latest is (4 at most, and "
                "1 where nothing is usual), charts entered less 1 (4 at most), platforms that accelerate less 1.",
                nullable=False,
            ),
            Column("name", "VARCHAR", "Title or name.", nullable=False),
            Column("credit_name", "VARCHAR", "Credit line of a track."),
            Column("sentence", "VARCHAR", "All reasons in one plain sentence.", nullable=False),
            Column("jump_platform", "VARCHAR", "Platform of its largest jump above a usual day; null for none."),
            Column(
                "jump_metric",
                "VARCHAR",
                "What jumped: of tracks streams, views, Shazams and the like, of artists the metric as artist_momentum "
                "has it.",
            ),
            Column("jump_on", "DATE", "Day of the figure."),
            Column("jump_days", "BIGINT", "Days over which it is a mean: 1 where none is missing."),
            Column("jump_latest", "DOUBLE", "What came a day."),
            Column("jump_usual", "DOUBLE", "What comes on a usual day."),
            Column("charts_entered", "BIGINT", "Charts it entered in the last 7 days, where several.", nullable=False),
            Column("entered_charts", "VARCHAR[]", "Slugs of these charts.", nullable=False),
            Column(
                "accelerating",
                "VARCHAR[]",
                "Platforms on which it gains at least a quarter more a day over 7 days than over 28, where several. "
                "Each takes 100 a day and 1 % in 7 days; listeners do not count.",
                nullable=False,
            ),
        ),
    ),
    inputs=(
        "track_momentum",
        "artist_momentum",
        "chart_movements",
        "cross_chart",
        "tracks",
        "artists",
        "track_artists",
        "charts",
    ),
    queries=("notable",),
    first="rank",
)

INSIGHTS = {
    insight.name: insight
    for insight in (CHART_MOVEMENTS, TRACK_MOMENTUM, ARTIST_MOMENTUM, CROSS_CHART, GENRE_SHARE, CATALOG, NOTABLE)
}
"""In an order in which each comes after those that it reads."""

COMPUTED_TABLES = Table(
    "computed_tables",
    "One row per computed table that was made: what it was made of.",
    ("table_name",),
    (
        key_column("table_name", "VARCHAR", "The table."),
        Column("through", "TIMESTAMPTZ", "Newest fetched_at of the ledger then.", nullable=False),
        Column("mark", "BIGINT", "Number that tells this state of the ledger from others.", nullable=False),
    ),
)
