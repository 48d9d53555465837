"""The two ways to prove who is calling (contract section 2)."""

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from soundcharts_assets.api.auth import ApplicationKey, ClientCredentials
from soundcharts_assets.api.errors import CredentialsRejected, Transient, Unreachable
from soundcharts_assets.sandbox.process import Sandbox
from tests.api.local_server import Heard, Reply, in_turn, local_server, refused, said

SECRET = "s-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
GIVEN = said({"access_token": "first-token-of-the-test", "expires_in": 3600})


class Clock:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        """Start anywhere."""
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def credentials(url: str, clock: Callable[[], float] | None = None, secret: str | None = None) -> ClientCredentials:
    return ClientCredentials(
        "soundcharts", secret or "soundcharts", f"{url}/oauth/token", timeout=(5, 5), monotonic=clock or Clock()
    )


def test_the_legacy_pair_is_sent_as_it_was_given() -> None:
    assert ApplicationKey("our-id", "our-key").headers() == {"x-app-id": "our-id", "x-api-key": "our-key"}


def test_a_key_is_never_renewed() -> None:
    scheme = ApplicationKey("our-id", "our-key")
    assert not scheme.renew(scheme.headers())


def test_a_key_is_taken_out_of_every_text() -> None:
    assert ApplicationKey("our-id", SECRET).redact(f"<{SECRET}> and {SECRET}") == "<***> and ***"


def test_the_public_key_of_the_sandbox_is_left_in_texts() -> None:
    assert ApplicationKey("soundcharts", "soundcharts").redact("help@soundcharts.com") == "help@soundcharts.com"


def test_no_token_is_fetched_before_one_is_needed(sandbox: Sandbox) -> None:
    scheme = credentials(sandbox.url)
    assert sandbox.report().calls == 0
    scheme.headers()
    assert sandbox.report().by_endpoint == {"oauth_token": 1}


def test_a_token_is_fetched_once_and_used_until_a_minute_before_its_end(sandbox: Sandbox) -> None:
    clock = Clock()
    scheme = credentials(sandbox.url, clock)
    first = scheme.headers()
    assert first["Authorization"].startswith("Bearer sandbox.")
    clock.now += 3539
    assert scheme.headers() == first
    assert sandbox.report().by_endpoint == {"oauth_token": 1}
    clock.now += 1
    assert scheme.headers() != first
    assert sandbox.report().by_endpoint == {"oauth_token": 2}


def test_a_token_that_lives_for_less_than_two_minutes_is_renewed_half_way(sandbox: Sandbox) -> None:
    sandbox.switch(token_lifetime_seconds=50)
    clock = Clock()
    scheme = credentials(sandbox.url, clock)
    first = scheme.headers()
    clock.now += 24
    assert scheme.headers() == first
    clock.now += 1
    assert scheme.headers() != first


@pytest.mark.parametrize("said_of_it", [{}, {"expires_in": None}, {"expires_in": 0}])
def test_a_token_of_unsaid_lifetime_lives_for_an_hour(said_of_it: dict[str, int | None]) -> None:
    clock = Clock()
    with local_server(in_turn(said({"access_token": "one", **said_of_it}), said({"access_token": "two"}))) as server:
        scheme = credentials(server.url, clock)
        scheme.headers()
        clock.now += 3539
        assert scheme.headers() == {"Authorization": "Bearer one"}
        clock.now += 1
        assert scheme.headers() == {"Authorization": "Bearer two"}


def test_a_token_is_asked_for_with_the_pair_in_the_header_and_the_grant_in_the_form() -> None:
    with local_server(in_turn(GIVEN)) as server:
        credentials(server.url, secret=SECRET).headers()
    (request,) = server.heard
    assert (request.method, request.target) == ("POST", "/oauth/token")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"soundcharts:{SECRET}".encode()).decode()
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == "grant_type=client_credentials"


