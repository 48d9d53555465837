"""Which charts are followed: those that the settings name, and those that their selectors find in the catalogue.

Pure: settings and catalogue rows come in, the followed charts go out. Who reads the catalogue and when is not decided
here.
"""

from dataclasses import dataclass

from soundcharts_assets.settings import ChartSettings, FileSettings


@dataclass(frozen=True)
class Following:
    """The followed charts.

    Attributes:
        charts: In the order of the settings, each slug once.
        general_history_days: For charts that say nothing of their own.
    """

    charts: tuple[ChartSettings, ...]
    general_history_days: int

    @property
    def slugs(self) -> list[str]:
        """Slugs of the followed charts, in order."""
        return [chart.slug for chart in self.charts]

    def chart(self, slug: str) -> ChartSettings:
        """What is wanted of a chart; one that is not followed gets the defaults."""
        return next((chart for chart in self.charts if chart.slug == slug), ChartSettings(slug=slug))

    def follows(self, slug: str) -> bool:
        """Whether the chart is followed."""
        return any(chart.slug == slug for chart in self.charts)

    def history_days(self, slug: str) -> int:
        """Days of rankings wanted before the newest one of this chart; 0 for the newest only."""
        own = self.chart(slug).history_days
        return self.general_history_days if own is None else own


def follow(settings: FileSettings) -> Following:
    """Return the charts that the settings name."""
    return Following(settings.charts, settings.history_days)
