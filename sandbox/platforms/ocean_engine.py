"""Ocean Engine Marketing API: tokens that rotate, the custom report v3.0, the advertiser, project
and promotion lists.

Every answer is HTTP 200; success or failure is the envelope's `code`. A refresh gives a new pair of
tokens and ends the one before at once. The pair in force survives a restart, like the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from sandbox import catalog
from sandbox.catalog import OCEAN
from sandbox.clock import DAY as DAY_US
from sandbox.clock import SECOND, Clock, day_of, iso_day, local_day, zoned_text
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
from sandbox.platforms.rotating_tokens import RotatingTokens
from sandbox.world import World

APP = {"app_id": "1800000000", "secret": "sandbox-ocean-secret"}
BASE = "/open_api/"
TOKEN = "/oceanengine/open_api/oauth2/refresh_token/"
MAX_REPORT_PAGE, MAX_LIST_PAGE, MAX_DAYS = 100, 10, 30
FIRST_REPORT_DAY = day_of("2016-10-26")

OK, PARAMETER, NO_PERMISSION, WRONG_APP = 0, 40001, 40002, 40101
ACCESS_CODES = {"expired": 40102, "missing": 40104, "wrong": 40105}
REFRESH_EXPIRED, REFRESH_WRONG = 40103, 40107
# (topic, dimensions beside the day) -> level of the report
REPORTS = {
    ("BASIC_DATA", frozenset(("cdp_project_id",))): "campaign",
    ("BASIC_DATA", frozenset(("cdp_project_id", "cdp_promotion_id"))): "ad_group",
    ("MATERIAL_DATA", frozenset(("cdp_project_id", "cdp_promotion_id", "material_id"))): "ad",
}
METRICS = frozenset(
    [
        "stat_cost", "show_cnt", "click_cnt", "ctr", "cpc_platform", "cpm_platform", "convert_cnt",
        "conversion_cost", "conversion_rate", "deep_convert_cnt", "attribution_convert_cnt",
        "attribution_convert_cost", "attribution_conversion_rate", "attribution_deep_convert_cnt",
        "total_play",
    ]
)  # fmt: skip


class OceanEngine:
    """Answers under `/oceanengine`."""

    name = OCEAN
    prefix = "/oceanengine"
    token_path = TOKEN

    def __init__(self, world: World, clock: Clock, faults: Faults, tokens: Path) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._tokens = RotatingTokens("ocean", clock, tokens)
        self._request_no = 0

    def span(self, call: Call) -> Span:
        """What the call is about."""
        account = call.query.get("advertiser_id")
        if account is None:
            listed = json_value(call.query.get("advertiser_ids"), [])
            account = str(listed[0]) if listed else None
        level = _level(call.query)
        try:
            since, until = day_of(call.query["start_time"]), day_of(call.query["end_time"])
        except (KeyError, ValueError):
            return Span(account, level=level)
        return Span(account, since, until, level)

    def token(self, call: Call) -> Answer:
        """`POST oauth2/refresh_token/`: a new pair for the refresh token in force, and only it."""
        asked = json_value(call.body, {})
        if refused := self._check_app(asked, "refresh_token"):
            return self._envelope({}, *refused)
        found = self._tokens.refresh(asked.get("refresh_token"))
        if found == "wrong" or self._faults.is_active("token_revoked", OCEAN):
            return self._envelope({}, REFRESH_WRONG, "refresh token is invalid")
        if found == "expired":
            return self._envelope({}, REFRESH_EXPIRED, "refresh token has expired")
        return self._envelope(self._tokens.new_pair())

    def answer(self, call: Call) -> Answer:
        """The platform's answer to one call."""
        endpoint = call.path.removeprefix(BASE)
        if (call.method, endpoint) == ("POST", "oauth2/access_token/"):
            return self._authorise(call)
        found = self._tokens.access(call.headers.get("access-token"))
        if found != "good":
            return self._envelope({}, ACCESS_CODES[found], f"access token is {found}")
        if call.method != "GET" or not call.path.startswith(BASE):
            return self._envelope({}, PARAMETER, f"no such path {call.path}")
        known = {a.account_id: a for a in self._world.ad_accounts if a.platform == OCEAN}
        if endpoint == "2/advertiser/info/":
            asked = [str(item) for item in json_value(call.query.get("advertiser_ids"), [])]
            if not asked or any(item not in known for item in asked):
                return self._envelope({}, NO_PERMISSION, f"no permission to advertisers {asked}")
            return self._envelope([self._advertiser(call, known[item]) for item in asked])
        account = known.get(call.query.get("advertiser_id", ""))
        if account is None:
            return self._envelope(
                {}, NO_PERMISSION, f"no permission to advertiser {call.query.get('advertiser_id')}"
            )
        if endpoint == "v3.0/report/custom/get/":
            return self._report(call, account)
        if endpoint in ("v3.0/project/list/", "v3.0/promotion/list/"):
            rows = self._entities(call, account, endpoint.split("/")[1])
            rows = [] if call.rule and call.rule.kind == "empty_page" else rows
            page, problem = paged(call.query, rows, "list", MAX_LIST_PAGE)
            return self._envelope(page, PARAMETER, problem) if problem else self._envelope(page)
        return self._envelope({}, PARAMETER, f"no such path {call.path}")

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """The platform's own words for a wire fault."""
        words = {
            "throttle": (40100, "Too many requests, please retry later"),
            "token_expired": (ACCESS_CODES["expired"], "access token has expired"),
            "token_revoked": (ACCESS_CODES["wrong"], "access token is invalid"),
            "version_sunset": (PARAMETER, "this API version is no longer supported"),
            "too_big": (PARAMETER, "the time span of the report is too large"),
        }
        return self._envelope({}, *words[rule.kind]) if rule.kind in words else None

    def _envelope(self, data: Any, code: int = OK, message: str = "OK") -> Answer:
        self._request_no += 1
        stamp = zoned_text(self._clock.now, "Asia/Shanghai", "%Y%m%d%H%M%S")
        return json_answer(
            {
                "code": code,
                "message": message,
                "request_id": f"{stamp}{self._request_no:018d}",
                "data": data,
            }
        )

    def _authorise(self, call: Call) -> Answer:
        """`POST oauth2/access_token/`: a code, used once, is a person's new authorisation."""
        asked = json_value(call.body, {})
        if refused := self._check_app(asked, "auth_code"):
            return self._envelope({}, *refused)
        if not self._tokens.takes_code(str(asked.get("auth_code", ""))):
            return self._envelope({}, PARAMETER, "auth_code is invalid or was used")
        advertisers = [int(a.account_id) for a in self._world.ad_accounts if a.platform == OCEAN]
        return self._envelope({**self._tokens.new_pair(), "advertiser_ids": advertisers})

    def _check_app(self, asked: Mapping[str, Any], grant_type: str) -> tuple[int, str] | None:
        if {name: str(asked.get(name)) for name in APP} != APP:
            return WRONG_APP, "app_id or secret is wrong"
        if asked.get("grant_type") != grant_type:
            return PARAMETER, f"grant_type: {grant_type} was expected"
        return None

    def _today(self, account: catalog.Account) -> int:
        return int(local_day(self._clock.now, account.zone))

    def _advertiser(self, call: Call, account: catalog.Account) -> dict[str, Any]:
        record = {
            "id": int(account.account_id),
            "name": account.name,
            "role": "ROLE_ADVERTISER",
            "status": "STATUS_ENABLE",
            "company": "Desilo (Shanghai)",
            "first_industry_name": "零售",
            "create_time": "2024-05-06 10:00:00",
        }
        return drifted(call.rule, record, "name")

    def _report(self, call: Call, account: catalog.Account) -> Answer:
        query = call.query
        if problem := _report_problem(query):
            return self._envelope({}, PARAMETER, problem)
        level = str(_level(query))
        since, until = day_of(query["start_time"]), day_of(query["end_time"])
        names = json_value(query["dimensions"], [])
        lines = report_lines(
            self._world,
            self._faults,
            account.account_id,
            "campaign" if level == "campaign" else "ad",
            since,
            until,
            self._clock.now,
        )
        if level == "ad_group":
            lines = total_lines(lines, "ad_group")
        rows = []
        metrics = json_value(query["metrics"], [])
        for line in lines:
            values = _metrics(line)
            record = drifted(call.rule, {name: values[name] for name in metrics}, "stat_cost")
            rows.append({"dimensions": _dimensions(line, names), "metrics": record})
        if call.rule and call.rule.kind == "empty_page":
            rows = []
        page, problem = paged(query, rows, "rows", MAX_REPORT_PAGE)
        if problem:
            return self._envelope({}, PARAMETER, problem)
        cents = sum(line.cents for line in lines)
        shown = sum(line.impressions for line in lines)
        page["total_metrics"] = {"stat_cost": major(cents), "show_cnt": str(shown)}
        return self._envelope(page)

    def _entities(self, call: Call, account: catalog.Account, kind: str) -> list[dict[str, Any]]:
        today = self._today(account)
        status = json_value(call.query.get("filtering"), {}).get("status", "")
        shows_deleted = status in ("ALL", "PROJECT_STATUS_ALL")
        found = (
            catalog.campaigns_of(account.account_id)
            if kind == "project"
            else catalog.ad_groups_of(account.account_id)
        )
        describe = _project if kind == "project" else _promotion
        return [
            drifted(
                call.rule,
                describe(entity, account, today),
                "name" if kind == "project" else "promotion_name",
            )
            for entity in found
            if entity.exists_on(today) and (shows_deleted or entity.status_on(today) != "DELETED")
        ]


