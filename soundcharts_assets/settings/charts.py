"""Which charts are followed: by slug, or because of what they are."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from soundcharts_assets.settings.strict import Strict
from soundcharts_assets.settings.values import SLUG_SCHEMA, WORLDWIDE, Countries, Days, PlatformCode, Slug, unique


class ChartSettings(Strict):
    """One followed chart."""

    slug: Slug
    """The chart's name at Soundcharts, such as global-28."""
    cascade: bool = True
    """Whether its tracks, their artists and the audiences of both are fetched too, or its rankings only."""
    history_days: Days | None = None
    """Days of rankings before the chart's own newest one; left out, the general `history_days`."""
    reread_days: Days | None = None
    """Stored rankings of so many days before a new one are read once more; left out, the general `reread_days`."""


class ChartSelector(Strict):
    """Charts that are followed because of what they are: all of a platform that fit."""

    platform: PlatformCode
    """Follow what this platform has, as narrowed by the next three."""
    countries: Countries | None = None
    """ISO 3166 alpha-2 codes, `worldwide` for charts of no country, which becomes ''; left out, all."""
    name: Annotated[str, Field(min_length=1)] | None = None
    """Shell-style pattern that the title fits, whatever the case."""
    frequency: Annotated[str, Field(min_length=1)] | None = None
    """Such as daily or weekly."""
    cascade: bool = True
    """Whether their tracks, the artists and the audiences of both are fetched too, or their rankings only."""
    history_days: Days | None = None
    """Days of rankings before each chart's own newest one; left out, the general `history_days`."""
    reread_days: Days | None = None
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
            "then": SLUG_SCHEMA,
            "else": {"if": selects, "then": selector, "else": chart},
        }


Followed = Annotated[ChartSettings | ChartSelector, BeforeValidator(_chart_or_selector), _ToldByKeys()]


def _or_nothing(value: object) -> object:
    """Let a key whose entries are all commented out stand for an empty list."""
    return () if value is None else value


def _charts_once(charts: tuple[Followed, ...]) -> tuple[Followed, ...]:
    unique(tuple(chart.slug for chart in charts if isinstance(chart, ChartSettings)))
    return charts


Charts = Annotated[
    tuple[Followed, ...],
    BeforeValidator(_or_nothing),
    AfterValidator(_charts_once),
    Field(json_schema_extra={"type": ["array", "null"], "examples": [["global-28"]]}),
]
