"""What is dropped once the company day is over: the shop's four order files, and a cost file.

`orders.csv`, `order_lines.parquet`, `refunds.ndjson`, `coupons.csv` in `<drop>/<day>/`, and
`costs.csv` where somebody entered a cost on the day. Money is decimal text in major units; a line's
discount is that of the whole line.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from sandbox.clock import COMPANY_ZONE, FIRST_DAY, closed_day, day_of, iso_day, utc_datetime
from sandbox.commerce import COUPONS, REASONS
from sandbox.costs import COST_COLUMNS
from sandbox.faults import Faults
from sandbox.hard import PLACEHOLDER_EMAIL
from sandbox.people import JUNK_IDS, MARKETS, mix
from sandbox.world import World

ORDER_COLUMNS = ("order_id", "customer_id", "user_id", "email", "phone", "ordered_at", "status",
                 "currency",
                 "coupon_code", "consent")  # fmt: skip
LINE_COLUMNS = (
    "order_id",
    "line_no",
    "product_id",
    "quantity",
    "unit_price",
    "discount",
    "unit_cost",
)


@dataclass(frozen=True)
class Parties:
    """Who an order says it is from, as written."""

    customer_id: str
    user_id: str | None
    email: str
    phone: str | None


def order_id(order: int) -> str:
    return f"SO-{100_000 + order}"


def refund_id(refund: int) -> str:
    return f"RF-{10_000 + refund}"


def customer_id(world: World, order: int) -> str:
    """The shop's customer record: one per app account, a new one for every guest checkout."""
    prefix = "C" if world.shop.user[order] >= 0 else "G"
    return f"{prefix}-{100_000 + int(world.shop.customer[order])}"


def order_email(world: World, order: int) -> str:
    """The normalised address on an order."""
    if world.contacts.is_placeholder[order]:
        return PLACEHOLDER_EMAIL
    shop = world.shop
    return world.texts.email(int(shop.person[order]), bool(shop.uses_second_email[order]))


def order_parties(world: World, order: int) -> Parties:
    """Ids and contacts on an order, in the spelling of the moment."""
    shop, texts = world.shop, world.texts
    person, user = int(shop.person[order]), int(shop.user[order])
    variant = mix(world.seed + 7, order)
    junk = int(shop.junk_user[order])
    user_id = JUNK_IDS[junk] if junk >= 0 else None
    if user >= 0:
        user_id = texts.user_id(user)
        user_id = (
            texts.written(user_id, variant >> 8) if world.people.user_is_email[user] else user_id
        )
    return Parties(
        customer_id=customer_id(world, order),
        user_id=user_id,
        email=texts.written(order_email(world, order), variant),
        phone=texts.written_phone(texts.phone(person), variant >> 16)
        if world.people.has_phone[person]
        else None,
    )


