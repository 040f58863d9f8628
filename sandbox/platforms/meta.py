"""Meta Marketing API: synchronous insights, the account object and its campaign, ad set and ad
edges."""

from __future__ import annotations

import re
from typing import Any

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
    report_lines,
    total_lines,
)
from sandbox.platforms.meta_records import (
    ACCEPTED_WINDOWS,
    INSIGHT_FIELDS,
    action_values,
    actions,
    entity_values,
)
from sandbox.platforms.meta_replies import (
    TOKEN,
    asked_days,
    asked_fields,
    asked_statuses,
    bad_field,
    error_answer,
    json_list,
    json_text,
    page_answer,
    too_big,
    use_case,
)
from sandbox.world import World

OLDEST, NEWEST = 23, 26  # versions that answer
MAX_AD_DAYS = 400  # a synchronous ad-level call over more (ads x days) is refused
RETENTION_DAYS = 37 * 31
_PATH = re.compile(r"^/v(\d+)\.0/act_(\d+)(?:/(insights|campaigns|adsets|ads))?/?$")


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
        since, until = asked_days(call.query)
        return Span(found[2], since, until, call.query.get("level"))

    def answer(self, call: Call) -> Answer:
        """The platform's answer to one call."""
        found = _PATH.match(call.path)
        version = re.match(r"^/v(\d+)\.0/", call.path)
        if version and int(version[1]) < OLDEST:
            return error_answer(
                400,
                2635,
                f"(#2635) You are calling a deprecated version of the Ads API. Please "
                f"update to the latest version: v{NEWEST}.0.",
            )
        if version and int(version[1]) > NEWEST:
            return error_answer(400, 2500, f"Unknown path components: {call.path}")
        if (refused := self._authenticate(call)) is not None:
            return refused
        if not found or call.method != "GET":
            return error_answer(400, 2500, f"Unknown path components: {call.path}")
        account = catalog.ACCOUNT_BY_ID.get(found[2])
        if account is None or account.platform != META:
            return error_answer(
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
            answer = error_answer(
                400,
                80000,
                "(#80000) There have been too many calls from this ad-account. Wait a "
                "bit and try again. For more info, please refer to "
                "https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
                subcode=2446079,
            )
            answer.headers["x-ad-account-usage"] = json_text(
                {
                    "acc_id_util_pct": 100,
                    "reset_time_duration": wait,
                    "ads_api_access_tier": "standard_access",
                }
            )
            answer.headers["x-business-use-case-usage"] = json_text(
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
            return error_answer(
                400,
                190,
                "Error validating access token: Session has expired on Wednesday, "
                "31-Dec-25 08:00:00 PST.",
                subcode=463,
            )
        if rule.kind == "token_revoked":
            return error_answer(
                400,
                190,
                "Error validating access token: The user has not authorized application 1.",
                subcode=458,
            )
        if rule.kind == "version_sunset":
            return error_answer(
                400,
                2635,
                f"(#2635) You are calling a deprecated version of the Ads API. Please "
                f"update to the latest version: v{NEWEST + 1}.0.",
            )
        if rule.kind == "too_big":
            return too_big()
        if rule.kind == "http_500":
            return error_answer(500, 2, "(#2) Service temporarily unavailable", transient=True)
        return None

    def _authenticate(self, call: Call) -> Answer | None:
        token = call.headers.get("authorization", "").removeprefix(
            "Bearer "
        ).strip() or call.query.get("access_token")
        if not token:
            return error_answer(400, 104, "An access token is required to request this resource.")
        if token != TOKEN:
            return error_answer(
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
        tier = {"ads_api_access_tier": "standard_access"}
        return {
            "x-app-usage": json_text(
                {"call_count": int(used), "total_time": int(used), "total_cputime": int(used / 2)}
            ),
            "x-ad-account-usage": json_text(
                {**tier, "acc_id_util_pct": used, "reset_time_duration": 0}
            ),
            "x-business-use-case-usage": json_text(
                {account.account_id: [use_case(int(used), int(used / 2), 0)]}
            ),
            "x-fb-ads-insights-throttle": json_text(
                {**tier, "app_id_util_pct": used / 2, "acc_id_util_pct": used}
            ),
        }

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
        wanted = asked_fields(call.query) or ["account_id"]
        if unknown := [name for name in wanted if name not in values and name != "id"]:
            return bad_field(unknown[0])
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
            return error_answer(
                400, 100, "(#100) Param level must be one of {ad, adset, campaign, account}"
            )
        since, until = asked_days(query)
        if since is None or until is None or since > until:
            return error_answer(
                400,
                100,
                "(#100) param time_range must be an object with keys since and until in "
                "the form YYYY-MM-DD, since not after until",
            )
        today = self._today(account)
        if since < today - RETENTION_DAYS:
            return error_answer(
                400,
                3018,
                "(#3018) The start date of the time range cannot be beyond 37 months "
                "from the current date",
            )
        increment = query.get("time_increment", "all_days")
        if increment != "all_days" and increment != "1":
            return error_answer(400, 100, "(#100) Param time_increment must be 1 or all_days")
        windows = json_list(query.get("action_attribution_windows"))
        if bad := [window for window in windows if window not in ACCEPTED_WINDOWS]:
            return error_answer(
                400,
                100,
                f"(#100) action_attribution_windows[0] must be one of the following "
                f"values: {', '.join(ACCEPTED_WINDOWS)} (got {bad[0]})",
            )
        wanted = asked_fields(query) or ["account_id", "impressions", "spend"]
        hidden = {
            "account": ("campaign_", "adset_", "ad_"),
            "campaign": ("adset_", "ad_"),
            "adset": ("ad_",),
            "ad": (),
        }[level]
        wanted = [name for name in wanted if not name.startswith(hidden)]
        known = INSIGHT_FIELDS.keys() | {"date_start", "date_stop", "actions", "action_values"}
        if unknown := [name for name in wanted if name not in known]:
            return error_answer(
                400,
                100,
                f"(#100) {unknown[0]} is not valid for fields param. please check "
                "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ "
                "for all valid values",
            )
        if (
            level == "ad"
            and (until - since + 1) * len(catalog.ads_of(account.account_id)) > MAX_AD_DAYS
        ):
            return too_big()
        lines = self._lines(account, "ad" if level in ("ad", "adset") else "campaign", since, until)
        statuses = asked_statuses(query)
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
        return page_answer(call, rows)

    def _row(
        self,
        account: catalog.Account,
        line: Line,
        wanted: list[str],
        windows: list[str],
        today: int,
        stop: int | None,
    ) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name in wanted:
            if name == "actions":
                value: Any = actions(line, windows)
            elif name == "action_values":
                value = action_values(line, windows)
            elif name == "account_currency":
                value = self._faults.currency(META, account.account_id, account.currency)
            elif name in INSIGHT_FIELDS:
                value = INSIGHT_FIELDS[name](account, line, today)
            else:
                continue
            if value not in (None, "", []):  # fields without a value are left out
                row[name] = value
        return {**row, "date_start": iso_day(line.day), "date_stop": iso_day(stop or line.day)}

    def _edge(self, call: Call, account: catalog.Account, edge: str) -> Answer:
        today = self._today(account)
        statuses = asked_statuses(call.query)
        entities: list[catalog.Entity] = {
            "campaigns": list[catalog.Entity](catalog.campaigns_of(account.account_id)),
            "adsets": list[catalog.Entity](catalog.ad_groups_of(account.account_id)),
            "ads": list[catalog.Entity](catalog.ads_of(account.account_id)),
        }[edge]
        rows = []
        for entity in entities:
            if entity.exists_on(today) and entity.status_on(today) in statuses:
                values = entity_values(entity, account, today)
                wanted = [name for name in asked_fields(call.query) if name != "id"]
                if unknown := [name for name in wanted if name not in values]:
                    return bad_field(unknown[0])
                record = {name: values[name] for name in wanted}
                rows.append(drifted(call.rule, {**record, "id": entity.entity_id}, "name"))
        if call.rule and call.rule.kind == "empty_page":
            return json_answer({"data": []})
        return page_answer(call, rows)
