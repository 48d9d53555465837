"""The cascade as a Dagster component: a project of somebody else's adds all of it with one YAML file.

Its attributes are the settings that otherwise stand in `soundcharts.yaml`. `definitions` decides what it is made of and
`settings` what a setting means; here is only what Dagster asks of a component.
"""

from typing import Any, Self

import dagster as dg
from pydantic import BaseModel, ConfigDict

from soundcharts_assets.definitions import build_definitions
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.settings.reading import ATTRIBUTES, Settings, check_settings, with_environment


class Attributes(BaseModel):
    """The attributes as they stand in the file: described by the schema of the settings, and not judged yet.

    Dagster would tell of a mistake by printing what it was given, which may be a secret in the wrong place.
    """

    model_config = ConfigDict(extra="allow")

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the schema of the settings, for `dg check yaml`, `dg docs` and editors."""
        return FileSettings.model_json_schema(*arguments, **options)


class SoundchartsCascade(dg.Component):
    """Charts, tracks, artists and audiences from Soundcharts in DuckDB, kept complete and fresh.

    Attributes are the settings of soundcharts_assets; every one may be left out. Credentials and the place of the
    warehouse come from the environment: SOUNDCHARTS_APP_ID and SOUNDCHARTS_API_KEY, SOUNDCHARTS_WAREHOUSE and so on.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings as they stay until the code location is loaded again."""
        self.settings = settings

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """Say what it brings."""
        return dg.ComponentTypeSpec(produces=["asset", "asset_check", "job", "schedule", "sensor", "resource"])

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """Return what the attributes are checked against."""
        return Attributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Make the component of its file and the environment.

        Raises:
            SettingsError: A value is wrong. The message names the folder or variable, the key and the reason.
        """
        file = check_settings(attributes.model_extra if attributes else None, context.path, ATTRIBUTES)
        return cls(with_environment(file, context.path))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002 - it depends on nothing there
        """Declare the same as this project declares for itself, and no executor: that is the host's to choose."""
        return build_definitions(self.settings)