def money(cents: int) -> str:
    """Decimal text in major units."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def order_rows(world: World, day: int) -> list[dict[str, Any]]:
    """Records of `orders.csv` of a company day."""
    shop = world.shop
    rows = []
    for order in np.flatnonzero(shop.day == day).tolist():
        parties, coupon = order_parties(world, order), int(shop.coupon[order])
        rows.append(
            {
                "order_id": order_id(order),
                "customer_id": parties.customer_id,
                "user_id": parties.user_id or "",
                "email": parties.email,
                "phone": parties.phone or "",
                "ordered_at": _in_company_zone(int(shop.ordered_at[order])),
                "status": "cancelled" if shop.is_cancelled[order] else "paid",
                "currency": MARKETS[shop.market[order]],
                "coupon_code": COUPONS[coupon][0] if coupon >= 0 else "",
                "consent": "true" if world.people.has_consent[shop.person[order]] else "false",
            }
        )
    return rows


def line_rows(world: World, day: int) -> list[dict[str, Any]]:
    """Records of `order_lines.parquet` of a company day."""
    shop = world.shop
    return [
        {
            "order_id": order_id(int(shop.line_order[row])),
            "line_no": int(shop.line_no[row]),
            "product_id": f"P-{int(shop.product[row]):03d}",
            "quantity": int(shop.quantity[row]),
            "unit_price": money(int(shop.unit_price[row])),
            "discount": money(int(shop.line_discount[row])),
            "unit_cost": money(int(shop.unit_cost[row])),
        }
        for row in np.flatnonzero(shop.day[shop.line_order] == day).tolist()
    ]


def refund_rows(world: World, day: int) -> list[dict[str, Any]]:
    """Records of `refunds.ndjson` of a company day; most refund orders of days long past."""
    shop = world.shop
    return [
        {
            "refund_id": refund_id(row),
            "order_id": order_id(int(shop.refund_order[row])),
            "line_no": int(shop.refund_line[row]) or None,
            "amount": money(int(shop.refund_cents[row])),
            "currency": MARKETS[shop.market[shop.refund_order[row]]],
            "refunded_at": _in_company_zone(int(shop.refunded_at[row])),
            "reason": REASONS[shop.refund_reason[row]],
        }
        for row in np.flatnonzero(shop.refund_day == day).tolist()
    ]


def coupon_rows(day: int) -> list[dict[str, Any]]:
    """Records of `coupons.csv`: all coupons that have been announced by the day, a week ahead."""
    return [
        {
            "coupon_code": code,
            "name": name,
            "starts_on": starts,
            "ends_on": ends,
            "discount": f"0.{percent:02d}",
        }
        for code, name, starts, ends, percent in COUPONS
        if day_of(starts) <= day + 7
    ]


def cost_rows(world: World, day: int) -> list[dict[str, Any]]:
    """Records of `costs.csv`: what was entered on the day."""
    rows = []
    for entry in world.costs:
        if entry.entered != day:
            continue
        is_one_day = entry.first == entry.last
        rows.append(
            {
                "cost_id": entry.cost_id,
                "date": iso_day(entry.first) if is_one_day else "",
                "period_from": "" if is_one_day else iso_day(entry.first),
                "period_to": "" if is_one_day else iso_day(entry.last),
                "cost_type": entry.cost_type,
                "channel_id": entry.channel,
                "campaign": entry.campaign,
                "amount": money(entry.cents),
                "currency": entry.currency,
                "note": entry.note,
                "entered_by": entry.entered_by,
            }
        )
    return rows


def _in_company_zone(us: int) -> str:
    return utc_datetime(us).astimezone(ZoneInfo(COMPANY_ZONE)).isoformat(timespec="seconds")


class Drop:
    """Delivers days into the drop folder, each file whole or not at all.

    Args:
        folder: the drop folder; days become its sub-folders.
        faults: rules for `order_files` damage the files of the days they name.
    """

    def __init__(self, world: World, folder: Path, faults: Faults) -> None:
        self._world = world
        self._folder = folder
        self._faults = faults

    def deliver(self, now: int) -> list[str]:
        """Write the files of every closed day that has none yet; returns the days written."""
        days = [
            day
            for day in range(FIRST_DAY, closed_day(now) + 1)
            if not (self._folder / iso_day(day) / "coupons.csv").exists()
        ]
        for day in days:
            self._write(day)
        return [iso_day(day) for day in days]

    def deliver_again(self, now: int, days: set[int] | None) -> None:
        """Rewrite delivered days after the rules have changed; None means every delivered day."""
        last = closed_day(now)
        for day in range(FIRST_DAY, last + 1) if days is None else sorted(days):
            if FIRST_DAY <= day <= last:
                self._write(day)

    def _write(self, day: int) -> None:
        folder = self._folder / iso_day(day)
        folder.mkdir(parents=True, exist_ok=True)
        orders, lines = order_rows(self._world, day), line_rows(self._world, day)
        refunds = refund_rows(self._world, day)
        orders, lines, refunds, columns = self._faults.damage_orders(
            day, orders, lines, refunds, ORDER_COLUMNS
        )
        _replace(folder / "orders.csv", _csv(columns, orders))
        _replace(folder / "order_lines.parquet", _parquet(lines))
        _replace(folder / "refunds.ndjson", b"".join(orjson.dumps(row) + b"\n" for row in refunds))
        if costs := cost_rows(self._world, day):
            _replace(folder / "costs.csv", _csv(COST_COLUMNS, costs))
        # Written last: it tells that the day's files are all there.
        _replace(
            folder / "coupons.csv",
            _csv(("coupon_code", "name", "starts_on", "ends_on", "discount"), coupon_rows(day)),
        )


def _replace(path: Path, body: bytes) -> None:
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_bytes(body)
    os.replace(beside, path)


def _csv(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    # Loaded when the first day closes: a third of the server's start would be this import.
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"line_no": pa.int64(), "quantity": pa.int64()}
    columns = {
        name: pa.array([row[name] for row in rows], types.get(name, pa.string()))
        for name in LINE_COLUMNS
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue().to_pybytes()
