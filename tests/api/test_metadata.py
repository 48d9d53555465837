"""Metadata in as few calls as the server lets, and nothing lost to one bad id (contract sections 10.1, 11.1 and 14)."""

from collections.abc import Sequence
from typing import Any

import pytest

from soundcharts_assets.api import parse
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import (
    CredentialsRejected,
    Forbidden,
    Malformed,
    NotFound,
    QuotaExhausted,
    SoundchartsError,
    Transient,
    Unreachable,
)
from soundcharts_assets.api.metadata import ask_metadata
from soundcharts_assets.api.records import ArtistProfile, Song
from soundcharts_assets.sandbox.process import Sandbox
from tests.api.conftest import Connect
from tests.api.local_server import Heard, Reply, in_turn, local_server, refused, said
from tests.api.payloads import artist, collection, song, song_uuid


def ask(client: Client, uuids: Sequence[str]) -> dict[str, Song | SoundchartsError]:
    """What is said about each song; a song about which something is said twice is a mistake."""
    answers = list(ask_metadata(client, "song", "v2.25", uuids, parse.song))
    assert len(answers) == len(uuids)
    return dict(answers)


def found(answers: dict[str, Song | SoundchartsError]) -> list[str]:
    """The songs about which something is known."""
    for uuid, answer in answers.items():
        assert isinstance(answer, SoundchartsError) or answer.track.uuid == uuid
    return [uuid for uuid, answer in answers.items() if isinstance(answer, Song)]


def single(payload: dict[str, Any]) -> Reply:
    return said({"type": "song", "object": payload, "errors": []})


