"""What comes from variables of the environment: addresses, credentials, paths.

Each function reads one from the variables that it is given, and raises SettingsError where it is wrong. Where the
tables are, which comes from there too, is in `location`.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.location import own_path
from soundcharts_assets.settings.strict import Strict

VENDOR_URL = "https://customer.api.soundcharts.com"
VENDOR_TOKEN_URL = "https://account.soundcharts.com/oauth/token"  # noqa: S105 - an address, not a token
USUAL_PAGE = "dashboard.html"
"""Name of the page for people, where nothing else is said."""


class Credentials(Strict):
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


def read_base_url(variables: Mapping[str, str]) -> str:
    """Read where calls go to: Soundcharts itself, where nothing else is said."""
    return _url(variables, "SOUNDCHARTS_BASE_URL", VENDOR_URL)


def is_vendor(url: str) -> bool:
    """Whether an address is Soundcharts' own, where calls cost money."""
    return urlsplit(url).hostname == urlsplit(VENDOR_URL).hostname


def read_credentials(variables: Mapping[str, str]) -> Credentials:
    """Read how Soundcharts lets the program in; nothing where it is not said."""

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


def read_webhook(variables: Mapping[str, str]) -> SecretStr | None:
    """Read where alerts are posted to, None for nowhere."""
    if not (variables.get("SOUNDCHARTS_WEBHOOK") or "").strip():
        return None
    return SecretStr(_url(variables, "SOUNDCHARTS_WEBHOOK", "https://example.com/hook", query=True))


def read_dashboard_path(variables: Mapping[str, str], warehouse_path: Path) -> Path:
    """Read where the page for people is written: beside the warehouse, where nothing else is said."""
    named = (variables.get("SOUNDCHARTS_DASHBOARD") or "").strip()
    return own_path(named, "SOUNDCHARTS_DASHBOARD") if named else warehouse_path.with_name(USUAL_PAGE)


def read_clock_shift_path(variables: Mapping[str, str]) -> Path | None:
    """Read where a sandbox says how far its days are ahead, None for nowhere; the vendor's host has no such days."""
    path = variables.get("SOUNDCHARTS_CLOCK_SHIFT")
    if not path:
        return None
    if is_vendor(read_base_url(variables)):
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
