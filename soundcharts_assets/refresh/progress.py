"""Who is told how far the work is. What is shown on a terminal belongs to the command line."""

import logging
from typing import Protocol

_LOG = logging.getLogger(__name__)


class Progress(Protocol):
    """Told how far the work is: a bar on a terminal, or a log."""

    def begin(self, subject: str, chart: str, due: int) -> None:
        """So many rows of a subject are about to be asked for."""

    def advance(self) -> None:
        """One of them has an outcome."""

    def waiting(self, holder: str) -> None:
        """Somebody else holds the caller's lock."""


class LoggedProgress:
    """Progress for where nobody watches: a wait is explained in the log, nothing else is said."""

    def begin(self, subject: str, chart: str, due: int) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""

    def waiting(self, holder: str) -> None:
        """Explain the wait."""
        _LOG.warning("Waiting: %s is asking Soundcharts", holder)
