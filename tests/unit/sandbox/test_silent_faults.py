"""Faults only the gates can notice: each changes what it says and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.http_client import (
    ACCOUNTS,
    DAY,
    GOOGLE,
    META,
    TIKTOK,
    Client,
    Row,
    meta_day,
    report,
)
from tests.unit.sandbox.pipeline import read_drop


def day_rows(
    client: Client, platform: str, level: str = "ad", since: date = date(2026, 3, 9)
) -> dict[str, list[Row]]:
    rows = report(client, platform, ACCOUNTS[platform][0], level, since, date(2026, 3, 11))
    return {
        day: [row for row in rows if row[0] == day] for day in ("2026-03-09", DAY, "2026-03-11")
    }


def spent(rows: list[Row]) -> Decimal:
    return sum((row[2] for row in rows), Decimal(0))


@pytest.mark.parametrize("platform", [META, GOOGLE, TIKTOK])
def test_silent_damage_changes_the_named_day_and_no_other(client: Client, platform: str) -> None:
    clean = day_rows(client, platform)
    match = {"platform": platform, "account": ACCOUNTS[platform][0], "day": DAY}

    def damaged(kind: str, level: str = "ad", **more: Any) -> dict[str, list[Row]]:
        client.rules({"match": match, "kind": kind, **more})
        rows = day_rows(client, platform, level)
        if level == "ad":
            assert (
                rows["2026-03-09"] == clean["2026-03-09"]
                and rows["2026-03-11"] == clean["2026-03-11"]
            )
        return rows

    assert sorted(damaged("day_doubled")[DAY]) == sorted(clean[DAY] * 2)
    missing = damaged("page_missing")[DAY]
    assert 0 < len(missing) < len(clean[DAY]) and set(missing) < set(clean[DAY])
    assert damaged("account_silent")[DAY] == []
    assert spent(damaged("money_100x")[DAY]) == 100 * spent(clean[DAY])
    shifted = damaged("zone_shift")[DAY]
    assert [(row[1], row[2]) for row in shifted] == [
        (row[1], row[2]) for row in clean["2026-03-09"]
    ]
    client.control("DELETE", "faults")
    campaigns = day_rows(client, platform, "campaign")
    more = spent(damaged("spend_by_grain")[DAY])
    assert (
        more > spent(campaigns[DAY]) * Decimal("1.01")
        and day_rows(client, platform, "campaign") == campaigns
    )


def test_a_changed_currency_shows_on_the_account_and_its_rows(client: Client) -> None:
    client.rules({"match": {"account": "1002"}, "kind": "currency_changed", "currency": "GBP"})
    _, _, body = client.call(
        "GET",
        "/graph/v26.0/act_1002?fields=currency",
        {"Authorization": "Bearer sandbox-meta-token"},
    )
    assert json.loads(body)["currency"] == "GBP"
    assert {
        row["account_currency"]
        for row in json.loads(client.meta("1002", "campaign", DAY, DAY)[2])["data"]
    } == {"GBP"}
    assert {row["account_currency"] for row in json.loads(meta_day(client)[2])["data"]} == {"USD"}


def busy_day(client: Client) -> str:
    """A day of March on which the small shop sold at least twice."""
    sold = Counter(
        order["ordered_at"][:10]
        for order in read_drop(Path(client.control("GET", "world")["drop"]))[0]
    )
    return next(day for day in sorted(sold) if day >= "2026-03-05" and sold[day] >= 2)


def test_an_empty_night_empties_every_platform_and_the_files(client: Client) -> None:
    day = busy_day(client)
    drop = Path(client.control("GET", "world")["drop"]) / day
    before = (drop / "orders.csv").read_text()
    client.rules({"match": {"day": [day, DAY]}, "kind": "empty_night"})
    for platform in ACCOUNTS:
        assert day_rows(client, platform)[DAY] == []
    assert client.export("20260310T00", "20260310T23")[0] == 404
    assert len((drop / "orders.csv").read_text().splitlines()) == 1 < len(before.splitlines())
    client.control("DELETE", "faults")
    assert (drop / "orders.csv").read_text() == before


def test_a_missing_rate_is_missing_for_the_day_or_as_a_column(client: Client) -> None:
    client.rules({"match": {"day": DAY}, "kind": "missing_rate", "currency": "USD"})
    header, *rows = client.rates()
    column = header.index("USD")
    assert {row[0] for row in rows if row[column] == "N/A"} == {DAY}
    client.rules({"match": {}, "kind": "missing_rate", "currency": "USD"})
    assert "USD" not in client.rates()[0]


def test_order_faults_rewrite_the_files_of_their_day(client: Client) -> None:
    drop = Path(client.control("GET", "world")["drop"])
    clean, _, _ = read_drop(drop)
    day = busy_day(client)
    client.rules({"match": {"day": day}, "kind": "order_doubled"})
    twice = [
        order
        for order, n in Counter(order["order_id"] for order in read_drop(drop)[0]).items()
        if n == 2
    ]
    assert len(twice) == 1
    client.rules({"match": {"day": day}, "kind": "order_unknown_currency"})
    assert [order["currency"] for order in read_drop(drop)[0]].count("XTS") == 1
    client.control("DELETE", "faults")
    assert read_drop(drop)[0] == clean


def test_a_doubled_upload_day_holds_each_event_twice(client: Client) -> None:
    clean = client.events("20260310T00", "20260310T23")
    client.rules({"match": {"platform": "amplitude", "day": DAY}, "kind": "day_doubled"})
    assert len(client.events("20260310T00", "20260310T23")) == 2 * len(clean)
