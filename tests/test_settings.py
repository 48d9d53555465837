"""What the user decides is read once, and every mistake is told with file or variable, key and reason."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from soundcharts_assets.following import follow
from soundcharts_assets.settings.charts import ChartSelector, ChartSettings
from soundcharts_assets.settings.environment import Credentials
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.settings.reading import Settings, load_settings
from soundcharts_assets.settings.values import (
    ARTIST_AUDIENCE_PLATFORMS,
    ARTIST_LISTENING_PLATFORMS,
    TRACK_AUDIENCE_PLATFORMS,
)

SECRET = "s-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
KEY = "k-1a2b3c4d5e6f708192a3b4c5d6e7f809"
LEGACY = {"SOUNDCHARTS_APP_ID": "our-app", "SOUNDCHARTS_API_KEY": KEY}
OAUTH = {"SOUNDCHARTS_CLIENT_ID": "our-client", "SOUNDCHARTS_CLIENT_SECRET": SECRET}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file is; each test writes its own."""
    return tmp_path_factory.mktemp("settings") / "soundcharts.yaml"


@pytest.fixture
def load(config: Path) -> Callable[..., Settings]:
    """Read a file of this text, in an environment of these variables and no others."""

    def read(text: str, **environment: str) -> Settings:
        config.write_text(text, encoding="utf-8")
        return load_settings({"SOUNDCHARTS_CONFIG": str(config), **environment})

    return read


@pytest.fixture
def mistake(load: Callable[..., Settings]) -> Callable[..., str]:
    """What is said about a mistake."""

    def read(text: str = "", **environment: str) -> str:
        with pytest.raises(SettingsError) as caught:
            load(text, **environment)
        return str(caught.value)

    return read


# Defaults.


def test_nothing_needs_to_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert settings.file == FileSettings()
    assert settings.base_url == "https://customer.api.soundcharts.com"
    assert settings.credentials == Credentials()
    assert settings.credentials.token_url == "https://account.soundcharts.com/oauth/token"
    assert not settings.credentials.present
    assert settings.warehouse_path == Path("data/warehouse.duckdb")
    assert settings.config_path == Path("soundcharts.yaml")


def test_the_file_of_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "soundcharts.yaml").write_text("charts: [{slug: global-28}]", encoding="utf-8")
    assert follow(load_settings({}).file).follows("global-28")


