"""What the user decides: `soundcharts.yaml` and the environment, read once and checked before the first call.

Here belongs every setting with its default, its meaning and its limits. What is done with a setting does not: no module
below this one is imported, and nothing here touches the network, the warehouse or Dagster. What a JSON schema can say
of a setting it says, for editors and for checks of a component's file; a mistake is told in words by the validators.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

VENDOR_URL = "https://customer.api.soundcharts.com"
VENDOR_TOKEN_URL = "https://account.soundcharts.com/oauth/token"  # noqa: S105 - an address, not a token

# Platform codes by what they can be asked for: contract section 13.1. `airplay` is served by another endpoint (10.5).
TRACK_AUDIENCE_PLATFORMS = (
    "spotify", "youtube", "shazam", "airplay", "tiktok", "instagram", "soundcloud", "anghami", "audiomack", "genius",
    "gaana", "jiosaavn", "melon", "line-music", "boomplay", "lastfm", "awa", "youtube-shorts",
)  # fmt: skip
ARTIST_AUDIENCE_PLATFORMS = (
    "spotify", "youtube", "instagram", "tiktok", "deezer", "soundcloud", "facebook", "x", "twitter", "anghami",
    "audiomack", "gaana", "jiosaavn", "melon", "line-music", "boomplay", "twitch", "bandsintown", "weibo", "mixcloud",
    "patreon", "triller", "songkick", "joox", "amazon", "yandex",
)  # fmt: skip
ARTIST_LISTENING_PLATFORMS = (
    "spotify", "youtube", "anghami", "audiomack", "jiosaavn", "lastfm", "pandora", "yandex", "kugou",
)  # fmt: skip
_LONGEST_SLUG = 255
_LONGEST_PLATFORM = 64
COMPONENT = "soundcharts_assets.component.SoundchartsCascade"
ATTRIBUTES = "attributes"
"""Type and key by which a component file of Dagster holds what otherwise is in `soundcharts.yaml`."""
_TEAM = "team:"
WORLDWIDE = "worldwide"
"""What stands for the charts of no country, whose code is '' at Soundcharts (contract section 8.2)."""


class SettingsError(Exception):
    """A setting is wrong. The message names file, key and reason, and is fit to be shown to the user."""


class _Strict(BaseModel):
    # What a docstring says of a setting, editors and Dagster's documentation say as well.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say "of this kind, or nothing" without alternatives, of which checkers only say that none fits."""
        schema = handler(core_schema)
        for described in handler.resolve_ref_schema(schema).get("properties", {}).values():
            match described:
                case {"anyOf": [{"type": kind, **limits}, {"type": "null"}]}:
                    del described["anyOf"]
                    described |= {**limits, "type": [kind, "null"]}
        return schema


