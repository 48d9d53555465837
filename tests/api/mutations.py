"""Payloads spoilt in one to three places: what a careless vendor, or a change of version, may send."""

import math
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.api.payloads import Json, artist, chart, entry, old_song, song

Path: TypeAlias = tuple[str | int, ...]

_DEEP: Any = None
for _ in range(60):
    _DEEP = [_DEEP]

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 7.0, 0.5, -0.0, 1e308, math.inf, -math.inf, math.nan,
    2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**40, float(2**63),
    "", " ", "0", "true", "NUL\x00", "\ud83d", "é" * 300, "null",
    "2026-09-14", "20260914", "2026-W37-1", "2026-02-30", "2026-09-14T12:00:00", "2026-09-14T24:00:00+00:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-09-14T12:00:00+99:00", "-2026-09-14", "12:00",
    "2026-09-14T12:00:00+00:00", "2026-09-14\u200012:00:00+00:00", "\uff12\uff10\uff12\uff16-09-14",
    "2026-09-14T12:00:00+00:00:00.1",
    [], {}, [None], [[]], [{}], {"": {}}, {"uuid": None}, {"root": ""}, {"value": 7}, ["text"], _DEEP,
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(ODD).map(deepcopy),
    st.text(max_size=20),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
)
KEYS = st.sampled_from(
    sorted({*song(), *old_song(), *artist(), *chart(), *entry(), "date", "value", "plots", "identifier", "root", "sub"})
)


def paths(value: Any, prefix: Path = ()) -> Iterator[Path]:
    """Where in a JSON value something stands."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*prefix, key)
        yield from paths(one, (*prefix, key))


@st.composite
def mutated(draw: st.DrawFn, payloads: list[Json]) -> Json:
    """A valid payload that was changed in one to three places: dropped, replaced, doubled or added to."""
    payload = deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(1, 3))):
        known = list(paths(payload))
        if not known:
            break
        path = draw(st.sampled_from(known))
        above, last = path[:-1], path[-1]
        holder: Any = payload
        for key in above:
            holder = holder[key]
        change = draw(st.sampled_from(["drop", "replace", "replace", "double", "add"]))
        if change == "drop":
            del holder[last]
        elif change == "replace":
            holder[last] = draw(VALUES)
        else:
            added = deepcopy(holder[last]) if change == "double" else draw(VALUES)
            if isinstance(holder, list):
                holder.insert(draw(st.integers(0, len(holder))), added)
            else:
                holder[draw(st.one_of(KEYS, st.text(max_size=5)))] = added
    return payload
