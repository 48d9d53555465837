"""The two ways to prove who is calling (contract section 2), and keeping their secrets out of every text.

A scheme adds headers to a request and knows its own secrets. It decides nothing about retries.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import requests

from soundcharts_assets.api.errors import CredentialsRejected, Transient, Unreachable

_RENEW_BEFORE_SECONDS = 60.0
_DEFAULT_LIFETIME_SECONDS = 3600.0


class Scheme(Protocol):
    """How a request is authenticated."""

    def headers(self) -> dict[str, str]:
        """Headers to send; may fetch a token first."""
        ...

    def renew(self, rejected: dict[str, str]) -> bool:
        """Told that these headers were answered 401: whether asking again with new ones makes sense."""
        ...

    def redact(self, text: str) -> str:
        """The text without this scheme's secrets."""
        ...


class ApplicationKey:
    """The legacy pair of headers (contract section 2.3)."""

    def __init__(self, app_id: str, api_key: str) -> None:
        """Take the pair as Soundcharts printed it."""
        self._headers = {"x-app-id": app_id, "x-api-key": api_key}

    def headers(self) -> dict[str, str]:
        """Both headers."""
        return self._headers

    def renew(self, rejected: dict[str, str]) -> bool:  # noqa: ARG002 - a key cannot be renewed
        """Never: the same pair would be rejected again."""
        return False

    def redact(self, text: str) -> str:
        """The text without the key."""
        return _without(text, self._headers["x-api-key"])


class ClientCredentials:
    """OAuth 2 client credentials (contract section 2.2); the token is shared by all threads and renewed early."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        token_url: str,
        *,
        timeout: tuple[float, float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the client's id and secret; no call is made before the first request needs a token."""
        self._pair = (client_id, client_secret)
        self._token_url = token_url
        self._timeout = timeout
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def headers(self) -> dict[str, str]:
        """The bearer header, with a token that is good for another minute."""
        with self._lock:
            if not self._token or self._monotonic() >= self._renew_at:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, rejected: dict[str, str]) -> bool:
        """Throw the rejected token away, unless another thread already has a newer one."""
        with self._lock:
            if rejected.get("Authorization") == f"Bearer {self._token}":
                self._token = ""
        return True

    def redact(self, text: str) -> str:
        """The text without the secret and the token."""
        return _without(_without(text, self._pair[1]), self._token)

    def _fetch(self) -> None:
        try:
            with requests.Session() as session:
                session.trust_env = False  # neither a proxy nor a .netrc may see the pair unasked
                response = session.post(
                    self._token_url,
                    data={"grant_type": "client_credentials"},
                    auth=self._pair,
                    timeout=self._timeout,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            reason = self.redact(f"no answer ({type(error).__name__})")
            raise Unreachable(reason, endpoint="oauth_token") from None
        if response.status_code >= 500 or response.status_code == 429:  # noqa: PLR2004
            raise Transient("the token endpoint failed", endpoint="oauth_token", status=response.status_code)
        try:
            body = response.json()
            token = body["access_token"]
            lifetime = float(body.get("expires_in") or _DEFAULT_LIFETIME_SECONDS)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            token, lifetime = None, 0.0
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise CredentialsRejected(
                "no token was given for SOUNDCHARTS_CLIENT_ID and SOUNDCHARTS_CLIENT_SECRET",
                endpoint="oauth_token",
                status=response.status_code,
            )
        self._token = token
        # A token that lives shorter than the margin is renewed half-way, not at every call.
        self._renew_at = self._monotonic() + max(lifetime - _RENEW_BEFORE_SECONDS, lifetime / 2)


def _without(text: str, secret: str) -> str:
    # The sandbox's public key equals a word of every address; a secret shorter than this is not worth hiding.
    if len(secret) > len("soundcharts"):
        # As it is, as PHP writes it into JSON, and as it stands in an address.
        for written in (secret, secret.replace("/", r"\/"), quote(secret, safe="")):
            text = text.replace(written, "***")
    return text
