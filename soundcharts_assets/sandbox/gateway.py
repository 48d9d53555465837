"""The vendor's front door: who may ask, how often, at what price, and what goes wrong on the way.

Belongs here: authentication, limits, billing headers, acted-out faults, the route around every endpoint.
Does not belong here: what an endpoint answers (`endpoints`).
"""

import asyncio
import base64
import binascii
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from soundcharts_assets.sandbox.bodies import encode, error, token
from soundcharts_assets.sandbox.metering import Meter, Tokens
from soundcharts_assets.sandbox.switches import Fault, Switches, spoil

ABORT = "soundcharts.sandbox.abort"
"""ASGI extension under which the server offers to cut a connection."""

_PUBLIC = "soundcharts"
_UNANSWERED = 0
_FORBIDDEN = "This endpoint is not included in your current plan, reach out to help@soundcharts.com if you want access."
_RATE = "You have reached the maximum request count, please try again later."
_NO_WRITES = "Sandbox only. This operation is not allowed on sandbox environment"


class Refusal(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, message: str) -> None:
        """Refuse with a documented message."""
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint needs to know of a request."""

    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer and what it costs when ids are billed singly."""

    body: bytes
    ids: int = 1


Endpoint = Callable[[Call], Answer]


class Gateway:
    """Stands before every endpoint of the API."""

    def __init__(self, switches: Switches) -> None:
        """Open with these switches and nothing used."""
        self.switches = switches
        self.faults: list[Fault] = []
        self.meter = Meter()
        self._tokens = Tokens()
        self._random = random.Random(28)  # noqa: S311 - repeatable on purpose

    def route(self, path: str, label: str, endpoint: Endpoint, *, free: bool = False) -> Route:
        """A GET endpoint behind the gateway; `label` may name path parameters."""

        async def handle(request: Request) -> Response:
            self.meter.asked(label.format_map(request.path_params), target_of(request))
            return await self._finish(request, await self._admit(request, endpoint, free=free))

        return Route(path, handle, methods=["GET"])

    def token_route(self, path: str) -> Route:
        """The token endpoint (contract section 2.2)."""

        async def handle(request: Request) -> Response:
            self.meter.asked("oauth_token", None)
            form = parse_qs((await request.body()).decode(errors="replace"))
            response = self._issue(request.headers.get("authorization", ""), form)
            return await self._finish(request, await self._spoiled(request, response))

        return Route(path, handle, methods=["POST"])

    def revoke_tokens(self) -> None:
        """Accept none of the tokens issued so far any more, whatever was said of their lifetime."""
        self._tokens.forget()

    def fallback_route(self) -> Route:
        """Whatever is not an endpoint; writes are refused as the vendor's sandbox does (contract section 3.2)."""

        async def handle(request: Request) -> Response:
            read = request.method == "GET"
            self.meter.asked("unknown", target_of(request) if read else None)
            refusal = Refusal(404, "Not found.") if read else Refusal(405, _NO_WRITES)
            return await self._finish(request, _refused(refusal))

        return Route("/{path:path}", handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])

    async def _admit(self, request: Request, endpoint: Endpoint, *, free: bool) -> Response:
        switches = self.switches
        if not self._known(request):
            return _refused(Refusal(401, "Invalid credentials"))
        headers = {}
        if switches.requests_per_minute is not None:
            left, reset = self.meter.window(switches.requests_per_minute, switches.rate_window_seconds)
            if switches.tell_reset:
                headers = {"x-ratelimit-remaining": str(max(0, left)), "x-ratelimit-reset": str(reset)}
            if left < 0:
                return _refused(Refusal(429, _RATE), headers)
        if not free and self.meter.exhausted(switches.quota):
            return _refused(Refusal(429, "Maximum quota reached"), headers)
        call = Call(request.scope["raw_path"].decode(), request.path_params, dict(request.query_params))
        try:
            answer = endpoint(call)
        except Refusal as refusal:
            response, cost = _refused(refusal, headers), 1
        else:
            response = Response(answer.body, media_type="application/json", headers=headers)
            cost = answer.ids if switches.batch_cost == "id" else 1
        response = await self._spoiled(request, response)
        # Neither a server fault nor an answer that never arrives is billed (contract section 6.1).
        if not free and response.status_code not in {_UNANSWERED, 401, 429} and response.status_code < 500:  # noqa: PLR2004
            self.meter.bill(cost)
        return response

    def _issue(self, authorization: str, form: Mapping[str, list[str]]) -> Response:
        client = _basic(authorization) or (form.get("client_id", [""])[0], form.get("client_secret", [""])[0])
        if client != (_PUBLIC, _PUBLIC):
            return _refused(Refusal(401, "Invalid credentials"))
        if form.get("grant_type") != ["client_credentials"]:
            return _refused(Refusal(400, "Unsupported grant type"))
        lifetime = self.switches.token_lifetime_seconds
        body = token(self._tokens.issue(lifetime), round(lifetime))
        return Response(encode(body), media_type="application/json")

    def _known(self, request: Request) -> bool:
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, value = authorization.partition(" ")
            return scheme.lower() == "bearer" and self._tokens.valid(value)
        return request.headers.get("x-app-id") == _PUBLIC and request.headers.get("x-api-key") == _PUBLIC

    async def _spoiled(self, request: Request, response: Response) -> Response:
        """The answer, or what the first fault rule that strikes makes of it."""
        if not self.faults:
            return response
        target = unquote(target_of(request))
        fault = next((fault for fault in self.faults if fault.strikes(target)), None)
        if fault is None:
            return response
        if fault.kind == "hang":
            if not await _waited(request, fault.seconds):
                response = Response(status_code=_UNANSWERED)
        elif fault.kind == "reset":
            response = Response(status_code=_UNANSWERED)
        elif fault.kind == "status":
            rate = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"} if fault.status == 429 else {}  # noqa: PLR2004
            response = _refused(Refusal(fault.status, _status_message(fault.status)), rate)
        elif response.status_code == 200:  # noqa: PLR2004
            response = Response(spoil(bytes(response.body), fault.kind), media_type="application/json")
        return response

    async def _finish(self, request: Request, response: Response) -> Response:
        if self.switches.latency_seconds or self.switches.jitter:
            await asyncio.sleep(self.switches.latency_seconds + self.switches.jitter * self._random.random())
        if response.status_code == _UNANSWERED:
            self.meter.answered("unanswered")
            abort = request.scope.get("extensions", {}).get(ABORT)
            if abort is not None:
                abort()
                await asyncio.sleep(0)
            return response
        self.meter.answered(str(response.status_code))
        response.headers["x-quota-remaining"] = str(self.meter.remaining(self.switches.quota))
        return response


async def _waited(request: Request, seconds: float) -> bool:
    """Let a client wait; false if it hung up, since a forgotten wait would hold up the end of the server."""

    async def hung_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(hung_up(), seconds)
    except TimeoutError:
        return True
    return False


def target_of(request: Request) -> str:
    """Path and query as asked, still encoded."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode()


def forbidden() -> Refusal:
    """What is outside the plan (contract section 5.2)."""
    return Refusal(403, _FORBIDDEN)


def _refused(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    body = encode(error(refusal.status, refusal.message))
    return Response(body, refusal.status, dict(headers or {}), "application/json")


def _status_message(status: int) -> str:
    messages = {
        400: "Invalid platform code",
        401: "Invalid credentials",
        403: _FORBIDDEN,
        404: "Not found.",
        405: _NO_WRITES,
        410: "ISRC Blacklisted due to multiple tracks identified from DSP",
        429: _RATE,
    }
    return messages.get(status, "Internal Server Error")


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote(name), unquote(secret)
