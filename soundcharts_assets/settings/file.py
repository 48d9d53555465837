"""All that `soundcharts.yaml` may hold: every setting with its default, its meaning and its limits.

Which charts are followed is in `charts`; what comes from the environment, secrets above all, is not in the file.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from soundcharts_assets.settings.charts import Charts, ChartSelector, ChartSettings
from soundcharts_assets.settings.strict import Strict
from soundcharts_assets.settings.values import (
    ArtistPlatforms,
    Days,
    FolderAddress,
    ListeningPlatforms,
    Owners,
    TrackPlatforms,
    Version,
)


class PlatformSettings(Strict):
    """Which audience assets exist: one for each platform."""

    track_audience: TrackPlatforms = ("spotify", "youtube", "shazam", "airplay")
    """Streams, views and the like, by platform."""
    artist_audience: ArtistPlatforms = ("spotify", "youtube", "instagram", "tiktok")
    """Followers and the like, by platform."""
    artist_listening: ListeningPlatforms = ("spotify", "youtube")
    """Monthly listeners, daily views."""


class MetadataFreshness(Strict):
    """Ages of track and artist metadata, in days."""

    warn_days: Annotated[float, Field(gt=0, le=36_500)] = 27
    """From this age on a run that happens anyway takes a row along."""
    fail_days: Annotated[float, Field(gt=0, le=36_500)] = 30
    """From this age on a row is due, and starts a run."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.warn_days > self.fail_days:
            raise ValueError("warn_days must not exceed fail_days")
        return self


class AudienceFreshness(Strict):
    """Ages of audience series, in hours."""

    warn_hours: Annotated[float, Field(gt=0, le=876_000)] = 20
    """From this age on a run that happens anyway takes a row along."""
    fail_hours: Annotated[float, Field(gt=0, le=876_000)] = 24
    """From this age on a row is due, and starts a run."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.warn_hours > self.fail_hours:
            raise ValueError("warn_hours must not exceed fail_hours")
        return self


class Window(Strict):
    """How old an answer may grow: from `warn` on it is worth taking along, from `fail` on it is due."""

    warn: timedelta
    fail: timedelta


class FreshnessSettings(Strict):
    """How old stored rows may grow."""

    metadata: MetadataFreshness = MetadataFreshness()
    audience: AudienceFreshness = AudienceFreshness()

    @property
    def metadata_window(self) -> Window:
        """Ages of metadata and of the list of a chart's rankings."""
        return Window(
            warn=timedelta(days=self.metadata.warn_days),
            fail=timedelta(days=self.metadata.fail_days),
        )

    @property
    def audience_window(self) -> Window:
        """Ages of audience series."""
        return Window(
            warn=timedelta(hours=self.audience.warn_hours),
            fail=timedelta(hours=self.audience.fail_hours),
        )


class AudienceSettings(Strict):
    """How much of a series is asked for."""

    history_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days before today that the first request for a series covers."""
    overlap_days: Annotated[int, Field(ge=0, le=30)] = 3
    """Days before the last settled one that are read again, since platforms correct late."""
    airplay_history_days: Annotated[int, Field(ge=1, le=365)] = 1
    """Days of radio spins wanted. Each day of each track is a call of its own."""
    charted_within_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Audiences of tracks and artists that left the charts longer ago are no longer refreshed."""


class BudgetSettings(Strict):
    """What may be spent, in requests of the quota."""

    daily: Annotated[
        Annotated[int, Field(ge=0)] | Literal["unlimited"] | None,
        WithJsonSchema(
            {
                "if": {"type": "string"},
                "then": {"const": "unlimited"},
                "else": {"type": ["integer", "null"], "minimum": 0},
                "examples": [50_000, "unlimited"],
            }
        ),
    ] = None
    """Requests a day (UTC), or unlimited. Without it nothing is spent unattended against Soundcharts itself."""
    reserve: Annotated[int, Field(ge=0)] = 0
    """Requests of the quota that are never spent."""

    @property
    def daily_limit(self) -> int | None:
        """Requests a day, None for no limit."""
        return self.daily if isinstance(self.daily, int) else None


