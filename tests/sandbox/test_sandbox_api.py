"""The answers of the API over real HTTP: shapes, pages, refusals."""

from typing import Any

import pytest

from tests.sandbox.conftest import Client

PAGE = {"offset", "limit", "next", "previous", "total"}
CHART = {
    "name",
    "type",
    "slug",
    "platform",
    "frequency",
    "countryCode",
    "countryName",
    "cityName",
    "maxResultsCount",
    "webUrl",
}
SONG_LIGHT = {"uuid", "name", "creditName", "imageUrl"}
ARTIST_LIGHT = {"uuid", "slug", "name", "appUrl", "imageUrl"}
ENTRY = {
    "song",
    "position",
    "positionEvolution",
    "metric",
    "entryState",
    "entryDate",
    "rankDate",
    "oldPosition",
    "timeOnChart",
    "timeOnChartUnit",
}
SONG = {
    "uuid",
    "name",
    "isrc",
    "iswcs",
    "creditName",
    "artists",
    "mainArtists",
    "releaseDate",
    "copyright",
    "appUrl",
    "imageUrl",
    "previewUrl",
    "duration",
    "explicit",
    "genres",
    "composers",
    "producers",
    "labels",
    "audio",
    "languageCode",
    "distributor",
}
AUDIO = {
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "key",
    "liveness",
    "loudness",
    "mode",
    "speechiness",
    "tempo",
    "timeSignature",
    "valence",
}
ARTIST = ARTIST_LIGHT | {
    "webUrl",
    "countryCode",
    "genres",
    "biography",
    "isni",
    "ipi",
    "gender",
    "type",
    "birthDate",
    "careerStage",
    "growthLevel",
    "cityName",
}
AUDIENCE = {"date", "likeCount", "followerCount", "followingCount", "postCount", "viewCount"}
RADIO = {"name", "slug", "countryCode", "countryName", "cityName", "timeZone"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def songs(shared: Client) -> list[str]:
    """Every song of the newest worldwide ranking, known to the metadata endpoint."""
    entries = [entry for offset in (0, 100) for entry in shared.latest("global-28", offset=offset)["items"]]
    uuids = [entry["song"]["uuid"] for entry in entries]
    known = [item["uuid"] for start in (0, 100) for item in batch(shared, "2.25/song", uuids[start : start + 100])]
    assert len(known) > 150
    return known


@pytest.fixture(scope="module")
def artists(shared: Client, songs: list[str]) -> list[str]:
    credited = [artist["uuid"] for song in batch(shared, "2.25/song", songs[:100]) for artist in song["artists"]]
    uuids = list(dict.fromkeys(credited))[:100]
    return [artist["uuid"] for artist in batch(shared, "2.9/artist", uuids)]


def batch(client: Client, path: str, uuids: list[str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.json(f"/api/v{path}/{','.join(uuids)}")["items"]
    return items


def test_platforms(client: Client) -> None:
    found = client.json("/api/v2/chart/song/platforms")
    assert set(found) == {"items", "page", "errors"}
    assert set(found["page"]) == PAGE
    assert found["page"]["total"] == 21
    assert {"name": "Apple Music", "code": "apple-music"} in found["items"]


def test_charts_of_a_platform(client: Client) -> None:
    found = client.json("/api/v2/chart/song/by-platform/spotify")
    assert [chart["slug"] for chart in found["items"]] == ["global-28", "top-songs-29", "top-songs-31", "viral-50-40"]
    # webUrl is optional.
    assert [set(chart) - {"webUrl"} for chart in found["items"]] == [CHART - {"webUrl"}] * 4
    assert found["items"][0]["countryName"] == "Worldwide"
    french = client.json("/api/v2/chart/song/by-platform/spotify", countryCode="FR")
    assert [chart["frequency"] for chart in french["items"]] == ["weekly"]
    assert client.json("/api/v2/chart/song/by-platform/beatport")["items"] == []
    assert client.get("/api/v2/chart/song/by-platform/nonesuch").status_code == 404
    assert client.json("/api/v2/chart/song/by-platform/shazam")["items"][1]["cityName"] == "Köln"


def test_available_rankings_are_complete_and_out_of_order(client: Client) -> None:
    found = client.json("/api/v2/chart/song/global-28/available-rankings", limit=100)
    assert set(found) == {"related", "items", "page", "errors"}
    assert set(found["related"]) == CHART
    assert found["page"]["total"] == 70
    assert found["items"] != sorted(found["items"], reverse=True)
    pages = [
        client.json("/api/v2/chart/song/global-28/available-rankings", offset=offset, limit=30)["items"]
        for offset in (0, 30, 60)
    ]
    assert [instant for page in pages for instant in page] == found["items"]
    assert "2026-11-16" <= max(found["items"]) < "2026-11-23"


def test_empty_chart(client: Client) -> None:
    assert client.json("/api/v2/chart/song/empty-99/available-rankings")["page"]["total"] == 0
    answer = client.get("/api/v2.14/chart/song/empty-99/ranking/latest")
    assert answer.status_code == 404
    assert answer.json() == {"errors": [{"key": "access", "code": 404, "message": "Not found."}]}


def test_latest_ranking(client: Client) -> None:
    found = client.latest("global-28", offset=0, limit=5)
    assert set(found) == {"related", "items", "page", "errors"}
    assert set(found["related"]) == {"chart", "date"}
    assert set(found["related"]["chart"]) == CHART | {"metric"}
    assert found["related"]["chart"]["metric"] == {"type": "streamcount", "description": "Streams"}
    assert found["page"] == {
        "offset": 0,
        "limit": 5,
        "next": "/api/v2.14/chart/song/global-28/ranking/latest?offset=5&limit=5",
        "previous": None,
        "total": found["page"]["total"],
    }
    for entry in found["items"]:
        assert set(entry) == ENTRY
        assert set(entry["song"]) == SONG_LIGHT
        assert entry["rankDate"] == found["related"]["date"]
        assert entry["entryState"] == ""
        old = entry["oldPosition"]
        assert entry["positionEvolution"] == (old - entry["position"] if old else 0)
    metrics = [entry["metric"] for entry in found["items"]]
    assert metrics == sorted(metrics, reverse=True)


def test_metric_is_null_or_absent_where_a_chart_has_none(client: Client) -> None:
    shazam, viral, japan = (client.latest(slug) for slug in ("top-200-52", "viral-50-40", "top-100-77"))
    assert shazam["related"]["chart"]["metric"] is None
    assert viral["items"][0]["metric"] is None
    assert "metric" not in japan["related"]["chart"]
    assert "metric" not in japan["items"][0]


def test_weekly_ranking(client: Client) -> None:
    assert {entry["timeOnChartUnit"] for entry in client.latest("top-songs-31")["items"]} == {"WOC"}


def test_ranking_of_an_instant(client: Client) -> None:
    path = "/api/v2.14/chart/song/global-28/ranking"
    for instant in client.instants("global-28")[::23]:
        found = client.json(f"{path}/{instant.replace('+', '%2B')}", limit=100)
        assert found["related"]["date"] == instant
        assert client.json(f"{path}/{instant}", limit=100)["items"] == found["items"]
    assert client.get(f"{path}/2026-11-20T03:00:00%2B00:00").status_code == 404
    assert client.get(f"{path}/nonsense").status_code == 404
    unknown = client.get("/api/v2.14/chart/song/none-1/ranking/latest")
    assert unknown.status_code == 404
    assert unknown.json()["errors"][0]["message"] == "Chart not found"


def test_histories_have_holes_short_rankings_and_new_entries(client: Client) -> None:
    instants = client.instants("global-28")
    days = [instant[:10] for instant in instants]
    assert len(set(days)) == len(days) == 70
    assert instants[-1][11:] == "12:00:00+00:00"
    assert {instant[11:] for instant in instants[:7]} != {"12:00:00+00:00"}
    latest = client.latest("global-28")
    assert any(entry["oldPosition"] == 0 for entry in client.latest("top-songs-29", offset=100)["items"])
    assert latest["page"]["total"] <= 200


def test_pages_join_without_overlap(client: Client) -> None:
    first, second = (client.latest("global-28", offset=offset, limit=100) for offset in (0, 100))
    positions = [entry["position"] for page in (first, second) for entry in page["items"]]
    assert len(positions) == first["page"]["total"]
    assert positions == sorted(set(positions))
    assert second["page"]["previous"] == "/api/v2.14/chart/song/global-28/ranking/latest?offset=0&limit=100"
    assert second["page"]["next"] is None
    followed = client.get(first["page"]["next"])
    assert followed.json() == second


def test_page_links_keep_other_parameters(client: Client, songs: list[str]) -> None:
    path = f"/api/v2/song/{songs[0]}/audience/spotify"
    page = client.json(path, startDate="2026-11-01", endDate="2026-11-21", limit=3, offset=3)["page"]
    assert page["next"] == f"{path}?offset=6&limit=3&startDate=2026-11-01&endDate=2026-11-21"
    assert page["previous"] == f"{path}?offset=0&limit=3&startDate=2026-11-01&endDate=2026-11-21"


@pytest.mark.parametrize("query", [{"limit": 101}, {"limit": 0}, {"offset": -1}, {"limit": "ten"}])
def test_bad_pages_are_refused(client: Client, query: dict[str, Any]) -> None:
    answer = client.get("/api/v2.14/chart/song/global-28/ranking/latest", **query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["key"] == "argument"


def test_limit_can_be_clamped(client: Client) -> None:
    client.sandbox.switch(clamp_limit=True)
    assert client.latest("global-28", limit=500)["page"]["limit"] == 100


def test_song_metadata(client: Client, songs: list[str]) -> None:
    single = client.json(f"/api/v2.25/song/{songs[0]}")
    assert set(single) == {"type", "object", "errors"}
    assert single["type"] == "song"
    several = batch(client, "2.25/song", songs[:100])
    assert [song["uuid"] for song in several] == songs[:100]
    assert several[0] == single["object"]
    for song in several:
        assert set(song) == SONG
        assert song["isrc"] is None or (
            set(song["isrc"]) == {"value", "countryCode", "countryName"} and song["isrc"]["value"].startswith("ZZ")
        )
        assert song["audio"] is None or set(song["audio"]) == AUDIO
        assert all(set(artist) == ARTIST_LIGHT for artist in (*song["artists"], *song["mainArtists"]))
        assert all(genre["root"] in genre["sub"] for genre in song["genres"])
        assert all(set(label) == {"name", "type"} for label in song["labels"])


def test_sparse_songs_exist(client: Client, songs: list[str]) -> None:
    found = [song for start in (0, 100) for song in batch(client, "2.25/song", songs[start : start + 100])]
    assert any(song["isrc"] is None for song in found)
    assert any(song["isrc"] and song["isrc"]["countryCode"] == "" for song in found)
    assert any(song["releaseDate"] is None for song in found)
    assert any(song["audio"] is None for song in found)
    assert any(not song["labels"] for song in found)
    assert any(not song["artists"] for song in found)


def test_unknown_ids(client: Client, songs: list[str]) -> None:
    answer = client.get(f"/api/v2.25/song/{NOBODY}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["message"] == "Song not found"
    found = client.json(f"/api/v2.25/song/{NOBODY},{songs[0]}")
    assert set(found) == {"items", "page", "errors"}
    assert [song["uuid"] for song in found["items"]] == [songs[0]]
    assert client.get(f"/api/v2/song/{NOBODY}/audience/spotify").status_code == 404
    assert client.get(f"/api/v2.9/artist/{NOBODY}").json()["errors"][0]["message"] == "Artist not found"


def test_charting_songs_may_be_unknown_to_metadata(client: Client) -> None:
    every: set[str] = set()
    for instant in client.instants("global-28")[::10]:
        for offset in (0, 100):
            path = f"/api/v2.14/chart/song/global-28/ranking/{instant}"
            every |= {entry["song"]["uuid"] for entry in client.json(path, offset=offset)["items"]}
    uuids = sorted(every)
    known = {
        song["uuid"]
        for start in range(0, len(uuids), 100)
        for song in batch(client, "2.25/song", uuids[start : start + 100])
    }
    missing = every - known
    assert missing
    uuid = missing.pop()
    assert client.get(f"/api/v2.25/song/{uuid}").status_code == 404
    assert client.get(f"/api/v2/song/{uuid}/audience/spotify").status_code == 404


def test_batches_have_a_maximum(client: Client, songs: list[str]) -> None:
    client.sandbox.switch(batch_max_ids=20)
    assert client.get(f"/api/v2.25/song/{','.join(songs[:21])}").status_code == 400
    assert len(batch(client, "2.25/song", songs[:20])) == 20


def test_artist_metadata(client: Client, artists: list[str]) -> None:
    found = batch(client, "2.9/artist", artists)
    assert [set(artist) for artist in found] == [ARTIST] * len(artists)
    shapes = {type(genre) for artist in found for genre in artist["genres"]}
    assert shapes == {str, dict}
    assert any(artist["birthDate"] is None for artist in found)
    single = client.json(f"/api/v2.9/artist/{artists[0]}")
    assert single == {"type": "artist", "object": found[0], "errors": []}


def test_song_audience(client: Client, songs: list[str]) -> None:
    window = {"startDate": "2026-11-01", "endDate": "2026-11-30"}
    seen = 0
    for uuid in songs[:12]:
        found = client.json(f"/api/v2/song/{uuid}/audience/spotify", **window)
        assert set(found) == {"related", "items", "page", "errors"}
        assert set(found["related"]) == SONG_LIGHT
        days = [item["date"] for item in found["items"]]
        assert days == sorted(days, reverse=True)
        assert all("2026-11-01T00:00:00+00:00" <= day <= "2026-11-21T00:00:00+02:00" for day in days)
        for item in found["items"]:
            assert set(item) <= {"date", "plots"}
            assert all(set(plot) == {"identifier", "value"} for plot in item.get("plots", []))
        seen += len(days)
    assert 8 * 15 < seen < 12 * 22


def test_audience_by_identifier_and_order(client: Client, songs: list[str]) -> None:
    for uuid in songs[:20]:
        path = f"/api/v2/song/{uuid}/audience/youtube"
        items = client.json(path, sort="asc")["items"]
        names = {plot["identifier"] for item in items for plot in item.get("plots", ())}
        if len(names) > 1:
            break
    name = max(names)
    narrowed = client.json(path, sort="asc", identifier=name)["items"]
    assert {plot["identifier"] for item in narrowed for plot in item["plots"]} == {name}
    assert [item["date"] for item in narrowed] == [item["date"] for item in items]


def test_windows_join(client: Client, songs: list[str]) -> None:
    path = f"/api/v2/song/{songs[1]}/audience/shazam"
    whole = client.json(path, startDate="2026-09-01", endDate="2026-11-21")["items"]
    later = client.json(path, startDate="2026-10-12", endDate="2026-11-21")["items"]
    earlier = client.json(path, startDate="2026-09-01", endDate="2026-10-11")["items"]
    assert later + earlier == whole


def test_default_window_is_thirty_days(client: Client, songs: list[str]) -> None:
    for path in (f"/api/v2/song/{songs[1]}/audience/spotify", f"/api/v2/song/{songs[2]}/audience/spotify"):
        days = [item["date"] for item in client.json(path)["items"]]
        assert not days or days[-1] >= "2026-10-23"
        asked = client.json(path, startDate="2026-10-23", endDate="2026-11-22")["items"]
        assert [item["date"] for item in asked] == days


@pytest.mark.parametrize(
    ("query", "platform"),
    [
        ({}, "airplay"),
        ({}, "nonesuch"),
        ({"startDate": "yesterday"}, "spotify"),
        ({"endDate": "0001-01-01"}, "spotify"),
        ({"startDate": "2026-11-02", "endDate": "2026-11-01"}, "spotify"),
    ],
)
def test_bad_audience_calls_are_refused(client: Client, songs: list[str], query: dict[str, Any], platform: str) -> None:
    assert client.get(f"/api/v2/song/{songs[0]}/audience/{platform}", **query).status_code == 400


def test_broadcasts(client: Client, songs: list[str]) -> None:
    day = {"startDate": "2026-11-20T00:00:00+00:00", "endDate": "2026-11-20T23:59:59+00:00"}
    played = [uuid for uuid in songs[:60] if client.json(f"/api/v2/song/{uuid}/broadcasts", limit=1, **day)["items"]]
    assert 30 < len(played) < 60
    path = f"/api/v2/song/{played[0]}"
    found = client.json(f"{path}/broadcasts", **day)
    assert set(found) == {"related", "items", "page", "errors"}
    assert set(found["items"][0]) == {"airedAt", "duration", "radio"}
    assert set(found["items"][0]["radio"]) == RADIO
    aired = [item["airedAt"] for item in found["items"]]
    assert aired == sorted(aired, reverse=True)
    assert all(instant.startswith("2026-11-20T") for instant in aired)
    one = client.json(f"{path}/broadcasts", limit=1, offset=1, **day)
    assert one["items"] == found["items"][1:2]
    assert one["page"]["total"] == found["page"]["total"]


def test_broadcast_windows_agree(client: Client, songs: list[str]) -> None:
    path = f"/api/v2/song/{songs[3]}/broadcasts"
    noon = "2026-11-20T12:00:00+00:00"
    begin, end = "2026-11-19T00:00:00+00:00", "2026-11-20T23:59:59+00:00"
    early = client.json(path, startDate=begin, endDate=noon)["page"]["total"]
    late = client.json(path, startDate="2026-11-20T12:00:01+00:00", endDate=end)["page"]["total"]
    assert early + late == client.json(path, startDate=begin, endDate=end)["page"]["total"]
    groups = client.json(f"{path.removesuffix('s')}-groups", startDate="2026-11-19", endDate="2026-11-20")
    assert sum(group["playCount"] for group in groups["items"]) == early + late
    assert all(set(group) == {"playCount", "radio"} for group in groups["items"])


def test_artist_audience(client: Client, artists: list[str]) -> None:
    intervals: set[int] = set()
    for uuid in artists[:25]:
        found = client.json(f"/api/v2/artist/{uuid}/audience/instagram")
        assert set(found["related"]) == {"artist", "platform", "lastCrawlDate"}
        assert set(found["related"]["artist"]) == ARTIST_LIGHT
        assert all(set(item) == AUDIENCE for item in found["items"])
        days = [item["date"] for item in found["items"]]
        assert days == sorted(days)
        assert not days or days[-1] == found["related"]["lastCrawlDate"]
        assert all(item["likeCount"] is None for item in found["items"])
        intervals.add(len(days))
    assert len(intervals) > 2
    assert client.get(f"/api/v2/artist/{artists[0]}/audience/nonesuch").status_code == 400


def test_artist_listening(client: Client, artists: list[str]) -> None:
    found = [client.json(f"/api/v2/artist/{uuid}/streaming/spotify/listening") for uuid in artists[:20]]
    full = [answer for answer in found if answer["items"]]
    assert len(full) > 10
    for answer in full:
        days = [item["date"] for item in answer["items"]]
        assert days == sorted(days, reverse=True)
        assert days[0] <= "2026-11-21T00:00:00+02:00"
        assert all(set(item) == {"date", "value"} for item in answer["items"])
    refused = client.get(f"/api/v2/artist/{artists[0]}/streaming/instagram/listening")
    assert refused.status_code == 400
    assert "are supported platforms" in refused.json()["errors"][0]["message"]


def test_strangers_and_writers_are_refused(client: Client) -> None:
    assert client.get("/api/v2/nonesuch").status_code == 404
    answer = client.session.post(f"{client.sandbox.url}/api/v2/chart/song/platforms", timeout=10)
    assert answer.status_code == 405
