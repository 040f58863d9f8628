"""HTTP for sources: one session, bounded retries, waits as long as the server says, no secrets out.

Every failure ends in one of six classes, and the class says what happens next:

=========================  ==================================================================
``TransientError``         network, 5xx: tried again with growing pauses, then raised
``MalformedResponseError`` cut stream, wrong length, broken zip, HTML or broken JSON: the same
``ThrottledError``         waited for as long as the server says, within the wait budget
``TooBigError``            raised at once; the source asks for less
``AuthError``              raised at once; somebody must renew an access
``BadRequestError``        raised at once; the request must change (``VersionSunsetError``: the
                           API version is gone)
=========================  ==================================================================

A platform that speaks its own dialect passes a ``judge``: it gets the :class:`Reply` and raises the
class that fits, or returns to accept it. No text made here holds a secret: query values with
telling names and every value given to :meth:`HttpSession.hide` are blanked out.
"""

from __future__ import annotations

import logging
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from desilo import settings
from desilo.replies import (
    Judge,
    Reply,
    judge_by_status,
    looks_like_html,
    retry_after_s,
)
from desilo.source_errors import (
    AuthError,
    BadRequestError,
    MalformedResponseError,
    SourceError,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
)

__all__ = [
    "AuthError",
    "BadRequestError",
    "HeaderAuth",
    "HttpSession",
    "Judge",
    "MalformedResponseError",
    "Reply",
    "SourceError",
    "ThrottledError",
    "TooBigError",
    "TransientError",
    "VersionSunsetError",
    "check_zip",
    "judge_by_status",
    "looks_like_html",
    "retry_after_s",
]

log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 180.0  # between two bytes, not for the whole body
ATTEMPTS = 5
FIRST_BACKOFF_S = 2.0
LONGEST_BACKOFF_S = 60.0
DEFAULT_MAX_WAIT_S = 30 * 60.0
CHUNK_BYTES = 1 << 20
LARGEST_JSON_BYTES = 256 << 20  # a page of records is far below; a report goes through download()

