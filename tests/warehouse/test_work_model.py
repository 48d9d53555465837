"""Work lists and counts agree with each other and with the rules, whatever the tables hold."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.warehouse.connection import Warehouse
from soundcharts_assets.warehouse.work import Wanted, due_counts, reached_counts, work_list
from tests.warehouse.helpers import DAY, HOUR, NOON, chart, credits_of, empty, ledger, ranking, write

SLUGS = ("x", "x@y")
TRACKS = ("t1", "t2", "t3")
ARTISTS = ("a1", "a2", "t1")
SUBJECTS = {
    "tracks": "tracks",
    "artists": "artists",
    "track_audience/spotify": "tracks",
    "artist_audience/spotify": "artists",
}
INSTANTS = st.sampled_from([None, NOON - 2 * DAY, NOON - DAY, NOON - DAY + HOUR, NOON, NOON + HOUR])
STATUSES = st.sampled_from(["ok", "empty", "failed", "forbidden", "not_found", "gone"])


class Entry(NamedTuple):
    """What the ledger says of one thing."""

    status: str
    fetched_at: datetime | None
    not_before: datetime | None


class World(NamedTuple):
    """What the tables hold."""

    cascades: dict[str, bool]
    rankings: dict[tuple[str, datetime], list[str]]
    credits: dict[str, list[str]]
    ledger: dict[tuple[str, str], Entry]
    uuids: list[str]
    force: bool

    def reached(self, slug: str, entity: str) -> set[str]:
        """Uuids that a chart reaches."""
        if not self.cascades.get(slug):
            return set()
        tracks = {track for (of, _), listed in self.rankings.items() if of == slug for track in listed}
        return tracks if entity == "tracks" else {artist for track in tracks for artist in self.credits.get(track, [])}

    def due(self, slug: str, wanted: Wanted, *, uuids: Sequence[str] = (), force: bool = False) -> list[str]:
        """Uuids that are due, in order."""
        chosen = self.reached(slug, wanted.entity) & (set(uuids) or set(TRACKS + ARTISTS))
        return sorted(
            (uuid for uuid in chosen if self._is_due(uuid, wanted, force=force)),
            key=lambda uuid: (self._settled(wanted.subject, uuid), uuid),
        )

    def _settled(self, subject: str, uuid: str) -> datetime:
        entry = self.ledger.get((subject, uuid))
        return entry.fetched_at if entry and entry.fetched_at else NOON - 1_000 * DAY

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
    st.dictionaries(st.sampled_from(SLUGS), st.booleans()),
    st.dictionaries(
        st.tuples(st.sampled_from(SLUGS), st.sampled_from([NOON, NOON - DAY])), st.lists(st.sampled_from(TRACKS))
    ),
    st.dictionaries(st.sampled_from(TRACKS), st.lists(st.sampled_from(ARTISTS), unique=True)),
    st.dictionaries(
        st.tuples(st.sampled_from(sorted(SUBJECTS)), st.sampled_from(TRACKS + ARTISTS)),
        st.builds(Entry, STATUSES, INSTANTS, INSTANTS),
    ),
    st.just([]) | st.lists(st.sampled_from(TRACKS + ARTISTS), max_size=2),
    st.sampled_from([False, False, True]),
)


@pytest.fixture(scope="module")
def connection(module_warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with module_warehouse.connect() as opened:
        yield opened


def _store(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    empty(connection)
    write(
        connection,
        *(chart(slug, cascade=cascade) for slug, cascade in world.cascades.items()),
        *(ranking(slug, *tracks, at=at) for (slug, at), tracks in world.rankings.items()),
        *(credits_of(track, *artists) for track, artists in world.credits.items()),
        *(
            ledger(subject, uuid, entry.status, entry.fetched_at, not_before=entry.not_before)
            for (subject, uuid), entry in world.ledger.items()
        ),
    )


def _without_zeros(counts: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in counts.items() if value}


@settings(max_examples=10, deadline=None)
@given(WORLDS, st.sampled_from([NOON - DAY, NOON - 2 * DAY]))
def test_lists_and_counts_follow_the_rules_and_agree(
    connection: duckdb.DuckDBPyConnection, world: World, older_than: datetime
) -> None:
    _store(connection, world)
    subjects = [Wanted(subject, entity, older_than) for subject, entity in SUBJECTS.items()]
    counts = {(slug, wanted.subject): len(world.due(slug, wanted)) for slug in SLUGS for wanted in subjects}
    found = due_counts(connection, subjects, now=NOON)
    assert {(slug, subject): due for slug in found for subject, due in found[slug].items()} == _without_zeros(counts)
    for slug in SLUGS:
        for wanted in subjects:
            due = work_list(connection, wanted, [slug], now=NOON, uuids=world.uuids, force=world.force)
            assert [work.uuid for work in due] == world.due(slug, wanted, uuids=world.uuids, force=world.force)
            if not world.uuids and not world.force:
                assert len(due) == found.get(slug, {}).get(wanted.subject, 0)
    reached = {(slug, entity): len(world.reached(slug, entity)) for slug in SLUGS for entity in ("tracks", "artists")}
    assert reached_counts(connection, SLUGS) == _without_zeros(reached)
