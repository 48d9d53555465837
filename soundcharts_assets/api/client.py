"""One thin client: a GET that comes back as JSON or as a typed error, within the rate limit, retried where it may help.

Here belong the session, the limiter, retries and the reading of headers. Which address is asked and what the answer
means does not: see `charts`, `metadata`, `series` and `parse`.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

import certifi
import requests
import urllib3
from pyrate_limiter import Duration, Limiter, Rate
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from soundcharts_assets.api.allowance import Allowance, BatchPrice
from soundcharts_assets.api.auth import Scheme
from soundcharts_assets.api.call_log import CallLog
from soundcharts_assets.api.errors import (
    CredentialsRejected,
    Failing,
    HostUnreachable,
    QuotaExhausted,
    RateLimited,
    SoundchartsError,
    Transient,
    Unreachable,
    error_for,
)

Json: TypeAlias = dict[str, Any]

USAGE = "team_usage"

_LIMITER_SLEEP_MARGIN_MS = 5
_UNSAID_PAUSE_SECONDS = 60.0
_MOST_RATE_WAITS = 60
_EXCERPT = 200
_IN_A_ROW_PER_WORKER = 5
_LEAST_IN_A_ROW = 20


@dataclass(frozen=True)
class ClientOptions:
    """How the client behaves. Units are in the names; `attempts` counts the first try."""

    base_url: str
    calls_per_minute: int
    workers: int
    attempts: int
    connect_timeout_seconds: float
    read_timeout_seconds: float
    backoff_seconds: float


class Client:
    """Asks Soundcharts; safe to use from `options.workers` threads at once."""

    def __init__(
        self,
        options: ClientOptions,
        scheme: Scheme,
        calls: CallLog,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open a pooled session; nothing is sent yet."""
        self.options = options
        self.calls = calls
        self.quota_remaining: int | None = None
        self.allowance = Allowance()
        self.batch_price = BatchPrice()
        self._is_quota_fresh = False
        self._scheme = scheme
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._first_batch = threading.Lock()
        self._resume_at = 0.0
        self._silences_in_a_row = 0
        self._faults_in_a_row: Counter[str] = Counter()
        self._limiter = Limiter(
            Rate(options.calls_per_minute, Duration.MINUTE),
            buffer_ms=_LIMITER_SLEEP_MARGIN_MS,
        )
        self._retrying = Retrying(
            stop=stop_after_attempt(options.attempts),
            wait=_Backoff(options.backoff_seconds),
            retry=retry_if_exception_type(Transient),
            sleep=sleep,
            reraise=True,
        )
        # The pool of requests without its sessions: those took twice as long for each call as the call itself, for
        # cookies, redirects and the environment. A proxy of the environment does not see the keys here either.
        self._pool = urllib3.connection_from_url(
            options.base_url,
            maxsize=options.workers,
            timeout=urllib3.Timeout(connect=options.connect_timeout_seconds, read=options.read_timeout_seconds),
            **({"ca_certs": certifi.where()} if options.base_url.startswith("https://") else {}),
        )
        self._prefix = urlsplit(options.base_url).path.rstrip("/")
        self._headers = {**requests.utils.default_headers(), "Accept": "application/json"}

    def begin(self) -> None:
        """Say that other processes may have called since: the quota last seen tells nothing of what comes now."""
        self._is_quota_fresh = False

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()
        self._limiter.close()

    def look_at_quota(self) -> int | None:
        """Ask, free of charge, what is left of the quota (contract section 6.5); the header tells, not the body.

        Raises:
            SoundchartsError: The call failed; credentials and a spent quota have kinds of their own.
        """
        self.get(USAGE, "/api/v2/team/usage")
        return self.quota_remaining

    def get(
        self,
        endpoint: str,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        ids: int = 1,
    ) -> Json:
        """Ask one address.

        Args:
            endpoint: The name under which the call is counted and reported.
            path: Path with every part already encoded.
            params: Query parameters; falsy values are sent too.
            ids: How many things the address names, each of which may be billed.

        Returns:
            The JSON object that came with a 2xx.

        Raises:
            SoundchartsError: One of the kinds in `errors`, after the retries its kind deserves.
        """
        if self.batch_price.is_unknown_for(ids):
            # Alone on its way, a batch shows by the quota what batches cost.
            with self._first_batch:
                if not self._is_quota_fresh and self.allowance.is_limited:
                    self.look_at_quota()
                return self._retrying(self._within_limits, endpoint, path, params or {}, ids)
        return self._retrying(self._within_limits, endpoint, path, params or {}, ids)

    def _within_limits(self, endpoint: str, path: str, params: Mapping[str, str | int], ids: int) -> Json:
        """One try, repeated for as long as the server only asks for patience or a new token."""
        renewed = False
        unsaid = 0
        for _ in range(_MOST_RATE_WAITS):
            headers = self._authenticate(endpoint)
            try:
                return self._spend(endpoint, path, params, headers, ids)
            except RateLimited as error:
                unsaid += error.pause is None and not error.is_certain
                if unsaid > 1:
                    # Told neither to wait nor why, and a minute did not help: contract section 16, rule 5.
                    raise QuotaExhausted(error.args[0], endpoint=endpoint, status=error.status) from None
                pause = _UNSAID_PAUSE_SECONDS if error.pause is None else error.pause
                with self._lock:
                    self._resume_at = max(self._resume_at, time.monotonic() + pause)
            except CredentialsRejected:
                if renewed or not self._scheme.renew(headers):
                    raise
                renewed = True
        raise SoundchartsError(f"still over the rate limit after {_MOST_RATE_WAITS} waits", endpoint=endpoint)

    def _authenticate(self, endpoint: str) -> dict[str, str]:
        try:
            return self._scheme.headers()
        except Unreachable as error:
            self._count_failure(endpoint, error.args[0])
            raise

    def _spend(
        self,
        endpoint: str,
        path: str,
        params: Mapping[str, str | int],
        headers: dict[str, str],
        ids: int,
    ) -> Json:
        """Send within the allowance, and count what it cost."""
        price = 0 if endpoint == USAGE else self.batch_price.of(ids)
        if price:
            self.allowance.take(price)
        spent, status, quota = 0, "no answer", None
        before = self.quota_remaining
        seen = before if self._is_quota_fresh else None
        try:
            response = self._send(endpoint, path, params, headers)
            status = str(response.status)
            quota = _quota(response.headers)
            if price and _is_good(response.status):
                spent = self.batch_price.learn(ids, seen, quota)
            elif price and _is_billed(response.status):
                spent = 1
        finally:
            self.calls.record(self._clock(), endpoint, status, quota, spent)
            with self._lock:
                # Together, or a later answer's quota could be overwritten by an earlier one's.
                self._follow_quota(before, quota)
                self._is_quota_fresh = quota is not None
                if price:
                    self.allowance.settle(price, spent, self.quota_remaining)
        return self._read(response, endpoint)

    def _read(self, response: urllib3.BaseHTTPResponse, endpoint: str) -> Json:
        """What an answer holds. An endpoint that only fails is asked once for each thing, others may do better."""
        try:
            if not _is_good(response.status):
                raise error_for(response.status, self._message(response), response.headers, endpoint)
            body = self._json(response, endpoint)
        except Transient as error:
            with self._lock:
                self._faults_in_a_row[endpoint] += 1
                count = self._faults_in_a_row[endpoint]
            if count < self._patience:
                raise
            raise Failing(f"{error.args[0]} ({count} in a row)", endpoint=endpoint, status=error.status) from None
        except SoundchartsError:
            self._faults_in_a_row[endpoint] = 0
            raise
        self._faults_in_a_row[endpoint] = 0
        return body

    def _send(
        self,
        endpoint: str,
        path: str,
        params: Mapping[str, str | int],
        headers: dict[str, str],
    ) -> urllib3.BaseHTTPResponse:
        self._wait_for_the_server()
        self._limiter.try_acquire(name="soundcharts")
        try:
            response = self._pool.urlopen(
                "GET",
                f"{self._prefix}{path}{'?' if params else ''}{urlencode(params)}",
                headers={**self._headers, **headers},
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            # The chain is cut: such exceptions carry the request with its headers.
            reason = f"no answer from {self.options.base_url} ({_cause(error)})"
            self._count_failure(endpoint, reason)
            raise Unreachable(reason, endpoint=endpoint) from None
        self._silences_in_a_row = 0
        return response

    def _count_failure(self, endpoint: str, reason: str) -> None:
        """Give up where no try of any worker has met an answer for a while."""
        with self._lock:
            self._silences_in_a_row += 1
            count = self._silences_in_a_row
        if count >= self._patience:
            raise HostUnreachable(f"{count} calls in a row met no answer; the last: {reason}", endpoint=endpoint)

    @property
    def _patience(self) -> int:
        """Failures in a row after which it is not one call that fails."""
        return max(_LEAST_IN_A_ROW, _IN_A_ROW_PER_WORKER * self.options.workers)

    def _wait_for_the_server(self) -> None:
        with self._lock:
            pause = self._resume_at - time.monotonic()
        if pause > 0:
            self._sleep(pause)

    def _follow_quota(self, before: int | None, quota: int | None) -> None:
        # Answers overtake each other, so the lowest counts, unless one says more than was known when its call was sent:
        # then a new term has begun.
        known = self.quota_remaining
        if quota is not None and (known is None or quota < known or (before is not None and quota > before)):
            self.quota_remaining = quota

    def _json(self, response: urllib3.BaseHTTPResponse, endpoint: str) -> Json:
        try:
            # Bodies are kept, as payloads and for inspection, and a careless server may quote what it was sent.
            body = json.loads(self._scheme.redact(response.data.decode("utf-8-sig")))
        except (ValueError, RecursionError):  # includes undecodable bytes
            raise Transient("the answer is not JSON", endpoint=endpoint, status=response.status) from None
        if not isinstance(body, dict):
            raise Transient("the answer is no JSON object", endpoint=endpoint, status=response.status)
        return body

    def _message(self, response: urllib3.BaseHTTPResponse) -> str:
        try:
            message = str(json.loads(response.data)["errors"][0]["message"])
        except (ValueError, LookupError, TypeError, RecursionError):
            message = response.data.decode(errors="replace") or response.reason or "no explanation"
        # Redacted before it is cut, or half a secret could stay; and fit for table and log, whatever a server sends.
        fit = self._scheme.redact(message).encode(errors="replace").decode()
        printable = "".join(char if char.isprintable() else " " for char in fit)
        return " ".join(printable.split())[:_EXCERPT]


class _Backoff:
    """Wait longer each time, with jitter; and as long as the server asks for, where it does."""

    def __init__(self, first_seconds: float) -> None:
        self._growing = wait_exponential_jitter(multiplier=first_seconds, max=30, jitter=first_seconds)

    def __call__(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.pause if isinstance(error, Transient) else None
        return max(self._growing(state), asked or 0.0)


def _is_billed(status: int) -> bool:
    """Whether an answer is taken off the quota: not a server's fault, a refused log-in or a limit (section 6.1)."""
    return status < 500 and status not in {401, 408, 429}  # noqa: PLR2004


def _quota(headers: Mapping[str, str]) -> int | None:
    text = headers.get("x-quota-remaining", "")
    return int(text) if text.isdecimal() else None


def _is_good(status: int) -> bool:
    """Whether an answer holds what was asked for; a redirect does not, and is not followed with the keys."""
    return 200 <= status < 300  # noqa: PLR2004


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    if isinstance(error, urllib3.exceptions.ProtocolError) and str(error.args[0]).startswith("Connection broken"):
        return "cut off in the middle"
    names = {
        # This one is a kind of the next.
        urllib3.exceptions.NewConnectionError: "connection refused or cut",
        urllib3.exceptions.ConnectTimeoutError: "timed out while connecting",
        urllib3.exceptions.ReadTimeoutError: "timed out while reading",
        urllib3.exceptions.SSLError: "no secure connection",
        urllib3.exceptions.ProtocolError: "connection refused or cut",
    }
    return next((text for kind, text in names.items() if isinstance(error, kind)), type(error).__name__)
