"""From settings to a client and to a warehouse: where the settings meet the packages that do not know them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from soundcharts_assets.api.auth import ApplicationKey, ClientCredentials, Scheme
from soundcharts_assets.api.call_log import CallLog
from soundcharts_assets.api.client import Client, ClientOptions
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.file import WarehouseSettings
from soundcharts_assets.settings.location import LakeSettings, StorageSettings
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.connection import Warehouse


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


def warehouse_at(
    path: Path,
    lake: LakeSettings | None,
    options: WarehouseSettings,
    *,
    lock_timeout_seconds: float | None = None,
) -> Warehouse:
    """Make the warehouse that settings describe; nothing is opened yet.

    Args:
        path: The file, or what a lake keeps things beside.
        lake: Where the lake is, if it is one.
        options: How it is used.
        lock_timeout_seconds: How long to wait for whoever holds it, where the options' bound is too long.
    """
    bound = options.lock_timeout_seconds if lock_timeout_seconds is None else lock_timeout_seconds
    if lake is None:
        return Warehouse(path, memory_limit=options.memory_limit, lock_timeout_seconds=bound)
    # Whoever has no lake need not have what it takes.
    from soundcharts_assets.warehouse.lake import Lake  # noqa: PLC0415

    return Lake(
        lake.catalogue.get_secret_value(),
        lake.files,
        storage=_storage(lake.storage),
        beside=path,
        memory_limit=options.memory_limit,
        lock_timeout_seconds=bound,
    )


def _storage(storage: StorageSettings | None) -> dict[str, str]:
    """Put what is known of a storage into the words of DuckDB's secrets."""
    if storage is None:
        return {}
    address = urlsplit(storage.endpoint or "")
    known = {
        "KEY_ID": storage.key_id,
        "SECRET": storage.secret and storage.secret.get_secret_value(),
        "SESSION_TOKEN": storage.session_token and storage.session_token.get_secret_value(),
        "REGION": storage.region,
        # Others than Amazon have no names for buckets, only paths.
        **({"ENDPOINT": address.netloc, "URL_STYLE": "path"} if storage.endpoint else {}),
        **({"USE_SSL": "false"} if address.scheme == "http" else {}),
    }
    return {name: value for name, value in known.items() if value}


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