_SECRET_PARAMS = frozenset(
    {"access_token", "appsecret_proof", "secret", "client_secret", "refresh_token", "token", "key"}
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class HeaderAuth(AuthBase):
    """Sets headers as the last step, so that a .netrc on the machine cannot replace them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


class HttpSession:
    """One platform's connection. Not for two threads at once.

    Args:
        name: who is asking, for log lines ("meta_ads").
        sleep: how to wait; tests pass a recorder.
        clock: the current instant (aware, UTC), for sources that must not ask too early.
        max_wait_s: budget of all waiting together, over the session's life.
        attempts: how often a transient failure is tried in all.
        timeout: seconds to connect and between two bytes.
    """

    def __init__(
        self,
        name: str,
        *,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = settings.now,
        max_wait_s: float = DEFAULT_MAX_WAIT_S,
        attempts: int = ATTEMPTS,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        self.name = name
        self.clock = clock
        self.max_wait_s = max_wait_s
        self.attempts = attempts
        self.timeout = timeout
        self.waited_s = 0.0
        self.requests = 0
        self._sleep = sleep
        self._secrets: set[str] = set()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "desilo"

    def hide(self, *secrets: str) -> None:
        """Blank these values out of every text from now on."""
        self._secrets.update(secret for secret in secrets if len(secret) >= 4)

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def describe(self, method: str, url: str, params: Mapping[str, Any] | None = None) -> str:
        """A request line that may be logged and stored: ``GET /path?a=b``, no host, no secret."""
        parts = [
            f"{name}={'***' if name.lower() in _SECRET_PARAMS else value}"
            for name, value in sorted((params or {}).items())
        ]
        query = f"?{'&'.join(parts)}" if parts else ""
        return self.scrub(f"{method} {urlsplit(url).path}{query}")

    def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        auth: AuthBase | tuple[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        judge: Judge = judge_by_status,
        line: str = "",
    ) -> Reply:
        """Ask and read the whole answer into memory, retrying as the classes above say."""
        label = line or self.describe(method, url, params)

        def once() -> Reply:
            with self._open(method, url, label, params, auth, json, form) as response:
                reply = self._read(response, label, LARGEST_JSON_BYTES)
            judge(reply)
            return reply

        return self._retrying(label, once)

    @contextmanager
    def download(
        self,
        method: str,
        url: str,
        *,
        check: Callable[[IO[bytes], Reply], None],
        params: Mapping[str, str] | None = None,
        auth: AuthBase | tuple[str, str] | None = None,
        json: Any = None,
        judge: Judge = judge_by_status,
        line: str = "",
    ) -> Iterator[tuple[IO[bytes], Reply]]:
        """Stream the answer into a temporary file and hand it out, rewound.

        ``check`` looks the finished file over (it raises MalformedResponseError for a broken zip,
        for instance) before anybody uses it, so a damaged body is fetched again as a whole.
        """
        label = line or self.describe(method, url, params)
        with tempfile.TemporaryFile(prefix=f"desilo-{self.name}-") as spool:

            def once() -> Reply:
                spool.seek(0)
                spool.truncate()
                with self._open(method, url, label, params, auth, json, None) as response:
                    if response.status_code != 200:
                        reply = self._read(response, label, LARGEST_JSON_BYTES)
                        judge(reply)
                        return reply
                    size = self._copy(response, spool, label)
                    headers = _lower(response.headers)
                log.debug("%s: %s: %d bytes", self.name, label, size)
                spool.seek(0)
                reply = Reply(200, headers, spool.read(256), label)
                if looks_like_html(reply.headers, reply.body):
                    raise MalformedResponseError(f"{label}: HTML instead of data (HTTP 200)")
                spool.seek(0)
                check(spool, reply)
                return reply

            reply = self._retrying(label, once)
            spool.seek(0)
            yield spool, reply

    def pause(self, seconds: float, reason: str) -> None:
        """Slow down before a limit is hit; never longer than what is left of the budget."""
        seconds = min(seconds, self.max_wait_s - self.waited_s)
        if seconds > 0:
            log.warning("%s: pausing %.0f s: %s", self.name, seconds, self.scrub(reason))
            self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        self.waited_s += seconds
        self._sleep(seconds)

    def _retrying(self, label: str, once: Callable[[], T]) -> T:
        failures = 0
        while True:
            error: SourceError
            try:
                return once()
            except (TransientError, ThrottledError) as caught:
                error = caught
            except SourceError as caught:
                raise self._clean(caught) from None
            if isinstance(error, ThrottledError):
                wait_s = max(1.0, error.wait_s)
                if self.waited_s + wait_s > self.max_wait_s:
                    raise self._clean(error) from None
            else:
                failures += 1
                wait_s = min(FIRST_BACKOFF_S * 2 ** (failures - 1), LONGEST_BACKOFF_S)
                if failures >= self.attempts or self.waited_s + wait_s > self.max_wait_s:
                    log.error("%s: giving up after %d attempts: %s", self.name, failures, label)
                    raise self._clean(error) from None
            log.warning(
                "%s: %s; again in %.0f s (%.0f of %.0f s waited)",
                self.name,
                self.scrub(str(error)),
                wait_s,
                self.waited_s,
                self.max_wait_s,
            )
            self._wait(wait_s)

    def _clean(self, error: SourceError) -> SourceError:
        error.args = (self.scrub(str(error)), *error.args[1:])
        return error

    @contextmanager
    def _open(
        self,
        method: str,
        url: str,
        label: str,
        params: Mapping[str, str] | None,
        auth: AuthBase | tuple[str, str] | None,
        json: Any,
        form: Mapping[str, str] | None,
    ) -> Iterator[requests.Response]:
        # A laptop's HTTP_PROXY must not swallow calls to a server on the same laptop.
        self._session.trust_env = urlsplit(url).hostname not in _LOOPBACK
        self.requests += 1
        started = time.monotonic()
        failure = ""
        try:
            response = self._session.request(
                method, url, params=params, auth=auth, json=json, data=form,
                stream=True, timeout=self.timeout, allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as caught:
            # The library's own text quotes the URL with its query: only the kind is kept.
            failure = type(caught).__name__
        if failure:
            raise TransientError(f"{label}: no answer ({failure})")
        log.debug(
            "%s: %s: HTTP %d after %.2f s",
            self.name,
            label,
            response.status_code,
            time.monotonic() - started,
        )
        try:
            yield response
        finally:
            response.close()

    def _read(self, response: requests.Response, label: str, limit: int) -> Reply:
        chunks: list[bytes] = []
        size = 0
        for chunk in self._chunks(response, label):
            size += len(chunk)
            if size > limit:
                raise TooBigError(f"{label}: more than {limit} bytes in one page")
            chunks.append(chunk)
        return Reply(response.status_code, _lower(response.headers), b"".join(chunks), label)

    def _copy(self, response: requests.Response, spool: IO[bytes], label: str) -> int:
        size = 0
        for chunk in self._chunks(response, label):
            size += spool.write(chunk)
        spool.flush()
        return size

    def _chunks(self, response: requests.Response, label: str) -> Iterator[bytes]:
        """The body's bytes; MalformedResponseError when it ends before its announced length."""
        failure = ""
        try:
            yield from response.iter_content(CHUNK_BYTES)
        except requests.RequestException as caught:
            failure = type(caught).__name__
        if failure:
            raise MalformedResponseError(f"{label}: the body was cut ({failure})")
        announced = response.headers.get("Content-Length", "")
        received = response.raw.tell()
        if announced.isdigit() and received != int(announced):
            raise MalformedResponseError(
                f"{label}: {received} bytes came, Content-Length said {announced}"
            )


def check_zip(spool: IO[bytes], reply: Reply) -> None:
    """Read every member against its checksum; a truncated archive lacks its directory."""
    broken: str | None
    try:
        with zipfile.ZipFile(spool) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        broken = str(error)
    if broken is not None:
        raise MalformedResponseError(f"{reply.line}: damaged zip ({broken})")


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
