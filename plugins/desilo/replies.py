"""A platform's answer, read completely, and what its HTTP status plainly means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from desilo import settings
from desilo.source_errors import (
    THROTTLE_WITHOUT_HINT_S,
    AuthError,
    BadRequestError,
    MalformedResponseError,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
)


@dataclass(frozen=True)
class Reply:
    """A response, read completely. ``body`` is what came (for a download: only a refusal's text).

    ``headers`` have lower-case names. ``line`` is the request line without secrets.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    line: str
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def json(self) -> Any:
        """The parsed body; MalformedResponseError when it is HTML or not JSON."""
        if "json" not in self._cache:
            self._cache["json"] = self._parse()
        return self._cache["json"]

    @property
    def json_or_none(self) -> Any:
        """The parsed body, or None when it cannot be parsed (for judging error answers)."""
        try:
            return self.json
        except MalformedResponseError:
            return None

    def _parse(self) -> Any:
        if looks_like_html(self.headers, self.body):
            raise MalformedResponseError(f"{self.line}: HTML instead of JSON (HTTP {self.status})")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            reason = f"{error.msg} at byte {error.pos} of {len(self.body)}"
        raise MalformedResponseError(f"{self.line}: invalid JSON, {reason}")


Judge = Callable[[Reply], None]


def judge_by_status(reply: Reply) -> None:
    """The plain meaning of HTTP status codes, for what a platform does not say more precisely."""
    status, text = reply.status, f"{reply.line}: HTTP {reply.status}{_snippet(reply)}"
    if status < 300:
        return
    if status in (301, 308):
        raise BadRequestError(f"{text}; the address has moved, change the connection's base_url")
    if status < 400 or status in (408, 425) or status >= 500:
        raise TransientError(text)
    if status == 429:
        hint = retry_after_s(reply.headers)
        raise ThrottledError(text, THROTTLE_WITHOUT_HINT_S if hint is None else hint)
    if status in (401, 403, 407):
        raise AuthError(text)
    if status == 413:
        raise TooBigError(text)
    if status == 410:
        raise VersionSunsetError(text)
    raise BadRequestError(text)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header, given in seconds or as an HTTP date; None without one."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or settings.now())).total_seconds())


def looks_like_html(headers: Mapping[str, str], body: bytes) -> bool:
    """A proxy's, a maintenance or a log-in page where data was expected."""
    if "html" in headers.get("content-type", "").lower():
        return True
    return body[:256].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _snippet(reply: Reply) -> str:
    """The start of an answer's text; an HTML page says nothing worth repeating."""
    if looks_like_html(reply.headers, reply.body):
        return " (an HTML page)"
    text = " ".join(reply.body[:300].decode("utf-8", "replace").split())
    return f": {text}" if text else ""
