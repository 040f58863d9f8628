"""How Meta writes a report row and an object: strings only, purchases under several names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox import catalog
from sandbox.clock import DAY as DAY_US
from sandbox.clock import zoned_text
from sandbox.platforms.common import Line, major, ratio

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

Fields = Mapping[str, Callable[[catalog.Account, Line, int], Any]]


INSIGHT_FIELDS: Fields = {
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


def actions(line: Line, windows: list[str]) -> list[dict[str, str]]:
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
    if line.video_plays:
        plays = _counted(line.video_plays, 0, line.video_plays, windows, str)
        actions.append({"action_type": "video_view", **plays})
    if click + view:
        counted = _counted(click + view, click, view, windows, str)
        actions += [{"action_type": name, **counted} for name in PURCHASES]
    return actions


def action_values(line: Line, windows: list[str]) -> list[dict[str, str]]:
    if not line.value_cents:
        return []
    counted = _counted(line.value_cents, line.value_cents, 0, windows, major)
    return [{"action_type": name, **counted} for name in PURCHASES]


def entity_values(entity: catalog.Entity, account: catalog.Account, today: int) -> dict[str, Any]:
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
