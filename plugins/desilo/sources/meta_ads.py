"""Meta Marketing API: accounts, hierarchy and Insights, synchronously, day by day.

    GET {base}/v26.0/act_<id>                     -> accounts
    GET {base}/v26.0/act_<id>/{campaigns,...}     -> campaigns, ad_groups, ads
    GET {base}/v26.0/act_<id>/insights            -> campaign_daily, ad_daily

Every scalar is a string and empty fields are absent. Deleted and archived objects are hidden, also
from report rows below the account, unless a filter asks for them: their spend was real, so every
call asks. Conversions are restated for 28 days after the click.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import orjson

from desilo.days import days_between
from desilo.sources.base import Page, Source, Stream, dumps, iso_day, spans
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

API_VERSION = "v26.0"
BASE_URL = "https://graph.facebook.com"
PAGE_ROWS = 500
SMALLEST_PAGE_ROWS = 10

ATTRIBUTION_WINDOWS = ("7d_click", "1d_view")
_CAMPAIGN_STATUSES = ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES")
_AD_GROUP_STATUSES = (*_CAMPAIGN_STATUSES, "CAMPAIGN_PAUSED")
_AD_STATUSES = (
    *_AD_GROUP_STATUSES, "ADSET_PAUSED", "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED",
    "PENDING_BILLING_INFO",
)  # fmt: skip

_MEASURES = ("impressions", "clicks", "spend", "actions", "action_values")
_CAMPAIGN = ("account_id", "account_currency", "campaign_id", "campaign_name")

# stream -> (edge below the account, level or None, fields, filtered status field, its values)
_CALLS: Mapping[str, tuple[str, str, tuple[str, ...], str, tuple[str, ...]]] = {
    "campaigns": (
        "campaigns", "",
        ("id", "account_id", "name", "status", "effective_status", "objective",
         "created_time", "updated_time"),
        "effective_status", _CAMPAIGN_STATUSES,
    ),
    "ad_groups": (
        "adsets", "",
        ("id", "account_id", "campaign_id", "name", "status", "effective_status",
         "created_time", "updated_time"),
        "effective_status", _AD_GROUP_STATUSES,
    ),
    "ads": (
        "ads", "",
        ("id", "account_id", "campaign_id", "adset_id", "name", "status", "effective_status",
         "created_time", "updated_time"),
        "effective_status", _AD_STATUSES,
    ),
    "campaign_daily": (
        "insights", "campaign", (*_CAMPAIGN, *_MEASURES),
        "campaign.effective_status", _CAMPAIGN_STATUSES,
    ),
    "ad_daily": (
        "insights", "ad",
        (*_CAMPAIGN, "adset_id", "adset_name", "ad_id", "ad_name", *_MEASURES),
        "ad.effective_status", _AD_STATUSES,
    ),
}  # fmt: skip
_ACCOUNT_FIELDS = (
    "account_id", "name", "currency", "timezone_name", "timezone_id",
    "timezone_offset_hours_utc", "account_status",
)  # fmt: skip

THROTTLE_CODES = frozenset({4, 17, 32, 613, *range(80000, 80007), 80008})
LONG_LOCK_CODE = 17  # the account may stay locked for up to an hour
LONG_LOCK_S = 300.0
TRANSIENT_CODES = frozenset({1, 2, 960})
AUTH_CODES = frozenset({10, 102, 104, 190, *range(200, 300)})
NO_SUCH_OBJECT = (100, 33)
TOO_BIG = (100, 1487534)
SUNSET_CODE = 2635

# Use of the quota, in percent, from which we slow down, and for how long without a server's hint.
SLOW_DOWN_AT = 85.0
NEARLY_LOCKED_AT = 95.0
SLOW_DOWN_S = 120.0
NEARLY_LOCKED_S = 600.0

_TEXT = {"spend": "string", "impressions": "string", "date_start": "string"}


class MetaAds(Source):
    """One Meta ad account; ids without ``act_``. Days are days of the account's zone."""

    kind: ClassVar[str] = "meta_ads"
    api_version: ClassVar[str] = API_VERSION
    default_base_url: ClassVar[str] = BASE_URL
    max_span_days: ClassVar[int] = 30
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "accounts", ("account_id",),
            {"account_id": "string", "currency": "string", "timezone_name": "string"},
            "One record per account as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaigns", ("id",), {"id": "string", "name": "string"},
            "One record per campaign, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ad_groups", ("id",), {"id": "string", "campaign_id": "string", "name": "string"},
            "One record per ad set, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ads", ("id",),
            {"id": "string", "adset_id": "string", "campaign_id": "string", "name": "string"},
            "One record per ad, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaign_daily", ("campaign_id",),
            {"campaign_id": "string", "account_currency": "string", **_TEXT},
            "One record per campaign and day of the account's zone with delivery.",
            money={"spend": "major"},
        ),
        Stream(
            "ad_daily", ("ad_id",),
            {"ad_id": "string", "adset_id": "string", "campaign_id": "string",
             "account_currency": "string", **_TEXT},
            "One record per ad and day of the account's zone with delivery.",
            money={"spend": "major"},
        ),
    )  # fmt: skip

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`. Options: ``page_rows``, ``extra_fields`` (report fields)."""
        if stream.name == "accounts":
            yield self._account(account_id, until)
        elif stream.is_snapshot:
            yield from self._pages(stream, account_id, until, until)
        else:
            for first, last in spans(since, until, self.max_span_days):
                yield from self._pages(stream, account_id, first, last)

    def _account(self, account_id: str, day: date) -> Page:
        reply = self._get(f"act_{account_id}", {"fields": ",".join(_ACCOUNT_FIELDS)})
        rows = [(day.isoformat(), dumps(reply.json))]
        return Page(rows, (day,), API_VERSION, reply.line)

    def _pages(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """Follow one list to its end, asking for less where Meta says it is too much.

        Before the first page the range is halved. Later, and at a single day, the page is: the
        cursor stays, so no row is asked for twice.
        """
        path = f"act_{account_id}/{_CALLS[stream.name][0]}"
        params = self._params(stream, since, until)
        is_first, seen = True, set()
        while True:
            try:
                reply = self._get(path, params)
            except TooBigError as error:
                if is_first and since < until and not stream.is_snapshot:
                    middle = since + timedelta(days=(until - since).days // 2)
                    log.info("meta_ads: %s to %s is too much at once, halving", since, until)
                    yield from self._pages(stream, account_id, since, middle)
                    yield from self._pages(stream, account_id, middle + timedelta(days=1), until)
                    return
                smaller = int(params["limit"]) // 2
                if smaller < SMALLEST_PAGE_ROWS:
                    raise
                log.info("meta_ads: %s; pages of %d rows from here", error, smaller)
                params = {**params, "limit": str(smaller)}
                continue
            is_first = False
            rows = [
                (iso_day(None if stream.is_snapshot else row.get("date_start"), until), dumps(row))
                for row in _data(reply)
            ]
            following = _following(reply.json)
            if following is None:
                covers = tuple(days_between(since, until))
                yield Page(rows, covers, API_VERSION, reply.line)
                return
            cursor = dumps(following)
            if cursor in seen:
                raise MalformedResponseError(f"{reply.line}: the next page is one we had before")
            seen.add(cursor)
            yield Page(rows, (), API_VERSION, reply.line)
            params = {**following, "limit": params["limit"]}

    def _params(self, stream: Stream, since: date, until: date) -> dict[str, str]:
        _, level, fields, status_field, statuses = _CALLS[stream.name]
        params = {
            "fields": ",".join((*fields, *self.options.get("extra_fields", ())))
            if level
            else ",".join(fields),
            "filtering": dumps([{"field": status_field, "operator": "IN", "value": statuses}]),
            "limit": str(self.options.get("page_rows", PAGE_ROWS)),
        }
        if level:
            params |= {
                "level": level,
                "time_range": dumps({"since": since.isoformat(), "until": until.isoformat()}),
                "time_increment": "1",
                "action_attribution_windows": dumps(ATTRIBUTION_WINDOWS),
            }
        return params

    def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        auth = HeaderAuth({"Authorization": f"Bearer {self.connection.password}"})
        url = f"{self.base_url}/{API_VERSION}/{path}"
        reply = self.http.call("GET", url, params=params, auth=auth, judge=judge)
        warning = reply.headers.get("x-ad-api-version-warning")
        if warning:
            log.warning("meta_ads: %s", warning)
        self._slow_down(reply.headers)
        return reply

    def _slow_down(self, headers: Mapping[str, str]) -> None:
        used, hint_s = quota(headers)
        if used >= NEARLY_LOCKED_AT:
            self.http.pause(max(hint_s, NEARLY_LOCKED_S), f"{used:.0f} % of the quota is used")
        elif used >= SLOW_DOWN_AT:
            self.http.pause(max(hint_s, SLOW_DOWN_S), f"{used:.0f} % of the quota is used")


def quota(headers: Mapping[str, str]) -> tuple[float, float]:
    """(worst percentage of any quota used, seconds the server wants us to wait; 0 = no hint)."""
    used, wait_s = [0.0], [0.0]
    for name in ("x-app-usage", "x-fb-ads-insights-throttle", "x-ad-account-usage"):
        usage = _header_json(headers, name)
        used += [_number(usage.get(key)) for key in usage if key.endswith(("_pct", "_count"))]
        used += [_number(usage.get(key)) for key in ("total_time", "total_cputime")]
        if _number(usage.get("acc_id_util_pct")) >= 100:
            wait_s.append(_number(usage.get("reset_time_duration")))  # seconds
    for entries in _header_json(headers, "x-business-use-case-usage").values():
        for usage in entries if isinstance(entries, list) else []:
            used += [
                _number(usage.get(key)) for key in ("call_count", "total_time", "total_cputime")
            ]
            wait_s.append(60 * _number(usage.get("estimated_time_to_regain_access")))  # minutes
    return max(used), max(wait_s)


def judge(reply: Reply) -> None:
    """Meta's error envelope, which is the same everywhere; the HTTP status says little."""
    document = reply.json if reply.status == 200 else reply.json_or_none
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        if document is None and reply.status == 400:
            # Meta always says why, in JSON: a refusal that cannot be read was damaged on its way.
            raise MalformedResponseError(f"{reply.line}: HTTP 400 without a readable reason")
        judge_by_status(reply)
        if not isinstance(document, dict):
            raise MalformedResponseError(f"{reply.line}: a JSON object was expected")
        return
    code, subcode = int(_number(error.get("code"))), int(_number(error.get("error_subcode")))
    message = str(error.get("message", ""))
    text = f"{reply.line}: HTTP {reply.status}, error {code}/{subcode}: {message}"
    if code == SUNSET_CODE:
        raise VersionSunsetError(f"{text} (we speak {API_VERSION})")
    if code in THROTTLE_CODES:
        hint_s = quota(reply.headers)[1]
        raise ThrottledError(text, hint_s) if hint_s else _without_hint(text, code)
    if (code, subcode) == TOO_BIG or "reduce the amount of data" in message:
        raise TooBigError(text)
    if (code, subcode) == NO_SUCH_OBJECT or code in AUTH_CODES or "Missing perm" in message:
        raise AuthError(text)
    if (
        error.get("is_transient")
        or code in TRANSIENT_CODES
        or reply.status >= 500
        or (code == 100 and "Cannot include" in message)
    ):
        raise TransientError(text)
    raise BadRequestError(text)


def _without_hint(text: str, code: int) -> ThrottledError:
    return ThrottledError(text, LONG_LOCK_S) if code == LONG_LOCK_CODE else ThrottledError(text)


def _data(reply: Reply) -> list[dict[str, Any]]:
    data = reply.json.get("data")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise MalformedResponseError(f"{reply.line}: no list of records under 'data'")
    return data


def _following(document: Mapping[str, Any]) -> dict[str, str] | None:
    """The query of the next page. Its host and path are ignored: we stay at our base_url."""
    link = (document.get("paging") or {}).get("next")
    if not link:
        return None
    return {
        name: value
        for name, value in parse_qsl(urlsplit(link).query, keep_blank_values=True)
        if name not in ("access_token", "appsecret_proof")
    }


def _header_json(headers: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        value = orjson.loads(headers.get(name, "{}"))
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
