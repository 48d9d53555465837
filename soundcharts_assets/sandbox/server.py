"""The sandbox as a server: its application and the process that serves it.

Belongs here: wiring, start and end of the server.
Does not belong here: anything a client can see (`gateway`, `endpoints`, `control`).
"""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from soundcharts_assets.sandbox.control import control_routes
from soundcharts_assets.sandbox.data import DEFAULT_FOLDER, load
from soundcharts_assets.sandbox.endpoints import World
from soundcharts_assets.sandbox.gateway import ABORT, Gateway
from soundcharts_assets.sandbox.switches import Switches

_TICKS_PER_SECOND = 10


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 0
    data: Path = DEFAULT_FOLDER
    today: date | None = None
    clock: Path | None = None
    switches: Switches = field(default_factory=Switches)
    exit_with_parent: int | None = None


def application(options: Options) -> Starlette:
    """The API and its control endpoints."""
    gateway = Gateway(options.switches)
    world = World(load(options.data), options.today or datetime.now(UTC).date(), gateway)
    return Starlette(
        routes=[
            *world.routes(),
            gateway.token_route("/oauth/token"),
            *control_routes(world, gateway, options.clock),
            gateway.fallback_route(),
        ]
    )


def serve(options: Options) -> None:
    """Serve until told to stop; prints one line when requests are welcome."""
    listener = socket.create_server((options.host, options.port), backlog=1024)
    config = uvicorn.Config(
        application(options),
        loop="uvloop",
        http=_AbortableProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        # A client's pool must not meet a connection that was closed while it paused.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    # uvicorn raises the interrupt again once it has shut down.
    with listener, suppress(KeyboardInterrupt):
        _Server(config, options.exit_with_parent).run(sockets=[listener])


class _AbortableProtocol(HttpToolsProtocol):
    """Lets an answer cut its connection, for the fault of that kind."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # ASGI leaves extensions open to the server; the types of uvicorn know only its own.
        cast("dict[str, Any]", self.scope)["extensions"] = {ABORT: self.transport.abort}


class _Server(uvicorn.Server):
    """Says when it listens and leaves when its parent is gone."""

    def __init__(self, config: uvicorn.Config, parent: int | None) -> None:
        super().__init__(config)
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            print(f"sandbox ready http://{host}:{port}", flush=True)  # noqa: T201 - the line callers wait for

    async def on_tick(self, counter: int) -> bool:
        if self._parent is not None and counter % _TICKS_PER_SECOND == 0 and not _alive(self._parent):
            return True
        return await super().on_tick(counter)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
