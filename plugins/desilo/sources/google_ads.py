"""Google Ads API by REST: every stream is one GAQL query sent to searchStream.

    POST {token_url}                                        -> access token (refresh-token OAuth)
    POST {base}/v26/customers/<id>/googleAds:searchStream   -> a JSON array of batches of rows

int64 arrive as strings, doubles as numbers, absent values are omitted, cost is in micros of the
account's currency. Conversions are counted on the click's day and grow for as long as the
conversion window is open. After a version's sunset every path answers 404.

The array is spooled to disk and read over once for completeness before the first row leaves, so a
cut or broken answer is asked for again as a whole and no row is lost or doubled.
"""

from __future__ import annotations

import codecs
import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from typing import IO, Any, ClassVar, NoReturn

from desilo.days import days_between
from desilo.sources.base import Page, Source, Stream, dig, dumps, iso_day, spans
from desilo.transport import (
    AuthError,
    BadRequestError,
    HeaderAuth,
    MalformedResponseError,
    Reply,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
    judge_by_status,
)

log = logging.getLogger(__name__)

API_VERSION = "v26"
BASE_URL = "https://googleads.googleapis.com"
TOKEN_URL = "https://oauth2.googleapis.com/token"
READ_BYTES = 1 << 20

_METRICS = (
    "metrics.impressions, metrics.clicks, metrics.cost_micros, "
    "metrics.conversions, metrics.conversions_value, "
    "metrics.all_conversions, metrics.all_conversions_value, metrics.view_through_conversions"
)
_CUSTOMER = "customer.id, customer.currency_code, customer.time_zone"
# stream -> GAQL; reports get their days appended
QUERIES: Mapping[str, str] = {
    "accounts": (
        "SELECT customer.id, customer.descriptive_name, customer.currency_code, "
        "customer.time_zone, customer.manager, customer.test_account FROM customer"
    ),
    "campaigns": (
        "SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type "
        "FROM campaign"
    ),
    "ad_groups": (
        "SELECT ad_group.id, ad_group.name, ad_group.status, campaign.id, campaign.name "
        "FROM ad_group"
    ),
    "ads": (
        "SELECT ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.status, ad_group.id, "
        "ad_group.name, campaign.id, campaign.name FROM ad_group_ad"
    ),
    "campaign_daily": (
        f"SELECT {_CUSTOMER}, campaign.id, campaign.name, segments.date, {_METRICS} FROM campaign"
    ),
    "ad_daily": (
        f"SELECT {_CUSTOMER}, campaign.id, campaign.name, ad_group.id, ad_group.name, "
        f"ad_group_ad.ad.id, ad_group_ad.ad.name, segments.date, {_METRICS} FROM ad_group_ad"
    ),
}

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*s(?:econds?)?\b")
_MEASURES = {
    "segments.date": "string",
    "customer.currencyCode": "string",
    "metrics.costMicros": "string",
    "metrics.impressions": "string",
}


class TokenRefusedError(AuthError):
    """The access token is not accepted (any more); a fresh one may be."""


