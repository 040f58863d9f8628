"""Google Ads API over REST: searchStream and search with GAQL, and the OAuth token endpoint."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import orjson

from sandbox import catalog
from sandbox.catalog import GOOGLE
from sandbox.clock import DAYS, FIRST_DAY, SECOND, Clock, local_day
from sandbox.faults import Faults, Rule
from sandbox.platforms.common import (
    Answer,
    Call,
    Line,
    Span,
    entity_of,
    json_answer,
    report_lines,
    total_lines,
)
from sandbox.platforms.gaql import Query, QueryError, parse
from sandbox.platforms.google_fields import (
    LEVELS,
    METRICS,
    RESOURCES,
    SEGMENTS,
    Entry,
    camel,
    drifted_row,
    nested,
    placed,
    selected_fields,
)
from sandbox.platforms.google_replies import VERSIONS, error_answer, search_answer, stream_answer
from sandbox.world import World

TOKEN_LIFE_S = 3_599
CLIENT = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
_PATH = re.compile(r"^/v(\d+)/customers/(\d+)/googleAds:(searchStream|search)$")


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
            return error_answer(
                call,
                401,
                "UNAUTHENTICATED",
                "authenticationError",
                "OAUTH_TOKEN_INVALID" if issued is None else "OAUTH_TOKEN_EXPIRED",
                "Request had invalid authentication credentials.",
            )
        found = _PATH.match(call.path)
        if not found or call.method != "POST":
            return error_answer(
                call, 404, "NOT_FOUND", "requestError", "RESOURCE_NOT_FOUND", "Not found."
            )
        account = catalog.ACCOUNT_BY_ID.get(found[2])
        if account is None or account.platform != GOOGLE:
            return error_answer(
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
            return error_answer(
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
                return error_answer(
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
            return error_answer(
                call, 400, "INVALID_ARGUMENT", "queryError", refused.code, str(refused)
            )
        except (ValueError, KeyError, TypeError):
            return error_answer(
                call,
                400,
                "INVALID_ARGUMENT",
                "requestError",
                "UNKNOWN",
                "Invalid JSON payload received.",
            )
        if call.rule and call.rule.kind == "empty_page":
            rows = []
        mask = ",".join(camel(name) for name in query.select)
        return (
            stream_answer(rows, mask)
            if found[3] == "searchStream"
            else search_answer(call, body, rows, mask)
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
            return error_answer(
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
            return error_answer(
                call,
                401,
                "UNAUTHENTICATED",
                "authenticationError",
                "OAUTH_TOKEN_EXPIRED",
                "OAuth token has expired.",
            )
        if rule.kind == "token_revoked":
            self._tokens.clear()
            return error_answer(
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
            return error_answer(
                call,
                504,
                "DEADLINE_EXCEEDED",
                "internalError",
                "DEADLINE_EXCEEDED",
                "The request took too long.",
            )
        if rule.kind == "http_500":
            return error_answer(
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
        fields = selected_fields(query)
        entries = self._entries(account, query)
        for condition in query.conditions:
            read = (fields | METRICS | RESOURCES[query.resource])[condition.name]
            entries = [entry for entry in entries if condition.holds(read(entry))]
        for name, descending in reversed(query.order):
            read = (fields | METRICS | SEGMENTS | RESOURCES[query.resource])[name]
            entries.sort(key=lambda entry, read=read: _sortable(read(entry)), reverse=descending)  # type: ignore[misc]
        return [nested(fields, entry) for entry in entries[: query.limit]]

    def _entries(self, account: catalog.Account, query: Query) -> list[Entry]:
        """Entities, or their lines with delivery as soon as a day is selected."""
        today = int(local_day(self._clock.now, account.zone))
        bare = Entry(
            account,
            today,
            currency=self._faults.currency(GOOGLE, account.account_id, account.currency),
            zone=self._faults.zone(GOOGLE, account.account_id, account.zone),
        )
        by_day = "segments.date" in query.select
        level = LEVELS[query.resource]
        lines: list[Line] = []
        if by_day or any(name.startswith("metrics.") for name in query.select):
            since = FIRST_DAY if query.since is None else query.since
            until = FIRST_DAY + DAYS if query.until is None else query.until
            carrier = "ad" if level in ("ad", "ad_group") else "campaign"
            lines = report_lines(
                self._world,
                self._faults,
                account.account_id,
                carrier,
                since,
                until,
                self._clock.now,
            )
            if level != carrier or not by_day:
                lines = total_lines(lines, level, by_day)
        if by_day:
            return [
                replace(placed(bare, level, line.ad or line.campaign), line=line) for line in lines
            ]
        reported = {entity_of(line, level): line for line in lines}
        if level == "account":
            return [replace(bare, line=reported.get(""))]
        entities: list[catalog.Entity] = {
            "campaign": list[catalog.Entity](catalog.campaigns_of(account.account_id)),
            "ad_group": list[catalog.Entity](catalog.ad_groups_of(account.account_id)),
            "ad": list[catalog.Entity](catalog.ads_of(account.account_id)),
        }[level]
        return [
            replace(placed(bare, level, entity), line=reported.get(entity.entity_id))
            for entity in entities
            if entity.exists_on(today)
        ]


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, float(value)) if str(value).replace(".", "", 1).isdigit() else (1, str(value))
