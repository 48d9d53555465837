"""Where the tables are: a DuckDB file, or a DuckLake with its catalogue in Postgres and its files in a folder."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.strict import Strict


class StorageSettings(Strict):
    """How an object storage of the S3 kind lets the program in: the variables that all its clients know."""

    key_id: str | None = None
    secret: SecretStr | None = None
    session_token: SecretStr | None = None
    region: str | None = None
    endpoint: str | None = None
    """Address of a storage that is not Amazon's own."""


class LakeSettings(Strict):
    """Where a DuckLake is."""

    catalogue: SecretStr
    """How to reach the Postgres database of its catalogue, as libpq has it."""
    files: str
    """Where its Parquet files are: an absolute path, or the address of a folder in an object storage, `s3://...`."""
    storage: StorageSettings | None = None
    """Of that storage, where there is one."""


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
    path = own_path(warehouse, name)
    if not path.name:
        raise SettingsError(f"{name}: {warehouse} is a folder; the path of a file is wanted")
    if path.name.lstrip(".").split(".")[0].lower() == "soundcharts":
        # DuckDB names the catalogue after the file, and a catalogue named like its schema makes every name ambiguous.
        raise SettingsError(f"{name}: the file must not be called soundcharts; its schema is")
    return path, None


def own_path(text: str, name: str) -> Path:
    """Read a path, in which ~ may stand for somebody's own folder.

    Raises:
        SettingsError: There is no such folder.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SettingsError(f"{name}: {text}: nobody's own folder is called so; write the path out") from None


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
    return LakeSettings(catalogue=SecretStr(database), files=str(own_path(files, "SOUNDCHARTS_LAKE_PATH").absolute()))


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