class GoogleAds(Source):
    """One Google Ads customer (ten digits). Days are days of the customer's zone.

    The connection's extra holds ``client_id``, ``client_secret``, ``refresh_token`` and, where
    access goes through a manager account, ``login_customer_id``; ``token_url`` only for tests.
    """

    kind: ClassVar[str] = "google_ads"
    api_version: ClassVar[str] = API_VERSION
    default_base_url: ClassVar[str] = BASE_URL
    max_span_days: ClassVar[int] = 31
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "accounts", ("customer.id",),
            {"customer.id": "string", "customer.currencyCode": "string",
             "customer.timeZone": "string"},
            "One record per customer as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaigns", ("campaign.id",), {"campaign.id": "string", "campaign.name": "string"},
            "One record per campaign, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ad_groups", ("adGroup.id",),
            {"adGroup.id": "string", "adGroup.name": "string", "campaign.id": "string"},
            "One record per ad group, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            # The same ad may serve in two ad groups; names of ads are often absent.
            "ads", ("adGroup.id", "adGroupAd.ad.id"),
            {"adGroupAd.ad.id": "string", "adGroup.id": "string", "campaign.id": "string"},
            "One record per ad group and ad, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaign_daily", ("campaign.id",), {"campaign.id": "string", **_MEASURES},
            "One record per campaign and day of the customer's zone with delivery.",
            money={"metrics.costMicros": "micros", "metrics.conversionsValue": "major",
                   "metrics.allConversionsValue": "major"},
        ),
        Stream(
            "ad_daily", ("adGroup.id", "adGroupAd.ad.id"),
            {"adGroupAd.ad.id": "string", "adGroup.id": "string", "campaign.id": "string",
             **_MEASURES},
            "One record per ad group, ad and day of the customer's zone with delivery.",
            money={"metrics.costMicros": "micros", "metrics.conversionsValue": "major",
                   "metrics.allConversionsValue": "major"},
        ),
    )  # fmt: skip

    _access_token = ""

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`."""
        if stream.is_snapshot:
            yield from self._query(stream, account_id, until, until)
            return
        for first, last in spans(since, until, self.max_span_days):
            yield from self._query(stream, account_id, first, last)

    def _query(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        query = QUERIES[stream.name]
        if not stream.is_snapshot:
            query += f" WHERE segments.date BETWEEN '{since}' AND '{until}'"
        can_split = not stream.is_snapshot and since < until
        try:
            yield from self._stream(stream, account_id, query, since, until, can_split)
        except TooBigError:
            # Raised before the first row leaves, so halving doubles nothing.
            if not can_split:
                raise
            middle = since + timedelta(days=(until - since).days // 2)
            yield from self._query(stream, account_id, since, middle)
            yield from self._query(stream, account_id, middle + timedelta(days=1), until)

    def _stream(
        self,
        stream: Stream,
        account_id: str,
        query: str,
        since: date,
        until: date,
        can_split: bool,
    ) -> Iterator[Page]:
        customer = account_id.replace("-", "")
        url = f"{self.base_url}/{API_VERSION}/customers/{customer}/googleAds:searchStream"
        line = self.http.describe("POST", url, {"query": query})
        for may_refresh in (True, False):
            download = self.http.download(
                "POST", url, json={"query": query}, auth=self._auth(), line=line,
                judge=partial(judge, can_split=can_split),
                check=partial(check_batches, can_split=can_split),
            )  # fmt: skip
            try:
                with download as (spool, _):
                    yield from self._pages(stream, spool, line, since, until)
                return
            except TokenRefusedError:
                # Only the download raises it: no row has left yet.
                if not may_refresh or not self._is_refreshable():
                    raise
                log.info("google_ads: the access token was refused, asking for a new one")
                self._access_token = ""

    def _pages(
        self, stream: Stream, spool: IO[bytes], line: str, since: date, until: date
    ) -> Iterator[Page]:
        waiting: list[tuple[str, str]] = []
        for batch in json_array(spool, line):
            if waiting:
                yield Page(waiting, (), API_VERSION, line)
            waiting = [
                (iso_day(None if stream.is_snapshot else dig(row, "segments.date"), until),
                 dumps(row))
                for row in batch.get("results", ())
            ]  # fmt: skip
        yield Page(waiting, tuple(days_between(since, until)), API_VERSION, line)

    def _is_refreshable(self) -> bool:
        return bool(self.connection.extra.get("refresh_token"))

    def _auth(self) -> HeaderAuth:
        if not self._access_token:
            self._access_token = self._new_token()
        headers = {"Authorization": f"Bearer {self._access_token}"}
        manager = str(self.connection.extra.get("login_customer_id", "")).replace("-", "")
        if manager:
            headers["login-customer-id"] = manager
        return HeaderAuth(headers)

    def _new_token(self) -> str:
        """Trade the refresh token for an access token; it lives about an hour."""
        extra = self.connection.extra
        names = ("client_id", "client_secret", "refresh_token")
        missing = [name for name in names if not extra.get(name)]
        if missing:
            raise AuthError(f"google_ads: the connection's extra lacks {', '.join(missing)}")
        reply = self.http.call(
            "POST",
            extra.get("token_url") or TOKEN_URL,
            form={"grant_type": "refresh_token", **{name: extra[name] for name in names}},
            judge=judge_token,
        )
        token = reply.json.get("access_token") if isinstance(reply.json, dict) else None
        if not token:
            raise MalformedResponseError(f"{reply.line}: no access_token in the answer")
        self.http.hide(token)
        return str(token)


def judge_token(reply: Reply) -> None:
    """The token endpoint: a 400 with an OAuth error code is a withdrawn access, not a typo."""
    document = reply.json if reply.status == 200 else reply.json_or_none
    if reply.status in (400, 401) and isinstance(document, dict) and document.get("error"):
        raise AuthError(
            f"{reply.line}: {document['error']} {document.get('error_description', '')}".rstrip()
        )
    judge_by_status(reply)


def judge(reply: Reply, *, can_split: bool = False) -> None:
    """google.rpc.Status, bare or wrapped in an array.

    A deadline that passed is too big while the days can be split, and transient at a single day.
    """
    document = reply.json_or_none
    if isinstance(document, list):
        document = next((each for each in document if isinstance(each, dict)), None)
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        raise_for(error, reply, can_split=can_split)
    if reply.status == 404:
        raise VersionSunsetError(f"{reply.line}: HTTP 404, {API_VERSION} is no longer served")
    judge_by_status(reply)


def raise_for(error: Mapping[str, Any], reply: Reply, *, can_split: bool) -> NoReturn:
    """Raise the class of one google.rpc.Status."""
    failures = [
        failure
        for detail in error.get("details") or ()
        if isinstance(detail, dict)
        for failure in detail.get("errors") or ()
    ]
    codes = {
        f"{family}.{name}"
        for failure in failures
        for family, name in (failure.get("errorCode") or {}).items()
    }
    number, grpc_status = int(error.get("code") or reply.status), str(error.get("status", ""))
    messages = "; ".join(str(failure.get("message", "")) for failure in failures)
    text = (
        f"{reply.line}: HTTP {number} {grpc_status} {', '.join(sorted(codes))}: "
        f"{messages or error.get('message', '')}"
    )
    families = {code.partition(".")[0] for code in codes}
    if "requestError.UNSUPPORTED_VERSION" in codes or (number == 404 and not codes):
        raise VersionSunsetError(f"{text} (we speak {API_VERSION})")
    if number == 429 or "quotaError" in families:
        raise ThrottledError(text, _retry_delay_s(failures, reply.headers))
    if number == 401:
        raise TokenRefusedError(text)
    if number == 403 or families & {"authenticationError", "authorizationError"}:
        raise AuthError(text)
    if number == 413 or (number == 504 and can_split):
        raise TooBigError(text)
    if number >= 500 or "internalError.TRANSIENT_ERROR" in codes:
        raise TransientError(text)
    raise BadRequestError(text)


def _retry_delay_s(failures: list[Mapping[str, Any]], headers: Mapping[str, str]) -> float:
    """The longest wait named: retryDelay, the message's "Retry in 27 seconds", Retry-After."""
    hints = [str(headers.get("retry-after", "")) + " s"]
    for failure in failures:
        hints.append(str(dig(failure, "details.quotaErrorDetails.retryDelay") or ""))
        hints.append(str(failure.get("message", "")))
    found = [float(match.group(1)) for hint in hints if (match := _SECONDS.search(hint))]
    return max(found) if found else ThrottledError("").wait_s


def check_batches(spool: IO[bytes], reply: Reply, *, can_split: bool = False) -> None:
    """Read the whole array once: every batch is an object, none of them an error."""
    for batch in json_array(spool, reply.line):
        if not isinstance(batch, dict) or not isinstance(batch.get("results", []), list):
            raise MalformedResponseError(f"{reply.line}: a batch is not an object with results")
        if isinstance(batch.get("error"), dict):
            raise_for(batch["error"], reply, can_split=can_split)


def json_array(spool: IO[bytes], line: str) -> Iterator[Any]:
    """The elements of a JSON array, one in memory at a time.

    Raises:
        MalformedResponseError: the text is no complete array.
    """
    text = _Text(spool)
    if text.peek() != "[":
        raise MalformedResponseError(f"{line}: invalid JSON, an array was expected")
    text.at += 1
    separator = "]" if text.peek() == "]" else ","
    while separator == ",":
        element = text.element()
        if element is _BROKEN or (separator := text.peek()) not in ("]", ","):
            raise MalformedResponseError(f"{line}: invalid JSON, the array ends in the middle")
        if separator == ",":
            text.at += 1
        yield element
    text.at += 1
    if text.peek():
        raise MalformedResponseError(f"{line}: invalid JSON, there is text after the array")


_BROKEN = object()


class _Text:
    """A sliding window over a UTF-8 file. ``at`` is the place in the window."""

    def __init__(self, spool: IO[bytes]) -> None:
        spool.seek(0)
        self.at = 0
        self._spool = spool
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._parse = json.JSONDecoder().raw_decode
        self._window, self._is_over = "", False

    def _grow(self) -> bool:
        """Drop what was passed and at least double the rest; False at the end of the file."""
        if self._is_over:
            return False
        rest = self._window[self.at :]
        chunk = self._spool.read(max(READ_BYTES, len(rest)))
        self._is_over = not chunk
        self._window, self.at = rest + self._decode(chunk, self._is_over), 0
        return True

    def peek(self) -> str:
        """The next character that is not white space, "" at the end."""
        while True:
            while self.at < len(self._window):
                if self._window[self.at] not in " \t\r\n":
                    return self._window[self.at]
                self.at += 1
            if not self._grow():
                return ""

    def element(self) -> Any:
        """Parse one JSON value and pass it; _BROKEN when the file ends before it does."""
        self.peek()
        while True:
            try:
                value, end = self._parse(self._window, self.at)
                if end < len(self._window) or self._is_over:
                    self.at = end
                    return value
            except ValueError:
                if self._is_over:
                    return _BROKEN
            self._grow()
