"""What is served ties to the truth ledger, at several moments."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.world import World
from tests.unit.sandbox.http_client import (
    ACCOUNTS,
    FIRST,
    NIGHTS,
    Client,
    report,
    truth,
)
from tests.unit.sandbox.pipeline import channel_of, new_customers, read_drop


@pytest.mark.parametrize("now", NIGHTS)
def test_spend_of_every_account_day_and_entity_equals_the_ledger_at_its_age(
    world: World, serve: Callable[[str], Client], tmp_path: Path, now: str
) -> None:
    client, last = serve(now), datetime.fromisoformat(now).date() - timedelta(days=1)
    ledger = [
        row for row in truth(world, now, tmp_path / "truth", "spend") if row["date_day"] <= last
    ]
    for platform, accounts in ACCOUNTS.items():
        for account in accounts:
            mine = [row for row in ledger if row["account_id"] == account]
            ads = sorted(
                (str(r["date_day"]), r["ad_id"], r["spend_native"]) for r in mine if r["ad_id"]
            )
            assert sorted(report(client, platform, account, "ad", FIRST, last)) == ads
            campaigns: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
            for row in mine:
                campaigns[str(row["date_day"]), row["campaign_id"]] += row["spend_native"]
            served = report(client, platform, account, "campaign", FIRST, last)
            assert {(day, entity): spend for day, entity, spend in served} == campaigns
            assert len(served) == len(campaigns)


@pytest.mark.parametrize("now", NIGHTS)
def test_an_independent_join_of_files_and_events_finds_the_ledgers_new_customers(
    world: World, serve: Callable[[str], Client], tmp_path: Path, now: str
) -> None:
    client = serve(now)
    last = datetime.fromisoformat(now).date() - timedelta(days=1)
    orders, lines, refunds = read_drop(Path(client.control("GET", "world")["drop"]))
    events = client.events("20260101T00", f"{last:%Y%m%d}T23")
    expected = {
        (str(row["date_day"]), row["channel_id"]): row["new_customers"]
        for row in truth(world, now, tmp_path / "truth", "new_customers")
    }
    assert sum(expected.values()) > 15
    assert new_customers(orders, lines, refunds, events) == expected


def test_orders_lines_and_refunds_of_the_drop_equal_the_ledger(
    world: World, client: Client, tmp_path: Path
) -> None:
    orders, lines, refunds = read_drop(Path(client.control("GET", "world")["drop"]))
    ledger = {
        row["order_id"]: row for row in truth(world, NIGHTS[-1], tmp_path / "truth", "orders")
    }
    assert {order["order_id"] for order in orders} == set(ledger) and len(orders) == len(ledger)
    gross: dict[str, Decimal] = defaultdict(Decimal)
    refunded: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        gross[line["order_id"]] += Decimal(line["unit_price"]) * line["quantity"]
    for refund in refunds:
        refunded[refund["order_id"]] += Decimal(refund["amount"])
    for order_id, row in ledger.items():
        assert (gross[order_id], refunded[order_id]) == (row["gross"], row["refund"])
    assert {order["status"] for order in orders} == {"paid", "cancelled"}
    assert {order["currency"] for order in orders} == {"EUR", "USD", "CNY"}


def test_every_touch_of_the_ledger_was_exported_under_its_uuid(
    world: World, client: Client, tmp_path: Path
) -> None:
    exported = {event["uuid"]: event for event in client.events("20260101T00", "20260331T23")}
    touches = truth(world, NIGHTS[-1], tmp_path / "truth", "touches")
    assert len(touches) > 500
    for touch in touches:
        event = exported[touch["uuid"]]
        assert channel_of(event["event_properties"]) == touch["channel_id"]
        assert datetime.fromisoformat(event["event_time"]) == touch["touched_at"]
        paid = touch["channel_id"].startswith("paid_")
        assert (event["event_properties"].get("utm_campaign") if paid else None) == touch[
            "campaign_id"
        ]


def test_the_rates_file_holds_what_the_ledger_holds_newest_first(
    world: World, client: Client, tmp_path: Path
) -> None:
    header, *rows = client.rates()
    assert header[:3] == ["Date", "USD", "JPY"] and header[-1] == ""
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    served = {
        (row[0], currency): Decimal(text)
        for row in rows
        for currency, text in zip(header[1:-1], row[1:-1], strict=True)
        if text != "N/A"
    }
    ledger = truth(world, NIGHTS[-1], tmp_path / "truth", "fx")
    assert served == {(str(row["date_day"]), row["currency"]): row["rate"] for row in ledger}
    assert all(date.fromisoformat(row[0]).weekday() < 5 for row in rows)


def test_contacts_in_the_ledger_are_hashes_of_the_normalised_ones(
    world: World, tmp_path: Path
) -> None:
    people = truth(world, NIGHTS[-1], tmp_path / "truth", "people")
    assert {row["identifier_type"] for row in people} == {
        "device_id",
        "user_id",
        "customer_id",
        "email",
        "phone",
    }
    emails = {
        row["identifier_value"]: row["true_person_id"]
        for row in people
        if row["identifier_type"] == "email"
    }
    orders = truth(world, NIGHTS[-1], tmp_path / "truth", "orders")
    person = int(orders[0]["true_person_id"].removeprefix("person-"))
    known = {
        hashlib.sha256(world.texts.email(person, second).encode()).hexdigest()
        for second in (False, True)
    }
    assert {emails[value] for value in known & set(emails)} == {orders[0]["true_person_id"]}
