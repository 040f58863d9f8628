"""TikTok Business API v1.3: the integrated report and the advertiser, campaign, ad group and ad
lists.

Every answer is HTTP 200; success or failure is the envelope's `code`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sandbox import catalog
from sandbox.catalog import TIKTOK
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

TOKEN = "sandbox-tiktok-token"
BASE = "/open_api/v1.3/"
MAX_PAGE_SIZE = 1_000
MAX_DAYS = {"stat_time_day": 30, "stat_time_hour": 1, "": 365}
LEVELS = {"AUCTION_CAMPAIGN": ("campaign", "campaign_id"), "AUCTION_AD": ("ad", "ad_id")}
# The zone as TikTok's `timezone` field writes it: the sign is that of POSIX.
POSIX_ZONES = {"America/Los_Angeles": "Etc/GMT+8", "Asia/Shanghai": "Etc/GMT-8", "UTC": "Etc/GMT"}
_STATUS_ALL = "STATUS_ALL"


class TikTokAds:
    """Answers under `/tiktok`."""

    name = TIKTOK
    prefix = "/tiktok"

    def __init__(self, world: World, clock: Clock, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._request_no = 0

    def span(self, call: Call) -> Span:
        """What the call is about."""
        return report_span(call.query)

    def answer(self, call: Call) -> Answer:
        """The platform's answer to one call."""
        if refused := check_token(call.headers, TOKEN):
            return self._envelope({}, *refused)
        if call.method != "GET" or not call.path.startswith(BASE):
            return self._envelope({}, 40002, f"The request path {call.path} does not exist.")
        known = {a.account_id: a for a in catalog.ACCOUNTS if a.platform == TIKTOK}
        endpoint = call.path.removeprefix(BASE)
        if endpoint == "advertiser/info/":
            asked = [str(item) for item in json_value(call.query.get("advertiser_ids"), [])]
            if not asked or any(item not in known for item in asked):
                return self._envelope(
                    {}, 40001, f"No permission to operate the advertiser ids {asked}."
                )
            return self._envelope({"list": [self._advertiser(call, known[item]) for item in asked]})
        account = known.get(call.query.get("advertiser_id", ""))
        if account is None:
            return self._envelope(
                {}, 40001, f"No permission to operate advertiser {call.query.get('advertiser_id')}."
            )
        if endpoint == "report/integrated/get/":
            problem, rows = self._report(call, account)
        elif endpoint in ("campaign/get/", "adgroup/get/", "ad/get/"):
            problem, rows = None, self._entities(call, account, endpoint.split("/")[0])
        else:
            return self._envelope({}, 40002, f"The request path {call.path} does not exist.")
        if problem is None and call.rule and call.rule.kind == "empty_page":
            rows = []
        page, problem = (None, problem) if problem else paged(call.query, rows)
        return self._envelope({}, 40002, problem or "") if page is None else self._envelope(page)

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """The platform's own words for a wire fault."""
        words = {
            "throttle": (40100, "Too many requests. Please retry in some time."),
            "token_expired": (40102, "Access token has expired."),
            "token_revoked": (40105, "Access token is incorrect or has been revoked."),
            "version_sunset": (
                40002,
                "This API version is no longer supported. Please migrate to the latest version.",
            ),
            "too_big": (
                40002,
                "The time span of the report is too large. Please shorten it and try again.",
            ),
        }
        return self._envelope({}, *words[rule.kind]) if rule.kind in words else None

    def _envelope(self, data: dict[str, Any], code: int = 0, message: str = "OK") -> Answer:
        self._request_no += 1
        request_id = f"{zoned_text(self._clock.now, 'UTC', '%Y%m%d%H%M%S')}{self._request_no:016d}"
        return json_answer(
            {"code": code, "message": message, "request_id": request_id, "data": data}
        )

    def _today(self, account: catalog.Account) -> int:
        return int(local_day(self._clock.now, account.zone))

    def _advertiser(self, call: Call, account: catalog.Account) -> dict[str, Any]:
        zone = self._faults.zone(TIKTOK, account.account_id, account.zone)
        record = {
            "advertiser_id": account.account_id,
            "name": account.name,
            "currency": self._faults.currency(TIKTOK, account.account_id, account.currency),
            "timezone": POSIX_ZONES.get(zone, zone),
            "display_timezone": zone,
            "status": "STATUS_ENABLE",
            "role": "ROLE_ADVERTISER",
            "advertiser_account_type": "AUCTION",
            "country": "CN" if account.currency == "CNY" else "US",
            "create_time": day_of("2024-05-06") * 86_400,
            "balance": 0,
        }
        return drifted(call.rule, record, "currency")

    def _report(
        self, call: Call, account: catalog.Account
    ) -> tuple[str | None, list[dict[str, Any]]]:
        """(problem, rows): a problem is a message of code 40002."""
        query = call.query
        if query.get("report_type") != "BASIC":
            return f"report_type: Not a valid choice: {query.get('report_type')}", []
        if query.get("data_level") not in LEVELS:
            return f"data_level: Not a valid choice: {query.get('data_level')}", []
        level, id_name = LEVELS[query["data_level"]]
        dimensions = json_value(query.get("dimensions"), [])
        if id_name not in dimensions or set(dimensions) - {id_name, "stat_time_day"}:
            return f"dimensions: {dimensions} do not fit data_level {query['data_level']}.", []
        try:
            since, until = day_of(query["start_date"]), day_of(query["end_date"])
        except (KeyError, ValueError):
            return (
                "start_date, end_date: Missing data for required field or not in the "
                "form YYYY-MM-DD.",
                [],
            )
        by_day = "stat_time_day" in dimensions
        limit = MAX_DAYS["stat_time_day" if by_day else ""]
        if since > until:
            return "start_date must not be later than end_date.", []
        if until - since + 1 > limit:
            return (
                f"The time span between start_date and end_date exceeds the maximum of "
                f"{limit} days.",
                [],
            )
        metrics = json_value(query.get("metrics"), ["spend", "impressions"])
        if invalid := [name for name in metrics if name not in metric_names(level)]:
            return (
                f"Please correct the information in invalid metric fields and try again. "
                f"Invalid metric fields: {invalid}. ",
                [],
            )
        today = self._today(account)
        lines = report_lines(
            self._world, self._faults, account.account_id, level, since, until, self._clock.now
        )
        if _STATUS_ALL not in query.get("filtering", ""):
            lines = [line for line in lines if not line.ad or line.ad.status_on(today) != "DELETED"]
        if not by_day:
            lines = total_lines(lines, level, by_day=False)
        currency = self._faults.currency(TIKTOK, account.account_id, account.currency)
        rows = []
        for line in lines:
            dimension = {id_name: line.ad.entity_id if line.ad else line.campaign.entity_id}
            if by_day:
                dimension["stat_time_day"] = f"{iso_day(line.day)} 00:00:00"
            values = _metrics(line, today, currency)
            record = drifted(call.rule, {name: values[name] for name in metrics}, "spend")
            rows.append({"dimensions": dimension, "metrics": record})
        return None, rows

    def _entities(self, call: Call, account: catalog.Account, kind: str) -> list[dict[str, Any]]:
        today = self._today(account)
        every: list[catalog.Entity] = {
            "campaign": list[catalog.Entity](catalog.campaigns_of(account.account_id)),
            "adgroup": list[catalog.Entity](catalog.ad_groups_of(account.account_id)),
            "ad": list[catalog.Entity](catalog.ads_of(account.account_id)),
        }[kind]
        shows_deleted = _STATUS_ALL in call.query.get("filtering", "")
        return [
            drifted(call.rule, _entity(entity, account, kind, today), f"{kind}_name")
            for entity in every
            if entity.exists_on(today) and (shows_deleted or entity.status_on(today) != "DELETED")
        ]


