"""What thirty days would cost, worked out before anything is spent.

Pure: what is known of charts and of what they reach comes in, calls by asset go out.
"""

import math
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from soundcharts_assets.api.pages import PAGE_SIZE
from soundcharts_assets.following import Following
from soundcharts_assets.refresh import charts
from soundcharts_assets.refresh.polling import period_of
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.work import MonthOfSubject, PollState

_MONTH = timedelta(days=30)
_POLLS_PER_RANKING = 1.2
"""What the sensor takes where a vendor publishes at about the same hour: see `refresh.polling`."""
_TRACKS_OF_UNKNOWN_CHART = PAGE_SIZE


def month_of(
    settings: Settings,
    following: Following,
    states: Iterable[PollState],
    cascading: Iterable[PollState],
    subjects: Iterable[MonthOfSubject],
) -> Counter[str]:
    """Calls of thirty days by asset, if the charts go on as they are.

    Args:
        settings: What the user decided.
        following: The same of each chart.
        states: The charts.
        cascading: Those of them whose cascade is on.
        subjects: What is reached now, and how often it is asked for.
    """
    calls: Counter[str] = Counter()
    for state in states:
        rankings = _MONTH / period_of(state.frequency)
        pages = math.ceil((state.places or _TRACKS_OF_UNKNOWN_CHART) / PAGE_SIZE)
        calls[charts.CHARTS] += math.ceil(rankings * _POLLS_PER_RANKING)
        once_more = timedelta(days=following.reread_days(state.slug)) // period_of(state.frequency)
        calls[charts.RANKINGS] += math.ceil(rankings * (pages - 1 + pages * once_more))
    assumed = sum(state.places or _TRACKS_OF_UNKNOWN_CHART for state in cascading if state.newest_stored is None)
    known = {one.subject: one.asked for one in subjects}
    freshness = settings.file.freshness
    for name, unit in _units(settings):
        window = freshness.metadata_window.fail if unit > 1 else freshness.audience_window.fail
        calls[name] = math.ceil((known.get(name, 0.0) + assumed * (_MONTH / window)) / unit)
    return calls


def _units(settings: Settings) -> list[tuple[str, int]]:
    platforms = settings.file.platforms
    return [
        ("tracks", settings.file.api.batch_size),
        ("artists", settings.file.api.batch_size),
        *((f"track_audience/{platform}", 1) for platform in platforms.track_audience),
        *((f"artist_audience/{platform}", 1) for platform in platforms.artist_audience),
        *((f"artist_listening/{platform}", 1) for platform in platforms.artist_listening),
    ]
