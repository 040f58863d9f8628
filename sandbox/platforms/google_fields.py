"""Which fields Google Ads resources have, where they are read from, how a result row is nested."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sandbox import catalog
from sandbox.clock import iso_day
from sandbox.faults import Rule, drifted
from sandbox.platforms.common import Line
from sandbox.platforms.gaql import Query, QueryError

_STATUS = {"ACTIVE": "ENABLED", "PAUSED": "PAUSED", "DELETED": "REMOVED"}


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
LEVELS = {
    "customer": "account",
    "campaign": "campaign",
    "ad_group": "ad_group",
    "ad_group_ad": "ad",
}
KNOWN_FIELDS = RESOURCES["ad_group_ad"].keys() | METRICS.keys() | SEGMENTS.keys()


def drifted_row(rule: Rule | None, row: dict[str, Any]) -> dict[str, Any]:
    """A result row whose metrics (or, without any, first resource) changed their schema."""
    part = "metrics" if "metrics" in row else next(iter(row))
    return {**row, part: drifted(rule, row[part], "costMicros" if part == "metrics" else "name")}


def placed(entry: Entry, level: str, entity: catalog.Entity) -> Entry:
    """The entry made one about an entity: itself and what it lies in, down to the level."""
    if level == "account":
        return entry
    ad = entity if isinstance(entity, catalog.Ad) else None
    group = ad.ad_group if ad else entity if isinstance(entity, catalog.AdGroup) else None
    campaign = group.campaign if group else entity
    assert isinstance(campaign, catalog.Campaign)
    return replace(
        entry,
        campaign=campaign,
        group=group if level in ("ad_group", "ad") else None,
        ad=ad if level == "ad" else None,
    )


def selected_fields(query: Query) -> dict[str, Field]:
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


def nested(fields: dict[str, Field], entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, read in fields.items():
        *path, last = camel(name).split(".")
        place = row
        for step in path:
            place = place.setdefault(step, {})
        place[last] = read(entry)
    return row


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
