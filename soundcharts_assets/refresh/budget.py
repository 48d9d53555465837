"""What may be spent today, and what of it is left for which work. Pure: settings, figures and the time come in."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from soundcharts_assets.api.pages import PAGE_SIZE
from soundcharts_assets.refresh.polling import next_poll_at
from soundcharts_assets.settings.file import BudgetSettings
from soundcharts_assets.warehouse.work import PollState


def day_of(now: datetime) -> datetime:
    """Begin of the day (UTC), which is when a daily budget begins anew."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def left_today(limits: BudgetSettings, spent: int) -> int | None:
    """Requests that the daily budget leaves after so many were spent, None for no limit."""
    return None if limits.daily_limit is None else max(0, limits.daily_limit - spent)


def room(limits: BudgetSettings, left: int | None, quota: int | None) -> int | None:
    """Requests that may be made: the rest of the day, and what the reserve leaves of the quota as last heard of."""
    rooms = [] if left is None else [left]
    if limits.reserve and quota is not None:
        rooms.append(max(0, quota - limits.reserve))
    return min(rooms, default=None)


def held_for_rankings(states: Iterable[PollState], now: datetime) -> int:
    """Requests that polls and rankings of the rest of the day will take: they come before everything else."""
    tomorrow = day_of(now) + timedelta(days=1)
    held = 0
    for state in states:
        pages = max(1, math.ceil((state.places or PAGE_SIZE) / PAGE_SIZE))
        if state.has_news:
            held += pages - 1
        elif next_poll_at(state) < tomorrow:
            held += pages
    return held
