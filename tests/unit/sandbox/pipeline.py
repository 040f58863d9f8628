"""The plainest pipeline there is: people and credit from what was delivered, with perfect rules."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from sandbox.people import JUNK_IDS


def read_drop(
    drop: Path,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    orders: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    refunds: list[dict[str, Any]] = []
    for folder in sorted(drop.iterdir()):
        orders += csv.DictReader((folder / "orders.csv").read_text().splitlines())
        lines += pq.read_table(folder / "order_lines.parquet").to_pylist()
        refunds += [
            json.loads(line) for line in (folder / "refunds.ndjson").read_bytes().splitlines()
        ]
    return orders, lines, refunds


class Groups:
    """Union-find over identifier nodes."""

    def __init__(self) -> None:
        self._parent: dict[Any, Any] = {}

    def find(self, node: Any) -> Any:
        parent = self._parent.setdefault(node, node)
        if parent != node:
            parent = self._parent[node] = self.find(parent)
        return parent

    def join(self, nodes: list[Any]) -> None:
        for node in nodes[1:]:
            self._parent[self.find(node)] = self.find(nodes[0])


def nodes_of(user_id: str | None, email: str | None, phone: str | None) -> list[Any]:
    nodes: list[Any] = []
    if user_id and user_id.strip().lower() not in JUNK_IDS:
        nodes.append(("user", user_id.strip().lower()))
    if email:
        nodes.append(("email", email.strip().lower()))
    if phone:
        nodes.append(("phone", "+" + "".join(c for c in phone if c.isdigit())))
    return nodes


def channel_of(properties: dict[str, Any]) -> str:
    for click_id, channel in (
        ("gclid", "paid_search_google"),
        ("fbclid", "paid_social_meta"),
        ("ttclid", "paid_social_tiktok"),
    ):  # fmt: skip
        if properties.get(click_id):
            return channel
    if (properties.get("utm_source"), properties.get("utm_medium")) == ("newsletter", "email"):
        return "email"
    if properties.get("utm_medium") == "creator":
        return "organic_social"
    hosts = {
        "https://www.google.com/": "organic_search",
        "https://www.xiaohongshu.com/": "organic_social",
    }
    referrer = properties.get("referrer")
    return hosts.get(referrer, "referral") if referrer else "direct"


def new_customers(
    orders: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    refunds: list[dict[str, Any]],
    events: list[dict[str, Any]],
) -> dict[tuple[str, str], int]:
    """First valid orders by company day and channel, from nothing but what was delivered."""
    groups = Groups()
    users_of: dict[str, set[Any]] = defaultdict(set)
    for event in events:
        properties = event["user_properties"]
        nodes = nodes_of(event["user_id"], properties.get("email"), properties.get("phone"))
        groups.join(nodes)
        if event["device_id"] not in JUNK_IDS:
            users_of[event["device_id"]] |= {node for node in nodes if node[0] == "user"}
    for order in orders:
        groups.join(
            [
                ("customer", order["customer_id"]),
                *nodes_of(order["user_id"], order["email"], order["phone"]),
            ]
        )
    touches: dict[Any, dict[str, tuple[datetime, str, timedelta]]] = defaultdict(dict)
    for event in events:
        if event["event_type"] not in ("Landing Viewed", "App Opened First"):
            continue
        owners = nodes_of(event["user_id"], None, None) or list(users_of[event["device_id"]])
        people = {groups.find(node) for node in owners}
        if (
            len(people) == 1
        ):  # a device of several people says nothing about a moment nobody was signed in
            at = datetime.fromisoformat(event["event_time"]).replace(tzinfo=UTC)
            opens_app = event["event_type"] == "App Opened First"
            touches[people.pop()][event["$insert_id"]] = (
                at,
                channel_of(event["event_properties"]),
                timedelta(days=7 if opens_app else 30),
            )
    due: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        due[line["order_id"]] += Decimal(line["unit_price"]) * line["quantity"] - Decimal(
            line["discount"]
        )
    for refund in refunds:
        due[refund["order_id"]] -= Decimal(refund["amount"])
    first: dict[Any, datetime] = {}
    for order in orders:
        if order["status"] == "paid" and due[order["order_id"]] > 0:
            person, at = (
                groups.find(("customer", order["customer_id"])),
                datetime.fromisoformat(order["ordered_at"]),
            )
            first[person] = min(at, first.get(person, at))
    counts: Counter[tuple[str, str]] = Counter()
    for person, at in first.items():
        window = [t for t in touches[person].values() if at - t[2] <= t[0] < at]
        best = max((t for t in window if t[1] != "direct"), default=max(window, default=None))
        counts[
            str(at.astimezone(ZoneInfo("Europe/Berlin")).date()),
            best[1] if best else "(unattributed)",
        ] += 1
    return dict(counts)
