"""Why our numbers differ from the platforms': side by side, and every cause in figures.

Everything is taken over the last 28 days in which spend and orders are both known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from desilo.war_room.facts import MODEL, Window, ratio_of
from desilo.war_room.phrases import decimal, percent
from desilo.war_room.view import SmallPrint, View

CAUSES = ("overlap", "view", "clock", "zone", "currency", "moving", "late")
"""In the order in which they usually explain most."""


@dataclass(frozen=True)
class Platform:
    """One platform's claims and what the ledger credits to it, over one window.

    Counts are conversions; `moved` is what restatements changed of the claims of these days.
    """

    platform: str
    name: str
    name_zh: str
    click_claims: Decimal
    view_claims: Decimal
    provisional_claims: Decimal
    ours: Decimal
    fewest: Decimal
    most: Decimal
    moved: Decimal
    spend: Decimal
    foreign_spend: Decimal
    currencies: Sequence[str]
    zones: Sequence[str]
    data_through: date | None

    @property
    def claims(self) -> Decimal:
        return self.click_claims + self.view_claims


@dataclass(frozen=True)
class Claims:
    """All platforms, and the ledger's valid orders of the same days."""

    window: Window
    platforms: tuple[Platform, ...]
    ledger_orders: Decimal

    @property
    def claimed(self) -> Decimal:
        return sum((one.claims for one in self.platforms), Decimal(0))


def read(database: Path, window: Window | None, base_currency: str | None) -> Claims | None:
    """Read the claims of a release; None where spend and orders share no day.

    Raises:
        duckdb.Error: the database lacks a mart or a column that the page shows.
    """
    if window is None:
        return None
    days = {"first": window.start, "last": window.end}
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            PLATFORMS, {**days, "model": MODEL, "base": base_currency}
        ).fetchall()
        ledger = connection.execute(
            "select count(distinct (shop_id, order_id)) from fct_orders "
            "where is_valid and order_date between $first and $last",
            days,
        ).fetchone()
    return Claims(
        window,
        tuple(Platform(*row) for row in rows),
        Decimal(ledger[0] if ledger else 0),
    )


PLATFORMS = """
with claims as (
    select
        platform,
        sum(platform_click_conversions) as click_claims,
        sum(platform_view_conversions) as view_claims,
        sum(platform_click_conversions + platform_view_conversions)
            filter (where is_provisional) as provisional_claims,
        sum(spend) as spend,
        sum(spend) filter (where currency is distinct from $base) as foreign_spend
    from fct_ad_spend
    where date_day between $first and $last
    group by platform
),

by_model as (
    select platform, model, sum(orders) as orders
    from fct_channel_performance
    where platform is not null and date_day between $first and $last
    group by platform, model
),

moved as (
    select platform, sum(abs(platform_conversions_delta)) as moved
    from fct_spend_restatement
    where previous_load_id is not null and date_day between $first and $last
    group by platform
),

ours as (
    select
        platform,
        max(orders) filter (where model = $model) as orders,
        min(orders) as fewest,
        max(orders) as most
    from by_model
    group by platform
),

accounts as (
    select
        platform,
        list(distinct currency order by currency) as currencies,
        list(distinct timezone order by timezone) as zones,
        min(data_through_date) filter (where status <> 'disabled') as data_through
    from dim_account
    group by platform
),

names as (
    select
        platform,
        min(channel_name) as name,
        min(channel_name_zh) as name_zh
    from dim_channel
    where platform is not null
    group by platform
)

select
    claims.platform,
    coalesce(names.name, claims.platform),
    coalesce(names.name_zh, claims.platform),
    coalesce(claims.click_claims, 0),
    coalesce(claims.view_claims, 0),
    coalesce(claims.provisional_claims, 0),
    coalesce(ours.orders, 0),
    coalesce(ours.fewest, 0),
    coalesce(ours.most, 0),
    coalesce(moved.moved, 0),
    claims.spend,
    coalesce(claims.foreign_spend, 0),
    coalesce(accounts.currencies, []),
    coalesce(accounts.zones, []),
    accounts.data_through
from claims
left join names using (platform)
left join ours using (platform)
left join moved using (platform)
left join accounts using (platform)
order by claims.click_claims + claims.view_claims desc, claims.platform
"""


def rows(view: View, claims: Claims) -> list[dict[str, str]]:
    """One row a platform: what it claims, what we credit, and how far apart."""
    return [
        {
            "name": _name(view, one),
            "click_claims": _count(one.click_claims),
            "view_claims": _count(one.view_claims),
            "ours": _count(one.ours),
            "range": f"{_count(one.fewest)} – {_count(one.most)}",
            "ratio": _times(ratio_of(one.claims, one.ours)),
        }
        for one in claims.platforms
    ]


def causes(view: View, claims: Claims) -> list[dict[str, Any]]:
    """Every cause with what it does and tonight's evidence, a line a platform where they differ."""
    say = view.say
    evidence: dict[str, Sequence[str]] = {
        "overlap": [
            say(
                "claims_overlap_seen",
                claimed=_count(claims.claimed),
                ledger=_count(claims.ledger_orders),
            )
        ],
        "view": _each(
            view, claims, lambda one: say("claims_view_seen", share=_share(one.view_claims, one))
        ),
        "clock": [say("claims_clock_seen")],
        "zone": _each(
            view, claims, lambda one: say("claims_zone_seen", zones=", ".join(one.zones) or "–")
        ),
        "currency": _each(
            view,
            claims,
            lambda one: say(
                "claims_currency_seen",
                currencies=", ".join(one.currencies) or "–",
                share=percent(ratio_of(one.foreign_spend, one.spend) or Decimal(0)),
            ),
        ),
        "moving": _each(
            view,
            claims,
            lambda one: say(
                "claims_moving_seen",
                share=_share(one.provisional_claims, one),
                moved=_count(one.moved),
            ),
        ),
        "late": _each(
            view, claims, lambda one: say("claims_late_seen", day=view.day(one.data_through))
        ),
    }
    return [
        {
            "title": say(f"claims_{cause}"),
            "text": say(f"claims_{cause}_text"),
            "evidence": evidence[cause],
        }
        for cause in CAUSES
    ]


def small_print(view: View) -> SmallPrint:
    window = view.facts.channel_window
    return view.small_print(
        "claims", "both", window, window.end if window else None, is_money=False
    )


def _each(view: View, claims: Claims, word: Any) -> list[str]:
    return [f"{_name(view, one)}: {word(one)}" for one in claims.platforms]


def _name(view: View, one: Platform) -> str:
    return one.name_zh if view.say.language == "zh" else one.name


def _count(value: Decimal) -> str:
    return decimal(value, 0 if value == int(value) else 1)


def _times(ratio: Decimal | None) -> str:
    return "–" if ratio is None else f"{decimal(ratio, 2)} ×"


def _share(part: Decimal, one: Platform) -> str:
    return percent(ratio_of(part, one.claims) or Decimal(0))