def json_value(text: str | bytes | None, default: Any) -> Any:
    """A value that is a JSON document."""
    try:
        return orjson.loads(text) if text else default
    except ValueError:
        return default


def paged(
    query: Mapping[str, str], rows: list[dict[str, Any]], name: str, largest: int
) -> tuple[dict[str, Any], str]:
    """(`data` of one page, "") or ({}, problem)."""
    page, size = query.get("page", "1"), query.get("page_size", "10")
    if not page.isdigit() or int(page) < 1:
        return {}, "page: must be greater than 0"
    if not size.isdigit() or not 1 <= int(size) <= largest:
        return {}, f"page_size: must be between 1 and {largest}"
    start = (int(page) - 1) * int(size)
    info = {
        "page": int(page),
        "page_size": int(size),
        "total_number": len(rows),
        "total_page": -(-len(rows) // int(size)),
    }
    return {name: rows[start : start + int(size)], "page_info": info}, ""


def _level(query: Mapping[str, str]) -> str | None:
    dimensions = json_value(query.get("dimensions"), [])
    others = frozenset(dimensions) - {"stat_time_day"}
    return REPORTS.get((query.get("data_topic", "BASIC_DATA"), others))


def _report_problem(query: Mapping[str, str]) -> str:
    for name in ("dimensions", "metrics", "filters", "order_by"):
        if not isinstance(json_value(query.get(name), None), list):
            return f"{name}: required, a JSON array"
    dimensions = json_value(query["dimensions"], [])
    if "stat_time_day" not in dimensions or _level(query) is None:
        return f"dimensions: {dimensions} do not fit data_topic {query.get('data_topic')}"
    if invalid := sorted(set(json_value(query["metrics"], [])) - METRICS):
        return f"metrics: {invalid} are not metrics of this topic"
    try:
        since, until = day_of(query["start_time"]), day_of(query["end_time"])
    except (KeyError, ValueError):
        return "start_time, end_time: required, YYYY-MM-DD"
    if since > until or since < FIRST_REPORT_DAY:
        return "start_time: not after end_time, nor before 2016-10-26"
    if until - since + 1 > MAX_DAYS:
        return f"the time span of the report is too large: {MAX_DAYS} days at most"
    return ""


def _dimensions(line: Line, names: list[str]) -> dict[str, str]:
    values = {"stat_time_day": iso_day(line.day), "cdp_project_id": line.campaign.entity_id}
    if line.ad:
        values |= {
            "cdp_promotion_id": line.ad.ad_group.entity_id,
            "material_id": line.ad.entity_id,
        }
    return {name: values[name] for name in names}


def _metrics(line: Line) -> dict[str, str]:
    billed, happened = line.conversions // 100, line.event_conversions // 100
    spend = line.cents / 100
    return {
        "stat_cost": major(line.cents),
        "show_cnt": str(line.impressions),
        "click_cnt": str(line.clicks),
        "ctr": ratio(line.clicks * 100, line.impressions, 2),
        "cpc_platform": ratio(spend, line.clicks, 2),
        "cpm_platform": ratio(spend * 1_000, line.impressions, 2),
        "convert_cnt": str(happened),
        "conversion_cost": ratio(spend, happened, 2),
        "conversion_rate": ratio(happened * 100, line.clicks, 2),
        "deep_convert_cnt": str(happened // 3),
        "total_play": str(line.video_plays),
        "attribution_convert_cnt": str(billed),
        "attribution_convert_cost": ratio(spend, billed, 2),
        "attribution_conversion_rate": ratio(billed * 100, line.clicks, 2),
        "attribution_deep_convert_cnt": str(billed // 3),
    }


def _times(entity: catalog.Entity, prefix: str) -> dict[str, str]:
    at = entity.start * DAY_US + 8 * 3_600 * SECOND
    return {
        f"{prefix}_create_time": zoned_text(at, "UTC", "%Y-%m-%d %H:%M:%S"),
        f"{prefix}_modify_time": zoned_text(at + 3_600 * SECOND, "UTC", "%Y-%m-%d %H:%M:%S"),
    }


def _project(entity: Any, account: catalog.Account, today: int) -> dict[str, Any]:
    status = {"ACTIVE": "ENABLE", "PAUSED": "DONE", "DELETED": "DELETE"}[entity.status_on(today)]
    return {
        "project_id": int(entity.entity_id),
        "advertiser_id": int(account.account_id),
        "name": entity.name_on(today),
        "delivery_mode": "MANUAL",
        "landing_type": "LINK",
        "ad_type": "ALL",
        "status": f"PROJECT_STATUS_{status}",
        **_times(entity, "project"),
    }


def _promotion(entity: Any, account: catalog.Account, today: int) -> dict[str, Any]:
    status = {"ACTIVE": "OK", "PAUSED": "TIME_DONE", "DELETED": "DELETED"}[entity.status_on(today)]
    materials = [
        {
            "material_id": int(ad.entity_id),
            "video_id": f"v0d00fg10000{ad.entity_id}",
            "image_mode": "CREATIVE_IMAGE_MODE_VIDEO_VERTICAL",
            "material_status": "MATERIAL_STATUS_DELETE"
            if ad.status_on(today) == "DELETED"
            else "MATERIAL_STATUS_OK",
        }
        for ad in catalog.ads_of(account.account_id)
        if ad.ad_group.entity_id == entity.entity_id and ad.exists_on(today)
    ]
    return {
        "promotion_id": int(entity.entity_id),
        "promotion_name": entity.name_on(today),
        "project_id": int(entity.campaign.entity_id),
        "advertiser_id": int(account.account_id),
        "status": status,
        "opt_status": "ENABLE" if status == "OK" else "DISABLE",
        "promotion_materials": {"video_material_list": materials, "title_material_list": []},
        **_times(entity, "promotion"),
    }
