"""One call: answered, retried, waited for or given up, and always counted."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from soundcharts_assets.api.auth import ApplicationKey, ClientCredentials
from soundcharts_assets.api.call_log import CallCount
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import (
    CredentialsRejected,
    Failing,
    Forbidden,
    Gone,
    HostUnreachable,
    NotFound,
    QuotaExhausted,
    Refused,
    SoundchartsError,
    Transient,
    Unreachable,
)
from soundcharts_assets.sandbox.process import Sandbox
from tests.api.conftest import HOUR, Connect
from tests.api.local_server import Heard, Reply, in_turn, local_server, refused, said

PLATFORMS = "/api/v2/chart/song/platforms"
LATEST = "/api/v2.14/chart/song/global-28/ranking/latest"
OK = said({"answer": 42})


def ask(client: Client, path: str = PLATFORMS) -> int:
    return len(client.get("asked", path)["items"])


def oauth(url: str, secret: str = "soundcharts") -> ClientCredentials:  # noqa: S107 - the public one
    return ClientCredentials("soundcharts", secret, f"{url}/oauth/token", timeout=(5, 5))


def nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


# Who is let in.


def test_the_legacy_pair_is_let_in(sandbox: Sandbox, connect: Connect) -> None:
    assert ask(connect(sandbox.url, ApplicationKey("soundcharts", "soundcharts"))) == 21
    assert sandbox.report().by_status == {"200": 1}


def test_client_credentials_are_let_in(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url, oauth(sandbox.url))
    assert ask(client) == ask(client) == 21
    assert sandbox.report().by_endpoint == {"chart_platforms": 2, "oauth_token": 1}


def test_a_token_that_has_run_out_is_renewed_once_and_unseen(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(token_lifetime_seconds=0)
    scheme = oauth(sandbox.url)
    scheme.headers()  # a token that is dead already, though it is taken to live for an hour
    sandbox.switch(token_lifetime_seconds=3600)
    client = connect(sandbox.url, scheme)
    assert ask(client) == ask(client) == 21
    report = sandbox.report()
    assert report.by_endpoint == {"chart_platforms": 3, "oauth_token": 2}
    assert report.by_status == {"200": 4, "401": 1}
    assert connect.pauses == []


def test_a_new_token_that_is_rejected_too_ends_it(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 401}])
    with pytest.raises(CredentialsRejected, match="Invalid credentials"):
        ask(connect(sandbox.url, oauth(sandbox.url)))
    assert sandbox.report().by_endpoint == {"chart_platforms": 2, "oauth_token": 2}


def test_a_wrong_key_is_tried_exactly_once(sandbox: Sandbox, connect: Connect) -> None:
    with pytest.raises(CredentialsRejected) as caught:
        ask(connect(sandbox.url, ApplicationKey("soundcharts", "not the key of anyone")))
    assert str(caught.value) == "asked 401: Invalid credentials"
    assert sandbox.report().calls == 1
    assert connect.pauses == []


def test_a_wrong_client_secret_is_tried_exactly_once(sandbox: Sandbox, connect: Connect) -> None:
    with pytest.raises(CredentialsRejected):
        ask(connect(sandbox.url, oauth(sandbox.url, "not the secret of anyone")))
    assert sandbox.report().by_endpoint == {"oauth_token": 1}


def test_a_token_endpoint_that_fails_is_asked_again(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "/oauth/token", "kind": "status", "status": 503, "times": 2}])
    assert ask(connect(sandbox.url, oauth(sandbox.url))) == 21
    assert sandbox.report().by_endpoint == {"chart_platforms": 1, "oauth_token": 3}


# Limits.


def test_the_rate_limit_is_waited_for_and_no_call_is_lost(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(requests_per_minute=3)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        sandbox.switch(requests_per_minute=3)  # the wait is over: a new window

    client = connect(sandbox.url, sleep=sleep)
    assert [ask(client) for _ in range(10)] == [21] * 10
    # Our own clock stands still, so that the calls after the refused one wait as well.
    assert sandbox.report().by_status == {"200": 10, "429": 1}
    assert len(waited) == 7
    # The window is of 60 seconds, and one more is waited.
    assert all(59 < seconds <= 61 for seconds in waited)


def test_the_rate_limit_does_not_use_up_the_attempts(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 429, "times": 5}])
    assert ask(connect(sandbox.url, attempts=1)) == 21
    assert sandbox.report().by_status == {"200": 1, "429": 5}


def test_every_call_holds_back_while_the_server_wants_to_be_left_alone(connect: Connect) -> None:
    with local_server(in_turn(refused(429, "maximum request count", x_ratelimit_reset="30"), OK)) as server:
        client = connect(server.url)
        client.get("asked", "/")
        client.get("asked", "/")
    assert len(connect.pauses) == 2
    assert all(29 < seconds <= 31 for seconds in connect.pauses)


def test_a_server_that_is_never_satisfied_is_given_up(connect: Connect) -> None:
    with (
        local_server(in_turn(refused(429, "maximum request count", retry_after="1"))) as server,
        pytest.raises(SoundchartsError, match="still over the rate limit after 60 waits"),
    ):
        connect(server.url, attempts=4).get("asked", "/")
    assert len(server.heard) == 60


def test_a_429_that_says_nothing_is_tried_again_after_a_minute(connect: Connect) -> None:
    with local_server(in_turn(refused(429, "Too many"), OK)) as server:
        assert connect(server.url).get("asked", "/") == {"answer": 42}
    (pause,) = connect.pauses
    assert 59 < pause <= 60


def test_a_429_that_says_nothing_twice_is_taken_for_a_spent_quota(connect: Connect) -> None:
    with local_server(in_turn(refused(429, "Too many"))) as server, pytest.raises(QuotaExhausted, match="Too many"):
        connect(server.url).get("asked", "/")
    assert len(server.heard) == 2


def test_a_rate_limit_of_unsaid_length_is_never_taken_for_a_spent_quota(connect: Connect) -> None:
    refusals = [refused(429, "You have reached the maximum request count")] * 3
    with local_server(in_turn(*refusals, OK)) as server:
        assert connect(server.url).get("asked", "/") == {"answer": 42}
    assert [59 < pause <= 60 for pause in connect.pauses] == [True] * 3


def test_a_spent_quota_is_met_once_and_not_retried(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(quota=10)
    client = connect(sandbox.url)
    assert [ask(client) for _ in range(11)] == [21] * 11  # ten, and the tolerance of a tenth
    assert client.quota_remaining == 0
    with pytest.raises(QuotaExhausted, match="Maximum quota reached"):
        ask(client)
    assert sandbox.report().by_status == {"200": 11, "429": 1}
    assert connect.pauses == []


def test_no_more_calls_are_sent_in_a_minute_than_allowed(
    sandbox: Sandbox, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000_000]
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += int(seconds * 1e9)

    monkeypatch.setattr("pyrate_limiter.clocks.monotonic_ns", lambda: now[0])
    monkeypatch.setattr("pyrate_limiter.limiter.sleep", sleep)
    client = connect(sandbox.url, calls_per_minute=5)
    assert [ask(client) for _ in range(5)] == [21] * 5
    assert waited == []
    assert ask(client) == 21
    assert 59 < sum(waited) < 61


# What may pass is tried again, what will not is not.


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_fault_is_asked_again_and_raised_in_the_end(sandbox: Sandbox, connect: Connect, status: int) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": status}])
    with pytest.raises(Transient) as caught:
        ask(connect(sandbox.url, attempts=4))
    assert caught.value.status == status
    assert sandbox.report().by_status == {str(status): 4}
    assert len(connect.pauses) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_fault_that_passes_is_not_seen(sandbox: Sandbox, connect: Connect, status: int) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": status, "times": 2}])
    assert ask(connect(sandbox.url, attempts=3)) == 21
    assert sandbox.report().by_status == {"200": 1, str(status): 2}


def test_a_truncated_body_is_asked_for_again(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "truncated", "times": 2}])
    assert ask(connect(sandbox.url)) == 21
    assert sandbox.report().calls == 3


def test_a_body_that_stays_truncated_is_a_failure(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "truncated"}])
    with pytest.raises(Transient, match="the answer is not JSON"):
        ask(connect(sandbox.url, attempts=2))
    assert sandbox.report().calls == 2


def test_a_cut_connection_is_asked_again(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "reset", "times": 2}])
    assert ask(connect(sandbox.url)) == 21
    assert sandbox.report().by_status == {"200": 1, "unanswered": 2}


def test_a_connection_that_is_always_cut_is_a_failure(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "reset"}])
    with pytest.raises(Unreachable, match="connection refused or cut"):
        ask(connect(sandbox.url, attempts=2))
    assert sandbox.report().by_status == {"unanswered": 2}


def test_a_server_that_hangs_is_left_and_asked_again(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "hang"}])
    with pytest.raises(Unreachable, match="timed out while reading"):
        ask(connect(sandbox.url, attempts=2, read_timeout_seconds=0.05))
    assert sandbox.report().by_endpoint == {"chart_platforms": 2}


def test_a_body_shorter_than_announced_is_asked_for_again(connect: Connect) -> None:
    with local_server(in_turn(Reply(b'{"answer": 41}', missing=9), OK)) as server:
        assert connect(server.url).get("asked", "/") == {"answer": 42}
    assert len(server.heard) == 2


def test_a_body_that_is_always_shorter_than_announced_is_a_failure(connect: Connect) -> None:
    with (
        local_server(in_turn(Reply(b'{"answer": 41}', missing=9))) as server,
        pytest.raises(Unreachable, match="cut off in the middle"),
    ):
        connect(server.url, attempts=2).get("asked", "/")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"text"', b"7", b"null", b"\xff\xfe\xfd", b'{"a": "\xff"}', b'{"a": 1']
)
def test_an_answer_that_is_no_json_object_is_asked_for_again(connect: Connect, body: bytes) -> None:
    with local_server(in_turn(Reply(body), OK)) as server:
        assert connect(server.url).get("asked", "/") == {"answer": 42}
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (403, Forbidden), (404, NotFound), (405, SoundchartsError), (409, SoundchartsError), (410, Gone)],
)
def test_a_refusal_is_not_asked_again(
    sandbox: Sandbox, connect: Connect, status: int, kind: type[SoundchartsError]
) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": status}])
    with pytest.raises(kind) as caught:
        ask(connect(sandbox.url))
    assert caught.value.status == status
    assert sandbox.report().calls == 1
    assert connect.pauses == []


def test_a_call_is_tried_once_where_one_attempt_is_wanted(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 500}])
    with pytest.raises(Transient):
        ask(connect(sandbox.url, attempts=1))
    assert sandbox.report().calls == 1


def test_pauses_between_attempts_double(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 500}])
    with pytest.raises(Transient):
        ask(connect(sandbox.url, attempts=5, backoff_seconds=0.5))
    for pause, least in zip(connect.pauses, (0.5, 1, 2, 4), strict=True):
        assert least <= pause <= least + 0.5


# What is sent.


def test_parameters_are_sent_however_empty(connect: Connect) -> None:
    with local_server(in_turn(OK)) as server:
        connect(server.url).get("asked", "/path", {"offset": 0, "currentOnly": 0, "countryCode": "", "limit": 100})
    (request,) = server.heard
    assert request.target == "/path?offset=0&currentOnly=0&countryCode=&limit=100"


def test_a_plus_in_a_parameter_is_encoded(connect: Connect) -> None:
    with local_server(in_turn(OK)) as server:
        connect(server.url).get("asked", "/path", {"startDate": "2026-11-01T00:00:00+00:00"})
    assert server.heard[0].target == "/path?startDate=2026-11-01T00%3A00%3A00%2B00%3A00"


def test_json_is_asked_for_with_the_pair_in_the_headers(connect: Connect) -> None:
    with local_server(in_turn(OK)) as server:
        connect(server.url, ApplicationKey("our-id", "our-key")).get("asked", "/path")
    (request,) = server.heard
    assert request.method == "GET"
    assert request.headers["accept"] == "application/json"
    assert request.headers["x-app-id"] == "our-id"
    assert request.headers["x-api-key"] == "our-key"
    assert "authorization" not in request.headers


def test_with_a_token_the_legacy_pair_is_not_sent(connect: Connect) -> None:
    def reply(request: Heard) -> Reply:
        return said({"access_token": "the-token"}) if request.method == "POST" else OK

    with local_server(reply) as server:
        connect(server.url, oauth(server.url)).get("asked", "/path")
    request = server.heard[-1]
    assert request.headers["authorization"] == "Bearer the-token"
    assert not {"x-app-id", "x-api-key"} & set(request.headers)


def test_the_base_address_may_have_a_path(connect: Connect) -> None:
    with local_server(in_turn(OK)) as server:
        connect(f"{server.url}/mirror").get("asked", "/api/v2/team/usage")
    assert server.heard[0].target == "/mirror/api/v2/team/usage"


def test_a_redirect_is_not_followed_with_the_keys(connect: Connect) -> None:
    with local_server(in_turn(OK)) as other:
        moved = Reply(status=302, headers={"Location": f"{other.url}/elsewhere"})
        with local_server(in_turn(moved)) as server, pytest.raises(SoundchartsError) as caught:
            connect(server.url).get("asked", "/")
        assert other.heard == []
    assert caught.value.status == 302


def test_proxies_and_netrc_of_the_environment_do_not_see_the_keys(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody_listens())
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with local_server(in_turn(OK)) as server:
        assert connect(server.url, attempts=1).get("asked", "/") == {"answer": 42}
    assert "authorization" not in server.heard[0].headers


# What is said and counted.


def test_an_error_tells_what_the_server_said(connect: Connect) -> None:
    with (
        local_server(in_turn(refused(400, "Only  \n 'x'\tis supported."))) as server,
        pytest.raises(Refused) as caught,
    ):
        connect(server.url).get("song_audience/x", "/")
    assert str(caught.value) == "song_audience/x 400: Only 'x' is supported."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<h1>No\n such page</h1>", "<h1>No such page</h1>"),
        (b"x" * 999, "x" * 200),
        (b"", "Not Found"),
        (b'{"errors": []}', '{"errors": []}'),
        (b'{"errors": null}', '{"errors": null}'),
        (b'{"errors": [7]}', '{"errors": [7]}'),
        (b'{"errors": [{"message": null}]}', "None"),
        (b"[]", "[]"),
        (b"null", "null"),
    ],
)
def test_an_error_of_another_shape_is_quoted(connect: Connect, body: bytes, message: str) -> None:
    with local_server(in_turn(Reply(body, 404))) as server, pytest.raises(NotFound) as caught:
        connect(server.url).get("asked", "/")
    assert caught.value.args == (message,)


def test_calls_are_counted_by_endpoint_and_status(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(quota=1_000)
    sandbox.faults(
        [
            {"path": "platforms", "kind": "status", "status": 500, "times": 1},
            {"path": "platforms", "kind": "reset", "times": 1},
        ]
    )
    client = connect(sandbox.url)
    client.get("platforms", PLATFORMS)
    client.get("ranking_latest", LATEST)
    with pytest.raises(NotFound):
        client.get("nothing", "/api/v2/nothing")
    assert sorted(client.calls.drain(), key=str) == sorted(
        [
            CallCount(HOUR, "platforms", "500", 1, 1_000),
            CallCount(HOUR, "platforms", "no answer", 1, None),
            CallCount(HOUR, "platforms", "200", 1, 999, 1),
            CallCount(HOUR, "ranking_latest", "200", 1, 998, 1),
            CallCount(HOUR, "nothing", "404", 1, 998, 1),
        ],
        key=str,
    )
    assert client.calls.totals() == {"platforms": 3, "ranking_latest": 1, "nothing": 1}


def test_the_quota_left_is_followed(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(quota=1_000)
    client = connect(sandbox.url)
    assert client.quota_remaining is None
    ask(client)
    assert client.quota_remaining == 999
    ask(client)
    assert client.quota_remaining == 998


@pytest.mark.parametrize(
    ("answers", "followed"),
    [
        (["100", "98"], 98),
        (["0", "5000"], 5000),  # a new term
        (["100", ""], 100),
        (["100", "many"], 100),
        (["100", "-1"], 100),
        (["100", "7.5"], 100),
        (["0"], 0),
        (["9000000000000"], 9_000_000_000_000),
    ],
)
def test_the_quota_is_what_the_last_answer_that_tells_it_says(
    connect: Connect, answers: list[str], followed: int
) -> None:
    replies = [said({}, x_quota_remaining=answer) for answer in answers]
    with local_server(in_turn(*replies)) as server:
        client = connect(server.url)
        for _ in answers:
            client.get("asked", "/")
    assert client.quota_remaining == followed


def test_the_quota_is_read_from_refusals_too(connect: Connect) -> None:
    with local_server(in_turn(refused(404, "Not found.", x_quota_remaining="12"))) as server:
        client = connect(server.url)
        with pytest.raises(NotFound):
            client.get("asked", "/")
    assert client.quota_remaining == 12


# A host that does not answer.


def test_a_host_that_is_not_there_is_named(connect: Connect) -> None:
    url = nobody_listens()
    client = connect(url, attempts=3)
    with pytest.raises(Unreachable) as caught:
        client.get("asked", "/")
    assert str(caught.value) == f"asked: no answer from {url} (connection refused or cut)"
    assert client.calls.drain() == [CallCount(HOUR, "asked", "no answer", 3, None)]
    assert len(connect.pauses) == 2


def test_many_failures_in_a_row_end_it_for_all(connect: Connect) -> None:
    client = connect(nobody_listens(), workers=6, attempts=4)
    kinds: Counter[type[Exception]] = Counter()
    for _ in range(7):
        with pytest.raises(Unreachable) as caught:
            client.get("asked", "/")
        kinds[type(caught.value)] += 1
    with pytest.raises(HostUnreachable, match="30 calls in a row met no answer") as given_up:
        client.get("asked", "/")
    assert "connection refused or cut" in str(given_up.value)
    assert kinds == {Unreachable: 7}
    assert client.calls.totals() == {"asked": 30}


def test_once_given_up_each_further_call_fails_at_its_first_try(connect: Connect) -> None:
    client = connect(nobody_listens(), workers=1, attempts=25)
    for expected in (20, 21, 22):
        with pytest.raises(HostUnreachable):
            client.get("asked", "/")
        assert client.calls.totals() == {"asked": expected}


def test_an_answer_in_between_ends_the_row_of_failures(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url, workers=1, attempts=1)
    for _ in range(3):
        sandbox.faults([{"path": "platforms", "kind": "reset", "times": 19}])
        for _ in range(19):
            with pytest.raises(Unreachable):
                ask(client)
        assert ask(client) == 21


def test_an_endpoint_that_only_fails_is_soon_asked_once_for_each_thing_and_no_other_is_given_up(
    sandbox: Sandbox, connect: Connect
) -> None:
    client = connect(sandbox.url, workers=1, attempts=8)
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 500}])
    for _ in range(2):
        with pytest.raises(Transient, match="500"):
            ask(client)
    for calls in (20, 21, 22):  # the third gives up on its way, the others at once
        with pytest.raises(Failing, match=r"500.*in a row"):
            ask(client)
        assert client.calls.totals() == {"asked": calls}

    client.get("ranking_latest", LATEST)
    sandbox.faults([])
    assert ask(client) == 21
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 500, "times": 7}])
    assert ask(client) == 21, "it is trusted again"


def test_a_refusal_in_between_ends_the_row_of_failures(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url, workers=1, attempts=1)
    sandbox.faults([{"path": "platforms", "kind": "reset"}])
    for _ in range(3):
        for _ in range(19):
            with pytest.raises(Unreachable):
                ask(client)
        with pytest.raises(NotFound):
            client.get("asked", "/api/v2/nothing")


# Several threads.


def test_several_threads_ask_at_once_and_every_call_is_answered_and_counted(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    sandbox.switch(quota=1_000)
    sandbox.faults([{"path": "/song/", "kind": "status", "status": 500, "times": 10}])
    client = connect(sandbox.url, workers=6, attempts=11)

    def song(uuid: str) -> str:
        found: str = client.get("song", f"/api/v2.25/song/{uuid}")["object"]["uuid"]
        return found

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(song, songs[:60])) == songs[:60]
    assert sandbox.report().by_status == {"200": 60, "500": 10}
    assert client.calls.totals() == {"song": 70}
    assert client.quota_remaining == 940


def test_several_threads_share_one_token_and_renew_it_once(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(token_lifetime_seconds=0)
    scheme = oauth(sandbox.url)
    scheme.headers()
    sandbox.switch(token_lifetime_seconds=3600)
    client = connect(sandbox.url, scheme, workers=6)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: ask(client), range(18))) == [21] * 18
    assert sandbox.report().by_endpoint["oauth_token"] == 2


def test_whatever_a_server_says_of_a_failure_can_be_stored(connect: Connect) -> None:
    body = b'{"errors": [{"message": "half \\ud83d of a \\u0000 pair"}]}'
    with local_server(in_turn(Reply(body, 404))) as server, pytest.raises(NotFound) as caught:
        connect(server.url).get("asked", "/")
    assert str(caught.value).encode().decode() == "asked 404: half ? of a pair"
