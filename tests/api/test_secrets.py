"""Keys, secrets and tokens appear nowhere but in the headers of requests."""

import base64
import logging
import traceback
from collections.abc import Callable

import pytest

from soundcharts_assets.api.auth import ApplicationKey, ClientCredentials, Scheme
from soundcharts_assets.api.errors import Refused, SoundchartsError, Unreachable
from tests.api.conftest import Connect
from tests.api.local_server import Heard, LocalServer, Reply, in_turn, local_server, refused, said

KEY = "k-1a2b3c4d5e6f708192a3b4c5d6e7f809"
SECRET = "s-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
TOKEN = "t-0123456789abcdefghijklmnopqrstuv"
PAIR = base64.b64encode(f"our-client:{SECRET}".encode()).decode()
HIDDEN = (KEY, SECRET, TOKEN, PAIR)


def legacy(_: LocalServer) -> Scheme:
    return ApplicationKey("our-app", KEY)


def oauth(server: LocalServer) -> Scheme:
    return ClientCredentials("our-client", SECRET, f"{server.url}/oauth/token", timeout=(5, 5))


def sent(request: Heard) -> str:
    """The secrets behind a request, as a careless server would quote them."""
    authorization = request.headers.get("authorization")
    return f"{authorization}, {SECRET}" if authorization else request.headers["x-api-key"]


def in_the_message(status: int) -> Callable[[Heard], Reply]:
    return lambda request: refused(status, f"Not accepted: {sent(request)}")


def in_html(request: Heard) -> Reply:
    return Reply(f"<h1>{sent(request)}</h1>".encode(), 404)


def in_a_redirect(request: Heard) -> Reply:
    return Reply(status=302, headers={"Location": f"/login?key={sent(request).replace(' ', '+')}"})


def in_no_json(request: Heard) -> Reply:
    return Reply(f"debug: {sent(request)}".encode())


def cut_off(request: Heard) -> Reply:
    return Reply(sent(request).encode(), missing=7)


FAILURES = (
    *(in_the_message(status) for status in (400, 401, 403, 404, 410, 429, 500, 503)),
    in_html,
    in_a_redirect,
    in_no_json,
    cut_off,
)


def everything_about(error: BaseException) -> str:
    """All that a log, a console or a ledger might show of an error, its chain included."""
    shown = [*traceback.format_exception(error), repr(error), str(error), repr(vars(error)), repr(error.args)]
    following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if following is not None:
        # The exceptions of requests carry the request, which some loggers print.
        shown += [str(getattr(getattr(following, "request", None), "headers", "")), everything_about(following)]
    return "\n".join(shown)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("scheme_of", [legacy, oauth])
def test_no_failure_shows_a_secret(
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    scheme_of: Callable[[LocalServer], Scheme],
    failure: Callable[[Heard], Reply],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")

    def reply(request: Heard) -> Reply:
        return said({"access_token": TOKEN, "expires_in": 3600}) if request.method == "POST" else failure(request)

    with local_server(reply) as server:
        scheme = scheme_of(server)
        client = connect(server.url, scheme, attempts=2)
        with pytest.raises(SoundchartsError) as caught:
            client.get("asked", "/path", {"offset": 0})
        shown = [everything_about(caught.value), repr(client), repr(client.options), repr(scheme), repr(vars(client))]
    logged = [record.getMessage() + repr(record.args) + str(record.exc_info) for record in caplog.records]
    # urllib3 tells of every connection at this level: the log is not empty by accident.
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    for hidden in HIDDEN:
        assert not [text for text in (*shown, *logged) if hidden in text]


@pytest.mark.parametrize("scheme_of", [legacy, oauth])
def test_no_success_logs_a_secret(
    connect: Connect, caplog: pytest.LogCaptureFixture, scheme_of: Callable[[LocalServer], Scheme]
) -> None:
    caplog.set_level(logging.DEBUG)
    with local_server(lambda _: said({"access_token": TOKEN, "expires_in": 3600})) as server:
        client = connect(server.url, scheme_of(server))
        client.get("asked", "/path")
    logged = [record.getMessage() + repr(record.args) for record in caplog.records]
    assert any("/path" in message for message in logged)
    for hidden in HIDDEN:
        assert not [text for text in logged if hidden in text]


def test_a_token_endpoint_that_quotes_the_secret_is_not_quoted(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with local_server(lambda request: refused(401, sent(request))) as server:
        with pytest.raises(SoundchartsError) as caught:
            connect(server.url, oauth(server)).get("asked", "/path")
        assert [request.target for request in server.heard] == ["/oauth/token"]
    shown = everything_about(caught.value) + "".join(record.getMessage() for record in caplog.records)
    for hidden in HIDDEN:
        assert hidden not in shown


def test_what_is_not_secret_is_still_said(connect: Connect) -> None:
    with local_server(in_the_message(400)) as server, pytest.raises(SoundchartsError) as caught:
        connect(server.url, legacy(server)).get("asked", "/path")
    assert str(caught.value) == "asked 400: Not accepted: ***"


def test_a_secret_at_the_cut_of_a_long_message_stays_hidden(connect: Connect) -> None:
    secret = "s-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    with local_server(in_turn(refused(400, "x" * 180 + secret))) as server, pytest.raises(Refused) as caught:
        connect(server.url, ApplicationKey("a", secret)).get("asked", "/")
    assert secret[:8] not in str(caught.value)


def test_a_proxy_of_the_environment_is_not_handed_the_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(in_turn(said({"access_token": "t" * 20}))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        scheme = ClientCredentials("id", "a-secret-of-some-length", "http://127.0.0.1:9/oauth/token", timeout=(1, 1))
        with pytest.raises(Unreachable):
            scheme.headers()
        assert proxy.heard == []
