"""When a chart is worth a poll. Pure: what is known of the chart comes in, an instant goes out.

Ranking instants are normalised stamps and say nothing about publication (contract section 9), so the time of day is
learnt from when earlier rankings were first seen.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from soundcharts_assets.warehouse.work import PollState

PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=28)}
AT_ONCE = datetime.min.replace(tzinfo=UTC)

_DAY = timedelta(days=1)
_EAGERNESS = timedelta(minutes=10)
"""So much before the usual time is asked, or an earlier habit of the vendor's would never be noticed."""
_FIRST_PAUSE = timedelta(minutes=30)
_PATIENT_PERIODS = 2
_SPARE = 3


def period_of(frequency: str | None) -> timedelta:
    """How long after one ranking the next is expected; an unknown frequency counts as daily."""
    return PERIODS.get(frequency or "", _DAY)


def next_poll_at(state: PollState) -> datetime:
    """When to ask for the newest ranking again; `AT_ONCE` where the chart was never asked for.

    A ranking is expected a period after the newest one seen, as long after its stamp as usual. A poll in vain
    is followed by a pause that is twice as long as the ranking is late by then, half an hour at least. A ranking that
    does not come for two periods is asked for once a period.
    """
    if state.waits_until is not None:
        return state.waits_until
    if state.polled_at is None:
        return AT_ONCE
    if state.newest_seen is None:
        return state.polled_at + _DAY
    period = period_of(state.frequency)
    expected = state.newest_seen + period + usual_delay(state.delays)
    if state.polled_at < expected:
        return expected
    missed = (state.polled_at - expected) // period
    slot = expected + missed * period
    following = slot + period
    if missed >= _PATIENT_PERIODS:
        return following
    return min(state.polled_at + max(_FIRST_PAUSE, 2 * (state.polled_at - slot)), following)


def usual_delay(delays: Sequence[timedelta]) -> timedelta:
    """How long after its stamp a ranking is usually seen: late rather than early, since a poll in vain costs.

    The longest of the last delays is left out where there are enough: a day on which nobody polled says little.
    """
    if not delays:
        return timedelta()
    ordered = sorted(delays)
    return ordered[-2 if len(ordered) >= _SPARE else -1] - _EAGERNESS
