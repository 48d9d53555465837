"""The `charts` commands: which charts there are, which are followed and through what, and following one more or less.

What is found out and changed belongs here. Arguments and exit codes are the business of `cli`, tables on the terminal
that of `console`, the text of the settings file that of `settings_file`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from soundcharts_assets.api.charts import song_platforms
from soundcharts_assets.api.errors import NotFound
from soundcharts_assets.api.records import ChartRecord, PlatformRecord
from soundcharts_assets.commands import settings_file
from soundcharts_assets.following import Following, selects
from soundcharts_assets.refresh.catalogue import Known, Scope, scopes_for
from soundcharts_assets.refresh.charts import Poll
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.charts import ChartSelector, ChartSettings
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.settings.values import check_slugs, read_country, read_platform

_LOOK_IT_UP = "`soundcharts-assets charts search` finds slugs"


@dataclass(frozen=True)
class Search:
    """What is looked for. Everything that is None fits all.

    Attributes:
        text: Part of name, slug, country or city, whatever the case.
        platform: Code of a platform, which is listed if that was not done within a day.
        country: ISO 3166 alpha-2, or worldwide.
        frequency: As Soundcharts says it, such as daily.
    """

    text: str | None = None
    platform: str | None = None
    country: str | None = None
    frequency: str | None = None


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        charts: By platform, country and title.
        following: Tells which of them are followed.
        trouble: Why there may be more than that; None where all is well.
    """

    charts: Sequence[ChartRecord]
    following: Following
    trouble: str | None = None

    def as_list(self) -> list[dict[str, Any]]:
        """The charts as JSON objects."""
        charts = [chart._asdict() | {"followed": self.following.follows(chart.slug)} for chart in self.charts]
        return [{key: value for key, value in chart.items() if key != "metric"} for chart in charts]


class KnownChart(NamedTuple):
    """What the warehouse knows of a chart; `newest_ranking` is the instant of the newest one that was seen."""

    name: str | None = None
    platform: str | None = None
    country: str | None = None
    frequency: str | None = None
    newest_ranking: datetime | None = None


@dataclass(frozen=True)
class FollowedChart:
    """A followed chart.

    Attributes:
        slug: Its name at Soundcharts.
        known: What the warehouse knows of it.
        cascade: Whether its tracks and artists are fetched too.
        history_days: Days of rankings that are wanted before the newest.
        through: `slug` for a chart that the settings name, else the selector that found it.
    """

    slug: str
    known: KnownChart
    cascade: bool
    history_days: int
    through: str

    def as_dict(self) -> dict[str, Any]:
        """The chart as a JSON object."""
        newest = self.known.newest_ranking
        return {
            "slug": self.slug,
            **self.known._asdict(),
            "newest_ranking": None if newest is None else newest.isoformat(),
            "cascade": self.cascade,
            "history_days": self.history_days,
            "through": self.through,
        }


def platforms(refresher: Refresher) -> list[PlatformRecord]:
    """Ask which platforms have song charts: one call.

    Raises:
        SoundchartsError: The call failed.
    """
    with refresher.calling("charts platforms"):
        refresher.renew_allowance()
        return song_platforms(refresher.client)


def search(refresher: Refresher, wanted: Search, *, again: bool = False) -> Found:
    """Look for charts in the catalogue, once the platform's part of it is a day old at most.

    Args:
        refresher: Asks and knows the catalogue.
        wanted: What is looked for. Without a platform all that was ever listed is searched, and no call is made.
        again: Whether to ask however lately that was done.

    Raises:
        SettingsError: The platform or country is none, or nothing can be searched without a platform.
        Fatal: Credentials, quota or host.
    """
    country = None if wanted.country is None else read_country(wanted.country)
    trouble = None
    if wanted.platform is not None:
        countries = None if country is None else [country]
        (scope,) = scopes_for(read_platform(wanted.platform), countries)
        trouble = _list(refresher, scope, again=again)
    charts = refresher.catalogue.charts()
    if wanted.platform is None and (again or not charts):
        reason = "to ask again, a platform is wanted" if again else "no platform was listed so far"
        raise SettingsError(f"{reason}; name one with --platform, `soundcharts-assets charts platforms` tells them")
    return Found([chart for chart in charts if _fits(chart, wanted, country)], refresher.following, trouble)


def followed(refresher: Refresher) -> list[FollowedChart]:
    """Tell what is followed. No call is made: a chart that was never polled or listed is a slug and no more."""
    following = refresher.following
    known = _known_charts(refresher)
    return [
        FollowedChart(
            chart.slug,
            known.get(chart.slug, KnownChart()),
            chart.cascade,
            following.history_days(chart.slug),
            str(following.selected_by.get(chart.slug, "slug")),
        )
        for chart in following.charts
    ]


def unmatched(refresher: Refresher) -> list[str]:
    """Say which selectors find nothing, one line each."""
    return [f"no chart matches the selector ({selector})" for selector in refresher.following.unmatched]