def test_a_batch_is_one_call(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    assert found(ask(connect(sandbox.url), songs[:50])) == songs[:50]
    assert sandbox.report().by_endpoint == {"song": 1}


def test_a_single_id_is_one_call(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    assert found(ask(connect(sandbox.url), songs[:1])) == songs[:1]
    assert sandbox.report().by_endpoint == {"song": 1}


def test_artists_are_asked_for_in_the_same_way(sandbox: Sandbox, connect: Connect, artists: list[str]) -> None:
    answers = dict(ask_metadata(connect(sandbox.url), "artist", "v2.9", artists[:50], parse.artist))
    assert list(answers) == artists[:50]
    for uuid, answer in answers.items():
        assert isinstance(answer, ArtistProfile)
        assert answer.artist.uuid == uuid
    assert sandbox.report().by_endpoint == {"artist": 1}


@pytest.mark.parametrize(
    ("ids", "most", "calls"),
    [
        (50, 50, 1),
        (50, 49, 3),
        (50, 25, 3),
        # 50 -> 25 + 25; each 25 -> 12 + 13; 12 -> 6 + 6 and 13 -> 6 + 7, which are answered.
        (50, 10, 15),
        (4, 1, 7),
        (3, 1, 5),
    ],
)
def test_a_batch_that_is_too_large_is_halved(
    sandbox: Sandbox, connect: Connect, songs: list[str], ids: int, most: int, calls: int
) -> None:
    sandbox.switch(batch_max_ids=most)
    assert found(ask(connect(sandbox.url), songs[:ids])) == songs[:ids]
    assert sandbox.report().by_endpoint == {"song": calls}


def test_what_a_batch_leaves_out_is_asked_for_singly(
    sandbox: Sandbox, connect: Connect, songs: list[str], unknown_songs: list[str]
) -> None:
    lost = unknown_songs[:3]
    wanted = [lost[0], *songs[:5], lost[1], *songs[5:10], lost[2]]
    answers = ask(connect(sandbox.url), wanted)
    assert list(answers) == wanted
    assert found(answers) == songs[:10]
    for uuid in lost:
        assert type(answers[uuid]) is NotFound
        assert str(answers[uuid]) == "song 404: Song not found"
    assert sandbox.report().by_status == {"200": 1, "404": 3}


def test_a_batch_of_unknown_songs_finds_each_of_them_unknown(
    sandbox: Sandbox, connect: Connect, unknown_songs: list[str]
) -> None:
    answers = ask(connect(sandbox.url), unknown_songs[:4])
    assert {type(answer) for answer in answers.values()} == {NotFound}
    assert sandbox.report().by_status == {"200": 1, "404": 4}


def test_one_id_that_fails_every_batch_does_not_hide_the_others(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    wanted, poison = songs[:8], songs[5]
    sandbox.faults([{"path": poison, "kind": "status", "status": 500}])
    answers = ask(connect(sandbox.url, attempts=2), wanted)
    assert found(answers) == [uuid for uuid in wanted if uuid != poison]
    assert type(answers[poison]) is Transient
    # Twice each: all eight, the last four, ids 5 and 6, id 6. Once each: the first four, id 5, ids 7 and 8.
    assert sandbox.report().by_status == {"200": 3, "500": 8}


def test_one_id_that_the_server_refuses_in_every_batch_does_not_hide_the_others(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    wanted, poison = songs[:4], songs[0]
    sandbox.faults([{"path": poison, "kind": "status", "status": 410}])
    answers = ask(connect(sandbox.url), wanted)
    assert found(answers) == wanted[1:]
    assert sandbox.report().by_status == {"200": 2, "410": 3}


def test_a_malformed_payload_of_one_song_concerns_that_song_only(connect: Connect) -> None:
    payloads = [song(1), song(2, name=None), song(3)]
    with local_server(in_turn(said(collection(payloads)))) as server:
        answers = ask(connect(server.url), [song_uuid(number) for number in (1, 2, 3)])
    assert found(answers) == [song_uuid(1), song_uuid(3)]
    assert type(answers[song_uuid(2)]) is Malformed
    assert str(answers[song_uuid(2)]) == "song: song.name is missing"
    assert len(server.heard) == 1


def test_a_malformed_envelope_of_one_song_does_not_hide_the_others(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    wanted, poison = songs[:4], songs[3]
    sandbox.faults([{"path": poison, "kind": "malformed"}])
    answers = ask(connect(sandbox.url), wanted)
    assert found(answers) == wanted[:3]
    assert type(answers[poison]) is Malformed
    # All four, the last two and the last one are malformed; the first two and the third are not.
    assert sandbox.report().by_endpoint == {"song": 5}


def test_a_batch_that_was_cut_off_is_asked_for_again_as_a_batch(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    sandbox.faults([{"path": "/song/", "kind": "truncated", "times": 1}])
    assert found(ask(connect(sandbox.url), songs[:20])) == songs[:20]
    assert sandbox.report().calls == 2


def test_without_a_plan_halving_is_in_vain(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    sandbox.faults([{"path": "/song/", "kind": "status", "status": 403}])
    answers = ask(connect(sandbox.url), songs[:20])
    assert {type(answer) for answer in answers.values()} == {Forbidden}
    assert sandbox.report().calls == 1


def test_without_a_host_halving_is_in_vain(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    sandbox.faults([{"path": "/song/", "kind": "reset"}])
    answers = ask(connect(sandbox.url, attempts=3), songs[:20])
    assert {type(answer) for answer in answers.values()} == {Unreachable}
    assert sandbox.report().by_status == {"unanswered": 3}


def test_rejected_credentials_are_met_once(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    sandbox.faults([{"path": "/song/", "kind": "status", "status": 401}])
    with pytest.raises(CredentialsRejected):
        ask(connect(sandbox.url), songs[:20])
    assert sandbox.report().calls == 1


def test_what_came_before_the_quota_was_spent_is_good(sandbox: Sandbox, connect: Connect, songs: list[str]) -> None:
    sandbox.switch(batch_max_ids=2, quota=2)  # the refused batch and its first half
    answers = ask_metadata(connect(sandbox.url), "song", "v2.25", songs[:4], parse.song)
    assert [next(answers)[0], next(answers)[0]] == songs[:2]
    with pytest.raises(QuotaExhausted):
        next(answers)
    assert sandbox.report().by_status == {"200": 1, "400": 1, "429": 1}


def test_the_order_of_the_answer_and_what_was_not_asked_for_do_not_matter(connect: Connect) -> None:
    with local_server(in_turn(said(collection([song(3), song(9), song(1), song(2)])))) as server:
        answers = ask(connect(server.url), [song_uuid(number) for number in (1, 2, 3)])
    assert found(answers) == [song_uuid(number) for number in (1, 2, 3)]


def test_a_single_song_may_come_as_a_collection(connect: Connect) -> None:
    with local_server(in_turn(said(collection([song(1)])))) as server:
        assert found(ask(connect(server.url), [song_uuid(1)])) == [song_uuid(1)]


@pytest.mark.parametrize(
    "reply",
    [
        single(song(2)),
        single({}),
        single(song(1, uuid=None)),
        single(song(1, uuid=7)),
        said({"object": None}),
        said({"object": []}),
        said({"items": None}),
        said({"items": {}}),
        said({"items": [None]}),
        said(collection([])),
        said({}),
    ],
)
def test_an_answer_without_what_was_asked_for_is_malformed(connect: Connect, reply: Reply) -> None:
    with local_server(in_turn(reply)) as server:
        answers = ask(connect(server.url), [song_uuid(1)])
    assert type(answers[song_uuid(1)]) is Malformed
    assert len(server.heard) == 1


def test_ids_are_joined_by_commas_and_encoded(connect: Connect) -> None:
    with local_server(in_turn(refused(403, "no"))) as server:
        ask(connect(server.url), ["one", "t/w o", "%3"])
    assert server.heard[0].target == "/api/v2.25/song/one,t%2Fw%20o,%253"


def test_the_kind_and_version_that_are_asked_for_make_the_path(connect: Connect) -> None:
    def reply(request: Heard) -> Reply:
        assert request.target.startswith("/api/v9/artist/")
        return single(artist(1))

    with local_server(reply) as server:
        answers = dict(ask_metadata(connect(server.url), "artist", "v9", [artist(1)["uuid"]], parse.artist))
    assert isinstance(answers[artist(1)["uuid"]], ArtistProfile)


def test_of_two_payloads_for_one_song_neither_is_taken(connect: Connect) -> None:
    first, second = song(1), song(1, name="Another")
    batch, alone = collection([first, second, song(2)]), collection([first, second])
    with local_server(in_turn(said(batch), said(alone))) as server:
        asking = ask_metadata(connect(server.url), "song", "v2.25", [song_uuid(1), song_uuid(2)], parse.song)
        answers = dict(asking)
    doubtful, sound = answers[song_uuid(1)], answers[song_uuid(2)]
    assert isinstance(doubtful, Malformed)
    assert doubtful.payload == alone
    assert isinstance(sound, Song)


def test_a_payload_that_says_the_same_twice_is_taken_once(connect: Connect) -> None:
    with local_server(in_turn(said(collection([song(1), song(1)])))) as server:
        ((_, answer),) = ask_metadata(connect(server.url), "song", "v2.25", [song_uuid(1)], parse.song)
    assert isinstance(answer, Song)
    assert len(server.heard) == 1
