"""Answers that are not what was asked for, or not what the contract says: over HTTP, through the client, into DuckDB.

Whatever comes, the pass ends, what is sound is stored, and what is not lies in `malformed_answers` with the reason.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from soundcharts_assets.commands.console import _overall
from soundcharts_assets.refresh.request import Request
from soundcharts_assets.refresh.status import look
from tests.api.mutations import mutated
from tests.api.payloads import (
    artist_uuid,
    collection,
    followers_of,
    listeners_of,
    plots_of,
    song_uuid,
    without,
)
from tests.hostile.vendor import EARLIER, LATEST, NOW, SOUND, Books, Thing, Vendor, asked, later, one_pass

STREAMS, SPINS = "track_audience/spotify", "track_audience/airplay"
FOLLOWERS, LISTENERS = "artist_audience/spotify", "artist_listening/spotify"
NOBODY = "00000000-0000-4000-8000-00000000dead"
SERIES = (STREAMS, SPINS, FOLLOWERS, LISTENERS)


class Case(NamedTuple):
    """A sound answer that is spoilt, and the reason to be given; '' where it is to be stored all the same."""

    name: str
    subject: str
    spoil: Callable[[Any], Any]
    reason: str = ""


def put(value: Any, *path: str | int) -> Callable[[Any], Any]:
    """Replace what stands at a path."""

    def spoil(body: Any) -> Any:
        holder = body
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        return body

    return spoil


def items(*days: Any) -> Callable[[Any], Any]:
    """Replace all items."""
    return lambda body: {**body, **without(collection(days), "related")}


def streams(value: Any) -> Callable[[Any], Any]:
    return items({"date": "2026-09-14T00:00:00+00:00", "plots": [{"identifier": "id-1", "value": value}]})


CASES = [
    Case("streams of another song", STREAMS, put(NOBODY, "related", "uuid"), "about uuid"),
    Case("streams of no song that can be named", STREAMS, put(7, "related", "uuid"), "about uuid"),
    Case("streams of days that were not asked for", STREAMS, items(plots_of("2026-01-01", 1)), "outside the window"),
    Case("streams of days to come", STREAMS, items(plots_of("2026-09-17", 1)), "outside the window"),
    Case(
        "two figures for one day",
        STREAMS,
        items(plots_of("2026-09-14", 1), plots_of("2026-09-14", 2)),
        "comes twice, with different figures",
    ),
    Case("streams as text", STREAMS, streams("10"), "not a 64-bit integer"),
    Case("streams as true", STREAMS, streams(value=True), "not a 64-bit integer"),
    Case("half a stream", STREAMS, streams(10.5), "not a 64-bit integer"),
    Case("streams below nothing", STREAMS, streams(-10), "is negative"),
    Case("streams that are no number", STREAMS, streams(float("nan")), "not a 64-bit integer"),
    Case("streams without end", STREAMS, streams(float("inf")), "not a 64-bit integer"),
    Case("more streams than 64 bits hold", STREAMS, streams(2**63), "not a 64-bit integer"),
    Case("streams that were rounded on the way", STREAMS, streams(2.0**60), "not a 64-bit integer"),
    Case("streams on no day", STREAMS, put("2026-02-30T00:00:00+00:00", "items", 0, "date"), "is no date"),
    Case("fewer days than announced", STREAMS, put(9, "page", "total"), "total went from 9 to 0"),
    Case("spins of another song", SPINS, put(NOBODY, "related", "uuid"), "about uuid"),
    Case("spins of another day", SPINS, put("2026-09-14T23:59:59+00:00", "items", 0, "airedAt"), "a play outside"),
    Case("spins without a play", SPINS, put([], "items"), "0 plays came of 7"),
    Case("a play of no spins", SPINS, put(0, "page", "total"), "1 plays came of 0"),
    Case("spins as true", SPINS, put(True, "page", "total"), "not a count"),
    Case("followers of another artist", FOLLOWERS, put(NOBODY, "related", "artist", "uuid"), "about artist.uuid"),
    Case("followers on another platform", FOLLOWERS, put("tiktok", "related", "platform"), "about platform"),
    Case("followers below nothing", FOLLOWERS, items(followers_of("2026-09-14", followerCount=-1)), "is negative"),
    Case("listeners of another artist", LISTENERS, put(NOBODY, "related", "artist", "uuid"), "about artist.uuid"),
    Case("listeners on another platform", LISTENERS, put("youtube", "related", "platform"), "about platform"),
    Case("listeners before the window", LISTENERS, items(listeners_of("2025-09-14", 3)), "outside the window"),
    Case("metadata of another song", "tracks", put(NOBODY, "uuid"), "does not hold what was asked for"),
    Case("a song with half a character", "tracks", put("\ud83d", "name"), "not valid Unicode"),
    Case("a song with NUL", "tracks", put("a\x00b", "name"), "NUL"),
    Case("a song with a number that JSON has not", "tracks", put({"tempo": float("nan")}, "audio"), "JSON has not"),
    Case("a song by an artist who is a command", "tracks", put("\x1b[2J", "artists", 0, "uuid"), "no identifier"),
    Case("a song by an artist with an endless name", "tracks", put("u" * 256, "artists", 0, "uuid"), "no identifier"),
    Case("a song of text length", "tracks", put("194", "duration"), "not a 64-bit integer"),
    Case("metadata of another artist", "artists", put(NOBODY, "uuid"), "does not hold what was asked for"),
    Case("an artist born on no day", "artists", put("1999-02-29", "birthDate"), "is no date"),
    # What may be read in one way only is stored.
    Case("a day in another zone", STREAMS, put("2026-09-14T00:00:00+02:00", "items", 2, "date")),
    Case("the same day twice", STREAMS, items(plots_of("2026-09-14", 10), plots_of("2026-09-14", 10))),
    Case("whole streams with a point", STREAMS, streams(10.0)),
    Case("as many streams as 64 bits hold", STREAMS, streams(2**63 - 1)),
    Case("an answer about nothing in particular", STREAMS, put({}, "related")),
    Case("a song with more keys than known", "tracks", put({"b": [None, 1.5]}, "a")),
    Case("a song of every script", "tracks", put("'; DROP TABLE x; --\u202e\U0001f98a\x1b[31m\n%s../", "name")),
]
TRACKS = [song_uuid(number) for number in range(1, len(CASES) + 1)]
NUMBERED = list(enumerate(CASES, start=1))

RANKINGS = [
    ("of-another-chart", put("global-28", "related", "chart", "slug"), "about chart 'global-28'"),
    ("place-as-text", put("1", "items", 0, "position"), "not a 64-bit integer"),
    ("place-twice", put(2, "items", 0, "position"), "a position comes twice"),
    ("place-below-one", put(-1, "items", 0, "position"), "is negative"),
    ("no-date", put("yesterday", "related", "date"), "is no date"),
    ("no-song", put(None, "items", 1, "song"), "is not an object"),
    ("song-is-a-command", put("\x9b2J", "items", 1, "song", "uuid"), "no identifier"),
    ("date-is-a-path", put("2026-09-14\u20442:00:00+00:00", "related", "date"), "is no"),
]
LEFT = "one-has-left"
"""A chart of two places, at one of which the song has left: stored without it."""
OLDER = "older-is-the-newest"
"""A chart that is asked for an older ranking and answers with the newest."""
LISTS = [
    ("list-of-another", put("global-28", "related", "slug"), "about chart 'global-28'"),
    ("list-of-nothing", items(1), "not text"),
    ("list-of-paths", items("2026-09-13/../00:00+00:00"), "is no"),
    ("list-with-half", items("2026-09-13\ud83d12:00:00+00:00"), "is no"),
]
PLATFORMS = [
    ("tidal", put("spotify", "items", 0, "platform"), "is a chart of 'spotify'"),
    ("deezer", put(None, "items", 1, "slug"), "slug is missing"),
    ("amazon", put("\x1b]0;owned\x07", "items", 0, "slug"), "no identifier"),
]


def thing(number: int, subject: str) -> Thing:
    return subject, artist_uuid(number) if subject.startswith("artist") else song_uuid(number)


def hostile_vendor() -> Vendor:
    vendor = Vendor(tracks=len(CASES))
    for number, case in NUMBERED:
        one = thing(number, case.subject)
        vendor.replaced[one] = case.spoil(vendor.sound(one))
    for slug, spoil, _ in RANKINGS:
        one = ("chart_rankings", f"{slug}@{LATEST}")
        vendor.replaced[one] = spoil(vendor.sound(one))
    left = ("chart_rankings", f"{LEFT}@{LATEST}")
    vendor.replaced[left] = put(0, "items", 1, "position")(vendor.sound(left))
    vendor.replaced["chart_rankings", f"{OLDER}@{EARLIER}"] = vendor.sound(("chart_rankings", f"{OLDER}@{LATEST}"))
    for slug, spoil, _ in LISTS:
        vendor.replaced["available_rankings", slug] = spoil(vendor.sound(("available_rankings", slug)))
    for platform, spoil, _ in PLATFORMS:
        vendor.replaced["chart_catalogue", platform] = spoil(vendor.sound(("chart_catalogue", platform)))
    return vendor


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """What one pass over all of these answers left in the warehouse."""
    slugs = [*(slug for slug, *_ in RANKINGS), LEFT, OLDER, *(slug for slug, *_ in LISTS)]
    platforms = ("spotify", *(platform for platform, *_ in PLATFORMS))
    return one_pass(tmp_path_factory.mktemp("hostile"), hostile_vendor(), *slugs, platforms=platforms)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """What a pass leaves that is answered soundly throughout."""
    return one_pass(tmp_path_factory.mktemp("sound"), Vendor(tracks=len(CASES)))


def rows_of(books: Books, one: Thing) -> list[tuple[Any, ...]]:
    """What is stored of a thing in the table that it goes to first."""
    subject, uuid = one
    entity = "artist" if subject.startswith("artist") else "track"
    if "/" not in subject:
        fetched = f"SELECT * FROM soundcharts.{subject} WHERE uuid = ? AND fetched_at IS NOT NULL"
        return books.rows(fetched, uuid)
    table, platform = subject.split("/")
    return books.rows(f"SELECT * FROM soundcharts.{table} WHERE {entity}_uuid = ? AND platform = ?", uuid, platform)


@pytest.mark.parametrize(("number", "case"), NUMBERED, ids=[case.name for case in CASES])
def test_an_answer_is_stored_or_kept_for_inspection_with_its_reason(books: Books, number: int, case: Case) -> None:
    one = thing(number, case.subject)
    if not case.reason:
        assert books.ledger()[one] == "ok"
        assert rows_of(books, one)
        assert one not in books.malformed()
        return
    assert books.ledger()[one] == "malformed"
    assert rows_of(books, one) == []
    reason, payload = books.malformed()[one]
    assert case.reason in reason
    assert reason == books.rows("SELECT error FROM soundcharts.fetches WHERE (subject, uuid) = (?, ?)", *one)[0][0]
    # What JSON has not, such as NaN, is kept as it came.
    assert type(json.loads(payload or "null")) is dict


@pytest.mark.parametrize(("slug", "reason"), [(slug, reason) for slug, _, reason in RANKINGS])
def test_a_ranking_of_something_else_is_stored_under_no_key(books: Books, slug: str, reason: str) -> None:
    # What the poll takes for sound is found out when the ranking is put together.
    found = {one: told for one, (told, _) in books.malformed().items() if one[1].split("@")[0] == slug}
    assert any(reason in told for told in found.values()), found
    assert (
        books.rows("SELECT * FROM soundcharts.chart_entries WHERE chart_slug = ? AND ranked_at = ?", slug, LATEST) == []
    )
    if ("charts", slug) in found:
        # Nor is the chart described as the other one is.
        described = "SELECT name, platform, latest_ranked_at FROM soundcharts.charts WHERE slug = ?"
        assert books.rows(described, slug) in ([], [(None, None, None)])


def test_the_newest_ranking_is_not_taken_for_the_older_one_that_was_asked_for(books: Books) -> None:
    stored = books.rows("SELECT ranked_at FROM soundcharts.chart_rankings WHERE chart_slug = ?", OLDER)
    assert [at for (at,) in stored] == [datetime.fromisoformat(LATEST)]
    assert f"a page is of {LATEST}" in books.malformed()["chart_rankings", f"{OLDER}@{EARLIER}"][0]


def test_a_song_that_has_left_takes_no_place(books: Books) -> None:
    assert [
        row[2] for row in books.table("chart_entries", "chart_slug || ranked_at")[f"{LEFT}2026-09-14 12:00:00+00"]
    ] == [1]


@pytest.mark.parametrize(("slug", "reason"), [(slug, reason) for slug, _, reason in LISTS])
def test_a_list_of_rankings_that_is_none_costs_no_more_than_itself(books: Books, slug: str, reason: str) -> None:
    assert reason in books.malformed()["available_rankings", slug][0]
    assert books.rows("SELECT count(*) FROM soundcharts.chart_rankings WHERE chart_slug = ?", slug) == [(1,)]


@pytest.mark.parametrize(("platform", "reason"), [(platform, reason) for platform, _, reason in PLATFORMS])
def test_a_platforms_charts_are_its_own_or_not_listed(books: Books, platform: str, reason: str) -> None:
    told, payload = books.malformed()["chart_catalogue", platform]
    assert reason in told
    assert json.loads(payload or "null")["name"] == "Top Songs"  # the one item, not the whole list
    assert books.rows("SELECT DISTINCT platform FROM soundcharts.chart_catalogue") == [("spotify",)]


TABLES = [
    ("chart_entries", "chart_slug", "chart_rankings"),
    ("tracks", "uuid", "tracks"),
    ("track_artists", "track_uuid", "tracks"),
    ("track_genres", "track_uuid", "tracks"),
    ("artists", "uuid", "artists"),
    ("artist_genres", "artist_uuid", "artists"),
    ("track_audience", "track_uuid || platform", STREAMS),
    ("artist_audience", "artist_uuid", FOLLOWERS),
    ("artist_listening", "artist_uuid", LISTENERS),
]


def test_all_that_was_answered_soundly_is_stored_as_if_nothing_had_happened(books: Books, undisturbed: Books) -> None:
    spoilt = {thing(number, case.subject)[1] for number, case in NUMBERED}
    # By a track that is not stored no artist is reached.
    spoilt |= {artist_uuid(number) for number, case in NUMBERED if case.subject == "tracks" and case.reason}
    compared = 0
    for table, key, _ in TABLES:
        found = books.table(table, key)
        for about, rows in undisturbed.table(table, key).items():
            if about[:36] not in spoilt:
                assert found[about] == rows, (table, about)
                compared += len(rows)
    assert compared > 200


def test_status_tells_that_answers_were_malformed_and_where_they_are(tmp_path: Path) -> None:
    vendor = Vendor()
    one = (STREAMS, song_uuid(1))
    vendor.replaced[one] = streams("10")(vendor.sound(one))
    with asked(tmp_path, vendor) as refresher:
        with refresher.calling("a test"):
            refresher.poll_all([SOUND])
            refresher.refresh_rankings([SOUND], Request())
            refresher.refresh_subject(refresher.subjects[STREAMS], [SOUND], Request())
        (line,) = [line for line in _overall(look(refresher, [])) if "malformed_answers" in line]
        assert "1 answers were malformed and not stored" in line

        # Later the answer is sound: it is stored, and what was wrong before may still be looked at.
        del vendor.replaced[one]
        later(refresher, hours=2)
        with refresher.calling("a test"):
            refresher.refresh_subject(refresher.subjects[STREAMS], [SOUND], Request())
        assert not [line for line in _overall(look(refresher, [])) if "malformed_answers" in line]
    books = Books(tmp_path / "warehouse.duckdb", [])
    assert books.ledger()[one] == "ok"
    assert "not a 64-bit integer" in books.malformed()[one][0]


# Whatever hypothesis makes of it.

THINGS = [
    *(("tracks", song_uuid(number)) for number in range(1, 9)),
    *(("artists", artist_uuid(number)) for number in range(9, 13)),
    *((STREAMS, song_uuid(number)) for number in range(9, 15)),
    *((SPINS, song_uuid(number)) for number in range(15, 21)),
    *((FOLLOWERS, artist_uuid(number)) for number in range(21, 27)),
    *((LISTENERS, artist_uuid(number)) for number in range(27, 33)),
    *(("chart_rankings", f"odd-{number}@{LATEST}") for number in range(5)),
    *(("available_rankings", f"list-{number}") for number in range(3)),
    *(("chart_catalogue", platform) for platform in ("deezer", "tidal", "amazon")),
]
ODD_CHARTS = [one.split("@")[0] for subject, one in THINGS if subject in {"chart_rankings", "available_rankings"}]
ODD_PLATFORMS = tuple(one for subject, one in THINGS if subject == "chart_catalogue")


@st.composite
def spoilt_vendors(draw: st.DrawFn) -> Vendor:
    """A vendor that spoils all of these things, each in one to three places."""
    vendor = Vendor(tracks=len(CASES))
    for one in THINGS:
        vendor.replaced[one] = draw(mutated([vendor.sound(one)]))
    return vendor


def whole(value: Any) -> int | None:
    """A JSON value as a count, where it can be read as one and in one way only."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not (value.is_integer() and abs(value) <= 2**53):
        return None
    return int(value) if 0 <= value < 2**63 else None