def test_the_environment_of_the_process_counts_where_none_is_given(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("history_days: 9", encoding="utf-8")
    monkeypatch.setenv("SOUNDCHARTS_CONFIG", str(config))
    monkeypatch.setenv("SOUNDCHARTS_BASE_URL", "http://127.0.0.1:8028")
    assert load_settings().file.history_days == 9
    assert load_settings().base_url == "http://127.0.0.1:8028"


def test_the_defaults_are_those_that_are_promised() -> None:
    defaults = FileSettings()
    assert defaults.charts == ()
    assert defaults.history_days == 0
    assert defaults.owners == ("team:soundcharts",)
    assert defaults.code_url is None
    assert defaults.platforms.track_audience == ("spotify", "youtube", "shazam", "airplay")
    assert defaults.platforms.artist_audience == ("spotify", "youtube", "instagram", "tiktok")
    assert defaults.platforms.artist_listening == ("spotify", "youtube")
    assert defaults.freshness.metadata_window.warn == timedelta(days=27)
    assert defaults.freshness.metadata_window.fail == timedelta(days=30)
    assert defaults.freshness.audience_window.warn == timedelta(hours=20)
    assert defaults.freshness.audience_window.fail == timedelta(hours=24)
    assert defaults.api.calls_per_minute == 4_800
    assert (defaults.api.versions.ranking, defaults.api.versions.song, defaults.api.versions.artist) == (
        "v2.14",
        "v2.25",
        "v2.9",
    )


@pytest.mark.parametrize("text", ["", "# nothing", "---", "null", "{}"])
def test_an_empty_file_is_all_defaults(load: Callable[..., Settings], text: str) -> None:
    assert load(text).file == FileSettings()


def test_an_empty_variable_is_one_that_is_not_set(load: Callable[..., Settings]) -> None:
    names = ("BASE_URL", "APP_ID", "API_KEY", "CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL", "WAREHOUSE")
    settings = load("", **{f"SOUNDCHARTS_{name}": "" for name in names})
    assert settings.credentials == Credentials()
    assert settings.base_url == "https://customer.api.soundcharts.com"
    assert settings.warehouse_path == Path("data/warehouse.duckdb")


def test_the_file_of_the_project_and_that_of_the_sandbox_are_sound() -> None:
    root = Path(__file__).resolve().parents[1]
    assert follow(load_settings({"SOUNDCHARTS_CONFIG": str(root / "soundcharts.yaml")}).file).follows("global-28")
    assert load_settings({"SOUNDCHARTS_CONFIG": str(root / "data" / "sandbox" / "soundcharts.yaml")}).file.charts


# What is set is what holds.


def test_every_setting_of_the_file_is_taken(load: Callable[..., Settings]) -> None:
    file = load(
        """
        charts:
          - slug: global-28
          - {slug: top-200-52, cascade: false, history_days: 7}
        history_days: 30
        platforms: {track_audience: [shazam], artist_audience: [], artist_listening: [lastfm, spotify]}
        freshness:
          metadata: {warn_days: 1.5, fail_days: 2}
          audience: {warn_hours: 6, fail_hours: 6}
        audience: {history_days: 60, overlap_days: 0, airplay_history_days: 7, charted_within_days: 14}
        api:
          calls_per_minute: 60
          polls_per_minute: 6
          workers: 2
          batch_size: 10
          attempts: 1
          connect_timeout_seconds: 0.5
          read_timeout_seconds: 60
          backoff_seconds: 0
          versions: {ranking: v2.15, song: v2.30, artist: v3}
        warehouse:
          memory_limit: 512MB
          lock_timeout_seconds: 0
          keep_snapshots_days: 30
          batch_rows: 100
          batch_seconds: 0.5
        owners: [ana@example.com, "team:A&R of the label"]
        code_url: https://github.com/example/warehouse/tree/main/
        """
    ).file
    assert file.charts == (
        ChartSettings(slug="global-28", cascade=True, history_days=None),
        ChartSettings(slug="top-200-52", cascade=False, history_days=7),
    )
    assert file.history_days == 30
    assert file.owners == ("ana@example.com", "team:A&R of the label")
    assert file.code_url == "https://github.com/example/warehouse/tree/main"
    assert file.platforms.model_dump() == {
        "track_audience": ("shazam",),
        "artist_audience": (),
        "artist_listening": ("lastfm", "spotify"),
    }
    assert file.freshness.metadata_window.warn == timedelta(hours=36)
    assert file.freshness.audience_window.warn == file.freshness.audience_window.fail == timedelta(hours=6)
    assert file.audience.model_dump() == {
        "history_days": 60,
        "overlap_days": 0,
        "airplay_history_days": 7,
        "charted_within_days": 14,
    }
    assert file.api.model_dump() == {
        "calls_per_minute": 60,
        "polls_per_minute": 6,
        "workers": 2,
        "batch_size": 10,
        "attempts": 1,
        "connect_timeout_seconds": 0.5,
        "read_timeout_seconds": 60,
        "backoff_seconds": 0,
        "versions": {"ranking": "v2.15", "song": "v2.30", "artist": "v3"},
    }
    assert file.warehouse.model_dump() == {
        "memory_limit": "512MB",
        "lock_timeout_seconds": 0,
        "keep_snapshots_days": 30,
        "batch_rows": 100,
        "batch_seconds": 0.5,
    }


def test_the_environment_is_taken(load: Callable[..., Settings], tmp_path: Path) -> None:
    settings = load(
        "",
        SOUNDCHARTS_BASE_URL=" http://127.0.0.1:8028/ ",
        SOUNDCHARTS_TOKEN_URL="http://127.0.0.1:8028/oauth/token",
        SOUNDCHARTS_WAREHOUSE=str(tmp_path / "ours.duckdb"),
        **LEGACY,
        **OAUTH,
    )
    assert settings.base_url == "http://127.0.0.1:8028"
    assert settings.warehouse_path == tmp_path / "ours.duckdb"
    credentials = settings.credentials
    assert (credentials.app_id, credentials.client_id) == ("our-app", "our-client")
    assert credentials.api_key is not None
    assert credentials.api_key.get_secret_value() == KEY
    assert credentials.client_secret is not None
    assert credentials.client_secret.get_secret_value() == SECRET
    assert credentials.token_url == "http://127.0.0.1:8028/oauth/token"


@pytest.mark.parametrize(("pair", "present"), [({}, False), (LEGACY, True), (OAUTH, True), (LEGACY | OAUTH, True)])
def test_one_whole_pair_of_credentials_is_enough(
    load: Callable[..., Settings],
    pair: dict[str, str],
    present: bool,  # noqa: FBT001
) -> None:
    assert load("", **pair).credentials.present is present


def test_blanks_around_credentials_are_taken_off(load: Callable[..., Settings]) -> None:
    credentials = load("", SOUNDCHARTS_APP_ID=" our-app\n", SOUNDCHARTS_API_KEY=f"\t{KEY} ").credentials
    assert credentials.app_id == "our-app"
    assert credentials.api_key is not None
    assert credentials.api_key.get_secret_value() == KEY


def test_settings_cannot_be_changed(load: Callable[..., Settings]) -> None:
    settings = load("")
    with pytest.raises(ValidationError):
        settings.base_url = "http://elsewhere"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.file.history_days = 7  # type: ignore[misc]


@pytest.mark.parametrize(
    ("asset", "platforms"),
    [
        ("track_audience", TRACK_AUDIENCE_PLATFORMS),
        ("artist_audience", ARTIST_AUDIENCE_PLATFORMS),
        ("artist_listening", ARTIST_LISTENING_PLATFORMS),
    ],
)
def test_every_known_platform_may_be_asked_for(
    load: Callable[..., Settings], asset: str, platforms: tuple[str, ...]
) -> None:
    file = load(f"platforms: {{{asset}: [{', '.join(platforms)}]}}").file
    assert getattr(file.platforms, asset) == platforms


# Charts.


def test_a_chart_is_followed_where_the_file_names_it(load: Callable[..., Settings]) -> None:
    settings = load("charts: [{slug: global-28}, {slug: top-200-52, cascade: false}]")
    assert follow(settings.file).follows("global-28")
    assert follow(settings.file).follows("top-200-52")
    assert not follow(settings.file).follows("global-2")
    assert not follow(settings.file).follows("Global-28")
    assert not follow(settings.file).follows("")
    assert not follow(load("").file).follows("global-28")


def test_a_chart_that_is_not_followed_gets_the_defaults(load: Callable[..., Settings]) -> None:
    settings = load("charts: [{slug: top-200-52, cascade: false, history_days: 7}]")
    assert follow(settings.file).chart("top-200-52") == ChartSettings(slug="top-200-52", cascade=False, history_days=7)
    assert follow(settings.file).chart("global-28") == ChartSettings(slug="global-28")


@pytest.mark.parametrize(
    ("general", "own", "wanted"),
    [(0, None, 0), (30, None, 30), (30, 7, 7), (30, 0, 0), (0, 7, 7), (7, 36_500, 36_500)],
)
def test_a_charts_own_history_counts_before_the_general_one(
    load: Callable[..., Settings], general: int, own: int | None, wanted: int
) -> None:
    mine = "" if own is None else f", history_days: {own}"
    settings = load(f"history_days: {general}\ncharts: [{{slug: global-28{mine}}}]")
    assert follow(settings.file).history_days("global-28") == wanted
    assert follow(settings.file).history_days("not-followed") == general


@pytest.mark.parametrize("slug", ["global-28", "a/b", "100%", "top songs", "ÄÖÜ", "'quoted'", "28"])
def test_a_slug_may_be_whatever_soundcharts_calls_it(load: Callable[..., Settings], slug: str) -> None:
    assert follow(load(f'charts: [{{slug: "{slug}"}}]').file).follows(slug)


# Selectors.


def test_charts_may_be_selected_by_what_they_are(load: Callable[..., Settings]) -> None:
    file = load(
        """
        charts:
          - global-28
          - {platform: spotify, countries: [us, Gb, NO, Worldwide], name: "Top*", frequency: daily}
          - slug: viral-50-40
          - platform: apple-music
            cascade: false
            history_days: 7
        """
    ).file
    assert [chart.slug for chart in file.named_charts] == ["global-28", "viral-50-40"]
    assert file.selectors == (
        ChartSelector(platform="spotify", countries=("US", "GB", "NO", "worldwide"), name="Top*", frequency="daily"),
        ChartSelector(platform="apple-music", cascade=False, history_days=7),
    )
    assert file.selectors[0].countries == ("US", "GB", "NO", "")
    assert file.selectors[1].countries is None
    assert [str(selector) for selector in file.selectors] == [
        "spotify, US GB NO worldwide, Top*, daily",
        "apple-music",
    ]
    assert file.charts == (file.named_charts[0], file.selectors[0], file.named_charts[1], file.selectors[1])


# Mistakes in the file.


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("chart: []", "chart", "no such setting"),
        ("api: {worker: 3}", "api.worker", "no such setting"),
        ("api: {versions: {album: v2}}", "api.versions.album", "no such setting"),
        ("charts: [{slug: a}, {slug: b, cascades: true}]", "charts[1].cascades", "no such setting"),
        ("app_id: x", "app_id", "no such setting"),
        ("charts: [{cascade: true}]", "charts[0]", "neither slug nor platform"),
        ("charts: [a, {countries: [US]}]", "charts[1]", "neither slug nor platform"),
        ("charts: [{slug: a, platform: spotify}]", "charts[0]", "both slug and platform"),
        ("charts: [a, {platform: spotify, country: US}]", "charts[1].country", "no such setting"),
        ("charts: [{slug: a, countries: [US]}]", "charts[0].countries", "no such setting"),
        ("charts: [{platform: Spotify}]", "charts[0].platform", "codes are written like spotify"),
        ("charts: [{platform: a/b}]", "charts[0].platform", "codes are written like spotify"),
        ("charts: [{platform: [spotify]}]", "charts[0].platform", "valid string"),
        ("charts: [{platform: spotify, countries: US}]", "charts[0].countries", "a list such as [a, b] is wanted"),
        ("charts: [{platform: spotify, countries: []}]", "charts[0].countries", "none is named"),
        ("charts: [{platform: spotify, countries: [US, USA]}]", "charts[0].countries[1]", "'USA' is no country"),
        ('charts: [{platform: spotify, countries: [""]}]', "charts[0].countries[0]", "or worldwide"),
        ("charts: [{platform: spotify, countries: [US, us]}]", "charts[0].countries", "named twice: US"),
        ('charts: [{platform: spotify, name: ""}]', "charts[0].name", "at least 1 character"),
        ('charts: [{platform: spotify, frequency: ""}]', "charts[0].frequency", "at least 1 character"),
        ("charts: [{platform: spotify, cascade: maybe}]", "charts[0].cascade", "valid boolean"),
        ("charts: [{platform: spotify, history_days: -1}]", "charts[0].history_days", "greater than or equal to 0"),
        ("charts: [{slug: 28}]", "charts[0].slug", "valid string"),
        ('charts: [{slug: ""}]', "charts[0].slug", "such as global-28"),
        ('charts: [{slug: " global-28"}]', "charts[0].slug", "such as global-28"),
        ('charts: [{slug: "global\\n28"}]', "charts[0].slug", "such as global-28"),
        ('charts: [{slug: "a\\0"}]', "charts[0].slug", "such as global-28"),
        ("charts: [{slug: a, cascade: maybe}]", "charts[0].cascade", "valid boolean"),
        ("charts: [{slug: a, history_days: -1}]", "charts[0].history_days", "greater than or equal to 0"),
        ("charts: [{slug: a}, {slug: b}, {slug: a, cascade: false}]", "charts", "named twice: a"),
        ("charts: [7]", "charts[0]", "a chart's slug is wanted, or keys such as slug: or platform:"),
        ("charts: [[a]]", "charts[0]", "a chart's slug is wanted, or keys such as slug: or platform:"),
        ("charts: global-28", "charts", "a list such as [a, b] is wanted"),
        ("charts: {slug: global-28}", "charts", "a list such as [a, b] is wanted"),
        ("history_days: many", "history_days", "valid integer"),
        ("history_days: true", "history_days", "something else than true is wanted"),
        ("budget: {daily: true}", "budget.daily", "something else than true is wanted"),
        ("history_days: 1.5", "history_days", "valid integer"),
        ("history_days: [1]", "history_days", "valid integer"),
        ("history_days: -1", "history_days", "greater than or equal to 0"),
        ("history_days: 36501", "history_days", "less than or equal to 36500"),
        ("platforms: {track_audience: [spotify, myspace]}", "platforms.track_audience[1]", "'myspace' has no audience"),
        ("platforms: {track_audience: [Spotify]}", "platforms.track_audience[0]", "known are spotify, youtube"),
        ("platforms: {artist_audience: [shazam]}", "platforms.artist_audience[0]", "'shazam' has no audience"),
        ("platforms: {artist_listening: [tiktok]}", "platforms.artist_listening[0]", "'tiktok' has no listening"),
        ("platforms: {track_audience: [spotify, spotify]}", "platforms.track_audience", "named twice: spotify"),
        ("platforms: {track_audience: spotify}", "platforms.track_audience", "a list such as [a, b] is wanted"),
        ("platforms: [spotify]", "platforms", "keys with values are wanted below it"),
        ("budget:", "budget", "leave it out for the defaults"),
        ("freshness: {metadata: {warn_days: 31}}", "freshness.metadata", "warn_days must not exceed fail_days"),
        ("freshness: {metadata: {fail_days: 26}}", "freshness.metadata", "warn_days must not exceed fail_days"),
        ("freshness: {audience: {warn_hours: 24.5}}", "freshness.audience", "warn_hours must not exceed fail_hours"),
        ("freshness: {audience: {warn_hours: 0}}", "freshness.audience.warn_hours", "greater than 0"),
        ("freshness: {audience: {fail_hours: .nan}}", "freshness.audience.fail_hours", "less than or equal to"),
        ("audience: {history_days: 0}", "audience.history_days", "greater than or equal to 1"),
        ("audience: {overlap_days: 31}", "audience.overlap_days", "less than or equal to 30"),
        ("audience: {airplay_history_days: 0}", "audience.airplay_history_days", "greater than or equal to 1"),
        ("api: {calls_per_minute: 0}", "api.calls_per_minute", "greater than or equal to 1"),
        ("api: {workers: 129}", "api.workers", "less than or equal to 128"),
        ("api: {batch_size: 101}", "api.batch_size", "less than or equal to 100"),
        ("api: {attempts: 0}", "api.attempts", "greater than or equal to 1"),
        ("api: {connect_timeout_seconds: 0}", "api.connect_timeout_seconds", "greater than 0"),
        ("api: {read_timeout_seconds: .inf}", "api.read_timeout_seconds", "less than or equal to 600"),
        ("api: {backoff_seconds: -0.1}", "api.backoff_seconds", "greater than or equal to 0"),
        ("api: {versions: {song: 2.25}}", "api.versions.song", "valid string"),
        ("warehouse: {memory_limit: lots}", "warehouse.memory_limit", "match pattern"),
        ("warehouse: {memory_limit: 1}", "warehouse.memory_limit", "valid string"),
        ("warehouse: {batch_rows: 0}", "warehouse.batch_rows", "greater than or equal to 1"),
        ("warehouse: {batch_seconds: 0}", "warehouse.batch_seconds", "greater than 0"),
        ("warehouse: {lock_timeout_seconds: -1}", "warehouse.lock_timeout_seconds", "greater than or equal to 0"),
        ("owners: [ana]", "owners[0]", "'ana' is no owner; an e-mail address is wanted, or team:"),
        ("owners: [team:a, ana@localhost]", "owners[1]", "'ana@localhost' is no owner"),
        ("owners: ['team:']", "owners[0]", "'team:' is no owner"),
        ("owners: ['team: ']", "owners[0]", "'team: ' is no owner"),
        ('owners: ["team:a\\n"]', "owners[0]", "is no owner"),
        ("owners: [team:a, team:a]", "owners", "named twice: team:a"),
        ("owners: []", "owners", "nobody is named"),
        ("owners: team:a", "owners", "a list such as [a, b] is wanted"),
        ("code_url: github.com/example/warehouse", "code_url", "such as https://github.com/"),
        ("code_url: https://ana:secret@github.com/a/b", "code_url", "such as https://github.com/"),
        ("code_url: https://github.com/a/b?ref=main", "code_url", "such as https://github.com/"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_file_key_and_reason(
    mistake: Callable[..., str], config: Path, text: str, key: str, reason: str
) -> None:
    said = mistake(text)
    assert said.startswith(f"{config}: {key}: ")
    assert reason in said
    assert "\n" not in said


def test_every_mistake_is_told_at_once(mistake: Callable[..., str], config: Path) -> None:
    said = mistake("api: {workers: 0, tries: 3}\nhistory_days: -1\nfreshness: {audience: {warn_hours: 99}}")
    lines = said.splitlines()
    assert len(lines) == 4
    for key in ("api.workers", "api.tries", "history_days", "freshness.audience"):
        assert any(line.startswith(f"{config}: {key}: ") for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "charts: [",
        "charts: 'global",
        "a: b: c",
        "\tcharts: []",
        "charts: []\ncharts: []",
        "charts: []\n---\ncharts: []",
        "charts: !!python/object/apply:os.getcwd []",
        "charts: *nowhere",
        "charts: \x00",
    ],
)
def test_a_file_that_is_not_yaml_is_told_in_one_line(mistake: Callable[..., str], config: Path, text: str) -> None:
    said = mistake(text)
    assert said.startswith(f"{config}: not YAML: ")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "kind"), [("- slug: global-28", "list"), ("global-28", "str"), ("28", "int"), ("true", "bool")]
)
def test_a_file_without_keys_is_told_which_keys_are_wanted(
    mistake: Callable[..., str], config: Path, text: str, kind: str
) -> None:
    assert mistake(text) == f"{config}: keys such as charts: are wanted, not a {kind}"


