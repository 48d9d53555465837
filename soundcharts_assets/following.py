"""Which charts are followed: those that the settings name, and those that their selectors find in the catalogue.

Pure: settings and catalogue rows come in, the followed charts go out. Who reads the catalogue and when is not decided
here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from soundcharts_assets.api.records import ChartRecord
from soundcharts_assets.settings.charts import ChartSelector, ChartSettings
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.file import FileSettings
from soundcharts_assets.settings.values import check_slugs


@dataclass(frozen=True)
class Following:
    """The followed charts.

    Attributes:
        charts: The named ones in the order of the settings, then the selected ones; each slug once.
        general_history_days: For charts that say nothing of their own.
        selected_by: The selector of each chart that is followed through one, by slug.
        unmatched: Selectors that no chart of the catalogue fits.
        general_reread_days: For charts that say nothing of their own.
    """

    charts: tuple[ChartSettings, ...]
    general_history_days: int
    selected_by: Mapping[str, ChartSelector] = field(default_factory=dict)
    unmatched: tuple[ChartSelector, ...] = ()
    general_reread_days: int = 0

    @property
    def slugs(self) -> list[str]:
        """Slugs of the followed charts, in order."""
        return [chart.slug for chart in self.charts]

    def chart(self, slug: str) -> ChartSettings:
        """What is wanted of a chart; one that is not followed gets the defaults."""
        return self._by_slug.get(slug) or ChartSettings(slug=slug)

    def follows(self, slug: str) -> bool:
        """Whether the chart is followed."""
        return slug in self._by_slug

    def history_days(self, slug: str) -> int:
        """Days of rankings wanted before the newest one of this chart; 0 for the newest only."""
        own = self.chart(slug).history_days
        return self.general_history_days if own is None else own

    def reread_days(self, slug: str) -> int:
        """Days before a new ranking of this chart whose stored ones are read once more; 0 for none."""
        own = self.chart(slug).reread_days
        return self.general_reread_days if own is None else own

    @cached_property
    def _by_slug(self) -> dict[str, ChartSettings]:
        return {chart.slug: chart for chart in self.charts}


def follow(settings: FileSettings, catalogue: Sequence[ChartRecord] = ()) -> Following:
    """Return the charts that the settings name, and those of the catalogue that their selectors find.

    A named chart is what its name says, whatever selects it too; of several selectors the first one counts.
    """
    charts = {chart.slug: chart for chart in settings.named_charts}
    selected_by: dict[str, ChartSelector] = {}
    unmatched: list[ChartSelector] = []
    for selector in settings.selectors:
        found = [listed.slug for listed in catalogue if selects(selector, listed)]
        if not found:
            unmatched.append(selector)
        for slug in found:
            if slug not in charts:
                charts[slug] = ChartSettings(
                    slug=slug,
                    cascade=selector.cascade,
                    history_days=selector.history_days,
                    reread_days=selector.reread_days,
                )
                selected_by[slug] = selector
    return Following(tuple(charts.values()), settings.history_days, selected_by, tuple(unmatched), settings.reread_days)


def selects(selector: ChartSelector, listed: ChartRecord) -> bool:
    """Whether a chart of the catalogue fits a selector. One whose slug cannot be asked for fits none."""
    return (
        listed.platform == selector.platform
        and (selector.countries is None or listed.country_code.upper() in selector.countries)
        and (selector.name is None or fnmatchcase(listed.name.casefold(), selector.name.casefold()))
        and (selector.frequency is None or (listed.frequency or "").casefold() == selector.frequency.casefold())
        and _can_be_asked(listed.slug)
    )


def _can_be_asked(slug: str) -> bool:
    try:
        check_slugs([slug])
    except SettingsError:
        return False
    return True
