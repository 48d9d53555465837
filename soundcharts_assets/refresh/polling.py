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
_GROWTH = 3
_CLOSE = timedelta(hours=1)
_NEAR = timedelta(minutes=90)
_LONG = 7
_PATIENT_PERIODS = 2
_SPARE = 3


def period_of(frequency: str | None) -> timedelta:
    """How long after one ranking the next is expected; an unknown frequency counts as daily."""
    return PERIODS.get(frequency or "", _DAY)


def next_poll_at(state: PollState) -> datetime:
    """When to ask for the newest ranking again; `AT_ONCE` where the chart was never asked for.

    A ranking is expected a period after the newest one seen, as long after its stamp as usual. A poll in vain
    is followed by a pause of three times as long as the ranking is late by then, half an hour at least. A ranking that
    does not come for two periods is asked for once a period.
    """
    if state.waits_until is not None:
        return state.waits_until
    if state.polled_at is None:
        return AT_ONCE
    if state.newest_seen is None:
        return state.polled_at + _DAY
    period = period_of(state.frequency)
    expected = state.newest_seen + period + usual_delay(state.seen_after, state.unseen_after)
    if state.polled_at < expected:
        return expected
    missed = (state.polled_at - expected) // period
    slot = expected + missed * period
    following = slot + period
    if missed >= _PATIENT_PERIODS:
        return following
    return min(state.polled_at + max(_FIRST_PAUSE, _GROWTH * (state.polled_at - slot)), following)


def usual_delay(seen_after: Sequence[timedelta], unseen_after: Sequence[timedelta | None]) -> timedelta:
    """How long after its stamp a ranking usually comes, of which only is known when it was seen and when not yet.

    As long as there is more than an hour between the latest poll in vain and the earliest sight, the middle is tried
    next. Once they are close, it is late rather than early, since a poll in vain costs: the longest but one of the
    delays that are near the earliest. Where none was asked for in vain for long, the vendor may have moved, and larger
    and larger steps are taken back.

    Args:
        seen_after: Delays of the last rankings, newest first.
        unseen_after: For each, when it was last asked for in vain.
    """
    if not seen_after:
        return timedelta()
    earliest = min(seen_after[:_SPARE])
    vain = [delay for delay in unseen_after if delay is not None and delay < earliest]
    if vain and earliest - max(vain) > _CLOSE:
        return max(vain) + (earliest - max(vain)) / 2
    if len(seen_after) >= _LONG and not any(delay is not None for delay in unseen_after):
        return seen_after[0] - max(_EAGERNESS, 2 * (seen_after[1] - seen_after[0]))
    near = sorted(delay for delay in seen_after if delay <= earliest + _NEAR)
    return near[-2 if len(near) >= _SPARE else -1] - _EAGERNESS