def test_a_file_that_is_not_utf_8_is_told(config: Path) -> None:
    config.write_bytes("charts: [{slug: für}]".encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load_settings({"SOUNDCHARTS_CONFIG": str(config)})
    assert str(caught.value).startswith(f"{config}: cannot be read: ")


def test_a_folder_in_place_of_the_default_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "soundcharts.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"^soundcharts\.yaml: cannot be read: "):
        load_settings({})


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "ours.yaml"
    with pytest.raises(SettingsError) as caught:
        load_settings({"SOUNDCHARTS_CONFIG": str(missing)})
    assert str(caught.value) == f"SOUNDCHARTS_CONFIG: there is no file {missing}"


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=5,
)


@hypothesis.settings(deadline=None, max_examples=60)
@given(
    key=st.sampled_from(sorted(FileSettings.model_fields)),
    below=st.sampled_from(["", "slug", "metadata", "track_audience", "workers", "versions", "memory_limit"]),
    value=_ODD,
)
def test_whatever_stands_under_a_key_is_taken_or_told_by_that_key(
    config: Path, key: str, below: str, value: Any
) -> None:
    # JSON is YAML, too.
    config.write_text(json.dumps({key: {below: value} if below else value}), encoding="utf-8")
    try:
        taken = load_settings({"SOUNDCHARTS_CONFIG": str(config)})
    except SettingsError as error:
        assert all(line.startswith(f"{config}: {key}") for line in str(error).splitlines())  # noqa: PT017 - or
    else:
        assert taken.file.model_fields_set == {key}


