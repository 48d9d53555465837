"""The floor: a downloader that makes a given list of calls as fast as Python can, and throws the answers away.

`python -m benchmarks.floor URL TARGETS` prints one JSON object. The list, a file of one address a line, is worked out
beforehand (`minimal`): nothing is parsed, stored or decided, so nothing that fetches the same can be faster for long.

Belongs here: sockets. Does not belong here: which calls are needed (`minimal`), what is made of the time (`bench`).
"""

import argparse
import json
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pyrate_limiter import Duration, Limiter, Rate

_OK, _TOO_MANY = 200, 429
_LIMITER_SLEEP_MARGIN_MS = 5
_CHUNK = 1 << 18


class _Queue:
    """Requests still to be sent, and the counts of what came back; shared by all threads."""

    def __init__(self, requests: Sequence[bytes], calls_per_minute: int | None, seconds: float | None) -> None:
        self._waiting = deque(requests)
        self._until = None if seconds is None else time.monotonic() + seconds
        self._limiter = None
        if calls_per_minute is not None:
            rate = Rate(calls_per_minute, Duration.MINUTE)
            self._limiter = Limiter(rate, buffer_ms=_LIMITER_SLEEP_MARGIN_MS)
        self.refused = 0

    def take(self) -> bytes | None:
        """The next request, once it may be sent; None when there is none."""
        if self._until is not None and time.monotonic() >= self._until:
            return None
        try:
            request = self._waiting.popleft()
        except IndexError:
            return None
        if self._until is not None:
            self._waiting.append(request)
        if self._limiter is not None:
            self._limiter.try_acquire(name="floor")
        return request

    def refuse(self, request: bytes) -> None:
        """Put a request back that met the vendor's limit."""
        self.refused += 1
        self._waiting.append(request)

    def close(self) -> None:
        if self._limiter is not None:
            self._limiter.close()


class _Connection:
    """One connection that is kept alive, with at most one request on its way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = b""
        self._left = 0
        self._head = b""

    def send(self, request: bytes) -> None:
        self.request = request
        self._left = -1
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Read what has come; the status once the answer is whole."""
        part = self.socket.recv(_CHUNK)
        if not part:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        if self._left < 0:
            self._head += part
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return None
            start = self._head.index(b"content-length: ") + len(b"content-length: ")
            length = int(self._head[start : self._head.index(b"\r", start)])
            self._left = end + len(b"\r\n\r\n") + length - len(self._head)
        else:
            self._left -= len(part)
        if self._left:
            return None
        status, self._head = int(self._head[9:12]), b""
        return status


class _Floor(threading.Thread):
    """Keeps some connections busy until nothing is left to ask."""

    def __init__(self, address: tuple[str, int], connections: int, queue: _Queue) -> None:
        super().__init__()
        self._connections = [_Connection(address) for _ in range(connections)]
        self._queue = queue
        self.calls = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for the thread
            self.failure = error
        finally:
            for connection in self._connections:
                connection.socket.close()

    def _run(self) -> None:
        busy = 0
        with selectors.DefaultSelector() as selector:
            for connection in self._connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                busy += self._ask(connection)
            while busy:
                for key, _ in selector.select():
                    connection = key.data
                    status = connection.receive()
                    if status is None:
                        continue
                    self.calls += 1
                    if status == _TOO_MANY:
                        self._queue.refuse(connection.request)
                        time.sleep(1)
                    elif status != _OK:
                        raise RuntimeError(f"answered {status}: {connection.request.split()[1].decode()}")
                    busy -= not self._ask(connection)

    def _ask(self, connection: _Connection) -> bool:
        request = self._queue.take()
        if request is None:
            return False
        connection.send(request)
        return True


def render(url: str, path: str) -> bytes:
    """The bytes of one request, with the sandbox's public credentials."""
    lines = (f"GET {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "x-app-id: soundcharts", "x-api-key: soundcharts")
    return "\r\n".join((*lines, "", "")).encode()


def download(
    url: str,
    paths: Sequence[str],
    *,
    calls_per_minute: int | None = None,
    seconds: float | None = None,
    threads: int = 1,
    in_flight: int = 16,
) -> dict[str, float]:
    """Make all calls, or go round them for some seconds.

    Args:
        url: The server.
        paths: Addresses without it.
        calls_per_minute: The limiter's setting; None for no limiter.
        seconds: How long to go round; None to make each call once.
        threads: Among how many threads the connections are shared out.
        in_flight: Calls on their way at once, each on a connection of its own.

    Returns:
        Number of calls, how many of them met the vendor's limit, and seconds from the first call to the last answer.
    """
    requests = [render(url, path) for path in paths]
    server = urlsplit(url)
    assert server.hostname is not None
    assert server.port is not None
    queue = _Queue(requests, calls_per_minute, seconds)
    workers = [_Floor((server.hostname, server.port), in_flight // threads, queue) for _ in range(threads)]
    started = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.monotonic() - started
    queue.close()
    for worker in workers:
        if worker.failure is not None:
            raise worker.failure
    return {"calls": sum(worker.calls for worker in workers), "refused": queue.refused, "seconds": took}


def main() -> None:
    """Read the arguments, download, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.floor", description="Make calls and throw the answers away.")
    parser.add_argument("url")
    parser.add_argument("targets", type=Path, help="file of addresses without the host, one a line")
    parser.add_argument("--calls-per-minute", type=int)
    parser.add_argument("--seconds", type=float, help="go round the list for so long instead of once")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=16)
    arguments = parser.parse_args()
    found = download(
        arguments.url,
        arguments.targets.read_text(encoding="utf-8").split(),
        calls_per_minute=arguments.calls_per_minute,
        seconds=arguments.seconds,
        threads=arguments.threads,
        in_flight=arguments.in_flight,
    )
    print(json.dumps(found))  # noqa: T201 - what the caller reads


if __name__ == "__main__":
    main()