def check_token(headers: Mapping[str, str], token: str) -> tuple[int, str] | None:
    """Code and message of a request whose `Access-Token` header is missing or wrong."""
    given = headers.get("access-token")
    if not given:
        return 40104, "Access token is required. Please pass it in the header."
    if given != token:  # a "Bearer " in front makes it another token
        return 40105, "Access token is incorrect or has been revoked."
    return None


def report_span(query: Mapping[str, str]) -> Span:
    """Advertiser, days and level that a call's parameters name."""
    level = LEVELS.get(query.get("data_level", ""), (None, ""))[0]
    accounts = json_value(query.get("advertiser_ids"), [])
    account = query.get("advertiser_id") or (str(accounts[0]) if accounts else None)
    try:
        return Span(account, day_of(query["start_date"]), day_of(query["end_date"]), level)
    except (KeyError, ValueError):
        return Span(account, level=level)


def json_value(text: str | None, default: Any) -> Any:
    """A query value that is a JSON document."""
    try:
        return orjson.loads(text) if text else default
    except ValueError:
        return default


def paged(
    query: Mapping[str, str], rows: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, str | None]:
    """(`data` of one page, None) or (None, problem)."""
    page, size = query.get("page", "1"), query.get("page_size", "10")
    if not page.isdigit() or int(page) < 1:
        return None, "page: Must be greater than or equal to 1."
    if not size.isdigit() or not 1 <= int(size) <= MAX_PAGE_SIZE:
        return None, f"page_size: Must be between 1 and {MAX_PAGE_SIZE}."
    start = (int(page) - 1) * int(size)
    info = {
        "page": int(page),
        "page_size": int(size),
        "total_number": len(rows),
        "total_page": -(-len(rows) // int(size)),
    }
    return {"list": rows[start : start + int(size)], "page_info": info}, None


def metric_names(level: str) -> frozenset[str]:
    """Metrics a level may be asked for; one too many fails the whole call."""
    everywhere = (
        "spend impressions clicks reach frequency cpc cpm ctr conversion "
        "cost_per_conversion conversion_rate "
        "real_time_conversion result cost_per_result secondary_goal_result "
        "cost_per_secondary_goal_result "
        "complete_payment total_complete_payment_rate value_per_complete_payment "
        "total_purchase_value cta_conversion "
        "vta_conversion cta_purchase vta_purchase video_play_actions currency campaign_name"
    )
    only_ads = " campaign_id adgroup_id adgroup_name ad_name ad_text" if level == "ad" else ""
    return frozenset((everywhere + only_ads).split())


def _metrics(line: Line, today: int, currency: str) -> dict[str, str]:
    click, view = line.conversions // 100, line.view_conversions
    total, spend = click + view, line.cents / 100
    values = {
        "spend": major(line.cents),
        "impressions": str(line.impressions),
        "clicks": str(line.clicks),
        "reach": str(line.impressions * 4 // 5),
        "frequency": ratio(line.impressions, line.impressions * 4 // 5, 2),
        "cpc": ratio(spend, line.clicks, 2),
        "cpm": ratio(spend * 1_000, line.impressions, 2),
        "ctr": ratio(line.clicks * 100, line.impressions, 2),
        "conversion": str(total),
        "real_time_conversion": str(total),
        "result": str(line.clicks),
        "cost_per_result": ratio(spend, line.clicks, 3),
        "cost_per_conversion": ratio(spend, total, 2),
        "conversion_rate": ratio(total * 100, line.clicks, 2),
        "secondary_goal_result": "-",
        "cost_per_secondary_goal_result": "-",
        "complete_payment": str(total),
        "total_complete_payment_rate": major(line.value_cents),
        "value_per_complete_payment": ratio(line.value_cents / 100, total, 2),
        "total_purchase_value": major(line.value_cents),
        "cta_conversion": str(click),
        "vta_conversion": str(view),
        "cta_purchase": str(click),
        "vta_purchase": str(view),
        "video_play_actions": str(line.video_plays),
        "currency": currency,
        "campaign_name": line.campaign.name_on(today),
    }
    if line.ad:
        values |= {
            "campaign_id": line.campaign.entity_id,
            "adgroup_id": line.ad.ad_group.entity_id,
            "adgroup_name": line.ad.ad_group.name_on(today),
            "ad_name": line.ad.name_on(today),
            "ad_text": f"{line.ad.names[0][1]}: see for yourself",
        }
    return values


def _entity(
    entity: catalog.Entity, account: catalog.Account, kind: str, today: int
) -> dict[str, Any]:
    status = entity.status_on(today)
    group = entity.ad_group if isinstance(entity, catalog.Ad) else entity
    campaign = group.campaign if isinstance(group, catalog.AdGroup) else group
    suffix = {"ACTIVE": "DELIVERY_OK", "PAUSED": "DISABLE", "DELETED": "DELETE"}[status]
    if kind == "campaign" and status == "ACTIVE":
        suffix = "ENABLE"
    prefix = {"campaign": "CAMPAIGN_STATUS", "adgroup": "ADGROUP_STATUS", "ad": "AD_STATUS"}[kind]
    record: dict[str, Any] = {
        "advertiser_id": account.account_id,
        "campaign_id": campaign.entity_id,
        "campaign_name": campaign.name_on(today),
        "operation_status": {"ACTIVE": "ENABLE", "PAUSED": "DISABLE", "DELETED": "DELETE"}[status],
        "secondary_status": f"{prefix}_{suffix}",
        "create_time": zoned_text(
            entity.start * DAY_US + 8 * 3_600_000_000, "UTC", "%Y-%m-%d %H:%M:%S"
        ),
        "modify_time": zoned_text(
            entity.start * DAY_US + 9 * 3_600_000_000, "UTC", "%Y-%m-%d %H:%M:%S"
        ),
        "budget": 0 if kind == "ad" else 50.0,
        "budget_mode": "BUDGET_MODE_DAY",
    }
    if isinstance(campaign, catalog.Campaign):
        record["objective_type"] = {"SALES": "WEB_CONVERSIONS"}.get(
            campaign.objective, campaign.objective
        )
    if isinstance(group, catalog.AdGroup):
        record |= {"adgroup_id": group.entity_id, "adgroup_name": group.name_on(today)}
    if isinstance(entity, catalog.Ad):
        record |= {
            "ad_id": entity.entity_id,
            "ad_name": entity.name_on(today),
            "ad_text": f"{entity.names[0][1]}: see for yourself",
        }
    return record
