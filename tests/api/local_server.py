"""A tiny HTTP server that says what it is told to: for answers that the sandbox, being faithful, never gives."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Heard:
    """A request as it came: its target undecoded, its headers by lower-case name."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Reply:
    """What to answer.

    Attributes:
        missing: Bytes that are announced but never sent.
    """

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0


@dataclass(frozen=True)
class LocalServer:
    """Where it listens and what it has heard so far, in order."""

    url: str
    heard: list[Heard]


def said(value: Any, status: int = 200, **headers: str) -> Reply:
    """A reply with a JSON body; underscores in the names of headers stand for hyphens."""
    return Reply(json.dumps(value).encode(), status, {name.replace("_", "-"): text for name, text in headers.items()})


def refused(status: int, message: str, **headers: str) -> Reply:
    """A reply in the documented shape of an error (contract section 5.1)."""
    return said({"errors": [{"key": "access", "code": status, "message": message}]}, status, **headers)


def in_turn(*replies: Reply) -> Callable[[Heard], Reply]:
    """Give one reply after the other, the last one for ever."""
    left: list[Reply] = list(replies)
    lock = threading.Lock()

    def reply(_: Heard) -> Reply:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return reply


@contextmanager
def local_server(answer: Callable[[Heard], Reply]) -> Iterator[LocalServer]:
    """Serve on a free loopback port for the length of a block."""
    heard: list[Heard] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Heard(self.command, self.path, headers, self.rfile.read(length).decode())
            heard.append(request)
            reply = answer(request)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + reply.missing))
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
        thread.start()
        try:
            yield LocalServer(f"http://127.0.0.1:{server.server_port}", heard)
        finally:
            server.shutdown()
            thread.join()


def pages(items: Sequence[Any], **related: Any) -> Callable[[Heard], Reply]:
    """Serve a collection page by page, as the contract's section 4 has it."""

    def reply(request: Heard) -> Reply:
        query = dict(part.split("=") for part in request.target.partition("?")[2].split("&"))
        offset, limit = int(query["offset"]), int(query["limit"])
        body = {"items": items[offset : offset + limit], "page": {"offset": offset, "total": len(items)}, **related}
        return said(body)

    return reply
