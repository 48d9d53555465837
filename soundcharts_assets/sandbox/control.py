"""The control API under /sandbox: what a test or a demonstration does to the vendor.

Belongs here: endpoints without authentication, neither counted nor billed.
Does not belong here: anything the real API has (`endpoints`), what the controls set in motion.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from soundcharts_assets.sandbox.endpoints import World
from soundcharts_assets.sandbox.gateway import Gateway, Refusal
from soundcharts_assets.sandbox.shift import tell_shift
from soundcharts_assets.sandbox.switches import faults_from


class _Control:
    def __init__(self, world: World, gateway: Gateway, clock: Path | None) -> None:
        self._world = world
        self._gateway = gateway
        self._clock = clock

    def tell(self) -> None:
        if self._clock is not None:
            tell_shift(self._clock, self._world.ahead)

    def advance(self, body: dict[str, Any]) -> dict[str, Any]:
        days = int(body.get("days", 1))
        if days < 1:
            raise ValueError("time only moves on: days is at least 1")
        self._world.advance(days)
        self.tell()
        return {"today": self._world.today.isoformat()}

    def report(self, _body: Any) -> dict[str, Any]:
        gateway = self._gateway
        return {"today": self._world.today.isoformat(), **gateway.meter.report(gateway.switches.quota)}

    def reset(self, _body: Any) -> dict[str, Any]:
        self._gateway.meter.reset()
        return {}

    def switches(self, body: dict[str, Any]) -> dict[str, Any]:
        gateway = self._gateway
        gateway.switches = gateway.switches.changed(body)
        if "quota" in body:
            # A new plan starts a new term.
            gateway.meter.used = 0
        if {"requests_per_minute", "rate_window_seconds"} & set(body):
            gateway.meter.open_window()
        return gateway.switches.as_json()

    def faults(self, body: list[dict[str, Any]]) -> dict[str, Any]:
        self._gateway.faults = faults_from(body)
        return {"faults": len(body)}

    def revoke(self, _body: Any) -> dict[str, Any]:
        self._gateway.revoke_tokens()
        return {}

    def revision(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"entries": self._world.revise(**body)}

    def publish_between(self, body: dict[str, Any]) -> dict[str, Any]:
        self._world.publish_between(body["slug"])
        return {"slug": body["slug"]}


def control_routes(world: World, gateway: Gateway, clock: Path | None = None) -> list[Route]:
    """Every control endpoint; the file `clock` is told how far ahead the sandbox's days are, now and later."""
    control = _Control(world, gateway, clock)
    control.tell()
    return [
        Route("/sandbox/advance", _handler(control.advance), methods=["POST"]),
        Route("/sandbox/report", _handler(control.report), methods=["GET"]),
        Route("/sandbox/reset", _handler(control.reset), methods=["POST"]),
        Route("/sandbox/switches", _handler(control.switches), methods=["PUT"]),
        Route("/sandbox/faults", _handler(control.faults), methods=["PUT"]),
        Route("/sandbox/revoke", _handler(control.revoke), methods=["POST"]),
        Route("/sandbox/revision", _handler(control.revision), methods=["PUT"]),
        Route("/sandbox/publish_between", _handler(control.publish_between), methods=["PUT"]),
    ]


def _handler(act: Callable[[Any], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            body = await request.json() if await request.body() else {}
            return JSONResponse(act(body))
        except Refusal as refusal:
            return JSONResponse({"error": refusal.message}, refusal.status)
        except (ValueError, TypeError, KeyError, AttributeError) as reason:
            return JSONResponse({"error": f"not understood: {reason!r}"}, 400)

    return handle