def test_a_rejected_token_is_thrown_away(sandbox: Sandbox) -> None:
    scheme = credentials(sandbox.url)
    rejected = scheme.headers()
    assert scheme.renew(rejected)
    assert scheme.headers() != rejected
    assert sandbox.report().by_endpoint == {"oauth_token": 2}


def test_a_token_that_another_thread_has_renewed_already_is_kept(sandbox: Sandbox) -> None:
    scheme = credentials(sandbox.url)
    rejected = scheme.headers()
    scheme.renew(rejected)
    renewed = scheme.headers()
    assert scheme.renew(rejected)
    assert scheme.headers() == renewed
    assert sandbox.report().by_endpoint == {"oauth_token": 2}


def test_threads_that_need_a_token_at_once_fetch_one(sandbox: Sandbox) -> None:
    scheme = credentials(sandbox.url)
    together = threading.Barrier(8)

    def ask(_: int) -> str:
        together.wait(10)
        return scheme.headers()["Authorization"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert sandbox.report().by_endpoint == {"oauth_token": 1}


def test_a_wrong_secret_is_rejected_naming_both_variables_but_not_the_secret(sandbox: Sandbox) -> None:
    with pytest.raises(CredentialsRejected) as caught:
        credentials(sandbox.url, secret=SECRET).headers()
    assert "SOUNDCHARTS_CLIENT_ID" in str(caught.value)
    assert "SOUNDCHARTS_CLIENT_SECRET" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.status == 401
    assert sandbox.report().by_endpoint == {"oauth_token": 1}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>"),
        Reply(b""),
        Reply(b"\xff\xfe"),
        said([]),
        said("token"),
        said(None),
        said({}),
        said({"access_token": ""}),
        said({"access_token": None}),
        said({"access_token": 7}),
        said({"error": "invalid_client", "error_description": "no such client"}, 400),
        refused(403, "Forbidden"),
    ],
)
def test_an_answer_without_a_token_rejects_the_credentials(reply: Reply) -> None:
    with local_server(in_turn(reply)) as server, pytest.raises(CredentialsRejected) as caught:
        credentials(server.url).headers()
    assert caught.value.endpoint == "oauth_token"
    assert caught.value.status == reply.status


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_token_endpoint_may_recover(status: int) -> None:
    with local_server(in_turn(refused(status, "down"), GIVEN)) as server:
        scheme = credentials(server.url)
        with pytest.raises(Transient) as caught:
            scheme.headers()
        assert caught.value.status == status
        assert scheme.headers() == {"Authorization": "Bearer first-token-of-the-test"}


def test_a_token_endpoint_that_does_not_answer_is_unreachable(sandbox: Sandbox) -> None:
    sandbox.faults([{"path": "/oauth/token", "kind": "reset"}])
    with pytest.raises(Unreachable) as caught:
        credentials(sandbox.url, secret=SECRET).headers()
    assert str(caught.value) == "oauth_token: no answer (ConnectionError)"


def test_the_secret_is_not_carried_along_by_a_redirect() -> None:
    def elsewhere(request: Heard) -> Reply:
        return Reply(status=307, headers={"Location": f"http://{request.headers['host']}/stolen"})

    with local_server(elsewhere) as server, pytest.raises(CredentialsRejected):
        credentials(server.url, secret=SECRET).headers()
    assert [request.target for request in server.heard] == ["/oauth/token"]


def test_secret_and_token_are_taken_out_of_every_text() -> None:
    with local_server(in_turn(GIVEN)) as server:
        scheme = credentials(server.url, secret=SECRET)
        assert scheme.redact(f"{SECRET} first-token-of-the-test") == "*** first-token-of-the-test"
        scheme.headers()
        assert scheme.redact(f"{SECRET} first-token-of-the-test") == "*** ***"


def test_neither_scheme_shows_its_secrets() -> None:
    with local_server(in_turn(GIVEN)) as server:
        scheme = credentials(server.url, secret=SECRET)
        scheme.headers()
    shown = repr(scheme) + str(scheme) + repr(ApplicationKey("our-id", SECRET))
    assert SECRET not in shown
    assert "first-token-of-the-test" not in shown
