"""From settings to a client: the one place where the settings file meets the API package, which does not know it."""

from collections.abc import Callable
from datetime import datetime

from soundcharts_assets.api.auth import ApplicationKey, ClientCredentials, Scheme
from soundcharts_assets.api.call_log import CallLog
from soundcharts_assets.api.client import Client, ClientOptions
from soundcharts_assets.settings import Settings, SettingsError


def connect(settings: Settings, calls: CallLog, clock: Callable[[], datetime]) -> Client:
    """Make the client that the settings describe; nothing is sent yet.

    Raises:
        SettingsError: There are no credentials.
    """
    options = settings.file.api
    return Client(
        ClientOptions(
            base_url=settings.base_url,
            calls_per_minute=options.calls_per_minute,
            workers=options.workers,
            attempts=options.attempts,
            connect_timeout_seconds=options.connect_timeout_seconds,
            read_timeout_seconds=options.read_timeout_seconds,
            backoff_seconds=options.backoff_seconds,
        ),
        _scheme(settings),
        calls,
        clock=clock,
    )


def _scheme(settings: Settings) -> Scheme:
    pairs = settings.credentials
    if pairs.client_id and pairs.client_secret:
        timeout = (settings.file.api.connect_timeout_seconds, settings.file.api.read_timeout_seconds)
        return ClientCredentials(
            pairs.client_id, pairs.client_secret.get_secret_value(), pairs.token_url, timeout=timeout
        )  # fmt: skip
    if pairs.app_id and pairs.api_key:
        return ApplicationKey(pairs.app_id, pairs.api_key.get_secret_value())
    raise SettingsError(
        "no credentials: set SOUNDCHARTS_APP_ID and SOUNDCHARTS_API_KEY, "
        "or SOUNDCHARTS_CLIENT_ID and SOUNDCHARTS_CLIENT_SECRET",
    )
