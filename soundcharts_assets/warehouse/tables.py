"""The one typed specification of every table. DDL, column schemas and documentation are derived from it.

A table is described here and nowhere else; of views, the columns are. How rows are written is in `writes`, what is due
in `work`, what views select in `sql`.
"""

from soundcharts_assets.warehouse.insights import COMPUTED_TABLES, INSIGHTS
from soundcharts_assets.warehouse.specification import Column, Table, View, key_column

LAKE = "lake"
"""The catalogue by which DuckDB knows the tables while they lie in a DuckLake; those in a file it knows by its name."""


_FETCHED_AT = Column("fetched_at", "TIMESTAMPTZ", "When Soundcharts answered with this row.", nullable=False)

_DESCRIPTION = (
    key_column("slug", "VARCHAR", "Soundcharts' name of the chart."),
    Column("name", "VARCHAR", "Title, not unique."),
    Column("platform", "VARCHAR", "Code of the platform that publishes it."),
    Column("type", "VARCHAR", "What is ranked: song."),
    Column("frequency", "VARCHAR", "How often it appears: daily, weekly, or what else Soundcharts says."),
    Column("country_code", "VARCHAR", "ISO 3166 alpha-2; '' for worldwide."),
    Column("country_name", "VARCHAR", "Name of the country, or Worldwide."),
    Column("city_name", "VARCHAR", "City of a city chart."),
    Column("max_results", "BIGINT", "Places the chart has at most; a ranking may hold fewer."),
)
_WEB_URL = Column("web_url", "VARCHAR", "The public page of the chart.")

CHARTS = Table(
    "charts",
    "One row per chart that is or was followed, or was synced by name.",
    ("slug",),
    (
        *_DESCRIPTION,
        Column("metric", "VARCHAR", "What chart_entries.metric_value counts, such as streamcount; null for no metric."),
        _WEB_URL,
        Column("followed", "BOOLEAN", "Whether the settings name it.", nullable=False),
        Column("cascade", "BOOLEAN", "Whether its tracks and artists are fetched too.", nullable=False),
        Column("latest_ranked_at", "TIMESTAMPTZ", "Instant of the newest ranking seen, stored or not."),
        Column("fetched_at", "TIMESTAMPTZ", "When Soundcharts last described the chart."),
    ),
)

CHART_RANKINGS = Table(
    "chart_rankings",
    "One row per stored ranking of a chart.",
    ("chart_slug", "ranked_at"),
    (
        key_column("chart_slug", "VARCHAR", "The chart."),
        key_column(
            "ranked_at", "TIMESTAMPTZ", "Instant that identifies the ranking; a stamp, not the time of publication."
        ),
        Column("entry_count", "BIGINT", "Places it holds.", nullable=False),
        Column("seen_at", "TIMESTAMPTZ", "When a poll first saw it as the newest; null if it came with history."),
        Column("unseen_at", "TIMESTAMPTZ", "When a poll last asked before and did not see it; null where none did."),
        _FETCHED_AT,
    ),
)

CHART_ENTRIES = Table(
    "chart_entries",
    "One row per place of a stored ranking, as the API said it.",
    ("chart_slug", "ranked_at", "position"),
    (
        key_column("chart_slug", "VARCHAR", "The chart."),
        key_column("ranked_at", "TIMESTAMPTZ", "Instant of the ranking."),
        key_column("position", "BIGINT", "Place, from 1."),
        Column("track_uuid", "VARCHAR", "The track on that place.", nullable=False),
        Column("previous_position", "BIGINT", "Last known place before; null for none."),
        Column("position_change", "BIGINT", "Places gained; 0 where there was none before."),
        Column("metric_value", "BIGINT", "The figure behind the place, of the kind in charts.metric."),
        Column("entered_at", "TIMESTAMPTZ", "First ranking of the track in this chart."),
        Column("time_on_chart", "BIGINT", "Rankings it has been in, in time_on_chart_unit."),
        Column("time_on_chart_unit", "VARCHAR", "DOC for days, WOC for weeks."),
        Column("entry_state", "VARCHAR", "As sent; its vocabulary is undocumented and it was empty wherever seen."),
    ),
)

