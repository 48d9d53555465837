"""Payloads of every documented shape become records (contract sections 8.5, 10.1, 10.4 and 11.1 to 11.3)."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest

from soundcharts_assets.api import parse
from soundcharts_assets.api.errors import Malformed
from soundcharts_assets.api.records import (
    ArtistRecord,
    ChartRecord,
    CreditRecord,
    EntryRecord,
    FollowerPoint,
    GenreRecord,
    ListedArtist,
    ListedTrack,
    ListeningPoint,
    PlotPoint,
    RankingPage,
    TrackRecord,
)
from tests.api.payloads import (
    RANKED_AT,
    artist,
    artist_light,
    artist_uuid,
    chart,
    entry,
    followers_of,
    listeners_of,
    old_song,
    plots_of,
    related,
    song,
    song_uuid,
    sparse_song,
    without,
)

BIGGEST, SMALLEST = 2**63 - 1, -(2**63)
NO_INTEGERS = [True, False, "7", 7.5, float("nan"), float("inf"), [], {}, BIGGEST + 1, SMALLEST - 1, 1e30, 2.0**53 + 2]
NO_TEXTS = [7, True, 1.5, [], {}, ["a"]]
NOT_STORABLE = ["NUL\x00", "half \ud83d", "\udfff"]


def page(*entries: dict[str, Any], **chart_changes: Any) -> RankingPage:
    return parse.ranking_page(related(**chart_changes), list(entries))


def only(*entries: dict[str, Any], **chart_changes: Any) -> EntryRecord:
    (found,) = page(*entries, **chart_changes).entries
    return found


def track(**changes: Any) -> TrackRecord:
    return parse.song(song(**changes)).track


# Rankings.


def test_a_place_becomes_an_entry_and_its_track() -> None:
    found = page(entry(3))
    assert found.chart == ChartRecord(
        slug="global-28",
        name="Top Songs",
        platform="spotify",
        type="song",
        frequency="daily",
        country_code="",
        country_name="Worldwide",
        city_name=None,
        max_results=200,
        metric="streamcount",
        web_url="https://charts.example.invalid/global-28",
    )
    assert found.ranked_at == datetime(2026, 9, 14, 12, tzinfo=UTC)
    assert found.ranked_at_text == RANKED_AT
    assert found.entries == [
        EntryRecord(
            chart_slug="global-28",
            ranked_at=datetime(2026, 9, 14, 12, tzinfo=UTC),
            position=3,
            track_uuid=song_uuid(3),
            previous_position=5,
            position_change=2,
            metric_value=8_999_999_997,
            entered_at=datetime(2026, 8, 16, 11, 43, 52, tzinfo=UTC),
            time_on_chart=30,
            time_on_chart_unit="DOC",
            entry_state=None,
        )
    ]
    assert found.tracks == [
        ListedTrack(song_uuid(3), "Song 3", "Artist 3", "https://assets.example.invalid/song/3.jpg")
    ]


def test_a_chart_may_lack_what_is_not_needed() -> None:
    described = page(**{key: None for key in chart() if key not in {"slug", "name", "platform"}}).chart
    assert described == ChartRecord("global-28", "Top Songs", "spotify", None, None, "", None, None, None, None, None)
    needed = {key: chart()[key] for key in ("slug", "name", "platform")}
    assert parse.ranking_page({"chart": needed, "date": RANKED_AT}, []).chart == described


@pytest.mark.parametrize("metric", [None, 0, 8_123_456])
def test_a_chart_without_a_metric_has_no_figures_whatever_its_rows_say(metric: int | None) -> None:
    assert only(entry(metric=metric), metric=None).metric_value is None
    assert only(without(entry(), "metric"), metric=None).metric_value is None
    bare = {"chart": without(chart(), "metric"), "date": RANKED_AT}
    assert parse.ranking_page(bare, [entry(metric=metric)]).entries[0].metric_value is None


def test_a_chart_with_a_metric_keeps_a_zero_and_a_missing_figure_apart() -> None:
    assert only(entry(metric=0)).metric_value == 0
    assert only(entry(metric=None)).metric_value is None
    assert only(without(entry(), "metric")).metric_value is None
    assert only(entry(metric=BIGGEST)).metric_value == BIGGEST


def test_a_song_that_has_left_the_chart_is_dropped() -> None:
    found = page(entry(1), entry(2, position=0), entry(3))
    assert [(one.position, one.track_uuid) for one in found.entries] == [(1, song_uuid(1)), (3, song_uuid(3))]
    assert [listed.uuid for listed in found.tracks] == [song_uuid(1), song_uuid(3)]


def test_a_song_that_has_left_the_chart_need_not_be_described() -> None:
    assert page({"position": 0}).entries == []


def test_a_place_below_zero_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"items\[0\]\.position is negative"):
        page(entry(position=-1))


def test_no_previous_place_is_none() -> None:
    assert only(entry(oldPosition=0)).previous_position is None
    assert only(entry(oldPosition=None)).previous_position is None
    assert only(entry(oldPosition=121)).previous_position == 121
    assert only(entry(positionEvolution=None)).position_change is None
    assert only(entry(positionEvolution=0)).position_change == 0


@pytest.mark.parametrize("unit", ["DOC", "WOC"])
def test_time_on_chart_keeps_its_unit(unit: str) -> None:
    found = only(entry(timeOnChart=4, timeOnChartUnit=unit))
    assert (found.time_on_chart, found.time_on_chart_unit) == (4, unit)


def test_instants_are_read_with_their_offsets() -> None:
    found = page(entry(entryDate="2022-06-06T13:43:52+02:00"))
    assert found.entries[0].entered_at == datetime(2022, 6, 6, 11, 43, 52, tzinfo=UTC)
    assert found.entries[0].entered_at.utcoffset() == timedelta(0)
    page_in_paris = parse.ranking_page(related("2026-09-14T14:00:00+02:00"), [])
    assert page_in_paris.ranked_at == found.ranked_at
    assert page_in_paris.ranked_at_text == "2026-09-14T14:00:00+02:00"


@pytest.mark.parametrize("key", ["entryDate", "entryState", "timeOnChartUnit"])
def test_an_empty_text_of_a_place_is_none(key: str) -> None:
    names = {"entryDate": "entered_at", "entryState": "entry_state", "timeOnChartUnit": "time_on_chart_unit"}
    assert getattr(only(entry(**{key: ""})), names[key]) is None
    assert getattr(only(entry(**{key: None})), names[key]) is None
    assert getattr(only(without(entry(), key)), names[key]) is None


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({}, "related.chart is not an object"),
        ({"chart": chart()}, "related.date is missing"),
        ({"chart": chart(), "date": ""}, "related.date is missing"),
        ({"chart": chart(), "date": "2026-09-14T12:00:00"}, "related.date has no offset"),
        ({"chart": chart(), "date": "2026-09-14"}, "related.date has no offset"),
        ({"chart": chart(), "date": "latest"}, "related.date is no date"),
        ({"chart": chart(), "date": "0001-01-01T00:00:00+14:00"}, "related.date is out of range"),
        ({"chart": chart(), "date": 1_789_000_000}, "related.date is not text"),
        ({"chart": chart(slug=""), "date": RANKED_AT}, "related.chart.slug is missing"),
        ({"chart": chart(name=None), "date": RANKED_AT}, "related.chart.name is missing"),
        ({"chart": without(chart(), "platform"), "date": RANKED_AT}, "related.chart.platform is missing"),
        ({"chart": chart(metric="streamcount"), "date": RANKED_AT}, "related.chart.metric is not an object"),
        (None, "related is not an object"),
        ([], "related is not an object"),
    ],
)
def test_a_ranking_of_nothing_in_particular_is_malformed(context: Any, reason: str) -> None:
    with pytest.raises(Malformed, match=reason.replace(".", r"\.")):
        parse.ranking_page(context, [entry()])


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (None, r"items[1] is not an object"),
        ("entry", r"items[1] is not an object"),
        (without(entry(), "position"), "items[1].position is missing"),
        (entry(song=None), "items[1].song is not an object"),
        (entry(song={"name": "Nobody's"}), "items[1].song.uuid is missing"),
        (entry(song={"uuid": "u", "name": None}), "items[1].song.name is missing"),
        (entry(entryDate="yesterday"), "items[1].entryDate is no date"),
    ],
)
def test_a_place_that_cannot_be_stored_is_malformed_and_named(item: Any, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse.ranking_page(related(), [entry(9), item])
    assert str(caught.value).startswith(reason)


# Songs.


def test_a_song_becomes_a_track_its_credits_artists_and_genres() -> None:
    payload = song()
    found = parse.song(payload)
    assert found.track == TrackRecord(
        uuid=song_uuid(),
        name="Paper Lanterns",
        credit_name="Artist 1 & Artist 2",
        image_url="https://assets.example.invalid/song/1.jpg",
        isrc="USZZZ2600001",
        release_date=date(2026, 3, 6),
        duration_seconds=194,
        explicit=False,
        language_code="en",
        copyright="℗ 2026 Synthetic Recordings",
        distributor="Synthetic Distribution",
        composers='["M. Velde"]',
        producers='["J. Pike","山田 花子"]',
        labels='[{"name":"Synthetic Recordings","type":"Indie"}]',
        audio_features=json.dumps(payload["audio"], separators=(",", ":")),
        payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
    )
    assert found.credits == [
        CreditRecord(song_uuid(), artist_uuid(1), 1, is_main=True),
        CreditRecord(song_uuid(), artist_uuid(2), 2, is_main=False),
    ]
    assert found.artists == [
        ListedArtist(artist_uuid(n), f"Artist {n}", f"artist-{n}", f"https://assets.example.invalid/artist/{n}.jpg")
        for n in (1, 2)
    ]
    assert found.genres == [
        GenreRecord("alternative", "alternative"),
        GenreRecord("alternative", "indie"),
        GenreRecord("electronic", "electronic"),
    ]


def test_a_sparse_song_is_stored_with_what_there_is() -> None:
    found = parse.song(sparse_song())
    assert found.track == TrackRecord(
        uuid=song_uuid(3),
        name="Paper Lanterns",
        credit_name="Artist 1 & Artist 2",
        image_url="https://assets.example.invalid/song/3.jpg",
        isrc="QZZZZ2600003",
        release_date=None,
        duration_seconds=None,
        explicit=None,
        language_code=None,
        copyright=None,
        distributor=None,
        composers="[]",
        producers="[]",
        labels="[]",
        audio_features=None,
        payload=found.track.payload,
    )
    assert (found.credits, found.artists, found.genres) == ([], [], [])


def test_a_song_is_stored_with_nothing_but_an_id_and_a_name() -> None:
    found = parse.song({"uuid": "u", "name": "n"})
    assert found.track == ("u", "n", *[None] * 9, "[]", "[]", "[]", None, '{"uuid":"u","name":"n"}')
    assert (found.credits, found.artists, found.genres) == ([], [], [])


def test_a_song_of_an_older_version_is_understood() -> None:
    found = parse.song(old_song())
    assert found.track.isrc == "USZZZ2600001"
    assert found.track.labels == '[{"name":"Synthetic Recordings","type":null}]'
    assert found.track.release_date == date(2026, 3, 6)
    assert found.credits == [CreditRecord(song_uuid(), artist_uuid(1), 1, is_main=None)]
    assert found.genres == []


@pytest.mark.parametrize(
    ("isrc", "expected"),
    [
        ({"value": "GBZZZ2600002", "countryCode": "GB", "countryName": "United Kingdom"}, "GBZZZ2600002"),
        ({"value": "GBZZZ2600002"}, "GBZZZ2600002"),
        ({"value": ""}, None),
        ({"value": None}, None),
        ({}, None),
        ("GBZZZ2600002", "GBZZZ2600002"),
        ("", None),
        (None, None),
    ],
)
def test_an_isrc_is_read_in_every_shape(isrc: Any, expected: str | None) -> None:
    assert track(isrc=isrc).isrc == expected


def test_a_song_without_an_isrc_key_has_none() -> None:
    assert parse.song(without(song(), "isrc")).track.isrc is None


@pytest.mark.parametrize("isrc", [7, True, ["GBZZZ2600002"], {"value": 7}])
def test_an_isrc_of_another_shape_is_malformed(isrc: Any) -> None:
    with pytest.raises(Malformed, match="isrc"):
        track(isrc=isrc)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-06T00:00:00+00:00", date(2026, 3, 6)),
        ("2026-03-06T00:00:00+01:00", date(2026, 3, 6)),
        ("2026-03-06T00:00:00-11:00", date(2026, 3, 6)),
        ("2026-03-06T23:59:59-11:00", date(2026, 3, 6)),
        ("2026-03-06T00:00:00Z", date(2026, 3, 6)),
        ("2026-03-06T00:00:00", date(2026, 3, 6)),
        ("2026-03-06", date(2026, 3, 6)),
        ("1899-12-31T00:00:00+00:00", date(1899, 12, 31)),
        ("0001-01-01T00:00:00+14:00", date(1, 1, 1)),
        ("", None),
        (None, None),
    ],
)
def test_a_release_keeps_the_day_as_written(written: str | None, day: date | None) -> None:
    assert track(releaseDate=written).release_date == day


@pytest.mark.parametrize("written", ["2026", "2026-02-30T00:00:00+00:00", "06/03/2026", "soon", 20_260_306, {}])
def test_a_release_on_no_day_is_malformed(written: Any) -> None:
    with pytest.raises(Malformed, match=r"song\.releaseDate"):
        track(releaseDate=written)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"labels": [{"name": "One", "type": "Indie"}, {"name": "Two"}]}, [("One", "Indie"), ("Two", None)]),
        ({"labels": [{"name": "One", "type": ""}]}, [("One", None)]),
        ({"labels": []}, []),
        ({"labels": None}, []),
        ({"label": "Old"}, [("Old", None)]),
        ({"label": ""}, []),
        ({"label": None}, []),
        ({"labels": [], "label": "Old"}, [("Old", None)]),
        ({"labels": [{"name": "New", "type": "Sony"}], "label": "Old"}, [("New", "Sony")]),
        ({}, []),
    ],
)
def test_labels_are_a_list_or_the_old_text(labels: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    found = parse.song({**without(song(), "labels"), **labels}).track.labels
    assert [(label["name"], label["type"]) for label in json.loads(found)] == expected


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        ([{"root": "pop", "sub": ["pop", "electropop"]}], [("pop", "pop"), ("pop", "electropop")]),
        ([{"root": "pop", "sub": ["electropop"]}], [("pop", "pop"), ("pop", "electropop")]),
        ([{"root": "pop", "sub": []}], [("pop", "pop")]),
        ([{"root": "pop", "sub": None}], [("pop", "pop")]),
        ([{"root": "pop"}], [("pop", "pop")]),
        ([{"root": "pop", "sub": ["", "electropop"]}], [("pop", "pop"), ("pop", "electropop")]),
        ([{"root": "pop"}, {"root": "pop", "sub": ["pop"]}], [("pop", "pop")]),
        ([{"root": "pop", "sub": ["indie"]}, {"root": "rock", "sub": ["indie"]}],
         [("pop", "pop"), ("pop", "indie"), ("rock", "rock"), ("rock", "indie")]),
        (["pop", "r&b/soul", "pop"], [("pop", "pop"), ("r&b/soul", "r&b/soul")]),
        (["pop", {"root": "pop", "sub": ["electropop"]}], [("pop", "pop"), ("pop", "electropop")]),
        ([""], []),
        ([], []),
        (None, []),
    ],
)  # fmt: skip
def test_genres_are_objects_or_texts_and_come_once(genres: Any, expected: list[tuple[str, str]]) -> None:
    assert parse.song(song(genres=genres)).genres == expected
    assert parse.artist(artist(genres=genres)).genres == expected


@pytest.mark.parametrize("genres", ["pop", {}, 7, [None], [7], [["pop"]], [{"root": 7}], [{"root": "a", "sub": [7]}]])
def test_genres_of_another_shape_are_malformed(genres: Any) -> None:
    with pytest.raises(Malformed, match="genres"):
        parse.song(song(genres=genres))
    with pytest.raises(Malformed, match="genres"):
        parse.artist(artist(genres=genres))


def test_an_artist_who_is_credited_twice_is_one_credit() -> None:
    found = parse.song(song(artists=[artist_light(2), artist_light(1), artist_light(2), artist_light(3)]))
    assert [(credit.artist_uuid, credit.ordinal) for credit in found.credits] == [
        (artist_uuid(2), 1),
        (artist_uuid(1), 2),
        (artist_uuid(3), 3),
    ]


def test_who_is_main_is_told_only_where_the_payload_tells_it() -> None:
    def mains(**changes: Any) -> list[bool | None]:
        return [credit.is_main for credit in parse.song({**without(song(), "mainArtists"), **changes}).credits]

    assert mains() == [None, None]
    assert mains(mainArtists=None) == [None, None]
    assert mains(mainArtists=[]) == [False, False]
    assert mains(mainArtists=[artist_light(2)]) == [False, True]
    assert mains(mainArtists=[artist_light(2), artist_light(1), artist_light(2)]) == [True, True]


@pytest.mark.parametrize("key", ["artists", "mainArtists"])
@pytest.mark.parametrize(
    "value", [{}, "Artist 1", [None], ["Artist 1"], [{"name": "Artist 1"}], [artist_light(uuid="")]]
)
def test_artists_without_an_id_are_malformed(key: str, value: Any) -> None:
    with pytest.raises(Malformed, match=key):
        parse.song(song(**{key: value}))


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("creditName", "credit_name"),
        ("imageUrl", "image_url"),
        ("languageCode", "language_code"),
        ("copyright", "copyright"),
        ("distributor", "distributor"),
    ],
)
def test_an_empty_text_of_a_song_is_none(key: str, field: str) -> None:
    assert getattr(track(**{key: ""}), field) is None
    assert getattr(track(**{key: None}), field) is None
    assert getattr(parse.song(without(song(), key)).track, field) is None
    assert getattr(track(**{key: " x "}), field) == " x "


@pytest.mark.parametrize(("explicit", "expected"), [(True, True), (False, False), (None, None)])
def test_explicit_is_yes_no_or_unknown(explicit: bool | None, expected: bool | None) -> None:  # noqa: FBT001
    assert track(explicit=explicit).explicit is expected


@pytest.mark.parametrize("explicit", [1, 0, "true", "", [], {}])
def test_explicit_is_nothing_else(explicit: Any) -> None:
    with pytest.raises(Malformed, match=r"song\.explicit is neither true nor false"):
        track(explicit=explicit)


def test_unknown_keys_are_ignored_but_kept_in_the_payload() -> None:
    payload = song(iswcs=7, appUrl=[], featured=[{"name": None}], unbekannt={"ä": [1, None, "ü"]})
    found = parse.song(payload)
    assert found == parse.song(song())._replace(track=found.track)
    assert found.track._replace(payload="") == track()._replace(payload="")
    assert json.loads(found.track.payload) == payload


@pytest.mark.parametrize("value", [None, [], "song", 7, True])
def test_a_song_that_is_no_object_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed, match="song is not an object"):
        parse.song(value)


@pytest.mark.parametrize(("key", "value"), [("uuid", ""), *product(["uuid", "name"], [None, *NO_TEXTS])])
def test_a_song_without_id_or_name_is_malformed(key: str, value: Any) -> None:
    with pytest.raises(Malformed, match=f"song.{key} is"):
        parse.song(song(**{key: value}))


def test_empty_text_is_missing_text_and_refuses_nothing() -> None:
    """The vendor writes `""` and `[]` where it knows nothing (contract section 4.3)."""
    payload = song(name="", labels=[{"name": "", "type": ""}], genres=[{"root": "", "sub": ["pop"]}], audio=[], isrc=[])
    found = parse.song({**payload, "artists": [{"uuid": "a", "name": ""}], "mainArtists": []})
    assert (found.track.name, found.track.labels, found.track.audio_features, found.track.isrc) == (
        "",
        "[]",
        None,
        None,
    )
    assert (found.genres, found.artists[0].name) == ([], "")


def test_an_artist_named_as_main_only_is_credited() -> None:
    found = parse.song(song(artists=[artist_light(1)], mainArtists=[artist_light(1), artist_light(2)]))
    assert [(credit.artist_uuid, credit.is_main) for credit in found.credits] == [
        (artist_uuid(1), True),
        (artist_uuid(2), True),
    ]


# Artists.


def test_an_artist_becomes_a_record() -> None:
    payload = artist()
    assert parse.artist(payload).artist == ArtistRecord(
        uuid=artist_uuid(),
        name="Artist 1",
        slug="artist-1",
        country_code="NL",
        city_name="Utrecht",
        type="person",
        gender="female",
        birth_date=date(1999, 1, 1),
        career_stage="long_tail",
        growth_level="average_growth",
        biography="Synthetic biography.",
        isni="0000000000000001",
        ipi="00000000001",
        image_url="https://assets.example.invalid/artist/1.jpg",
        web_url="https://example.invalid/",
        payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
    )
    assert parse.artist(payload).genres == [
        GenreRecord("pop", "pop"),
        GenreRecord("r&b", "r&b"),
        GenreRecord("r&b", "r&b/soul"),
    ]


@pytest.mark.parametrize("nothing", ["", None])
def test_an_artist_may_be_unknown_but_for_an_id_and_a_name(nothing: str | None) -> None:
    empty = {key: nothing for key in artist() if key not in {"uuid", "name", "genres"}}
    found = parse.artist({**empty, "uuid": "u", "name": "n", "genres": []})
    assert found.artist[:-1] == ("u", "n", *[None] * 13)
    assert parse.artist({"uuid": "u", "name": "n"}).artist[:-1] == found.artist[:-1]


@pytest.mark.parametrize(("key", "value"), [("uuid", ""), *product(["uuid", "name"], [None, *NO_TEXTS])])
def test_an_artist_without_id_or_name_is_malformed(key: str, value: Any) -> None:
    with pytest.raises(Malformed, match=f"artist.{key} is"):
        parse.artist(artist(**{key: value}))


# Series.


def test_a_day_of_a_track_has_a_point_for_each_identifier() -> None:
    assert parse.plots([plots_of("2026-09-14", 2_918_757_054, 12), plots_of("2026-09-13", 0)]) == [
        PlotPoint(date(2026, 9, 14), "id-1", 2_918_757_054),
        PlotPoint(date(2026, 9, 14), "id-2", 12),
        PlotPoint(date(2026, 9, 13), "id-1", 0),
    ]


@pytest.mark.parametrize("plots", [{}, {"plots": None}, {"plots": []}])
def test_a_day_without_plots_gives_no_point(plots: dict[str, Any]) -> None:
    assert parse.plots([{"date": "2026-09-14T00:00:00+00:00", **plots}, plots_of("2026-09-13", 7)]) == [
        PlotPoint(date(2026, 9, 13), "id-1", 7)
    ]


def test_a_plot_without_a_value_gives_no_point() -> None:
    assert parse.plots([plots_of("2026-09-14", None, 7)]) == [PlotPoint(date(2026, 9, 14), "id-2", 7)]


@pytest.mark.parametrize("plot", [{"value": 7}, {"value": 7, "identifier": None}, {"value": 7, "identifier": ""}])
def test_a_plot_without_an_identifier_has_an_empty_one(plot: dict[str, Any]) -> None:
    item = {"date": "2026-09-14T00:00:00+00:00", "plots": [plot]}
    assert parse.plots([item]) == [PlotPoint(date(2026, 9, 14), "", 7)]


def test_the_figures_of_an_artist_are_told_apart() -> None:
    items = [
        followers_of("2026-09-11", followerCount=1, likeCount=2, viewCount=3, postCount=4, followingCount=5),
        followers_of("2026-09-12", followerCount=6),
        followers_of("2026-09-13", postCount=0),
        followers_of("2026-09-14"),
        {"date": "2026-09-15T00:00:00+00:00"},
    ]
    assert parse.followers(items) == [
        FollowerPoint(date(2026, 9, 11), followers=1, likes=2, views=3, posts=4, following=5),
        FollowerPoint(date(2026, 9, 12), followers=6, likes=None, views=None, posts=None, following=None),
        FollowerPoint(date(2026, 9, 13), followers=None, likes=None, views=None, posts=0, following=None),
    ]


def test_a_day_without_listeners_gives_no_point() -> None:
    items = [listeners_of("2026-09-12", 0), listeners_of("2026-09-13", None), {"date": "2026-09-14T00:00:00+00:00"}]
    assert parse.listening(items) == [ListeningPoint(date(2026, 9, 12), 0)]


@pytest.mark.parametrize("offset", ["+00:00", "+02:00", "-05:00", "Z", ""])
def test_a_day_of_a_series_is_the_day_as_written(offset: str) -> None:
    written = {"date": f"2026-09-14T00:00:00{offset}"}
    day = date(2026, 9, 14)
    assert parse.plots([{**written, "plots": [{"value": 1}]}])[0].date == day
    assert parse.followers([{**written, "followerCount": 1}])[0].date == day
    assert parse.listening([{**written, "value": 1}])[0].date == day


@pytest.mark.parametrize("day", [None, "", "yesterday", "2026-02-30", 20_260_914, {}, "NUL\x00"])
def test_a_point_without_a_day_is_malformed(day: Any) -> None:
    with pytest.raises(Malformed, match=r"items\[0\]\.date is|items\[0\]\.date holds"):
        parse.plots([{"date": day, "plots": [{"value": 1}]}])
    with pytest.raises(Malformed, match=r"items\[0\]\.date is|items\[0\]\.date holds"):
        parse.followers([{"date": day, "followerCount": 1}])
    with pytest.raises(Malformed, match=r"items\[0\]\.date is|items\[0\]\.date holds"):
        parse.listening([{"date": day, "value": 1}])


@pytest.mark.parametrize("items", [[None], ["day"], [7], [[]]])
def test_a_day_that_is_no_object_is_malformed(items: list[Any]) -> None:
    for parser in (parse.plots, parse.followers, parse.listening):
        with pytest.raises(Malformed, match=r"items\[0\] is not an object"):
            parser(items)


@pytest.mark.parametrize("plots", ["none", {}, 7, [None], [7], [{"value": 1, "identifier": 7}]])
def test_plots_of_another_shape_are_malformed(plots: Any) -> None:
    with pytest.raises(Malformed, match="plots"):
        parse.plots([{"date": "2026-09-14T00:00:00+00:00", "plots": plots}])


# Values of any payload.


@pytest.mark.parametrize("value", [BIGGEST, 0, 2**31, 7.0, -0.0, 2.0**53])
def test_whole_numbers_of_64_bits_are_kept(value: float) -> None:
    (point,) = parse.listening([{"date": "2026-09-14", "value": value}])
    assert point.value == value
    assert type(point.value) is int


@pytest.mark.parametrize("value", [SMALLEST, -1, -1.0])
def test_what_is_counted_is_never_less_than_nothing(value: float) -> None:
    for attempt in (
        lambda: parse.listening([{"date": "2026-09-14", "value": value}]),
        lambda: parse.followers([{"date": "2026-09-14", "viewCount": value}]),
        lambda: parse.plots([{"date": "2026-09-14", "plots": [{"value": value}]}]),
        lambda: parse.song(song(duration=value)),
        lambda: page(entry(metric=value)),
        lambda: page(entry(oldPosition=value)),
        lambda: page(entry(timeOnChart=value)),
        lambda: page(maxResultsCount=value),
    ):
        with pytest.raises(Malformed, match="is negative"):
            attempt()
    (one,) = page(entry(positionEvolution=value)).entries
    assert one.position_change == value


@pytest.mark.parametrize("value", NO_INTEGERS)
def test_what_is_no_whole_number_of_64_bits_is_malformed(value: Any) -> None:
    reason = "is not a 64-bit integer"
    for attempt in (
        lambda: parse.listening([{"date": "2026-09-14", "value": value}]),
        lambda: parse.followers([{"date": "2026-09-14", "viewCount": value}]),
        lambda: parse.plots([{"date": "2026-09-14", "plots": [{"value": value}]}]),
        lambda: parse.song(song(duration=value)),
        lambda: page(entry(position=value)),
        lambda: page(entry(metric=value)),
        lambda: page(entry(timeOnChart=value)),
        lambda: page(maxResultsCount=value),
    ):
        with pytest.raises(Malformed, match=reason):
            attempt()


@pytest.mark.parametrize("text", NOT_STORABLE)
def test_a_text_that_no_table_can_hold_is_malformed(text: str) -> None:
    for attempt in (
        lambda: parse.song(song(name=text)),
        lambda: parse.song(song(composers=[text])),
        lambda: parse.song(song(labels=[{"name": text}])),
        lambda: parse.song(song(genres=[text])),
        lambda: parse.song(song(genres=[{"root": "pop", "sub": [text]}])),
        lambda: parse.song(song(artists=[artist_light(name=text)])),
        lambda: parse.artist(artist(biography=text)),
        lambda: page(entry(song={"uuid": "u", "name": text})),
        lambda: page(name=text),
        lambda: parse.plots([{"date": "2026-09-14", "plots": [{"value": 1, "identifier": text}]}]),
    ):
        with pytest.raises(Malformed, match=r"holds a NUL character|is not valid Unicode"):
            attempt()


@pytest.mark.parametrize("text", ["half \ud83d", "\udfff"])
def test_half_a_character_in_an_unknown_key_is_malformed_since_the_payload_is_kept(text: str) -> None:
    with pytest.raises(Malformed, match="song is not valid Unicode"):
        parse.song(song(unknown={"deep": [text]}))
    with pytest.raises(Malformed, match="artist is not valid Unicode"):
        parse.artist(artist(**{text: 1}))


def test_what_is_nested_without_end_is_malformed_since_the_payload_is_kept() -> None:
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Malformed, match="song is nested too deeply"):
        parse.song(song(unknown=deep))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_has_not_is_malformed_since_the_payload_is_kept(number: float) -> None:
    with pytest.raises(Malformed, match="song holds a number that JSON has not"):
        parse.song(song(unknown=[number]))


@pytest.mark.parametrize("uuid", ["\x1b[2J", "a\nb", "\u202eabc", "u" * 256, "\x9b1m"])
def test_an_identifier_that_a_terminal_would_obey_or_no_address_takes_is_malformed(uuid: str) -> None:
    for attempt in (
        lambda: parse.song(song(uuid=uuid)),
        lambda: parse.song(song(artists=[artist_light(uuid=uuid)])),
        lambda: parse.artist(artist(uuid=uuid)),
        lambda: page(entry(song={"uuid": uuid, "name": "n"})),
        lambda: page(slug=uuid),
    ):
        with pytest.raises(Malformed, match="is no identifier"):
            attempt()


def test_texts_of_every_script_are_kept() -> None:
    name = "Ünïcødé 山田 🎵 'quoted' \"double\" \\ <b>&amp;</b> %s \u202e\n"
    assert track(name=name).name == name
    assert json.loads(track(name=name).payload)["name"] == name


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-14T12:00:00+00:00", datetime(2026, 9, 14, 12, tzinfo=UTC)),
        ("2026-09-14T12:00:00Z", datetime(2026, 9, 14, 12, tzinfo=UTC)),
        ("2020-10-06T20:00:01+02:00", datetime(2020, 10, 6, 18, 0, 1, tzinfo=UTC)),
        ("2026-09-14T12:00:00.250-05:30", datetime(2026, 9, 14, 17, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_into_utc(text: str, moment: datetime) -> None:
    found = parse.read_instant(text, "related.date")
    assert found == moment
    assert found.tzinfo is UTC
    assert found != moment.replace(tzinfo=timezone(timedelta(hours=1)))


def test_a_long_text_that_is_no_date_is_quoted_in_part() -> None:
    with pytest.raises(Malformed) as caught:
        parse.read_instant("x" * 10_000, "related.date")
    assert len(str(caught.value)) < 100
