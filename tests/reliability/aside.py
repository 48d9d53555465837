"""A pass on a thread of its own, for tests that do something to it meanwhile."""

import threading
import time
from typing import Self

from soundcharts_assets.commands.report import PassReport
from soundcharts_assets.commands.sync import sync
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.refresh.request import Request
from tests.conftest import Bench


class Aside:
    """The pass: begun with the block, waited for at its end."""

    def __init__(self, bench: Bench, refresher: Refresher | None = None) -> None:
        self.report = PassReport()
        self._bench = bench
        self._refresher = refresher or bench.refresher()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.report = sync(self._refresher, self._bench.instance, Request())

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait_for_calls(self, endpoint: str, count: int) -> None:
        """Wait until so many calls were made."""
        deadline = time.monotonic() + 60
        while self._bench.sandbox.report().by_endpoint.get(endpoint, 0) < count:
            assert self.running
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def join(self) -> PassReport:
        """Wait for its end."""
        self._thread.join()
        return self.report

    def __enter__(self) -> Self:
        """Begin the pass."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for its end."""
        self.join()