TRACKS = Table(
    "tracks",
    "One row per track that was ever ranked; metadata columns are null until fetched.",
    ("uuid",),
    (
        key_column("uuid", "VARCHAR", "Soundcharts' identifier."),
        Column("name", "VARCHAR", "Title.", nullable=False),
        Column("credit_name", "VARCHAR", "Credit line as printed; it changes over time."),
        Column("image_url", "VARCHAR", "Cover."),
        Column("isrc", "VARCHAR", "International Standard Recording Code."),
        Column("release_date", "DATE", "Day of release, as written by the API."),
        Column("duration_seconds", "BIGINT", "Length."),
        Column("explicit", "BOOLEAN", "Whether marked explicit."),
        Column("language_code", "VARCHAR", "Language of the lyrics."),
        Column("copyright", "VARCHAR", "Copyright line."),
        Column("distributor", "VARCHAR", "Distributor; the vendor calls this field beta."),
        Column("composers", "VARCHAR[]", "Names of the composers."),
        Column("producers", "VARCHAR[]", "Names of the producers."),
        Column("labels", "STRUCT(name VARCHAR, type VARCHAR)[]", "Labels with their kind, such as Universal or Indie."),
        Column("audio_features", "JSON", "Tempo, key, energy and the like, as sent."),
        Column("discovered_at", "TIMESTAMPTZ", "When the track was first seen here."),
        Column("last_charted_at", "TIMESTAMPTZ", "Newest stored ranking that holds it."),
        Column("fetched_at", "TIMESTAMPTZ", "When its metadata was last fetched; null for not yet."),
        Column("payload", "JSON", "The metadata as sent, so that a new column costs no call."),
    ),
)

TRACK_ARTISTS = Table(
    "track_artists",
    "One row per artist credited on a track.",
    ("track_uuid", "artist_uuid"),
    (
        key_column("track_uuid", "VARCHAR", "The track."),
        key_column("artist_uuid", "VARCHAR", "The artist."),
        Column("ordinal", "BIGINT", "Place in the credits, from 1.", nullable=False),
        Column("is_main", "BOOLEAN", "Main rather than featured artist; null where the API does not say."),
    ),
)

GENRES = Table(
    "genres",
    "One row per genre and the root it stands under.",
    ("genre", "parent"),
    (
        key_column("genre", "VARCHAR", "The genre."),
        key_column("parent", "VARCHAR", "Its root genre; '' for a root."),
        Column("level", "BIGINT", "0 for a root, 1 below it.", nullable=False),
    ),
)


def _entity_genres(name: str, entity: str) -> Table:
    return Table(
        name,
        f"One row per genre of a {entity}; a root is its own genre.",
        (f"{entity}_uuid", "root", "genre"),
        (
            key_column(f"{entity}_uuid", "VARCHAR", f"The {entity}."),
            key_column("root", "VARCHAR", "The root genre."),
            key_column("genre", "VARCHAR", "The genre below it, or the root itself."),
        ),
    )


TRACK_GENRES = _entity_genres("track_genres", "track")
ARTIST_GENRES = _entity_genres("artist_genres", "artist")

ARTISTS = Table(
    "artists",
    "One row per artist credited on a track; metadata columns are null until fetched.",
    ("uuid",),
    (
        key_column("uuid", "VARCHAR", "Soundcharts' identifier."),
        Column("name", "VARCHAR", "Name.", nullable=False),
        Column("slug", "VARCHAR", "Name in addresses."),
        Column("country_code", "VARCHAR", "ISO 3166 alpha-2."),
        Column("city_name", "VARCHAR", "Home town."),
        Column("type", "VARCHAR", "Such as person or group."),
        Column("gender", "VARCHAR", "As sent."),
        Column("birth_date", "DATE", "Day of birth, as written by the API."),
        Column("career_stage", "VARCHAR", "Soundcharts' own scale, such as long_tail or superstar."),
        Column("growth_level", "VARCHAR", "Soundcharts' own scale, such as decline or average_growth."),
        Column("biography", "VARCHAR", "Text about the artist."),
        Column("isni", "VARCHAR", "International Standard Name Identifier."),
        Column("ipi", "VARCHAR", "Interested Parties Information number."),
        Column("image_url", "VARCHAR", "Portrait."),
        Column("web_url", "VARCHAR", "Web site."),
        Column("discovered_at", "TIMESTAMPTZ", "When the artist was first seen here."),
        Column("last_charted_at", "TIMESTAMPTZ", "Newest stored ranking that holds a track of theirs."),
        Column("fetched_at", "TIMESTAMPTZ", "When the metadata was last fetched; null for not yet."),
        Column("payload", "JSON", "The metadata as sent."),
    ),
)

TRACK_AUDIENCE = Table(
    "track_audience",
    "One row per track, platform, day and platform identifier.",
    ("track_uuid", "platform", "date", "identifier"),
    (
        key_column("track_uuid", "VARCHAR", "The track."),
        key_column("platform", "VARCHAR", "Platform code."),
        key_column("date", "DATE", "Day (UTC). Days may be missing."),
        key_column("identifier", "VARCHAR", "The platform's own id of the recording or video; '' where it has none."),
        Column(
            "value",
            "BIGINT",
            "Total so far; for airplay, spins of that day. Take the maximum over spotify ids, add youtube and tiktok.",
            nullable=False,
        ),
        _FETCHED_AT,
    ),
)

