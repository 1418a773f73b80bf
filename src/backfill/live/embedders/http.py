"""One POST: bounded in time and in size, without redirects, and without the key in any message."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from backfill.errors import InputError, needs
from backfill.live.embedders.answers import error_in
from backfill.live.embedders.failed import Failed, quoted

if TYPE_CHECKING:
    import httpx

_AGAIN = (408, 409, 425, 429)  # and all from 500
_OF_ALL = (404, 405, 429)  # what no other text would change
_TOO_MUCH = (400, 413, 422)  # what services answer to more text than they take
_OF_REFUSALS = 1 << 16  # bytes that are read


@dataclass(frozen=True)
class Poster:
    """Sends requests to one address.

    Attributes:
        url: of the requests.
        connect_timeout: seconds until a connection stands.
    """

    url: str
    connect_timeout: float

    @cached_property
    def _client(self) -> httpx.Client:
        with needs("live"):
            import httpx
        try:
            return httpx.Client(follow_redirects=False)
        except (ValueError, OSError, ImportError) as error:  # its words may quote a password
            raise InputError(
                "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE: expected what httpx can use, "
                f"got values that it refuses ({type(error).__name__})"
            ) from None

    def post(self, content: Any, key: str | None, seconds: float, longest: int) -> bytes:
        """The body of a successful answer.

        Args:
            content: to be sent as JSON.
            key: sent as a bearer token.
            seconds: until the whole answer must be there.
            longest: bytes of an answer that are read.

        Raises:
            Failed: there is none.
            InputError: httpx is not installed, or the environment names an unusable proxy.
        """
        client = self._client
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        secrets = [key] if key else []
        timeout = httpx.Timeout(seconds, connect=min(seconds, self.connect_timeout))
        started = time.monotonic()
        body = bytearray()
        try:
            with client.stream(
                "POST", self.url, json=content, headers=headers, timeout=timeout
            ) as response:
                longest = longest if response.is_success else _OF_REFUSALS
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > longest:
                        break
                    if time.monotonic() - started > seconds:
                        raise Failed(f"no whole answer in {seconds:g} s")
        except httpx.TimeoutException as error:
            waited = time.monotonic() - started
            raise Failed(f"no answer in {waited:.1f} s ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise Failed(f"{type(error).__name__}: {quoted(error, secrets)}") from None
        if not response.is_success:
            raise _refused(response, bytes(body), secrets)
        if len(body) > longest:
            raise Failed(f"more than {longest} bytes")
        return bytes(body)


def _refused(response: httpx.Response, body: bytes, secrets: list[str]) -> Failed:
    status = response.status_code
    try:
        got = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        got = str(status)
    if response.is_redirect:
        return Failed(
            f"{got}: redirects are not followed; name the last address", again=False, alike=True
        )
    if status in (401, 403):  # such words may quote a part of the key
        said = f"{got}: the key was refused" if secrets else got
        return Failed(said, again=False, alike=True)
    after = retry_after(response.headers.get("Retry-After", ""))
    got += error_in(body, secrets)
    got += f" (asks to wait {after:.0f} s)" if after else ""
    again = status in _AGAIN or status >= 500
    return Failed(
        got, again=again, after=after, splits=status in _TOO_MUCH, alike=status in _OF_ALL
    )


def retry_after(header: str) -> float | None:
    """Seconds to wait, of a number or of a date; None if it says neither."""
    if header.strip().isdecimal() and len(header.strip()) < 10:
        return float(header)
    try:
        date = parsedate_to_datetime(header)
        return max(0.0, (date - datetime.now(UTC)).total_seconds()) if date.tzinfo else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
