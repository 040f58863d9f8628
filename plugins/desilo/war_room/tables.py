"""From facts to the page's tables: channels, cohorts, freshness and gates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from desilo.war_room.facts import EVERYBODY, GROUPS, Channel, Check, CohortCell
from desilo.war_room.phrases import decimal, percent
from desilo.war_room.view import ALARM_FLOOR, SmallPrint, View


@dataclass(frozen=True)
class Cell:
    """One cell of the cohort grid. `tone` is high, middle, low, worth, immature or none."""

    tone: str
    text: str
    below: str = ""


# ---------------------------------------------------------------------- channels


def channels(view: View) -> list[dict[str, Any]]:
    """One row a channel and, last, their total."""
    known = view.facts.channels
    if not known:
        return []
    total = Channel(
        channel_id="total",
        name=view.say("total"),
        name_zh=view.say("total"),
        is_paid=True,
        spend=_total([channel.spend for channel in known]),
        new_customers=_total([channel.new_customers for channel in known]),
        revenue=_total([channel.revenue for channel in known]),
        claims=_total([channel.claims for channel in known]),
        is_provisional=any(channel.is_provisional for channel in known),
    )
    return [_channel_row(view, channel, total.spend) for channel in (*known, total)]


def channels_print(view: View) -> SmallPrint:
    through = view.facts.channel_window.end if view.facts.channel_window else None
    return view.small_print("channels", "marketing", view.facts.channel_window, through)


def _channel_row(view: View, channel: Channel, all_spend: Decimal | None) -> dict[str, Any]:
    say = view.say
    share = channel.spend / all_spend if channel.spend is not None and all_spend else None

    def amount(value: Decimal | None, places: int = 0) -> str:
        return say("missing") if value is None else view.money(value, places)

    def count(value: Decimal | None) -> str:
        return say("missing") if value is None else decimal(value, 0 if value == int(value) else 1)

    has_spend = bool(channel.spend)
    return {
        "id": channel.channel_id,
        "name": channel.name_zh if say.language == "zh" else channel.name,
        "is_provisional": channel.is_provisional and has_spend,
        "spend": amount(channel.spend) if has_spend or channel.is_paid else say("unpaid"),
        "share": 0 if share is None else int(share * 1000),
        "share_text": percent(share) if share else "–",
        "new_customers": count(channel.new_customers),
        "revenue": amount(channel.revenue),
        "cac": _cac(view, channel),
        "roas": decimal(channel.roas, 2) if channel.roas is not None else "–",
        "claims": decimal(channel.claims) if channel.claims is not None else "–",
    }


def _cac(view: View, channel: Channel) -> str:
    if channel.spend is None or channel.new_customers is None:
        return "–"
    if not channel.spend:
        return "–"
    if channel.cac is None:
        return view.say("no_customers")
    return view.money(channel.cac, 2)


def _total(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


# ---------------------------------------------------------------------- cohorts


def cohorts(view: View) -> list[dict[str, Any]]:
    """A grid for everybody, for paid and other channels, for each channel: ages by months."""
    cells = view.facts.cohorts
    first = (EVERYBODY, *GROUPS)
    ids = sorted(
        {cell.channel_id for cell in cells},
        key=lambda one: (first.index(one) if one in first else len(first), one),
    )
    return [_grid(view, [cell for cell in cells if cell.channel_id == one], one) for one in ids]


def cohorts_print(view: View) -> SmallPrint:
    through = max(
        (cell.observed_through for cell in view.facts.cohorts if cell.observed_through),
        default=None,
    )
    return SmallPrint(
        definition=view.say("cohorts_definition"),
        owner=view.say("owner_both"),
        window=view.say("window_all"),
        currency=view.currency or "–",
        through=view.day(through),
    )


def _grid(view: View, cells: list[CohortCell], channel_id: str) -> dict[str, Any]:
    together = {EVERYBODY: "everybody", "(paid)": "group_paid", "(organic)": "group_organic"}
    names = view.facts.channel_names.get(channel_id, (channel_id, channel_id))
    name = names[view.say.language == "zh"]
    # ages nobody has reached would be columns of "0 % seen"
    ages = sorted({cell.age_days for cell in cells if cell.is_mature or cell.observed_share})
    by_place = {(cell.cohort_month, cell.age_days): cell for cell in cells}
    rows = []
    for month in sorted({cell.cohort_month for cell in cells}, reverse=True):
        first = next(cell for cell in cells if cell.cohort_month == month)
        rows.append(
            {
                "month": view.say.month(month),
                "customers": decimal(first.customers),
                "cac": view.money(first.cac, 2) if first.cac else view.say("no_spend"),
                "payback": view.payback(first),
                "cells": [_cell(view, by_place.get((month, age))) for age in ages],
            }
        )
    return {
        "id": channel_id,
        "name": view.say(together[channel_id]) if channel_id in together else name,
        "ages": [view.say("age_days", age=age) for age in ages],
        "rows": rows,
    }


def _cell(view: View, cell: CohortCell | None) -> Cell:
    if cell is None:
        return Cell("none", "–")
    if not cell.is_mature:
        share = view.say("observed_share", share=percent(cell.observed_share or Decimal(0)))
        return Cell("immature", share)
    value = view.money(cell.ltv_margin) if cell.ltv_margin is not None else "–"
    if cell.ratio is None:
        return Cell("worth", value)
    tone = "high" if cell.ratio >= ALARM_FLOOR else "middle" if cell.ratio >= 1 else "low"
    return Cell(tone, decimal(cell.ratio, 2), value)


def tones_shown(grids: list[dict[str, Any]]) -> list[str]:
    """The tones a reader of the grids meets, for the key."""
    seen = {cell.tone for grid in grids for row in grid["rows"] for cell in row["cells"]}
    return [tone for tone in ("high", "middle", "low", "worth", "immature") if tone in seen]


# ---------------------------------------------------------------------- freshness and gates


def freshness(view: View) -> list[dict[str, Any]]:
    """One row an account, the ones in trouble first."""
    return [
        {
            "source": account.source,
            "account": account.account_id,
            "name": account.account_name or "",
            "through": view.day(account.data_through),
            "lag": "–" if account.lag_days is None else decimal(account.lag_days),
            "loaded": view.instant(account.last_loaded_at),
            "rows": "–" if account.rows_last_night is None else decimal(account.rows_last_night),
            "status": account.status,
            "status_text": view.say(f"status_{account.status}"),
        }
        for account in view.facts.accounts
    ]


def freshness_print(view: View) -> SmallPrint:
    through = max(
        (one.data_through for one in view.facts.accounts if one.data_through), default=None
    )
    return SmallPrint(
        definition=view.say("freshness_definition"),
        owner=view.say("owner_data"),
        window=view.say("window_night"),
        currency=view.say("no_currency"),
        through=view.day(through),
    )


def gates(view: View) -> dict[str, Any]:
    """How many checks passed, warned and failed, and every one that did not pass."""
    outcomes = Counter(check.outcome for check in view.facts.checks)
    warned, failed = outcomes["warned"], outcomes["failed"]
    if failed:
        tone, badge = "alarm", _counted(view, "gate_failed", failed)
    elif warned:
        tone, badge = "warn", _counted(view, "gate_warned", warned)
    elif view.facts.checks:
        tone, badge = "good", view.say("gate_clean")
    else:
        tone, badge = "absent", view.say("gate_unknown")
    return {
        "tone": tone,
        "badge": badge,
        "counts": [(outcome, outcomes[outcome]) for outcome in ("passed", "warned", "failed")],
        "open": [_open_check(view, check) for check in view.facts.checks if not check.is_success],
        "has_checks": bool(view.facts.checks),
    }


def gates_print(view: View) -> SmallPrint:
    return SmallPrint(
        definition=view.say("gates_definition"),
        owner=view.say("owner_data"),
        window=view.say("window_night"),
        currency=view.say("no_currency"),
        through=view.day(view.release_day),
    )


def _counted(view: View, key: str, count: int) -> str:
    return view.say(f"{key}_one") if count == 1 else view.say(key, count=count)


def _open_check(view: View, check: Check) -> dict[str, str]:
    return {
        "name": check.name,
        "gate": view.say(f"gate_{check.gate}"),
        "severity": check.severity,
        "severity_text": view.say(f"severity_{check.severity}"),
        "subject": check.subject or "–",
        "details": check.details or check.observed or "–",
        "do": view.say(f"do_{check.severity}"),
        "docs": f"data_docs/{check.gate}/index.html",
    }
