"""Work lists, counts and what a budget covers agree with each other and with the rules, whatever the tables hold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.work import (
    Wanted,
    affordable,
    charts_for_due,
    due_counts,
    reached_counts,
)
from tests.warehouse.helpers import (
    DAY,
    HOUR,
    NOON,
    chart,
    empty,
    ledger,
    stored_credits,
    stored_ranking,
    work_list,
    write,
)

SLUGS = ("x", "x@y", "z")
TRACKS = ("t1", "t2", "t3", "t4")
ARTISTS = ("a1", "a2", "t1")
SUBJECTS = {
    "tracks": "tracks",
    "artists": "artists",
    "track_audience/spotify": "tracks",
    "artist_audience/spotify": "artists",
}
INSTANTS = st.sampled_from([None, NOON - 2 * DAY, NOON - DAY, NOON - DAY + HOUR, NOON, NOON + HOUR])
STATUSES = st.sampled_from(["ok", "empty", "failed", "forbidden", "not_found", "gone"])
NEVER = NOON - 1_000 * DAY


class Entry(NamedTuple):
    """What the ledger says of one thing."""

    status: str
    fetched_at: datetime | None
    not_before: datetime | None


class Flags(NamedTuple):
    """What the settings say of a chart."""

    cascade: bool
    followed: bool


class World(NamedTuple):
    """What the tables hold."""

    charts: dict[str, Flags]
    rankings: dict[tuple[str, datetime], list[str]]
    credits: dict[str, list[str]]
    ledger: dict[tuple[str, str], Entry]
    uuids: list[str]
    force: bool

    @property
    def followed(self) -> list[str]:
        """Followed charts that cascade."""
        return [slug for slug in SLUGS if self.charts.get(slug) == (True, True)]

    def reached(self, slug: str, entity: str) -> dict[str, datetime]:
        """Uuids that a chart reaches, and when each last charted there."""
        reached: dict[str, datetime] = {}
        if not self.charts.get(slug, Flags(cascade=False, followed=False)).cascade:
            return reached
        for (of, at), tracks in self.rankings.items():
            for track in tracks if of == slug else ():
                for uuid in self._of(track, entity):
                    reached[uuid] = max(at, reached.get(uuid, at))
        return reached

    def due(self, slug: str, wanted: Wanted, *, uuids: Sequence[str] = (), force: bool = False) -> list[str]:
        """Uuids that are due, in order."""
        since = wanted.charted_since or NEVER
        charting = {uuid for uuid, charted_at in self.reached(slug, wanted.entity).items() if charted_at >= since}
        chosen = charting & (set(uuids) or set(TRACKS + ARTISTS))
        return sorted(
            (uuid for uuid in chosen if self._is_due(uuid, wanted, force=force)),
            key=lambda uuid: (self.settled(wanted.subject, uuid) or NEVER, uuid),
        )

    def by_worth(self, slugs: Sequence[str], subjects: Sequence[Wanted]) -> list[tuple[Wanted, str]]:
        """All rows that are due for these charts, each once, the worthiest first."""
        places = {entity: self._places(entity) for entity in ("tracks", "artists")}
        rows = {
            (one.subject, uuid): (
                self.settled(one.subject, uuid) is not None,
                places[one.entity].get(uuid, 1_000),
                one.subject != one.entity,
                self.settled(one.subject, uuid) or NEVER,
                one.subject,
                uuid,
            )
            for one in subjects
            for slug in slugs
            for uuid in self.due(slug, one)
        }
        wanted = {one.subject: one for one in subjects}
        return [(wanted[subject], uuid) for subject, uuid in sorted(rows, key=rows.__getitem__)]

    def settled(self, subject: str, uuid: str) -> datetime | None:
        """When a thing was last settled."""
        entry = self.ledger.get((subject, uuid))
        return entry.fetched_at if entry else None

    def _of(self, track: str, entity: str) -> Sequence[str]:
        return [track] if entity == "tracks" else self.credits.get(track, [])

    def _places(self, entity: str) -> dict[str, int]:
        """Best places in the newest rankings of followed charts that cascade."""
        places: dict[str, int] = {}
        for slug in self.followed:
            newest = max((at for of, at in self.rankings if of == slug), default=NOON)
            for place, track in enumerate(self.rankings.get((slug, newest), []), start=1):
                for uuid in self._of(track, entity):
                    places[uuid] = min(place, places.get(uuid, place))
        return places

    def _is_due(self, uuid: str, wanted: Wanted, *, force: bool) -> bool:
        known = self.ledger.get((wanted.entity, uuid))
        if wanted.subject != wanted.entity and known and known.status in {"not_found", "gone"}:
            return False
        entry = self.ledger.get((wanted.subject, uuid))
        if entry is None or force:
            return True
        is_old = entry.fetched_at is None or entry.fetched_at <= wanted.older_than
        return is_old and (entry.not_before is None or entry.not_before <= NOON)


WORLDS = st.builds(
    World,
    st.dictionaries(st.sampled_from(SLUGS), st.builds(Flags, st.booleans() | st.just(True), st.booleans())),
    st.dictionaries(
        st.tuples(st.sampled_from(SLUGS), st.sampled_from([NOON, NOON - DAY, NOON - 2 * DAY])),
        st.lists(st.sampled_from(TRACKS)),
    ),
    st.dictionaries(st.sampled_from(TRACKS), st.lists(st.sampled_from(ARTISTS), unique=True)),
    st.dictionaries(
        st.tuples(st.sampled_from(sorted(SUBJECTS)), st.sampled_from(TRACKS + ARTISTS)),
        st.builds(Entry, STATUSES, INSTANTS, INSTANTS),
    ),
    st.just([]) | st.lists(st.sampled_from(TRACKS + ARTISTS), max_size=2),
    st.sampled_from([False, False, True]),
)
OLDER_THAN = st.sampled_from([NOON - DAY, NOON - 2 * DAY])
CHARTED_SINCE = st.sampled_from([None, NOON, NOON - HOUR, NOON - DAY])


@st.composite
def _wanted(draw: st.DrawFn) -> list[Wanted]:
    """Some subjects, in any order, each with its own limits."""
    chosen = draw(st.permutations(sorted(SUBJECTS)).map(lambda names: names[: draw(st.integers(1, len(names)))]))
    costs = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(1, 50)])
    return [
        Wanted(
            subject,
            SUBJECTS[subject],
            draw(OLDER_THAN),
            None if subject == SUBJECTS[subject] else draw(CHARTED_SINCE),
            float(draw(costs)),
        )
        for subject in chosen
    ]


@pytest.fixture(scope="module")
def connection(module_warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with module_warehouse.connect() as opened:
        yield opened


def _store(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    empty(connection)
    write(
        connection,
        *(chart(slug, cascade=flags.cascade, followed=flags.followed) for slug, flags in world.charts.items()),
        *(one for (slug, at), tracks in world.rankings.items() for one in stored_ranking(slug, *tracks, at=at)),
        *(one for track, artists in world.credits.items() for one in stored_credits(track, *artists)),
        *(
            ledger(subject, uuid, entry.status, entry.fetched_at, not_before=entry.not_before)
            for (subject, uuid), entry in world.ledger.items()
        ),
    )


def _by_subject(counts: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
    return {(slug, subject): due for slug, own in counts.items() for subject, due in own.items()}


def _without_zeros(counts: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in counts.items() if value}


@settings(max_examples=25, deadline=None)
@given(WORLDS, _wanted())
def test_lists_and_counts_follow_the_rules_and_agree(
    connection: duckdb.DuckDBPyConnection, world: World, subjects: list[Wanted]
) -> None:
    _store(connection, world)
    counts = {(slug, wanted.subject): len(world.due(slug, wanted)) for slug in SLUGS for wanted in subjects}
    of_charts = due_counts(connection, subjects, now=NOON, charts=SLUGS)
    assert _by_subject(of_charts) == _without_zeros(counts)
    followed = {slug: own for slug, own in of_charts.items() if slug in world.followed}
    assert due_counts(connection, subjects, now=NOON) == followed
    chosen = charts_for_due(connection, subjects, now=NOON)
    assert chosen <= set(followed)
    for wanted in subjects:
        everything, covered = (
            {uuid for slug in slugs for uuid in world.due(slug, wanted)} for slugs in (world.followed, chosen)
        )
        assert covered == everything
    for wanted in subjects:
        for slug in SLUGS:
            due = work_list(connection, wanted, [slug], now=NOON, uuids=world.uuids, force=world.force)
            assert [work.uuid for work in due] == world.due(slug, wanted, uuids=world.uuids, force=world.force)
        together = work_list(connection, wanted, SLUGS, now=NOON)
        assert {work.uuid for work in together} == {uuid for slug in SLUGS for uuid in world.due(slug, wanted)}
        assert len({work.uuid for work in together}) == len(together)
    reached = {(slug, entity): len(world.reached(slug, entity)) for slug in SLUGS for entity in ("tracks", "artists")}
    assert reached_counts(connection, SLUGS) == _without_zeros(reached)


@settings(max_examples=25, deadline=None)
@given(WORLDS, _wanted(), st.just(()) | st.lists(st.sampled_from(SLUGS), min_size=1, unique=True), st.integers(0, 12))
def test_a_room_covers_the_worthiest_of_all_due_rows_and_no_other(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    subjects: list[Wanted],
    charts: Sequence[str],
    room: int,
) -> None:
    _store(connection, world)
    rows = world.by_worth(charts or world.followed, subjects)
    spent = accumulate(Fraction(one.cost).limit_denominator(50) for one, _ in rows)
    covered = [(one.subject, uuid) for (one, uuid), so_far in zip(rows, spent, strict=True) if so_far <= room]
    found = affordable(connection, subjects, now=NOON, charts=charts, room=room)
    if found is None:
        assert len(covered) == len(rows)
    else:
        assert found == {
            wanted.subject: [uuid for subject, uuid in covered if subject == wanted.subject] for wanted in subjects
        }
    counts = {
        (slug, one.subject): sum((one.subject, uuid) in covered for uuid in world.due(slug, one))
        for slug in charts or world.followed
        for one in subjects
    }
    counted = due_counts(connection, subjects, now=NOON, charts=charts, room=room)
    assert _by_subject(counted) == _without_zeros(counts)
    if not charts:
        assert charts_for_due(connection, subjects, now=NOON, room=room) == set(counted)


@settings(max_examples=10, deadline=None)
@given(WORLDS, OLDER_THAN)
def test_a_room_for_every_row_of_every_chart_is_no_limit(
    connection: duckdb.DuckDBPyConnection, world: World, older_than: datetime
) -> None:
    _store(connection, world)
    subjects = [Wanted(subject, entity, older_than) for subject, entity in SUBJECTS.items()]
    counts = due_counts(connection, subjects, now=NOON)
    room = sum(_by_subject(counts).values())
    assert affordable(connection, subjects, now=NOON, room=room) is None
    assert due_counts(connection, subjects, now=NOON, room=room) == counts