ARTIST_AUDIENCE = Table(
    "artist_audience",
    "One row per artist, platform and day on which Soundcharts looked.",
    ("artist_uuid", "platform", "date"),
    (
        key_column("artist_uuid", "VARCHAR", "The artist."),
        key_column("platform", "VARCHAR", "Platform code."),
        key_column("date", "DATE", "Day (UTC). Soundcharts looks every 2 to 15 days, by size of the artist."),
        Column("followers", "BIGINT", "Followers, fans or subscribers."),
        Column("likes", "BIGINT", "Likes."),
        Column("views", "BIGINT", "Views."),
        Column("posts", "BIGINT", "Posts or videos."),
        Column("following", "BIGINT", "Accounts followed."),
        _FETCHED_AT,
    ),
)

ARTIST_LISTENING = Table(
    "artist_listening",
    "One row per artist, platform and day.",
    ("artist_uuid", "platform", "date"),
    (
        key_column("artist_uuid", "VARCHAR", "The artist."),
        key_column("platform", "VARCHAR", "Platform code."),
        key_column("date", "DATE", "Day (UTC). Days may be missing."),
        Column("value", "BIGINT", "Listeners of 28 days for spotify, views of the day for youtube.", nullable=False),
        _FETCHED_AT,
    ),
)

_LEDGER_KEY = (
    "Track or artist; for charts and available_rankings the slug; for chart_rankings slug@instant; for chart_catalogue "
    "the platform, or platform@country; for breaker its kind: quota or credentials."
)

FETCHES = Table(
    "fetches",
    "The ledger: one row per thing that was or will be fetched, and how that went. Freshness is judged by it alone.",
    ("subject", "uuid"),
    (
        key_column("subject", "VARCHAR", "What is fetched, such as tracks or track_audience/spotify."),
        key_column("uuid", "VARCHAR", _LEDGER_KEY),
        Column("status", "VARCHAR", "How the last attempt ended; wanted before the first.", nullable=False),
        Column("fetched_at", "TIMESTAMPTZ", "When it was last settled; null for never."),
        Column("through_date", "DATE", "Days up to this one are settled; null where there are no days."),
        Column("attempts", "BIGINT", "Failures in a row; 0 once settled.", nullable=False),
        Column("not_before", "TIMESTAMPTZ", "Not to be asked again before; null for no such wish."),
        Column("error", "VARCHAR", "What the last failure said."),
    ),
)

LONGEST_PAYLOAD = 100_000

MALFORMED_ANSWERS = Table(
    "malformed_answers",
    "The last answer of each thing that could not be stored, for inspection. It stays when the thing is fetched later.",
    ("subject", "uuid"),
    (
        key_column("subject", "VARCHAR", "What was fetched, as in fetches."),
        key_column("uuid", "VARCHAR", "What it was asked for, as in fetches."),
        Column("received_at", "TIMESTAMPTZ", "When it came.", nullable=False),
        Column("reason", "VARCHAR", "Why it could not be stored.", nullable=False),
        Column(
            "payload",
            "VARCHAR",
            f"The body or the part of it that is concerned, as JSON, cut at {LONGEST_PAYLOAD:,} characters; "
            "null where it is not to be had.",
        ),
    ),
)

API_CALLS = Table(
    "api_calls",
    "Calls sent, by hour, endpoint and status.",
    ("hour", "endpoint", "status"),
    (
        key_column("hour", "TIMESTAMPTZ", "Start of the hour (UTC)."),
        key_column("endpoint", "VARCHAR", "Endpoint, such as song_audience/spotify."),
        key_column("status", "VARCHAR", "HTTP status, or 'no answer'."),
        Column("calls", "BIGINT", "How many.", nullable=False),
        Column("cost", "BIGINT", "Requests of the quota that they took; a batch may take one for each id."),
        Column("quota_remaining", "BIGINT", "Lowest quota seen in that hour."),
    ),
)

CHART_CATALOGUE = Table(
    "chart_catalogue",
    "One row per chart that Soundcharts lists on a platform that was searched or is followed by selector.",
    ("slug",),
    (
        *_DESCRIPTION,
        _WEB_URL,
        _FETCHED_AT,
    ),
)

SCHEMA_VERSIONS = Table(
    "schema_versions",
    "One row per version of these tables that the warehouse has been brought to; the highest is in force.",
    ("version",),
    (
        key_column("version", "BIGINT", "The version; a warehouse of the first one had no record of it."),
        Column("applied_at", "TIMESTAMPTZ", "When the warehouse was brought to it.", nullable=False),
    ),
)