def _known(platforms: tuple[str, ...], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in platforms:
            raise ValueError(f"'{value}' has no {what}; known are {', '.join(platforms)}")
        return value

    return AfterValidator(check)


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    doubled = sorted({value for value in values if values.count(value) > 1})
    if doubled:
        raise ValueError(f"named twice: {', '.join(doubled)}")
    return values


def _slug(value: str) -> str:
    # Dagster takes three dots for a range of partitions, and not every database of its takes longer keys.
    odd = value != value.strip() or not value.isprintable() or "..." in value or len(value) > _LONGEST_SLUG
    if value in {"", ".", ".."} or odd:
        raise ValueError("a chart's slug is the name Soundcharts gives it, such as global-28")
    return value


def _country(value: str) -> str:
    if value.casefold() == WORLDWIDE:
        return ""
    if not re.fullmatch("[A-Za-z]{2}", value):
        raise ValueError(f"'{value}' is no country; two letters such as US are wanted, or {WORLDWIDE}")
    return value.upper()


def _some_countries(countries: tuple[str, ...]) -> tuple[str, ...]:
    if not countries:
        raise ValueError("none is named; leave the key out for all countries")
    _unique(tuple(country or WORLDWIDE for country in countries))
    return countries


def _platform_code(value: str) -> str:
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", value) or len(value) > _LONGEST_PLATFORM:
        raise ValueError(f"'{value}' is no platform's code; codes are written like spotify or apple-music")
    return value


def _owner(value: str) -> str:
    # Dagster would refuse anything else, and the whole code location with it.
    address = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", value)
    team = re.fullmatch(rf"{_TEAM}\S+( \S+)*", value) and value.isprintable()
    if not address and not team:
        raise ValueError(f"{value!r} is no owner; an e-mail address is wanted, or {_TEAM} and the name of a team")
    return value


def _some_owners(owners: tuple[str, ...]) -> tuple[str, ...]:
    if not owners:
        raise ValueError("nobody is named; leave the key out for team:soundcharts")
    return _unique(owners)


def _folder_address(value: str) -> str:
    # Nothing but an address and a path: lines of files are put behind it, and no secret belongs into it.
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?/[\w./%~+-]*", value, re.ASCII):
        raise ValueError("an address such as https://github.com/OWNER/REPOSITORY/tree/main is wanted")
    return value.rstrip("/")


def _or_nothing(value: object) -> object:
    """Let a key whose entries are all commented out stand for an empty list."""
    return () if value is None else value


def _text(**limits: object) -> dict[str, object]:
    return {"type": "string", **limits}


# What the functions above check, as far as a schema can say it. A slug's printable characters it cannot.
_SLUG = _text(pattern=r"^(?!\.{1,2}$)(?!.*\.\.\.)\S(.*\S)?$", maxLength=_LONGEST_SLUG, examples=["global-28"])
_ANY_CASE = "".join(f"[{letter}{letter.upper()}]" for letter in WORLDWIDE)
_COUNTRY = _text(pattern=f"^([A-Za-z]{{2}}|{_ANY_CASE})$", examples=["US"])
_CODE = _text(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", maxLength=_LONGEST_PLATFORM, examples=["spotify"])
_NOT_TWICE = Field(json_schema_extra={"uniqueItems": True})

Slug = Annotated[str, AfterValidator(_slug), WithJsonSchema(_SLUG)]
Country = Annotated[str, AfterValidator(_country), WithJsonSchema(_COUNTRY)]
PlatformCode = Annotated[str, AfterValidator(_platform_code), WithJsonSchema(_CODE)]
Owner = Annotated[str, AfterValidator(_owner)]
Version = Annotated[str, Field(pattern=r"^v\d+(\.\d+)*$")]
TrackPlatform = Annotated[
    str,
    _known(TRACK_AUDIENCE_PLATFORMS, "audience of tracks at Soundcharts"),
    WithJsonSchema(_text(enum=list(TRACK_AUDIENCE_PLATFORMS))),
]
ArtistPlatform = Annotated[
    str,
    _known(ARTIST_AUDIENCE_PLATFORMS, "audience of artists at Soundcharts"),
    WithJsonSchema(_text(enum=list(ARTIST_AUDIENCE_PLATFORMS))),
]
ListeningPlatform = Annotated[
    str,
    _known(ARTIST_LISTENING_PLATFORMS, "listening figures of artists at Soundcharts"),
    WithJsonSchema(_text(enum=list(ARTIST_LISTENING_PLATFORMS))),
]


class ChartSettings(_Strict):
    """One followed chart."""

    slug: Slug
    """The chart's name at Soundcharts, such as global-28."""
    cascade: bool = True
    """Whether its tracks, their artists and the audiences of both are fetched too, or its rankings only."""
    history_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Days of rankings before the chart's own newest one; left out, the general `history_days`."""
    reread_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Stored rankings of so many days before a new one are read once more; left out, the general `reread_days`."""


class ChartSelector(_Strict):
    """Charts that are followed because of what they are: all of a platform that fit."""

    platform: PlatformCode
    """Follow what this platform has, as narrowed by the next three."""
    countries: (
        Annotated[tuple[Country, ...], AfterValidator(_some_countries), Field(json_schema_extra={"minItems": 1})] | None
    ) = None
    """ISO 3166 alpha-2 codes, `worldwide` for charts of no country, which becomes ''; left out, all."""
    name: Annotated[str, Field(min_length=1)] | None = None
    """Shell-style pattern that the title fits, whatever the case."""
    frequency: Annotated[str, Field(min_length=1)] | None = None
    """Such as daily or weekly."""
    cascade: bool = True
    """Whether their tracks, the artists and the audiences of both are fetched too, or their rankings only."""
    history_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Days of rankings before each chart's own newest one; left out, the general `history_days`."""
    reread_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Stored rankings of so many days before a new one are read once more; left out, the general `reread_days`."""

    def __str__(self) -> str:
        """Say what is selected in the words of the file."""
        countries = " ".join(country or WORLDWIDE for country in self.countries or ())
        return ", ".join(part for part in (self.platform, countries, self.name, self.frequency) if part)


def _chart_or_selector(value: object) -> object:
    """Tell charts from selectors by their keys, so that a mistake is judged by what was meant. A slug may stand alone.

    pydantic's own unions would tell every mistake twice, once for each kind.
    """
    if isinstance(value, str):
        value = {"slug": value}
    if isinstance(value, ChartSettings | ChartSelector):
        return value
    if not isinstance(value, dict):
        raise ValueError("a chart's slug is wanted, or keys such as slug: or platform:")  # noqa: TRY004 - for pydantic
    if "slug" in value and "platform" in value:
        raise ValueError("both slug and platform; slug names one chart, platform selects several")
    if "slug" not in value and "platform" not in value:
        raise ValueError("neither slug nor platform; slug names one chart, platform selects several")
    return (ChartSettings if "slug" in value else ChartSelector).model_validate(value)


class _ToldByKeys:
    """Tells charts from selectors in the schema, too: there as well, of a union it is only said that nothing fits."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        chart, selector = handler(core_schema)["anyOf"]
        own = [key for key in ChartSelector.model_fields if key not in ChartSettings.model_fields]
        selects = {"type": "object", "anyOf": [{"required": [key]} for key in own]}
        return {
            "if": {"type": "string"},
            "then": _SLUG,
            "else": {"if": selects, "then": selector, "else": chart},
        }


Followed = Annotated[ChartSettings | ChartSelector, BeforeValidator(_chart_or_selector), _ToldByKeys()]


def _charts_once(charts: tuple[Followed, ...]) -> tuple[Followed, ...]:
    _unique(tuple(chart.slug for chart in charts if isinstance(chart, ChartSettings)))
    return charts


class PlatformSettings(_Strict):
    """Which audience assets exist: one for each platform."""

    track_audience: Annotated[tuple[TrackPlatform, ...], AfterValidator(_unique), _NOT_TWICE] = (
        "spotify",
        "youtube",
        "shazam",
        "airplay",
    )
    """Streams, views and the like, by platform."""
    artist_audience: Annotated[tuple[ArtistPlatform, ...], AfterValidator(_unique), _NOT_TWICE] = (
        "spotify",
        "youtube",
        "instagram",
        "tiktok",
    )
    """Followers and the like, by platform."""
    artist_listening: Annotated[tuple[ListeningPlatform, ...], AfterValidator(_unique), _NOT_TWICE] = (
        "spotify",
        "youtube",
    )
    """Monthly listeners, daily views."""


class MetadataFreshness(_Strict):
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


class AudienceFreshness(_Strict):
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


class Window(_Strict):
    """How old an answer may grow: from `warn` on it is worth taking along, from `fail` on it is due."""

    warn: timedelta
    fail: timedelta


class FreshnessSettings(_Strict):
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


class AudienceSettings(_Strict):
    """How much of a series is asked for."""

    history_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days before today that the first request for a series covers."""
    overlap_days: Annotated[int, Field(ge=0, le=30)] = 3
    """Days before the last settled one that are read again, since platforms correct late."""
    airplay_history_days: Annotated[int, Field(ge=1, le=365)] = 1
    """Days of radio spins wanted. Each day of each track is a call of its own."""
    charted_within_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Audiences of tracks and artists that left the charts longer ago are no longer refreshed."""


class BudgetSettings(_Strict):
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


class ApiVersions(_Strict):
    """Path versions, which Soundcharts moves per endpoint (contract section 4.4)."""

    ranking: Version = "v2.14"
    """Of a ranking of songs."""
    song: Version = "v2.25"
    """Of a track's metadata."""
    artist: Version = "v2.9"
    """Of an artist's metadata."""


class ApiSettings(_Strict):
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


class WarehouseSettings(_Strict):
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


class QualitySettings(_Strict):
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


class FileSettings(_Strict):
    """All that `soundcharts.yaml` may hold, or the attributes of a component in another Dagster project."""

    charts: Annotated[
        tuple[Followed, ...],
        BeforeValidator(_or_nothing),
        AfterValidator(_charts_once),
        Field(json_schema_extra={"type": ["array", "null"], "examples": [["global-28"]]}),
    ] = ()
    """Charts by slug, and selectors that follow all charts of a platform that fit."""
    history_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days of rankings before a chart's own newest one. Each missing ranking costs a call per 100 places, once."""
    reread_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Stored rankings of so many days before a new one are read once more when it comes; each costs its pages."""
    platforms: PlatformSettings = PlatformSettings()
    freshness: FreshnessSettings = FreshnessSettings()
    audience: AudienceSettings = AudienceSettings()
    budget: BudgetSettings = BudgetSettings()
    api: ApiSettings = ApiSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    quality: QualitySettings = QualitySettings()
    owners: Annotated[tuple[Owner, ...], AfterValidator(_some_owners)] = ("team:soundcharts",)
    """Whom Dagster names as owners of the assets: e-mail addresses, and teams as `team:NAME`."""
    code_url: Annotated[str, AfterValidator(_folder_address)] | None = None
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


class Credentials(_Strict):
    """One of the two schemes of contract section 2; the OAuth pair wins where both are set."""

    app_id: str | None = None
    api_key: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    token_url: str = VENDOR_TOKEN_URL

    @property
    def present(self) -> bool:
        """Whether either scheme is complete."""
        return bool((self.client_id and self.client_secret) or (self.app_id and self.api_key))


class StorageSettings(_Strict):
    """How an object storage of the S3 kind lets the program in: the variables that all its clients know."""

    key_id: str | None = None
    secret: SecretStr | None = None
    session_token: SecretStr | None = None
    region: str | None = None
    endpoint: str | None = None
    """Address of a storage that is not Amazon's own."""


class LakeSettings(_Strict):
    """Where a DuckLake is."""

    catalogue: SecretStr
    """How to reach the Postgres database of its catalogue, as libpq has it."""
    files: str
    """Where its Parquet files are: an absolute path, or the address of a folder in an object storage, `s3://...`."""
    storage: StorageSettings | None = None
    """Of that storage, where there is one."""


class Settings(_Strict):
    """Everything the user decided, checked."""

    file: FileSettings
    base_url: str
    credentials: Credentials
    warehouse_path: Path
    """The DuckDB file; with a lake, the path beside which this machine keeps what waits to be stored."""
    config_path: Path
    lake: LakeSettings | None = None
    """Where the tables are instead of in a file."""
    webhook: SecretStr | None = None
    """Address that alerts are posted to. It comes from the environment, since such addresses carry a secret."""
    dashboard_path: Path = Path("data/dashboard.html")
    """Where the page for people is written."""
    clock_shift_path: Path | None = None
    """File with the seconds by which a sandbox's days are ahead of the clock; never with the vendor's host."""

    def for_polling(self) -> "Settings":
        """The same, kept to the share of the rate that is left for polls."""
        api = self.file.api.model_copy(update={"calls_per_minute": self.file.api.polls_per_minute})
        return self.model_copy(update={"file": self.file.model_copy(update={"api": api})})

    @property
    def is_vendor(self) -> bool:
        """Whether calls go to Soundcharts itself, where they cost money."""
        return urlsplit(self.base_url).hostname == urlsplit(VENDOR_URL).hostname

    @property
    def may_spend_unattended(self) -> bool:
        """Whether calls may be made with nobody at hand: against the vendor only within a daily budget."""
        return self.file.budget.daily is not None or not self.is_vendor


def check_slugs(slugs: Iterable[str]) -> None:
    """Check slugs that were named elsewhere than in the file.

    Raises:
        SettingsError: One of them cannot be a chart's.
    """
    for slug in slugs:
        try:
            _slug(slug)
        except ValueError as error:
            raise SettingsError(f"{slug!r}: {error}") from None


def load_settings(environment: Mapping[str, str] | None = None, *, file_may_be_absent: bool = False) -> Settings:
    """Read `SOUNDCHARTS_CONFIG` (default `soundcharts.yaml`, which may be absent) and the environment.

    Args:
        environment: Variables; those of the process where left out.
        file_may_be_absent: Whether a file that the environment names need not be there, since it is about to be made.

    Raises:
        SettingsError: A value is wrong. The message names the file or variable, the key and the reason.
    """
    variables = os.environ if environment is None else environment
    config_path = Path(variables.get("SOUNDCHARTS_CONFIG") or "soundcharts.yaml")
    if variables.get("SOUNDCHARTS_CONFIG") and not config_path.is_file() and not file_may_be_absent:
        raise SettingsError(f"SOUNDCHARTS_CONFIG: there is no file {config_path}")
    return with_environment(_read_file(config_path), config_path, variables)


def with_environment(file: FileSettings, config_path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Complete the settings of a file with what comes from the environment.

    Args:
        file: What the file holds.
        config_path: Where it is.
        environment: Variables; those of the process where left out.

    Raises:
        SettingsError: A variable is wrong.
    """
    variables = os.environ if environment is None else environment
    warehouse_path, lake = read_warehouse(variables)
    return Settings(
        file=file,
        base_url=_url(variables, "SOUNDCHARTS_BASE_URL", VENDOR_URL),
        credentials=_credentials(variables),
        warehouse_path=warehouse_path,
        lake=lake,
        config_path=config_path,
        webhook=_webhook(variables),
        clock_shift_path=_clock_shift(variables),
        dashboard_path=_dashboard(variables, warehouse_path),
    )


def read_warehouse(
    variables: Mapping[str, str], name: str = "SOUNDCHARTS_WAREHOUSE"
) -> tuple[Path, LakeSettings | None]:
    """Read where the tables are: the path of a file, or `ducklake:postgres:` and how libpq reaches the catalogue.

    Args:
        variables: The environment.
        name: What errors call the setting.

    Raises:
        SettingsError: It is neither.
    """
    warehouse = variables.get("SOUNDCHARTS_WAREHOUSE") or "data/warehouse.duckdb"
    if warehouse.startswith("ducklake:"):
        return Path("data/lake"), _lake(warehouse.removeprefix("ducklake:"), variables, name)
    if warehouse.startswith(":") or re.match(r"\w\w+:", warehouse):
        raise SettingsError(f"{name}: the path of a file is wanted, or ducklake:postgres: with a database")
    path = Path(warehouse).expanduser()
    if path.name.lstrip(".").split(".")[0].lower() == "soundcharts":
        # DuckDB names the catalogue after the file, and a catalogue named like its schema makes every name ambiguous.
        raise SettingsError(f"{name}: the file must not be called soundcharts; its schema is")
    return path, None


def _lake(catalogue: str, variables: Mapping[str, str], name: str) -> LakeSettings:
    if not catalogue.startswith("postgres:") or not catalogue.removeprefix("postgres:").strip():
        raise SettingsError(f"{name}: the catalogue of a lake is in Postgres: ducklake:postgres:host=... dbname=...")
    database = catalogue.removeprefix("postgres:").strip()
    _check_dsn(database, name)
    files = (variables.get("SOUNDCHARTS_LAKE_PATH") or "").strip()
    if not files:
        raise SettingsError("SOUNDCHARTS_LAKE_PATH: not set; it names the folder of the lake's Parquet files")
    if files.startswith("s3://"):
        return LakeSettings(catalogue=SecretStr(database), files=files, storage=_storage(variables))
    if re.match(r"\w\w+://", files):
        raise SettingsError("SOUNDCHARTS_LAKE_PATH: a folder is wanted, or s3:// for a storage of that kind")
    # The catalogue keeps it, for processes that stand in other folders.
    return LakeSettings(catalogue=SecretStr(database), files=str(Path(files).expanduser().absolute()))


def _check_dsn(database: str, name: str) -> None:
    # Whoever has no lake does not wait for this import.
    from psycopg2 import ProgrammingError  # noqa: PLC0415
    from psycopg2.extensions import parse_dsn  # noqa: PLC0415

    try:
        known = parse_dsn(database)
    except ProgrammingError:
        # What libpq says of it may quote the password.
        known = {}
    if "dbname" not in known:
        raise SettingsError(f"{name}: libpq does not find a database in what follows ducklake:postgres:")


def _storage(variables: Mapping[str, str]) -> StorageSettings:
    def secret(name: str) -> SecretStr | None:
        return SecretStr(variables[name]) if variables.get(name) else None

    return StorageSettings(
        key_id=variables.get("AWS_ACCESS_KEY_ID") or None,
        secret=secret("AWS_SECRET_ACCESS_KEY"),
        session_token=secret("AWS_SESSION_TOKEN"),
        region=variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or None,
        endpoint=variables.get("AWS_ENDPOINT_URL") or None,
    )


def _webhook(variables: Mapping[str, str]) -> SecretStr | None:
    if not (variables.get("SOUNDCHARTS_WEBHOOK") or "").strip():
        return None
    return SecretStr(_url(variables, "SOUNDCHARTS_WEBHOOK", "https://example.com/hook", query=True))


def _dashboard(variables: Mapping[str, str], warehouse_path: Path) -> Path:
    named = (variables.get("SOUNDCHARTS_DASHBOARD") or "").strip()
    return Path(named).expanduser() if named else warehouse_path.with_name("dashboard.html")


def _clock_shift(variables: Mapping[str, str]) -> Path | None:
    path = variables.get("SOUNDCHARTS_CLOCK_SHIFT")
    if not path:
        return None
    if urlsplit(_url(variables, "SOUNDCHARTS_BASE_URL", VENDOR_URL)).hostname == urlsplit(VENDOR_URL).hostname:
        raise SettingsError("SOUNDCHARTS_CLOCK_SHIFT: only a sandbox has days of its own; unset it")
    return Path(path)


def _url(variables: Mapping[str, str], name: str, default: str, *, query: bool = False) -> str:
    value = (variables.get(name) or default).strip().rstrip("/")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or (parts.query and not query) or parts.fragment or not value.isprintable() or " " in value:
        raise SettingsError(f"{name}: an address such as {default} is wanted")
    if parts.username or parts.password:
        raise SettingsError(f"{name}: must not hold a user name or password; credentials have variables of their own")
    return value


def _credentials(variables: Mapping[str, str]) -> Credentials:
    def value(name: str) -> str | None:
        text = (variables.get(name) or "").strip()
        if not text.isascii() or not text.isprintable():
            raise SettingsError(f"{name}: holds a character that no credential has")
        return text or None

    pairs = (
        ("SOUNDCHARTS_APP_ID", "SOUNDCHARTS_API_KEY"),
        ("SOUNDCHARTS_CLIENT_ID", "SOUNDCHARTS_CLIENT_SECRET"),
    )
    for first, second in pairs:
        if bool(value(first)) != bool(value(second)):
            missing = second if value(first) else first
            raise SettingsError(f"{missing}: not set; {first} and {second} go together")
    api_key = value("SOUNDCHARTS_API_KEY")
    client_secret = value("SOUNDCHARTS_CLIENT_SECRET")
    return Credentials(
        app_id=value("SOUNDCHARTS_APP_ID"),
        api_key=SecretStr(api_key) if api_key else None,
        client_id=value("SOUNDCHARTS_CLIENT_ID"),
        client_secret=SecretStr(client_secret) if client_secret else None,
        token_url=_url(variables, "SOUNDCHARTS_TOKEN_URL", VENDOR_TOKEN_URL),
    )


def read_country(value: str) -> str:
    """Read a country that was named elsewhere than in the file: its code in capitals, '' for worldwide.

    Raises:
        SettingsError: It is none.
    """
    try:
        return _country(value)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def read_platform(value: str) -> str:
    """Read the code of a platform that was named elsewhere than in the file.

    Raises:
        SettingsError: It is none.
    """
    try:
        return _platform_code(value)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _read_file(path: Path) -> FileSettings:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return FileSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> FileSettings:
    """Check the text of a settings file, or of a file in which another Dagster project declares the component.

    Args:
        text: What the file holds, or would hold.
        path: Where it is, for messages.

    Raises:
        SettingsError: It is not YAML, or a value is wrong.
    """
    try:
        documents: list[Any] = list(YAML(typ="safe").load_all(text))
    except (YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not YAML: {_one_line(str(error))}") from error
    for document in documents:
        if isinstance(document, dict) and document.get("type") == COMPONENT:
            return check_settings(document.get(ATTRIBUTES), path, ATTRIBUTES)
    if len(documents) > 1:
        raise SettingsError(f"{path}: not YAML: one document is wanted, or one of type {COMPONENT}")
    return check_settings(documents[0] if documents else None, path)


def check_settings(content: Any, path: Path, *below: str) -> FileSettings:
    """Check what a settings file holds.

    Args:
        content: Its keys and their values; None for nothing.
        path: Where it is, for messages.
        below: The keys below which it stands, for messages.

    Raises:
        SettingsError: A value is wrong. The message has a line for each, with file, key and reason.
    """
    if content is None:
        return FileSettings()
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: keys such as charts: are wanted, not a {type(content).__name__}")
    try:
        return FileSettings.model_validate(content)
    except ValidationError as error:
        # The chain is cut: pydantic's own error prints what it was given, which may be a secret in the wrong place.
        mistakes = [_describe(detail, below) for detail in error.errors()]
        raise SettingsError("\n".join(f"{path}: {mistake}" for mistake in mistakes)) from None


def _describe(detail: Any, below: tuple[str, ...]) -> str:
    key = ""
    for found in (*below, *detail["loc"]):
        part = found if isinstance(found, int) or str(found).isprintable() else repr(found)
        key += f"[{part}]" if isinstance(part, int) else f"{'.' if key else ''}{part}"
    reason = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        reason = "no such setting"
    return f"{key}: {reason}" if key else reason


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
