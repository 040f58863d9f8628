"""Google Ads API over REST: searchStream and search with GAQL, and the OAuth token endpoint."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson

from sandbox import catalog
from sandbox.catalog import GOOGLE
from sandbox.clock import DAYS, FIRST_DAY, SECOND, Clock, iso_day, local_day
from sandbox.faults import Faults, Rule, drifted
from sandbox.platforms.common import (
    Answer,
    Call,
    Line,
    Span,
    json_answer,
    report_lines,
    total_lines,
)
from sandbox.platforms.gaql import Query, QueryError, parse
from sandbox.world import World

VERSIONS = range(23, 27)
BATCH = 1_000  # rows per element of a stream
PAGE = 10_000
TOKEN_LIFE_S = 3_599
CLIENT = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
_PATH = re.compile(r"^/v(\d+)/customers/(\d+)/googleAds:(searchStream|search)$")
_STATUS = {"ACTIVE": "ENABLED", "PAUSED": "PAUSED", "DELETED": "REMOVED"}
_FAILURE = "type.googleapis.com/google.ads.googleads.v{}.errors.GoogleAdsFailure"


@dataclass(frozen=True)
class Entry:
    """What a result row is about; `line` is None where no metric is asked."""

    account: catalog.Account
    today: int
    currency: str
    zone: str
    campaign: catalog.Campaign | None = None
    group: catalog.AdGroup | None = None
    ad: catalog.Ad | None = None
    line: Line | None = None

    @property
    def customer(self) -> str:
        return f"customers/{self.account.account_id}"


def _metric(read: Callable[[Line], Any], zero: Any) -> Callable[[Entry], Any]:
    return lambda entry: read(entry.line) if entry.line else zero


Field = Callable[[Any], Any]
CUSTOMER: dict[str, Field] = {
    "customer.id": lambda e: e.account.account_id,
    "customer.descriptive_name": lambda e: e.account.name,
    "customer.currency_code": lambda e: e.currency,
    "customer.time_zone": lambda e: e.zone,
    "customer.manager": lambda e: False,
    "customer.test_account": lambda e: False,
    "customer.status": lambda e: "ENABLED",
    "customer.resource_name": lambda e: e.customer,
}
CAMPAIGN: dict[str, Field] = {
    "campaign.id": lambda e: e.campaign.entity_id,
    "campaign.name": lambda e: e.campaign.name_on(e.today),
    "campaign.status": lambda e: _STATUS[e.campaign.status_on(e.today)],
    "campaign.advertising_channel_type": lambda e: {"SALES": "SEARCH"}.get(
        e.campaign.objective, e.campaign.objective
    ),
    "campaign.start_date": lambda e: iso_day(e.campaign.start),
    "campaign.end_date": lambda e: iso_day(e.campaign.stop),
    "campaign.resource_name": lambda e: f"{e.customer}/campaigns/{e.campaign.entity_id}",
}
AD_GROUP: dict[str, Field] = {
    "ad_group.id": lambda e: e.group.entity_id,
    "ad_group.name": lambda e: e.group.name_on(e.today),
    "ad_group.status": lambda e: _STATUS[e.group.status_on(e.today)],
    "ad_group.campaign": lambda e: f"{e.customer}/campaigns/{e.campaign.entity_id}",
    "ad_group.type": lambda e: "SEARCH_STANDARD",
    "ad_group.resource_name": lambda e: f"{e.customer}/adGroups/{e.group.entity_id}",
}
AD: dict[str, Field] = {
    "ad_group_ad.ad.id": lambda e: e.ad.entity_id,
    "ad_group_ad.ad.name": lambda e: e.ad.name_on(e.today),
    "ad_group_ad.ad.type": lambda e: "RESPONSIVE_SEARCH_AD",
    "ad_group_ad.ad.resource_name": lambda e: f"{e.customer}/ads/{e.ad.entity_id}",
    "ad_group_ad.status": lambda e: _STATUS[e.ad.status_on(e.today)],
    "ad_group_ad.ad_group": lambda e: f"{e.customer}/adGroups/{e.group.entity_id}",
    "ad_group_ad.resource_name": lambda e: (
        f"{e.customer}/adGroupAds/{e.group.entity_id}~{e.ad.entity_id}"
    ),
}
METRICS: dict[str, Field] = {
    "metrics.impressions": _metric(lambda line: str(line.impressions), "0"),
    "metrics.clicks": _metric(lambda line: str(line.clicks), "0"),
    "metrics.cost_micros": _metric(lambda line: str(line.cents * 10_000), "0"),
    "metrics.conversions": _metric(lambda line: line.conversions / 100, 0.0),
    "metrics.conversions_value": _metric(lambda line: line.value_cents / 100, 0.0),
    "metrics.all_conversions": _metric(
        lambda line: line.conversions / 100 + line.view_conversions, 0.0
    ),
    "metrics.all_conversions_value": _metric(lambda line: line.value_cents / 100, 0.0),
    "metrics.view_through_conversions": _metric(lambda line: str(line.view_conversions), "0"),
    "metrics.ctr": _metric(lambda line: line.clicks / line.impressions, 0.0),
    "metrics.average_cpc": _metric(
        lambda line: line.cents * 10_000 / line.clicks if line.clicks else 0.0, 0.0
    ),
}
SEGMENTS: dict[str, Field] = {"segments.date": lambda e: iso_day(e.line.day) if e.line else ""}
RESOURCES: dict[str, dict[str, Field]] = {
    "customer": CUSTOMER,
    "campaign": CUSTOMER | CAMPAIGN,
    "ad_group": CUSTOMER | CAMPAIGN | AD_GROUP,
    "ad_group_ad": CUSTOMER | CAMPAIGN | AD_GROUP | AD,
}
KNOWN_FIELDS = RESOURCES["ad_group_ad"].keys() | METRICS.keys() | SEGMENTS.keys()


class GoogleAds:
    """Answers under `/googleads`, and issues access tokens."""

    name = GOOGLE
    prefix = "/googleads"
    token_path = "/google-oauth/token"

    def __init__(self, world: World, clock: Clock, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._tokens: dict[str, int] = {}  # token -> virtual instant of issue
        self._issued = 0

    def span(self, call: Call) -> Span:
        """What the call is about."""
        found = _PATH.match(call.path)
        if not found:
            return Span()
        try:
            query = self._query(call, found[2])
        except (QueryError, ValueError, KeyError, TypeError):
            return Span(found[2])
        level = {"campaign": "campaign", "ad_group_ad": "ad"}.get(query.resource)
        return Span(found[2], query.since, query.until, level)

    def token(self, call: Call) -> Answer:
        """`POST /google-oauth/token` with the refresh token grant."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if form.get("grant_type") != "refresh_token":
            return json_answer(
                {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}, 400
            )
        if (form.get("client_id"), form.get("client_secret")) != (
            CLIENT["client_id"],
            CLIENT["client_secret"],
        ):
            return json_answer(
                {"error": "invalid_client", "error_description": "The OAuth client was not found."},
                401,
            )
        if form.get("refresh_token") != CLIENT["refresh_token"] or self._faults.is_active(
            "token_revoked", GOOGLE
        ):
            return json_answer(
                {
                    "error": "invalid_grant",
                    "error_description": "Token has been expired or revoked.",
                },
                400,
            )
        self._issued += 1
        token = f"ya29.sandbox-{self._issued}"
        self._tokens[token] = self._clock.now
        return json_answer(
            {
                "access_token": token,
                "expires_in": TOKEN_LIFE_S,
                "scope": "https://www.googleapis.com/auth/adwords",
                "token_type": "Bearer",
            }
        )

    def answer(self, call: Call) -> Answer:
        """The platform's answer to one call."""
        version = re.match(r"^/v(\d+)/", call.path)
        if not version or int(version[1]) not in VERSIONS:
            return Answer(
                404,
                b"<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>",
                {"Content-Type": "text/html; charset=UTF-8"},
            )
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        issued = self._tokens.get(token)
        if issued is None or self._clock.now - issued >= TOKEN_LIFE_S * SECOND:
            return _error(
                call,
                401,
                "UNAUTHENTICATED",
                "authenticationError",
                "OAUTH_TOKEN_INVALID" if issued is None else "OAUTH_TOKEN_EXPIRED",
                "Request had invalid authentication credentials.",
            )
        found = _PATH.match(call.path)
        if not found or call.method != "POST":
            return _error(
                call, 404, "NOT_FOUND", "requestError", "RESOURCE_NOT_FOUND", "Not found."
            )
        account = catalog.ACCOUNT_BY_ID.get(found[2])
        if account is None or account.platform != GOOGLE:
            return _error(
                call,
                403,
                "PERMISSION_DENIED",
                "authorizationError",
                "USER_PERMISSION_DENIED",
                "User doesn't have permission to access customer. Note: If you're "
                "accessing a client customer, the manager's customer id must be set in "
                "the 'login-customer-id' header.",
            )
        if not call.headers.get("login-customer-id", "0").isdigit():
            return _error(
                call,
                400,
                "INVALID_ARGUMENT",
                "requestError",
                "INVALID_CUSTOMER_ID",
                "Invalid customer ID.",
            )
        try:
            body = orjson.loads(call.body)
            if found[3] == "search" and "pageSize" in body:
                return _error(
                    call,
                    400,
                    "INVALID_ARGUMENT",
                    "requestError",
                    "PAGE_SIZE_NOT_SUPPORTED",
                    "Setting the page size is not supported. Search Responses will have "
                    "fixed page size of '10000' rows.",
                )
            query = self._query(call, account.account_id)
            rows = [drifted_row(call.rule, row) for row in self._rows(account, query)]
        except QueryError as refused:
            return _error(call, 400, "INVALID_ARGUMENT", "queryError", refused.code, str(refused))
        except (ValueError, KeyError, TypeError):
            return _error(
                call,
                400,
                "INVALID_ARGUMENT",
                "requestError",
                "UNKNOWN",
                "Invalid JSON payload received.",
            )
        if call.rule and call.rule.kind == "empty_page":
            rows = []
        mask = ",".join(_camel(name) for name in query.select)
        return (
            _stream(rows, mask) if found[3] == "searchStream" else _search(call, body, rows, mask)
        )

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """The platform's own words for a wire fault."""
        wait = int(rule.parameters.get("wait_s", 2))
        if rule.kind == "throttle":
            detail = {
                "quotaErrorDetails": {
                    "rateScope": "DEVELOPER",
                    "rateName": "Number of operations for basic access",
                    "retryDelay": f"{wait}s",
                }
            }
            return _error(
                call,
                429,
                "RESOURCE_EXHAUSTED",
                "quotaError",
                "RESOURCE_TEMPORARILY_EXHAUSTED",
                f"Too many requests. Retry in {wait} seconds.",
                detail,
            )
        if rule.kind == "token_expired":
            self._tokens.clear()
            return _error(
                call,
                401,
                "UNAUTHENTICATED",
                "authenticationError",
                "OAUTH_TOKEN_EXPIRED",
                "OAuth token has expired.",
            )
        if rule.kind == "token_revoked":
            self._tokens.clear()
            return _error(
                call,
                401,
                "UNAUTHENTICATED",
                "authenticationError",
                "OAUTH_TOKEN_REVOKED",
                "OAuth token has been revoked.",
            )
        if rule.kind == "version_sunset":
            return Answer(
                404,
                b"<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>",
                {"Content-Type": "text/html; charset=UTF-8"},
            )
        if rule.kind == "too_big":
            return _error(
                call,
                504,
                "DEADLINE_EXCEEDED",
                "internalError",
                "DEADLINE_EXCEEDED",
                "The request took too long.",
            )
        if rule.kind == "http_500":
            return _error(
                call,
                500,
                "INTERNAL",
                "internalError",
                "TRANSIENT_ERROR",
                "A transient internal error occurred.",
            )
        return None

    def _query(self, call: Call, account_id: str) -> Query:
        account = catalog.ACCOUNT_BY_ID.get(account_id)
        today = int(local_day(self._clock.now, account.zone if account else "UTC"))
        return parse(str(orjson.loads(call.body)["query"]), today)

    def _rows(self, account: catalog.Account, query: Query) -> list[dict[str, Any]]:
        fields = _fields(query)
        entries = self._entries(account, query)
        for condition in query.conditions:
            read = (fields | METRICS | RESOURCES[query.resource])[condition.name]
            entries = [entry for entry in entries if condition.holds(read(entry))]
        for name, descending in reversed(query.order):
            read = (fields | METRICS | SEGMENTS | RESOURCES[query.resource])[name]
            entries.sort(key=lambda entry, read=read: _sortable(read(entry)), reverse=descending)  # type: ignore[misc]
        return [_nested(fields, entry) for entry in entries[: query.limit]]

    def _entries(self, account: catalog.Account, query: Query) -> list[Entry]:
        """Entities, or their lines with delivery as soon as a day is selected."""
        today = int(local_day(self._clock.now, account.zone))
        base = {
            "account": account,
            "today": today,
            "currency": self._faults.currency(GOOGLE, account.account_id, account.currency),
            "zone": self._faults.zone(GOOGLE, account.account_id, account.zone),
        }
        by_day = "segments.date" in query.select
        with_metrics = any(name.startswith("metrics.") for name in query.select) or by_day
        lines: list[Line] = []
        if with_metrics:
            since = FIRST_DAY if query.since is None else query.since
            until = FIRST_DAY + DAYS if query.until is None else query.until
            level = "ad" if query.resource in ("ad_group", "ad_group_ad") else "campaign"
            lines = report_lines(
                self._world, self._faults, account.account_id, level, since, until, self._clock.now
            )
            wanted = {"customer": "account", "ad_group": "ad_group", "ad_group_ad": "ad"}.get(
                query.resource, "campaign"
            )
            if wanted in ("account", "ad_group") or not by_day:
                lines = total_lines(lines, wanted, by_day)
        if by_day:
            return [
                Entry(**base, **_parts(query.resource, line.ad, line.campaign), line=line)
                for line in lines
            ]
        reported: dict[str, Line] = {}
        for line in lines:
            key = (
                line.ad.entity_id
                if line.ad and query.resource == "ad_group_ad"
                else line.ad.ad_group.entity_id
                if line.ad and query.resource == "ad_group"
                else line.campaign.entity_id
            )
            reported[key if query.resource != "customer" else account.account_id] = line
        if query.resource == "customer":
            return [Entry(**base, line=reported.get(account.account_id))]
        if query.resource == "campaign":
            found = [
                Entry(**base, campaign=c, line=reported.get(c.entity_id))
                for c in catalog.campaigns_of(account.account_id)
                if c.exists_on(today)
            ]
        elif query.resource == "ad_group":
            found = [
                Entry(**base, campaign=g.campaign, group=g, line=reported.get(g.entity_id))
                for g in catalog.ad_groups_of(account.account_id)
                if g.exists_on(today)
            ]
        else:
            found = [
                Entry(
                    **base,
                    campaign=a.ad_group.campaign,
                    group=a.ad_group,
                    ad=a,
                    line=reported.get(a.entity_id),
                )
                for a in catalog.ads_of(account.account_id)
                if a.exists_on(today)
            ]
        return found