# Mistakes in the environment.


@pytest.mark.parametrize("name", ["SOUNDCHARTS_BASE_URL", "SOUNDCHARTS_TOKEN_URL"])
@pytest.mark.parametrize(
    "url", ["customer.api.soundcharts.com", "ftp://host", "https://", "http:///path", "//host", "file:///etc/passwd"]
)
def test_a_bad_address_is_told_with_its_variable(mistake: Callable[..., str], name: str, url: str) -> None:
    said = mistake(**{name: url})
    assert said.startswith(f"{name}: an address such as https://")


@pytest.mark.parametrize("name", ["SOUNDCHARTS_BASE_URL", "SOUNDCHARTS_TOKEN_URL"])
@pytest.mark.parametrize("userinfo", [f"user:{SECRET}", f":{SECRET}", SECRET])
def test_an_address_with_a_password_is_told_without_the_password(
    mistake: Callable[..., str], name: str, userinfo: str
) -> None:
    said = mistake(**{name: f"https://{userinfo}@host"})
    assert said.startswith(f"{name}: must not hold a user name or password")
    assert SECRET not in said


@pytest.mark.parametrize("missing", [*LEGACY, *OAUTH])
def test_half_a_pair_of_credentials_is_told_with_the_missing_half(mistake: Callable[..., str], missing: str) -> None:
    whole = LEGACY if missing in LEGACY else OAUTH
    (other,) = whole.keys() - {missing}
    for blank in ({}, {missing: ""}, {missing: "  "}):
        said = mistake(**{other: whole[other]}, **blank)
        assert said.startswith(f"{missing}: not set; ")
        assert other in said
        assert KEY not in said
        assert SECRET not in said