def day_of(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def figures(one: Thing, body: Any) -> set[tuple[Any, ...]]:
    """Every row that a series could mean: read here by hand, apart from the product's own parser."""
    subject, _ = one
    found: set[tuple[Any, ...]] = set()
    if subject == SPINS:
        return {(date(2026, 9, 15), "", whole(body["page"]["total"]))}
    for item in body["items"]:
        day = day_of(item.get("date")) if isinstance(item, dict) else None
        if subject == STREAMS and day:
            found |= {(day, plot.get("identifier") or "", whole(plot.get("value"))) for plot in item.get("plots") or ()}
        elif subject == FOLLOWERS and day:
            names = ("followerCount", "likeCount", "viewCount", "postCount", "followingCount")
            found.add((day, *(whole(item.get(name)) for name in names)))
        elif day:
            found.add((day, whole(item.get("value"))))
    return found


def meant(one: Thing, body: Any) -> bool:
    """Whether a body is about what was asked for, or says nothing of it."""
    subject, uuid = one
    context = body.get("related")
    if not isinstance(context, dict):
        return True
    entity = context.get("artist") or {} if subject.startswith("artist") else context
    about = entity.get("uuid") if isinstance(entity, dict) else None
    # Plays on the radio are of no platform.
    return about in (None, uuid) and (subject == SPINS or context.get("platform") in (None, "spotify"))


def hold_series(books: Books, one: Thing, body: Any) -> None:
    subject, uuid = one
    columns = {STREAMS: "identifier, value", SPINS: "identifier, value", LISTENERS: "value"}
    table, platform = subject.split("/")
    statement = f"SELECT date, {columns.get(subject, 'followers, likes, views, posts, following')} "
    statement += f"FROM soundcharts.{table} WHERE {table.split('_')[0]}_uuid = ? AND platform = ?"
    rows = books.rows(statement, uuid, platform)
    if rows:
        assert meant(one, body), (one, body)
        assert set(rows) <= figures(one, body), (one, body)
        assert len(rows) == len(set(rows))
        assert all(date(2026, 8, 17) <= row[0] <= NOW.date() for row in rows)


def hold_metadata(books: Books, one: Thing, body: Any) -> None:
    subject, uuid = one
    statement = f"SELECT name, image_url, payload FROM soundcharts.{subject} WHERE uuid = ? AND payload IS NOT NULL"
    for name, image, payload in books.rows(statement, uuid):
        assert body["uuid"] == uuid
        assert name == body["name"]
        assert image == (body.get("imageUrl") or None)
        assert json.loads(payload) == body


def hold_ranking(books: Books, one: Thing, body: Any) -> None:
    slug = one[1].split("@")[0]
    statement = "SELECT position, track_uuid, metric_value FROM soundcharts.chart_entries "
    rows = books.rows(f"{statement} WHERE chart_slug = ? AND ranked_at = ?", slug, LATEST)
    if rows:
        described = body["related"]["chart"]
        assert described["slug"] == slug
        assert datetime.fromisoformat(body["related"]["date"]) == datetime.fromisoformat(LATEST)
        metric = (described.get("metric") or {}).get("type")
        shown = {(whole(item["position"]), item["song"]["uuid"], item.get("metric")) for item in places(body)}
        assert set(rows) == {(place, song, whole(figure) if metric else None) for place, song, figure in shown}


def places(body: Any) -> list[Any]:
    """The items of songs that are in the chart still."""
    return [item for item in body["items"] if item["position"] != 0]


def hold_catalogue(books: Books, one: Thing, body: Any) -> None:
    statement = "SELECT slug, name, platform FROM soundcharts.chart_catalogue WHERE platform = ?"
    rows = books.rows(statement, one[1])
    if rows:
        assert set(rows) == {(item["slug"], item["name"], one[1]) for item in body["items"]}


def nothing_to_hold(*_: object) -> None:
    """A list of rankings leaves no row but those of the ledger."""


HOLD: dict[str, Callable[[Books, Thing, Any], None]] = {
    **dict.fromkeys(SERIES, hold_series),
    **dict.fromkeys(("tracks", "artists"), hold_metadata),
    "chart_rankings": hold_ranking,
    "chart_catalogue": hold_catalogue,
    "available_rankings": nothing_to_hold,
}


def verify(books: Books, vendor: Vendor) -> None:
    """Hold every stored row against the body it came from; what was refused must be told and leave no row."""
    ledger, malformed = books.ledger(), books.malformed()
    for one in THINGS:
        subject, _ = one
        body = vendor.replaced[one]
        HOLD[subject](books, one, body)
        if ledger.get(one) == "malformed":
            reason, payload = malformed[one]
            assert reason
            assert payload
            if subject in {*SERIES, "tracks", "artists"}:
                assert rows_of(books, one) == []
        elif subject != "chart_rankings":  # where the poll was refused, the ledger says so of the chart
            # A list of rankings is not asked for where the poll told of none.
            assert ledger.get(one) in {"ok", "empty", None if subject == "available_rankings" else "ok"}, one


def as_it_arrives(vendor: Vendor) -> Vendor:
    """The same with bodies as JSON carries them."""
    vendor.replaced = {one: json.loads(json.dumps(body)) for one, body in vendor.replaced.items()}
    return vendor


def undisturbed_rows(books: Books) -> dict[str, list[tuple[Any, ...]]]:
    """What is stored of the tracks and artists whose every answer is sound."""
    sound = [*map(song_uuid, range(33, len(CASES) + 1)), *map(artist_uuid, range(33, len(CASES) + 1))]
    kept: dict[str, list[tuple[Any, ...]]] = {}
    for table, key, _ in TABLES[1:]:
        found = books.table(table, key)
        kept |= {f"{table} {about}": rows for about, rows in found.items() if about[:36] in sound}
    return kept


def hold_whatever_is_answered(folder: Path, vendor: Vendor, undisturbed: Books) -> None:
    vendor = as_it_arrives(vendor)
    books = one_pass(folder, vendor, *ODD_CHARTS, platforms=("spotify", *ODD_PLATFORMS))
    verify(books, vendor)
    assert undisturbed_rows(books) == undisturbed_rows(undisturbed)


UNSHRUNK = [phase for phase in Phase if phase is not Phase.shrink]
"""A pass takes seconds, and shrinking takes hundreds of them; what failed is printed as it is."""


OVERLONG = pytest.mark.filterwarnings("ignore:Generating overly large repr")
"""A pass takes dozens of spoilt bodies at once, which nobody would want printed; hypothesis warns of their length."""


@OVERLONG
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), phases=UNSHRUNK)
@given(vendor=spoilt_vendors())
def test_whatever_is_answered_no_wrong_row_is_stored(
    tmp_path_factory: pytest.TempPathFactory, undisturbed: Books, vendor: Vendor
) -> None:
    hold_whatever_is_answered(tmp_path_factory.mktemp("spoilt"), vendor, undisturbed)


@pytest.mark.slow
@OVERLONG
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=UNSHRUNK)
@given(vendor=spoilt_vendors())
def test_whatever_is_answered_no_wrong_row_is_stored_in_many_passes(
    tmp_path_factory: pytest.TempPathFactory, undisturbed: Books, vendor: Vendor
) -> None:
    hold_whatever_is_answered(tmp_path_factory.mktemp("spoilt"), vendor, undisturbed)