def drifted_row(rule: Rule | None, row: dict[str, Any]) -> dict[str, Any]:
    """A result row whose metrics (or, without any, first resource) changed their schema."""
    part = "metrics" if "metrics" in row else next(iter(row))
    return {**row, part: drifted(rule, row[part], "costMicros" if part == "metrics" else "name")}


def _parts(resource: str, ad: catalog.Ad | None, campaign: catalog.Campaign) -> dict[str, Any]:
    if resource == "customer":
        return {}
    if resource == "campaign" or ad is None:
        return {"campaign": campaign}
    group = {"campaign": campaign, "group": ad.ad_group}
    return group if resource == "ad_group" else {**group, "ad": ad}


def _fields(query: Query) -> dict[str, Field]:
    """Selected fields with their readers; names of selected resources come by themselves."""
    if query.resource not in RESOURCES:
        raise QueryError(
            "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE",
            f"Error in query: '{query.resource}' is not a valid resource name.",
        )
    legal = RESOURCES[query.resource] | METRICS | SEGMENTS
    used = [*query.select, *(c.name for c in query.conditions), *(name for name, _ in query.order)]
    for name in used:
        if name not in KNOWN_FIELDS:
            raise QueryError("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
        if name not in legal:
            raise QueryError(
                "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE",
                f"The following field may not be used with resource '{query.resource}': '{name}'.",
            )
    selected = {name: legal[name] for name in query.select}
    for name in tuple(selected):
        owner = name.split(".")[0]
        if owner in RESOURCES:
            selected.setdefault(f"{owner}.resource_name", legal[f"{owner}.resource_name"])
        if name.startswith("ad_group_ad.ad."):
            selected.setdefault(
                "ad_group_ad.ad.resource_name", legal["ad_group_ad.ad.resource_name"]
            )
    return selected


def _nested(fields: dict[str, Field], entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, read in fields.items():
        *path, last = _camel(name).split(".")
        place = row
        for step in path:
            place = place.setdefault(step, {})
        place[last] = read(entry)
    return row


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, float(value)) if str(value).replace(".", "", 1).isdigit() else (1, str(value))


def _stream(rows: list[dict[str, Any]], mask: str) -> Answer:
    batches: list[dict[str, Any]] = []
    for start in range(0, len(rows), BATCH) or (0,):
        batch: dict[str, Any] = {"results": rows[start : start + BATCH]} if rows else {}
        batches.append({**batch, "fieldMask": mask, "requestId": "wy5ZUsyx8Dd7ZY8JqWqxhQ"})
    batches[-1]["queryResourceConsumption"] = str(200 + len(rows))
    return json_answer(batches)


def _search(call: Call, body: dict[str, Any], rows: list[dict[str, Any]], mask: str) -> Answer:
    try:
        start = int(base64.b64decode(body.get("pageToken") or "MA==", validate=True))
    except ValueError:
        return _error(
            call,
            400,
            "INVALID_ARGUMENT",
            "requestError",
            "INVALID_PAGE_TOKEN",
            "Page token is invalid.",
        )
    page: dict[str, Any] = {"results": rows[start : start + PAGE]} if rows[start:] else {}
    if start + PAGE < len(rows):
        page["nextPageToken"] = base64.b64encode(str(start + PAGE).encode()).decode()
    if (body.get("searchSettings") or {}).get("returnTotalResultsCount"):
        page["totalResultsCount"] = str(len(rows))
    return json_answer(
        {**page, "fieldMask": mask, "queryResourceConsumption": str(200 + len(rows))}
    )


def _error(
    call: Call,
    status: int,
    text: str,
    family: str,
    code: str,
    message: str,
    details: dict[str, Any] | None = None,
) -> Answer:
    """`google.rpc.Status` around a GoogleAdsFailure, in an array where the call is a stream."""
    version = re.match(r"^/v(\d+)/", call.path)
    failure: dict[str, Any] = {"errorCode": {family: code}, "message": message}
    if details:
        failure["details"] = details
    error = {
        "error": {
            "code": status,
            "message": message,
            "status": text,
            "details": [
                {
                    "@type": _FAILURE.format(version[1] if version else VERSIONS[-1]),
                    "errors": [failure],
                    "requestId": "wy5ZUsyx8Dd7ZY8JqWqxhQ",
                }
            ],
        }
    }
    return json_answer([error] if call.path.endswith("searchStream") else error, status)