@pytest.mark.parametrize("name", [*LEGACY, *OAUTH])
@pytest.mark.parametrize("odd", ["ü", "\n", "\x00", "\u200b", "“"])
def test_a_credential_that_cannot_be_one_is_told_without_showing_it(
    mistake: Callable[..., str], name: str, odd: str
) -> None:
    said = mistake(**(LEGACY | OAUTH | {name: f"{SECRET}{odd}{KEY}"}))
    assert said == f"{name}: holds a character that no credential has"


@pytest.mark.parametrize("path", ["soundcharts.duckdb", "data/soundcharts.duckdb", "soundcharts", "soundcharts.db"])
def test_a_warehouse_that_is_named_like_its_schema_is_told(mistake: Callable[..., str], path: str) -> None:
    assert mistake(SOUNDCHARTS_WAREHOUSE=path).startswith("SOUNDCHARTS_WAREHOUSE: the file must not be called soundch")


@pytest.mark.parametrize("path", ["soundcharts/warehouse.duckdb", "my-soundcharts.duckdb", "soundcharts2.duckdb"])
def test_a_warehouse_may_be_named_nearly_so(load: Callable[..., Settings], path: str) -> None:
    assert load("", SOUNDCHARTS_WAREHOUSE=path).warehouse_path == Path(path)


