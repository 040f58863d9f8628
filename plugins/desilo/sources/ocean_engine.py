"""Ocean Engine Marketing API: advertiser, projects, promotions, materials and the custom report.

    POST {base}/open_api/oauth2/refresh_token/      -> the next pair of tokens (see desilo.tokens)
    GET  {base}/open_api/2/advertiser/info/         -> accounts
    GET  {base}/open_api/v3.0/project/list/         -> campaigns
    GET  {base}/open_api/v3.0/promotion/list/       -> ad_groups, and their materials: ads
    GET  {base}/open_api/v3.0/report/custom/get/    -> campaign_daily, ad_daily

HTTP is 200 for errors too: ``code`` decides before ``data`` is looked at. Arrays and objects are
JSON text in the query; ``filters`` and ``order_by`` are sent even when empty. Every number of a
report is a text. A project is a campaign, a promotion an ad group, a material in it an ad; a
material may serve in several promotions.

Conversions come on two clocks and both land: ``attribution_convert_cnt`` counts on the day of the
click that was billed (as other platforms count), ``convert_cnt`` on the day it happened. They are
never added.

The numbers of a day move until 08:00 of the day after: a day that has not settled is not asked for.

Marked [U]: not confirmed by the platform's own documentation. Each stands in one name here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from desilo.sources.base import Connection, Page, Source, Stream, dig, dumps, spans
from desilo.sources.envelopes import (
    Records,
    halved,
    itself,
    numbered_pages,
    opened,
    records_of,
)
from desilo.tokens import Grant, RotatingTokens
from desilo.transport import (
    AuthError,
    BadRequestError,
    HeaderAuth,
    HttpSession,
    MalformedResponseError,
    Reply,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
)

API_VERSION = "v3.0"
ACCOUNT_API_VERSION = "2"  # the advertiser's object has no v3.0
BASE_URL = "https://api.oceanengine.com"
ZONE = ZoneInfo("Asia/Shanghai")  # of every account; so is the currency, CNY
SETTLES_AT_HOUR = 8  # of the day after, in that zone
LONGEST_DAILY_REPORT_DAYS = 30
REPORT_PAGE_ROWS = 100  # [U] the page may be larger; some accounts are refused more
LIST_PAGE_ROWS = 10  # [U] the same
ACCESS_LIFE_S, REFRESH_LIFE_S = 24 * 3600.0, 30 * 24 * 3600.0  # [U] where the answer names none

# All platform, developer, and (of an advertiser that has been idle) customer limit.
RATE_LIMIT_CODES = frozenset({40100, 40110, 40130})
# [U] Limits are not published and no header says how long: the first wait tries the next second.
FIRST_THROTTLE_S = 2.0
THROTTLE_S = 60.0
EXPIRED_ACCESS_CODE = 40102  # [U]
WRONG_ACCESS_CODES = frozenset({40104, 40105})  # missing; wrong, withdrawn, or of an older pair
EXPIRED_REFRESH_CODE = 40103  # [U]
AUTH_CODES = frozenset({40002, 40101, EXPIRED_REFRESH_CODE, 40106, 40107, 40108})  # [U]
TRANSIENT_CODES = frozenset({50000, 50001, 50002})
# [U] No code of their own: told apart by their words, whatever the code is.
_TOO_BIG_WORDS = ("too large", "时间跨度")
_SUNSET_WORDS = ("no longer supported", "已下线")

BILLING_CONVERSIONS = "attribution_convert_cnt"  # [U] on the day of the billed click
EVENT_CONVERSIONS = "convert_cnt"  # on the day the conversion happened
VIDEO_PLAYS = "total_play"  # [U]
_METRICS = (
    "stat_cost", "show_cnt", "click_cnt", EVENT_CONVERSIONS, BILLING_CONVERSIONS,
    "deep_convert_cnt", "attribution_deep_convert_cnt", VIDEO_PLAYS,
)  # fmt: skip
# stream -> (data topic, dimensions beside the day). Names are no dimensions here: a rename in the
# middle of a day would split its row.
_REPORTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "campaign_daily": ("BASIC_DATA", ("cdp_project_id",)),
    "ad_daily": ("MATERIAL_DATA", ("cdp_project_id", "cdp_promotion_id", "material_id")),
}
# stream -> (path, value of the status filter that hides nothing)
_LISTS: Mapping[str, tuple[str, str]] = {
    "campaigns": ("project/list/", "PROJECT_STATUS_ALL"),
    "ad_groups": ("promotion/list/", "ALL"),
    "ads": ("promotion/list/", "ALL"),
}
_MATERIAL_LISTS = ("video_material_list", "image_material_list", "carousel_material_list")

_ID = "string|integer"
_MEASURE = "string|number"


class StaleTokenError(AuthError):
    """The access token is not accepted (any more); another one may be."""

    def __init__(self, message: str, *, is_expired: bool) -> None:
        super().__init__(message)
        self.is_expired = is_expired


class OceanEngine(Source):
    """One Ocean Engine advertiser.

    The connection's extra holds ``app_id``, ``secret`` and the pair with which the app was
    authorised: ``access_token``, ``refresh_token``. The pairs after it are in the token store.
    """

    kind: ClassVar[str] = "ocean_engine"
    api_version: ClassVar[str] = API_VERSION
    default_base_url: ClassVar[str] = BASE_URL
    max_span_days: ClassVar[int] = LONGEST_DAILY_REPORT_DAYS
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "accounts", ("id",), {"id": _ID, "name": "string"},
            "One record per advertiser as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaigns", ("project_id",), {"project_id": _ID, "name": "string"},
            "One record per project, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ad_groups", ("promotion_id",),
            {"promotion_id": _ID, "project_id": _ID, "promotion_name": "string"},
            "One record per promotion, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ads", ("promotion_id", "material.material_id"),
            {"material.material_id": _ID, "promotion_id": _ID, "project_id": _ID},
            "One record per material of a promotion as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaign_daily", ("dimensions.cdp_project_id",),
            {"dimensions.cdp_project_id": _ID, "dimensions.stat_time_day": "string",
             "metrics.stat_cost": _MEASURE, "metrics.show_cnt": _MEASURE},
            "One record per project and day in Shanghai with delivery or conversions.",
            money={"metrics.stat_cost": "major"},
        ),
        Stream(
            "ad_daily", ("dimensions.cdp_promotion_id", "dimensions.material_id"),
            {"dimensions.material_id": _ID, "dimensions.stat_time_day": "string",
             "dimensions.cdp_project_id": _ID, "dimensions.cdp_promotion_id": _ID,
             "metrics.stat_cost": _MEASURE, "metrics.show_cnt": _MEASURE},
            "One record per material of a promotion and day in Shanghai with delivery or "
            "conversions.",
            money={"metrics.stat_cost": "major"},
        ),
    )  # fmt: skip

    _throttled_in_a_row = 0

    def __init__(
        self, connection: Connection, options: Mapping[str, Any], http: HttpSession
    ) -> None:
        super().__init__(connection, options, http)
        self.tokens = RotatingTokens(
            self.kind,
            access_token=connection.extra.get("access_token", ""),
            refresh_token=connection.extra.get("refresh_token", ""),
            refresh=self._new_grant,
            clock=http.clock,
            hide=http.hide,
        )

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`. Options: ``extra_metrics`` (both report levels know them)."""
        if stream.name == "accounts":
            yield self._account(account_id, until)
        elif stream.is_snapshot:
            path, everything = _LISTS[stream.name]
            params = {"advertiser_id": account_id, "filtering": dumps({"status": everything})}
            split = _materials if stream.name == "ads" else itself
            yield from self._pages(path, params, until, until, "list", LIST_PAGE_ROWS, split)
        else:
            daily = partial(self._daily, stream, account_id)
            for first, last in spans(since, min(until, self._settled_day()), self.max_span_days):
                yield from halved(daily, first, last)

    def _settled_day(self) -> date:
        now = self.http.clock().astimezone(ZONE)
        return (now - timedelta(hours=SETTLES_AT_HOUR)).date() - timedelta(days=1)

    def _daily(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        topic, dimensions = _REPORTS[stream.name]
        params = {
            "advertiser_id": account_id,
            "data_topic": topic,
            "dimensions": dumps(["stat_time_day", *dimensions]),
            "metrics": dumps([*_METRICS, *self.options.get("extra_metrics", ())]),
            "filters": dumps([]),
            "order_by": dumps([]),
            "start_time": since.isoformat(),
            "end_time": until.isoformat(),
        }
        return self._pages("report/custom/get/", params, since, until, "rows", REPORT_PAGE_ROWS)

    def _account(self, account_id: str, day: date) -> Page:
        params = {"advertiser_ids": f"[{account_id}]"}
        reply = self._get(f"{ACCOUNT_API_VERSION}/advertiser/info/", params)
        found = [each for each in _records(reply, "data") if str(each.get("id")) == account_id]
        if not found:
            raise AuthError(f"{reply.line}: the token sees no advertiser {account_id}")
        return Page([(day.isoformat(), dumps(found[0]))], (day,), API_VERSION, reply.line)

    def _pages(
        self,
        path: str,
        params: Mapping[str, str],
        since: date,
        until: date,
        name: str,
        page_rows: int,
        split: Callable[[dict[str, Any]], Iterator[dict[str, Any]]] = itself,
    ) -> Iterator[Page]:
        return numbered_pages(
            lambda paging: self._get(f"{API_VERSION}/{path}", {**params, **paging}),
            lambda reply: _records(reply, f"data.{name}"),
            since,
            until,
            page_rows=page_rows,
            api_version=API_VERSION,
            split=split,
        )

    def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        token = self.tokens.access()
        try:
            return self._call(path, params, token)
        except StaleTokenError as error:
            # Another process may have renewed the pair, which ends the token that we hold.
            token = self._other_token(token, error)
        try:
            return self._call(path, params, token)
        except StaleTokenError as error:
            raise AuthError(f"{error}, though its token is new") from None

    def _other_token(self, refused: str, error: StaleTokenError) -> str:
        try:
            return self.tokens.after_refusal(refused, is_expired=error.is_expired)
        except AuthError as withdrawn:
            raise AuthError(f"{error}; {withdrawn}") from None

    def _call(self, path: str, params: Mapping[str, str], token: str) -> Reply:
        reply = self.http.call(
            "GET",
            f"{self.base_url}/open_api/{path}",
            params=params,
            auth=HeaderAuth({"Access-Token": token}),
            judge=self._judge,
        )
        self._throttled_in_a_row = 0
        return reply

    def _new_grant(self, refresh_token: str) -> Grant:
        """Trade the refresh token for the next pair; it is spent by that."""
        extra, before = self.connection.extra, self.http.requests
        try:
            reply = self.http.call(
                "POST",
                f"{self.base_url}/open_api/oauth2/refresh_token/",
                json={
                    "app_id": extra.get("app_id", ""),
                    "secret": extra.get("secret", ""),
                    "grant_type": "refresh_token",
                    "refresh_token": refresh_token,
                },
                judge=self._judge,
            )
        except AuthError as error:
            if self.http.requests - before == 1:
                raise
            lost = "an earlier try brought no answer, and a new pair in it is lost"
            raise AuthError(f"{error}; {lost}") from None
        self._throttled_in_a_row = 0
        data = reply.json.get("data")
        names = ("access_token", "refresh_token")
        if not isinstance(data, dict) or not all(data.get(name) for name in names):
            raise MalformedResponseError(f"{reply.line}: no pair of tokens in the answer")
        return Grant(
            str(data["access_token"]),
            str(data["refresh_token"]),
            float(data.get("expires_in") or ACCESS_LIFE_S),
            float(data.get("refresh_token_expires_in") or REFRESH_LIFE_S),
        )

    def _judge(self, reply: Reply) -> None:
        if reply.status == 404:
            raise VersionSunsetError(f"{reply.line}: HTTP 404 (we speak {API_VERSION})")
        code, message, text = opened(reply)
        if code == 0:
            return
        if code in RATE_LIMIT_CODES:
            self._throttled_in_a_row += 1
            is_first = self._throttled_in_a_row == 1
            raise ThrottledError(text, FIRST_THROTTLE_S if is_first else THROTTLE_S)
        if any(words in message for words in _SUNSET_WORDS):
            raise VersionSunsetError(f"{text}: version sunset (we speak {API_VERSION})")
        if code == EXPIRED_ACCESS_CODE or code in WRONG_ACCESS_CODES:
            raise StaleTokenError(text, is_expired=code == EXPIRED_ACCESS_CODE)
        if code == EXPIRED_REFRESH_CODE:
            raise AuthError(f"{text}: the refresh token expired")
        if code in AUTH_CODES:
            raise AuthError(text)
        if code in TRANSIENT_CODES:
            raise TransientError(text)
        if any(words in message for words in _TOO_BIG_WORDS):
            raise TooBigError(text)
        raise BadRequestError(text)


def _materials(promotion: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A promotion's materials, each with the ids of what it serves in."""
    lists = promotion.get("promotion_materials") or {}
    parents = {name: promotion.get(name) for name in ("promotion_id", "project_id")}
    for name in _MATERIAL_LISTS:
        for material in lists.get(name) or ():
            yield {**parents, "material_type": name.removesuffix("_material_list"),
                   "material": material}  # fmt: skip


def _records(reply: Reply, path: str) -> Records:
    return records_of(dig(reply.json, path), reply, path)
