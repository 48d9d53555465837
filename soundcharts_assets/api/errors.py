"""Every way in which Soundcharts, or the road to it, can fail to give an answer; and which failure a status means.

Only the classification lives here; who retries, waits or gives up is decided in `client`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_LONGEST_PAUSE_SECONDS = 300.0


class SoundchartsError(Exception):
    """A call that gave no usable answer.

    Attributes:
        endpoint: Name of the endpoint, such as `song_audience/spotify`.
        status: HTTP status, or None where no answer arrived.
    """

    def __init__(self, message: str, *, endpoint: str = "", status: int | None = None) -> None:
        """Keep what failed and where; `message` must already be free of secrets."""
        super().__init__(message)
        self.endpoint = endpoint
        self.status = status

    def __str__(self) -> str:
        """Say where it happened, what the status was and what the server said."""
        where = " ".join(part for part in (self.endpoint, str(self.status or "")) if part)
        return f"{where}: {self.args[0]}" if where else str(self.args[0])


class Refused(SoundchartsError):
    """400: the request cannot be served as it stands, as for an unsupported platform (contract section 5.2)."""


class Forbidden(SoundchartsError):
    """403: the endpoint is not in the plan."""


class NotFound(SoundchartsError):
    """404: Soundcharts does not know the entity."""


class Gone(SoundchartsError):
    """410: the entity was withdrawn."""


class Malformed(SoundchartsError):
    """An answer arrived that lacks what the tables need, contradicts itself, or answers something else.

    `payload` is what was read, or the part of it that is concerned; None where there was nothing to keep.
    """

    payload: Any = None


@contextmanager
def reading(endpoint: str, payload: Any) -> Iterator[None]:
    """Let whatever is found malformed within the block tell its endpoint and carry what was read."""
    try:
        yield
    except Malformed as error:
        error.endpoint = error.endpoint or endpoint
        error.payload = payload if error.payload is None else error.payload
        raise


class Inconsistent(Malformed):
    """Pages of one collection that do not belong together, as when a ranking is published between two of them."""


class Transient(SoundchartsError):
    """A failure that may pass: a server fault, a time-out, a cut connection, a body that is not JSON.

    `pause` is how many seconds the server wants to be left alone, None if unsaid.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str = "",
        status: int | None = None,
        pause: float | None = None,
    ) -> None:
        """Keep the pause beside what every failure has."""
        super().__init__(message, endpoint=endpoint, status=status)
        self.pause = pause


class Unreachable(Transient):
    """No answer arrived at all."""


class Failing(SoundchartsError):
    """A failure of an endpoint that has failed so often in a row that another try would be in vain now."""


class RateLimited(SoundchartsError):
    """429 for calls per minute.

    `pause` is how many seconds the server wants to be left alone, None if unsaid. It `is_certain` where the server says
    what the limit is; one that says nothing may mean the quota (contract section 16, rule 5).
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str,
        status: int,
        pause: float | None,
        is_certain: bool,
    ) -> None:
        """Keep both beside what every failure has."""
        super().__init__(message, endpoint=endpoint, status=status)
        self.pause = pause
        self.is_certain = is_certain


class Fatal(SoundchartsError):
    """A failure that the next call would meet as well, so that the whole pass must stop."""


class CredentialsRejected(Fatal):
    """401: the credentials are missing, wrong or expired."""


class QuotaExhausted(Fatal):
    """429 because the quota of the plan is used up (contract section 6.3)."""


class AllowanceSpent(Fatal):
    """The user's own budget or reserve allows no further call. Nothing is wrong; what is due waits."""


class HostUnreachable(Fatal):
    """So many calls in a row found no host that more would be in vain."""


def error_for(status: int, message: str, headers: Mapping[str, str], endpoint: str) -> SoundchartsError:
    """Which failure an answer other than 2xx is (contract sections 5.2 and 6).

    Args:
        status: HTTP status.
        message: What `errors[0].message` said, or an excerpt of the body.
        headers: Headers of the answer; looked up without regard to case.
        endpoint: Name of the endpoint, for the message.
    """
    said = set(re.findall(r"[a-z]+", message.lower()))
    lowered = {name.lower(): value for name, value in headers.items()}
    is_rate = "maximum request count" in message.lower() or lowered.get("x-ratelimit-remaining") == "0"
    if status == 429 and (is_rate or not _speaks_of_quota(said, lowered)):  # noqa: PLR2004
        return RateLimited(message, endpoint=endpoint, status=status, pause=_pause(lowered), is_certain=is_rate)
    if status == 429 or (status < 500 and "quota" in said):  # noqa: PLR2004
        return QuotaExhausted(message, endpoint=endpoint, status=status)
    if status >= 500 or status == 408:  # noqa: PLR2004
        return Transient(message, endpoint=endpoint, status=status, pause=_pause(lowered))
    kinds: dict[int, type[SoundchartsError]] = {
        400: Refused,
        401: CredentialsRejected,
        403: Forbidden,
        404: NotFound,
        410: Gone,
    }
    return kinds.get(status, SoundchartsError)(message, endpoint=endpoint, status=status)


def _speaks_of_quota(said: set[str], headers: Mapping[str, str]) -> bool:
    return "quota" in said or headers.get("x-quota-remaining") == "0"


def _pause(headers: Mapping[str, str]) -> float | None:
    for name, extra in (("x-ratelimit-reset", 1.0), ("retry-after", 0.0)):
        try:
            seconds = float(headers[name])
        except (KeyError, ValueError):
            continue
        # Whether the reset is always a delta is undocumented; an instant, or infinity, must not stop us for years.
        return min(max(0.0, seconds), _LONGEST_PAUSE_SECONDS) + extra if seconds == seconds else None  # noqa: PLR0124
    return None