TABLES = {
    table.name: table
    for table in (
        CHARTS,
        CHART_CATALOGUE,
        CHART_RANKINGS,
        CHART_ENTRIES,
        TRACKS,
        TRACK_ARTISTS,
        TRACK_GENRES,
        GENRES,
        ARTISTS,
        ARTIST_GENRES,
        TRACK_AUDIENCE,
        ARTIST_AUDIENCE,
        ARTIST_LISTENING,
        FETCHES,
        MALFORMED_ANSWERS,
        API_CALLS,
        SCHEMA_VERSIONS,
        *(insight.table for insight in INSIGHTS.values()),
        COMPUTED_TABLES,
    )
}


REACHED = View(
    "reached",
    "One row per chart whose cascade is on and track or artist that it reaches, followed or not.",
    (
        Column("chart_slug", "VARCHAR", "The chart."),
        Column("entity", "VARCHAR", "tracks or artists."),
        Column("uuid", "VARCHAR", "The track or the artist."),
        Column("charted_at", "TIMESTAMPTZ", "Newest stored ranking of this chart that holds it."),
    ),
)

CHART_HEALTH = View(
    "chart_health",
    "One row per followed chart: how it stands at the moment of asking.",
    (
        Column("chart_slug", "VARCHAR", "The chart."),
        Column(
            "health",
            "VARCHAR",
            "good; else the first that holds of empty (no ranking stored), invalid (incomplete_rankings or "
            "invalid_entries), late (is_overdue), incomplete (wanted_rankings, or less than 90 % of those expected).",
        ),
        Column("reason", "VARCHAR", "All that is not good, in words; null where everything is."),
        Column("newest_ranking", "TIMESTAMPTZ", "Newest ranking stored."),
        Column("newest_age", "INTERVAL", "Time since its instant, which is a stamp and lies before publication."),
        Column(
            "next_expected",
            "TIMESTAMPTZ",
            "A period after the newest one, as late as the latest of the last seven that were waited for; where none "
            "was, another period later.",
        ),
        Column("is_overdue", "BOOLEAN", "Whether that was half a period ago or more."),
        Column("last_polled_at", "TIMESTAMPTZ", "When Soundcharts was last asked for a newer one, and answered."),
        Column("rankings", "BIGINT", "Rankings stored."),
        Column("first_ranking", "TIMESTAMPTZ", "Oldest ranking stored."),
        Column(
            "expected_in_window",
            "BIGINT",
            "Rankings expected up to the newest, by frequency: of 30 days, 12 weeks or 6 times 28 days, and none from "
            "before the oldest stored.",
        ),
        Column("stored_in_window", "BIGINT", "Rankings stored of these. Soundcharts itself misses some."),
        Column("longest_gap", "INTERVAL", "Longest time between two rankings that follow each other in that window."),
        Column(
            "wanted_rankings",
            "BIGINT",
            "Rankings after the oldest stored that Soundcharts lists and that are not stored, going by the ledger.",
        ),
        Column("incomplete_rankings", "BIGINT", "Rankings that hold other than entry_count places."),
        Column("invalid_entries", "BIGINT", "Entries below place 1, on a place that is taken, or of an unknown track."),
        Column("tracks_without_metadata", "BIGINT", "Tracks it reaches without metadata, but those unknown or gone."),
    ),
)

VIEWS = {view.name: view for view in (REACHED, CHART_HEALTH)}


def as_markdown() -> str:
    """All tables and views as a page of documentation."""
    parts = [
        "# Tables",
        "All tables are in the schema `soundcharts`; instants are in UTC.",
        "This page is made from `soundcharts_assets/warehouse/tables.py` by `make docs`.",
    ]
    for table in TABLES.values():
        rows = [
            f"| `{column.name}` | {column.type} | {'yes' if column.nullable else 'no'} | {column.meaning} |"
            for column in table.columns
        ]
        key = ", ".join(f"`{name}`" for name in table.key)
        head = ["| column | type | null | meaning |", "|---|---|---|---|"]
        parts.append(f"## {table.name}\n\n{table.meaning} Key: {key}.\n\n" + "\n".join([*head, *rows]))
    parts.append("# Views\n\nThey hold no rows of their own and are made anew by every version.")
    for view in VIEWS.values():
        rows = [f"| `{column.name}` | {column.type} | {column.meaning} |" for column in view.columns]
        head = ["| column | type | meaning |", "|---|---|---|"]
        parts.append(f"## {view.name}\n\n{view.meaning}\n\n" + "\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"
