"""Reading the settings: the file and the environment, checked together."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from soundcharts_assets.settings.environment import (
    Credentials,
    is_vendor,
    read_base_url,
    read_clock_shift_path,
    read_credentials,
    read_dashboard_path,
    read_webhook,
)
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.settings.location import LakeSettings, read_warehouse
from soundcharts_assets.settings.strict import Strict

COMPONENT = "soundcharts_assets.component.SoundchartsCascade"
ATTRIBUTES = "attributes"
"""Type and key by which a component file of Dagster holds what otherwise is in `soundcharts.yaml`."""

_IN_WORDS = {
    "extra_forbidden": "no such setting",
    "tuple_type": "a list such as [a, b] is wanted",
    "model_type": "keys with values are wanted below it; leave it out for the defaults",
}
"""What is said where pydantic speaks of Python instead: by its name for the mistake."""


class Settings(Strict):
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
        return is_vendor(self.base_url)

    @property
    def may_spend_unattended(self) -> bool:
        """Whether calls may be made with nobody at hand: against the vendor only within a daily budget."""
        return self.file.budget.daily is not None or not self.is_vendor


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
        base_url=read_base_url(variables),
        credentials=read_credentials(variables),
        warehouse_path=warehouse_path,
        lake=lake,
        config_path=config_path,
        webhook=read_webhook(variables),
        clock_shift_path=read_clock_shift_path(variables),
        dashboard_path=read_dashboard_path(variables, warehouse_path),
    )


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
    reason = _IN_WORDS.get(detail["type"]) or str(detail["msg"]).removeprefix("Value error, ")
    return f"{key}: {reason}" if key else reason


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