def add(settings: Settings, chart: ChartSettings, refresher: Refresher | None) -> Poll | None:
    """Name a chart in the settings file.

    Args:
        settings: Those in force, with the file to edit.
        chart: What to add.
        refresher: Asks whether the chart exists; None to believe it.

    Returns:
        What Soundcharts said of the chart, where it was asked.

    Raises:
        SettingsError: The file names it already or cannot be edited, or there is no such chart.
        SoundchartsError: The call failed.
    """
    path = settings.config_path
    if any(chart.slug == named.slug for named in settings.file.named_charts):
        raise SettingsError(f"{path}: charts: {chart.slug} is there already; edit it there to follow it differently")
    edit = partial(_with_chart, settings, chart)
    edit(settings_file.read(path))  # before anything is paid for
    poll = None if refresher is None else _check(refresher, chart.slug)
    settings_file.rewrite(path, edit)
    return poll


def describe(slug: str, poll: Poll | None) -> str:
    """Say in a line what a poll told of a chart, None for a chart that was not asked for."""
    if poll is None:
        return f"{slug}, not checked"
    if poll.chart is None or poll.ranked_at is None:
        return f"{slug}, which has no ranking yet"
    chart = poll.chart
    where = chart.city_name or chart.country_name or chart.country_code
    title = ", ".join(part for part in (chart.name, chart.platform, where, chart.frequency) if part)
    return f"{slug} ({title}; newest ranking {poll.ranked_at:%Y-%m-%d})"


def remove(refresher: Refresher, slug: str) -> ChartSelector | None:
    """Take a chart that the settings file names out of it. What is stored of the chart stays.

    Returns:
        The selector through which it is still followed, if there is one.

    Raises:
        SettingsError: The file does not name it, or cannot be edited.
    """
    check_slugs([slug])
    path, file = refresher.settings.config_path, refresher.settings.file
    listed = [chart for chart in refresher.catalogue.charts() if chart.slug == slug]
    selector = next((one for one in file.selectors if any(selects(one, chart) for chart in listed)), None)
    if any(slug == named.slug for named in file.named_charts):
        settings_file.rewrite(path, lambda text: settings_file.without_chart(text, path, slug))
        return selector
    if selector is None:
        raise SettingsError(f"{path}: charts: {slug} is not followed; `soundcharts-assets charts list` tells what is")
    number = file.charts.index(selector)
    raise SettingsError(f"{path}: charts[{number}]: {slug} is followed through this selector; narrow it ({selector})")


def _with_chart(settings: Settings, chart: ChartSettings, text: str) -> str:
    return settings_file.with_chart(text, settings.config_path, chart)


def _check(refresher: Refresher, slug: str) -> Poll:
    """Ask whether a chart exists; the answer is kept, as that of every poll."""
    with refresher.calling("charts add"):
        refresher.renew_allowance()
        try:
            (state,) = refresher.poll_states([slug])
            return refresher.poll(state)
        except NotFound:
            raise SettingsError(f"Soundcharts has no chart {slug!r}; {_LOOK_IT_UP}") from None


def _list(refresher: Refresher, scope: Scope, *, again: bool) -> str | None:
    """Bring a scope of the catalogue up to date, and say what is wrong with it if anything is."""
    if again or refresher.catalogue.due([scope]):
        with refresher.calling("charts search"):
            refresher.renew_allowance()
            refresher.refresh_catalogue([scope], force=again)
    known = refresher.catalogue.known(scope)
    if known.status == Status.NOT_FOUND:
        reason = "`soundcharts-assets charts platforms` tells which there are"
        raise SettingsError(f"Soundcharts has no charts of a platform {scope.platform!r}; {reason}")
    return None if known.status == Status.OK else _explain(scope, known)


def _explain(scope: Scope, known: Known) -> str:
    until = f"; --refresh asks before {known.not_before:%Y-%m-%d %H:%M} UTC" if known.not_before else ""
    return f"the charts of {scope.uuid} were not listed: {known.error}{until}"


def _fits(chart: ChartRecord, wanted: Search, country: str | None) -> bool:
    text = (wanted.text or "").casefold()
    where = (chart.name, chart.slug, chart.country_code, chart.country_name, chart.city_name)
    return (
        wanted.platform in {None, chart.platform}
        and country in {None, chart.country_code.upper()}
        and (wanted.frequency or "").casefold() in {"", (chart.frequency or "").casefold()}
        and any(text in (part or "").casefold() for part in where)
    )


def _known_charts(refresher: Refresher) -> dict[str, KnownChart]:
    """What the warehouse knows, by slug, of every chart that was polled or listed."""
    if not refresher.warehouse.is_made():
        return {}
    with refresher.warehouse.connect() as connection:
        rows = connection.execute(
            """
            SELECT
                slug,
                coalesce(charts.name, listed.name),
                coalesce(charts.platform, listed.platform),
                coalesce(charts.country_name, listed.country_name),
                coalesce(charts.frequency, listed.frequency),
                charts.latest_ranked_at
            FROM soundcharts.charts
            FULL JOIN soundcharts.chart_catalogue AS listed USING (slug)
            """
        ).fetchall()
    return {slug: KnownChart(*values) for slug, *values in rows}
