"""Meta Marketing API: synchronous insights, the account object and its campaign, ad set and ad
edges."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from sandbox import catalog
from sandbox.catalog import META
from sandbox.clock import DAY as DAY_US
from sandbox.clock import Clock, day_of, iso_day, local_day, zoned_text
from sandbox.faults import Faults, Rule, drifted
from sandbox.platforms.common import (
    Answer,
    Call,
    Line,
    Span,
    json_answer,
    major,
    ratio,
    report_lines,
    total_lines,
)
from sandbox.world import World

TOKEN = "sandbox-meta-token"
OLDEST, NEWEST = 23, 26  # versions that answer
DEFAULT_LIMIT = 25
MAX_LIMIT = 5_000
MAX_AD_DAYS = 400  # a synchronous ad-level call over more (ads x days) is refused
RETENTION_DAYS = 37 * 31
# The same purchases under several names: they must not be added up.
PURCHASES = (
    "purchase",
    "omni_purchase",
    "offsite_conversion.fb_pixel_purchase",
    "onsite_web_purchase",
    "web_in_store_purchase",
)
WINDOWS = (
    "1d_click",
    "7d_click",
    "28d_click",
    "1d_view",
)  # 7d_view and 28d_view are accepted and never come back
ACCEPTED_WINDOWS = (*WINDOWS, "7d_view", "28d_view", "1d_ev", "default", "dda", "skan_click")

_PATH = re.compile(r"^/v(\d+)\.0/act_(\d+)(?:/(insights|campaigns|adsets|ads))?/?$")

Fields = Mapping[str, Callable[[catalog.Account, Line, int], Any]]


class MetaAds:
    """Answers under `/graph`."""

    name = META
    prefix = "/graph"

    def __init__(self, world: World, clock: Clock, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._calls = 0
        self._calls_since = clock.now

    def span(self, call: Call) -> Span:
        """What the call is about."""
        found = _PATH.match(call.path)
        if not found:
            return Span()
        since, until = _time_range(call.query)
        return Span(found[2], since, until, call.query.get("level"))

    def answer(self, call: Call) -> Answer:
        """The platform's answer to one call."""
        found = _PATH.match(call.path)
        version = re.match(r"^/v(\d+)\.0/", call.path)
        if version and int(version[1]) < OLDEST:
            return _error(
                400,
                2635,
                f"(#2635) You are calling a deprecated version of the Ads API. Please "
                f"update to the latest version: v{NEWEST}.0.",
            )
        if version and int(version[1]) > NEWEST:
            return _error(400, 2500, f"Unknown path components: {call.path}")
        if (refused := self._authenticate(call)) is not None:
            return refused
        if not found or call.method != "GET":
            return _error(400, 2500, f"Unknown path components: {call.path}")
        account = catalog.ACCOUNT_BY_ID.get(found[2])
        if account is None or account.platform != META:
            return _error(
                400,
                100,
                f"Unsupported get request. Object with ID 'act_{found[2]}' does not "
                "exist, cannot be loaded due to missing permissions, or does not support "
                "this operation.",
                subcode=33,
            )
        if found[3] == "insights":
            answer = self._insights(call, account)
        elif found[3]:
            answer = self._edge(call, account, found[3])
        else:
            answer = self._account(call, account)
        answer.headers.update(self._usage(account))
        return answer

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """The platform's own words for a wire fault."""
        wait = int(rule.parameters.get("wait_s", 2))
        account = self.span(call).account or "0"
        if rule.kind == "throttle":
            answer = _error(
                400,
                80000,
                "(#80000) There have been too many calls from this ad-account. Wait a "
                "bit and try again. For more info, please refer to "
                "https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
                subcode=2446079,
            )
            answer.headers["x-ad-account-usage"] = _text(
                {
                    "acc_id_util_pct": 100,
                    "reset_time_duration": wait,
                    "ads_api_access_tier": "standard_access",
                }
            )
            answer.headers["x-business-use-case-usage"] = _text(
                {
                    account: [
                        {
                            "type": "ads_insights",
                            "call_count": 100,
                            "total_cputime": 25,
                            "total_time": 25,
                            "estimated_time_to_regain_access": -(-wait // 60),
                            "ads_api_access_tier": "standard_access",
                        }
                    ]
                }
            )
            return answer
        if rule.kind == "token_expired":
            return _error(
                400,
                190,
                "Error validating access token: Session has expired on Wednesday, "
                "31-Dec-25 08:00:00 PST.",
                subcode=463,
            )
        if rule.kind == "token_revoked":
            return _error(
                400,
                190,
                "Error validating access token: The user has not authorized application 1.",
                subcode=458,
            )
        if rule.kind == "version_sunset":
            return _error(
                400,
                2635,
                f"(#2635) You are calling a deprecated version of the Ads API. Please "
                f"update to the latest version: v{NEWEST + 1}.0.",
            )
        if rule.kind == "too_big":
            return _too_big()
        if rule.kind == "http_500":
            return _error(500, 2, "(#2) Service temporarily unavailable", transient=True)
        return None

    def _authenticate(self, call: Call) -> Answer | None:
        token = call.headers.get("authorization", "").removeprefix(
            "Bearer "
        ).strip() or call.query.get("access_token")
        if not token:
            return _error(400, 104, "An access token is required to request this resource.")
        if token != TOKEN:
            return _error(
                400, 190, "Invalid OAuth access token - Cannot parse access token", subcode=467
            )
        return None

    def _usage(self, account: catalog.Account) -> dict[str, str]:
        """Quota headers: they climb with the calls of a night and never reach the limit by
        themselves."""
        if self._clock.now != self._calls_since:
            self._calls, self._calls_since = 0, self._clock.now
        self._calls += 1
        used = round(min(70.0, 0.25 * self._calls), 2)
        return {
            "x-app-usage": _text({"call_count": int(used), "total_time": int(used / 2), "total_cputime": int(used / 2)}),
            "x-ad-account-usage": _text({"acc_id_util_pct": used, "reset_time_duration": 0, "ads_api_access_tier": "standard_access"}),
            "x-business-use-case-usage": _text({account.account_id: [{"type": "ads_insights", "call_count": int(used), "total_cputime": int(used / 2), "total_time": int(used / 2), "estimated_time_to_regain_access": 0, "ads_api_access_tier": "standard_access"}]}),
            "x-fb-ads-insights-throttle": _text({"app_id_util_pct": used / 2, "acc_id_util_pct": used, "ads_api_access_tier": "standard_access"}),
        }  # fmt: skip

    def _today(self, account: catalog.Account) -> int:
        return int(local_day(self._clock.now, account.zone))

    def _account(self, call: Call, account: catalog.Account) -> Answer:
        zone = self._faults.zone(META, account.account_id, account.zone)
        offset = zoned_text(self._clock.now, zone, "%z")
        values = {
            "account_id": account.account_id,
            "name": account.name,
            "currency": self._faults.currency(META, account.account_id, account.currency),
            "timezone_name": zone,
            "timezone_id": 1,
            "timezone_offset_hours_utc": int(offset[:3]) + int(offset[3:]) / 60,
            "account_status": 1,
            "amount_spent": str(
                sum(
                    line.cents for line in self._lines(account, "campaign", 0, self._today(account))
                )
            ),
            "balance": "0",
            "created_time": zoned_text(day_of("2024-05-06") * DAY_US, zone),
        }
        wanted = _fields(call.query) or ["account_id"]
        if unknown := [name for name in wanted if name not in values and name != "id"]:
            return _bad_field(unknown[0])
        record = {name: values[name] for name in wanted if name != "id"}
        return json_answer(
            drifted(call.rule, {**record, "id": f"act_{account.account_id}"}, "currency")
        )

    def _lines(self, account: catalog.Account, level: str, since: int, until: int) -> list[Line]:
        return report_lines(
            self._world, self._faults, account.account_id, level, since, until, self._clock.now
        )

    def _insights(self, call: Call, account: catalog.Account) -> Answer:
        query = call.query
        level = query.get("level", "account")
        if level not in ("account", "campaign", "adset", "ad"):
            return _error(
                400, 100, "(#100) Param level must be one of {ad, adset, campaign, account}"
            )
        since, until = _time_range(query)
        if since is None or until is None or since > until:
            return _error(
                400,
                100,
                "(#100) param time_range must be an object with keys since and until in "
                "the form YYYY-MM-DD, since not after until",
            )
        today = self._today(account)
        if since < today - RETENTION_DAYS:
            return _error(
                400,
                3018,
                "(#3018) The start date of the time range cannot be beyond 37 months "
                "from the current date",
            )
        increment = query.get("time_increment", "all_days")
        if increment != "all_days" and increment != "1":
            return _error(400, 100, "(#100) Param time_increment must be 1 or all_days")
        windows = _json_list(query.get("action_attribution_windows"))
        if bad := [window for window in windows if window not in ACCEPTED_WINDOWS]:
            return _error(
                400,
                100,
                f"(#100) action_attribution_windows[0] must be one of the following "
                f"values: {', '.join(ACCEPTED_WINDOWS)} (got {bad[0]})",
            )
        wanted = _fields(query) or ["account_id", "impressions", "spend"]
        hidden = {
            "account": ("campaign_", "adset_", "ad_"),
            "campaign": ("adset_", "ad_"),
            "adset": ("ad_",),
            "ad": (),
        }[level]
        wanted = [name for name in wanted if not name.startswith(hidden)]
        known = _INSIGHT_FIELDS.keys() | {"date_start", "date_stop", "actions", "action_values"}
        if unknown := [name for name in wanted if name not in known]:
            return _error(
                400,
                100,
                f"(#100) {unknown[0]} is not valid for fields param. please check "
                "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid values",
            )
        if (
            level == "ad"
            and (until - since + 1) * len(catalog.ads_of(account.account_id)) > MAX_AD_DAYS
        ):
            return _too_big()
        lines = self._lines(account, "ad" if level in ("ad", "adset") else "campaign", since, until)
        statuses = _statuses(query)
        lines = [line for line in lines if (line.ad or line.campaign).status_on(today) in statuses]
        if increment != "1" or level in ("account", "adset"):
            lines = total_lines(lines, level, by_day=increment == "1")
        stop = None if increment == "1" else until
        rows = [
            drifted(call.rule, self._row(account, line, wanted, windows, today, stop), "spend")
            for line in lines
        ]
        if call.rule and call.rule.kind == "empty_page":
            return json_answer({"data": []})
        return _page(call, rows)

    def _row(
        self, account: catalog.Account, line: Line, wanted: list[str], windows: list[str], today: int, stop: int | None
    ) -> dict[str, Any]:  # fmt: skip
        row: dict[str, Any] = {}
        for name in wanted:
            if name == "actions":
                value: Any = _actions(line, windows)
            elif name == "action_values":
                value = _action_values(line, windows)
            elif name == "account_currency":
                value = self._faults.currency(META, account.account_id, account.currency)
            elif name in _INSIGHT_FIELDS:
                value = _INSIGHT_FIELDS[name](account, line, today)
            else:
                continue
            if value not in (None, "", []):  # fields without a value are left out
                row[name] = value
        return {**row, "date_start": iso_day(line.day), "date_stop": iso_day(stop or line.day)}

    def _edge(self, call: Call, account: catalog.Account, edge: str) -> Answer:
        today = self._today(account)
        statuses = _statuses(call.query)
        entities: list[catalog.Entity] = {
            "campaigns": list[catalog.Entity](catalog.campaigns_of(account.account_id)),
            "adsets": list[catalog.Entity](catalog.ad_groups_of(account.account_id)),
            "ads": list[catalog.Entity](catalog.ads_of(account.account_id)),
        }[edge]
        rows = []
        for entity in entities:
            if entity.exists_on(today) and entity.status_on(today) in statuses:
                values = _entity_values(entity, account, today)
                wanted = [name for name in _fields(call.query) if name != "id"]
                if unknown := [name for name in wanted if name not in values]:
                    return _bad_field(unknown[0])
                record = {name: values[name] for name in wanted}
                rows.append(drifted(call.rule, {**record, "id": entity.entity_id}, "name"))
        if call.rule and call.rule.kind == "empty_page":
            return json_answer({"data": []})
        return _page(call, rows)


_INSIGHT_FIELDS: Fields = {
    "account_id": lambda account, line, today: account.account_id,
    "account_name": lambda account, line, today: account.name,
    "account_currency": lambda account, line, today: account.currency,
    "campaign_id": lambda account, line, today: line.campaign.entity_id,
    "campaign_name": lambda account, line, today: line.campaign.name_on(today),
    "adset_id": lambda account, line, today: line.ad and line.ad.ad_group.entity_id,
    "adset_name": lambda account, line, today: line.ad and line.ad.ad_group.name_on(today),
    "ad_id": lambda account, line, today: line.ad and line.ad.entity_id,
    "ad_name": lambda account, line, today: line.ad and line.ad.name_on(today),
    "objective": lambda account, line, today: line.campaign.objective,
    "impressions": lambda account, line, today: str(line.impressions),
    "clicks": lambda account, line, today: str(line.clicks),
    "inline_link_clicks": lambda account, line, today: str(line.clicks) if line.clicks else None,
    "reach": lambda account, line, today: str(line.impressions * 4 // 5),
    "frequency": lambda account, line, today: ratio(line.impressions, line.impressions * 4 // 5, 6),
    "spend": lambda account, line, today: major(line.cents),
    "cpc": lambda account, line, today: (
        ratio(line.cents / 100, line.clicks, 6) if line.clicks else None
    ),
    "cpm": lambda account, line, today: ratio(line.cents * 10, line.impressions, 6),
    "ctr": lambda account, line, today: ratio(line.clicks * 100, line.impressions, 6),
}


def _counted(
    total: int, click: int, view: int, windows: list[str], show: Callable[[int], str]
) -> dict[str, str]:
    """`value` with its sibling windows; a window without conversions has no key."""
    parts = {"1d_click": click * 2 // 3, "7d_click": click, "28d_click": click, "1d_view": view}
    return {"value": show(total)} | {w: show(parts[w]) for w in windows if parts.get(w)}


def _actions(line: Line, windows: list[str]) -> list[dict[str, str]]:
    click, view = line.conversions // 100, line.view_conversions
    actions = []
    if line.clicks:
        actions.append(
            {"action_type": "link_click", **_counted(line.clicks, line.clicks, 0, windows, str)}
        )
        actions.append(
            {
                "action_type": "landing_page_view",
                **_counted(line.clicks * 3 // 4, line.clicks * 3 // 4, 0, windows, str),
            }
        )
    if click + view:
        counted = _counted(click + view, click, view, windows, str)
        actions += [{"action_type": name, **counted} for name in PURCHASES]
    return actions


def _action_values(line: Line, windows: list[str]) -> list[dict[str, str]]:
    if not line.value_cents:
        return []
    counted = _counted(line.value_cents, line.value_cents, 0, windows, major)
    return [{"action_type": name, **counted} for name in PURCHASES]


def _entity_values(entity: catalog.Entity, account: catalog.Account, today: int) -> dict[str, Any]:
    status = entity.status_on(today)
    values: dict[str, Any] = {
        "account_id": account.account_id,
        "name": entity.name_on(today),
        "status": status,
        "effective_status": status,
        "configured_status": status,
        "created_time": zoned_text(entity.start * DAY_US + 17 * 3_600_000_000, account.zone),
        "updated_time": zoned_text(entity.start * DAY_US + 18 * 3_600_000_000, account.zone),
    }
    group = entity.ad_group if isinstance(entity, catalog.Ad) else entity
    campaign = group.campaign if isinstance(group, catalog.AdGroup) else group
    if isinstance(campaign, catalog.Campaign):
        values |= {
            "campaign_id": campaign.entity_id,
            "objective": campaign.objective,
            "daily_budget": "5000",
            "buying_type": "AUCTION",
        }
    if isinstance(group, catalog.AdGroup):
        values["adset_id"] = group.entity_id
    return values


def _page(call: Call, rows: list[dict[str, Any]]) -> Answer:
    """One page of rows by an opaque cursor, with the absolute address of the next one."""
    limit = call.query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
        return _error(400, 100, f"(#100) Param limit must be a number between 1 and {MAX_LIMIT}")
    try:
        start = int(base64.b64decode(call.query.get("after", "MA=="), validate=True))
    except ValueError:
        return _error(400, 100, "(#100) Invalid cursors values after cursor")
    page = rows[start : start + int(limit)]
    if not page:
        return json_answer({"data": []})
    end = start + len(page)
    paging: dict[str, Any] = {"cursors": {"before": _cursor(start), "after": _cursor(end)}}
    if end < len(rows):
        query = {"access_token": TOKEN, **call.query, "limit": limit, "after": _cursor(end)}
        paging["next"] = f"{call.origin}{call.prefix}{call.path}?{urlencode(query)}"
    return json_answer({"data": page, "paging": paging})


def _statuses(query: Mapping[str, str]) -> list[str]:
    """Statuses a call wants to see; deleted objects only if it says so."""
    for rule in _json_list(query.get("filtering")):
        if isinstance(rule, dict) and str(rule.get("field", "")).endswith("effective_status"):
            return list(rule.get("value") or [])
    return ["ACTIVE", "PAUSED"]


def _cursor(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()


def _fields(query: Mapping[str, str]) -> list[str]:
    text = query.get("fields", "").strip()
    names = _json_list(text) if text.startswith("[") else text.split(",")
    return [str(name).strip() for name in names if str(name).strip()]


def _time_range(query: Mapping[str, str]) -> tuple[int | None, int | None]:
    try:
        span = orjson.loads(query.get("time_range", ""))
        return day_of(span["since"]), day_of(span["until"])
    except (ValueError, KeyError, TypeError):
        return None, None


def _json_list(text: str | None) -> list[Any]:
    try:
        document = orjson.loads(text) if text else []
    except ValueError:
        return []
    return document if isinstance(document, list) else []


def _text(document: Any) -> str:
    return orjson.dumps(document).decode()


def _error(
    status: int, code: int, message: str, subcode: int | None = None, transient: bool = False
) -> Answer:
    error: dict[str, Any] = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "is_transient": transient,
        "fbtrace_id": "A3pz5DCfhBg3mGCS6Z9z9zY",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return json_answer({"error": error}, status)


def _bad_field(name: str) -> Answer:
    return _error(400, 100, f"(#100) Tried accessing nonexisting field ({name})")


def _too_big() -> Answer:
    return _error(
        400,
        100,
        "(#100) The amount of data you're asking for is too large. Please reduce it, "
        "then retry your request",
        subcode=1487534,
    )