class ApiVersions(Strict):
    """Path versions, which Soundcharts moves per endpoint (contract section 4.4)."""

    ranking: Version = "v2.14"
    """Of a ranking of songs."""
    song: Version = "v2.25"
    """Of a track's metadata."""
    artist: Version = "v2.9"
    """Of an artist's metadata."""


class ApiSettings(Strict):
    """How Soundcharts is talked to."""

    calls_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 4_800
    """Soundcharts recommends less than 5,000."""
    polls_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 200
    """The sensor's own share: it polls while a run is calling."""
    workers: Annotated[int, Field(ge=1, le=128)] = 16
    """Calls in flight at once."""
    batch_size: Annotated[int, Field(ge=1, le=100)] = 50
    """Ids per metadata call. Soundcharts documents no maximum; a refused batch is halved."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    """Tries of one call where the failure may pass: timeouts, cut connections, 5xx."""
    connect_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 10
    """How long to wait for a connection."""
    read_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long to wait for an answer."""
    backoff_seconds: Annotated[float, Field(ge=0, le=60)] = 0.5
    """First pause between two tries; it doubles, with jitter."""
    versions: ApiVersions = ApiVersions()


class WarehouseSettings(Strict):
    """How the tables are used, wherever they are."""

    memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$")] = "200MB"
    """What DuckDB may take, such as 200MB or 1GiB."""
    lock_timeout_seconds: Annotated[float, Field(ge=0, le=3_600)] = 30
    """How long to wait for another process that holds the file before answers are set aside in the spool."""
    keep_snapshots_days: Annotated[float, Field(gt=0, le=36_500)] = 7
    """How long a lake can still be read as it was; what is older is dropped by its daily maintenance."""
    batch_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """A batch is committed at so many rows, or after `batch_seconds`, whichever comes first."""
    batch_seconds: Annotated[float, Field(gt=0, le=600)] = 5
    """A batch is committed after so many seconds, or at `batch_rows`, whichever comes first."""


class QualitySettings(Strict):
    """Beyond which bounds the daily checks warn."""

    look_back_days: Annotated[int, Field(ge=2, le=3_650)] = 14
    """Days of series that are looked at: what is older was told of, and cannot be mended."""
    settled_within_hours: Annotated[float, Field(gt=0, le=87_600)] = 24
    """So long what was discovered may lack its metadata, and a listed ranking its entries."""
    largest_fall: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of its value by which a total may fall from one day to the next; platforms correct a little."""
    most_days_missing: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Share of the days of a platform's series that may be missing; Soundcharts itself misses some."""
    most_failed: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of an asset's rows that may be failing."""


class FileSettings(Strict):
    """All that `soundcharts.yaml` may hold, or the attributes of a component in another Dagster project."""

    charts: Charts = ()
    """Charts by slug, and selectors that follow all charts of a platform that fit."""
    history_days: Days = 0
    """Days of rankings before a chart's own newest one. Each missing ranking costs a call per 100 places, once."""
    reread_days: Days = 0
    """Stored rankings of so many days before a new one are read once more when it comes; each costs its pages."""
    platforms: PlatformSettings = PlatformSettings()
    freshness: FreshnessSettings = FreshnessSettings()
    audience: AudienceSettings = AudienceSettings()
    budget: BudgetSettings = BudgetSettings()
    api: ApiSettings = ApiSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    quality: QualitySettings = QualitySettings()
    owners: Owners = ("team:soundcharts",)
    """Whom Dagster names as owners of the assets: e-mail addresses, and teams as `team:NAME`."""
    code_url: FolderAddress | None = None
    """Where a Git host shows the folder that holds the package. Without it, assets link to files of the machine that
    Dagster's code runs on."""

    @property
    def named_charts(self) -> tuple[ChartSettings, ...]:
        """The charts that are followed by slug."""
        return tuple(chart for chart in self.charts if isinstance(chart, ChartSettings))

    @property
    def selectors(self) -> tuple[ChartSelector, ...]:
        """What selects further ones, the first to find a chart deciding about it."""
        return tuple(chart for chart in self.charts if isinstance(chart, ChartSelector))