LAKE = {"SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:host=db dbname=lake password=s3cret"}


def test_a_lake_is_a_catalogue_in_postgres_and_a_folder_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({**LAKE, "SOUNDCHARTS_LAKE_PATH": "files"})

    assert settings.lake is not None
    assert settings.lake.catalogue.get_secret_value() == "host=db dbname=lake password=s3cret"
    assert settings.lake.files == str(tmp_path / "files")
    assert "s3cret" not in repr(settings)


def test_files_of_a_lake_may_be_in_an_object_storage() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_DEFAULT_REGION": "eu-west-1"}
    settings = load_settings({**LAKE, **keys, "SOUNDCHARTS_LAKE_PATH": "s3://bucket/lake"})

    assert settings.lake is not None
    assert settings.lake.files == "s3://bucket/lake"
    assert settings.lake.storage is not None
    assert settings.lake.storage.region == "eu-west-1"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (LAKE, "SOUNDCHARTS_LAKE_PATH: not set"),
        ({"SOUNDCHARTS_WAREHOUSE": "ducklake:metadata.ducklake"}, "catalogue of a lake is in Postgres"),
        ({"SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:"}, "catalogue of a lake is in Postgres"),
        ({"SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:dbname"}, "libpq does not find a database"),
        ({"SOUNDCHARTS_WAREHOUSE": "ducklake:postgres:host=db password=s3cret"}, "libpq does not find a database"),
        ({**LAKE, "SOUNDCHARTS_LAKE_PATH": "gs://bucket/lake"}, "a folder is wanted, or s3://"),
        ({"SOUNDCHARTS_WAREHOUSE": "md:lake"}, "the path of a file is wanted, or ducklake:postgres:"),
    ],
)
def test_what_is_no_place_for_a_warehouse_is_refused(environment: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_settings(environment)


# Secrets.


def test_settings_do_not_show_their_secrets(load: Callable[..., Settings]) -> None:
    settings = load("charts: [{slug: global-28}]", **LEGACY, **OAUTH)
    shown = [repr(settings), str(settings), repr(settings.credentials), str(settings.credentials.api_key)]
    shown += [settings.model_dump_json(), repr(settings.model_dump())]
    assert "our-app" in shown[0]
    for text in shown:
        assert KEY not in text
        assert SECRET not in text


def test_a_key_that_was_put_into_the_file_is_told_without_showing_it(mistake: Callable[..., str], config: Path) -> None:
    said = mistake(f"app_id: our-app\napi_key: {KEY}\napi: {{client_secret: {SECRET}}}")
    assert said.splitlines() == [
        f"{config}: api.client_secret: no such setting",
        f"{config}: app_id: no such setting",
        f"{config}: api_key: no such setting",
    ]


def test_a_plain_slug_stands_for_a_chart_and_an_empty_key_for_none(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("charts:\n  - global-28\n  - slug: viral-50-40\n", encoding="utf-8")
    named = load_settings({"SOUNDCHARTS_CONFIG": str(file)}).file.named_charts
    assert [(chart.slug, chart.cascade) for chart in named] == [("global-28", True), ("viral-50-40", True)]
    file.write_text("charts:\n  # - global-28\n", encoding="utf-8")
    assert load_settings({"SOUNDCHARTS_CONFIG": str(file)}).file.charts == ()


@pytest.mark.parametrize(
    "name", ["Soundcharts.duckdb", "soundcharts.v2.duckdb", ".soundcharts", ":memory:", "md:x", ".", "/"]
)
def test_a_warehouse_that_would_be_ambiguous_or_lost_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="SOUNDCHARTS_WAREHOUSE"):
        load_settings({"SOUNDCHARTS_WAREHOUSE": name})


@pytest.mark.parametrize("name", ["SOUNDCHARTS_WAREHOUSE", "SOUNDCHARTS_DASHBOARD"])
def test_somebody_elses_folder_must_be_there(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: ~nobody-here/file: nobody's own folder is called so"):
        load_settings({name: "~nobody-here/file"})


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://h:abc", "http://h:99999", "http://exa mple", "https://h?x=1", "https://h#f"]
)
def test_an_address_that_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="SOUNDCHARTS_BASE_URL"):
        load_settings({"SOUNDCHARTS_BASE_URL": url})
