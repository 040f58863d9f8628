"""Why our numbers differ from the platforms': both sides as the release has them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from desilo.war_room import claims
from desilo.war_room.facts import Window
from tests.unit.war_room.marts_schema import SCHEMA, insert

WINDOW = Window(date(2026, 3, 1), date(2026, 3, 28))
DAY = date(2026, 3, 10)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Meta claims 7 by click and 3 by view; the ledger holds 8 orders, of which it is given 4."""
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(str(path)) as connection:
        for table, columns in SCHEMA.items():
            connection.execute(f"create table {table} ({columns})")
        insert(
            connection,
            "dim_channel",
            "channel_id channel_name channel_name_zh is_paid platform",
            [("paid_social_meta", "Meta paid social", "Meta", True, "meta_ads")],
        )
        insert(
            connection,
            "dim_account",
            "platform account_id currency timezone data_through_date status",
            [
                ("meta_ads", "1", "USD", "America/Los_Angeles", date(2026, 3, 27), "ok"),
                ("meta_ads", "2", "EUR", "Europe/Berlin", date(2026, 3, 28), "ok"),
                ("meta_ads", "3", "EUR", "Europe/Berlin", date(2026, 1, 1), "disabled"),
            ],
        )
        insert(
            connection,
            "fct_ad_spend",
            "platform account_id date_day currency spend platform_click_conversions"
            " platform_view_conversions is_provisional",
            [
                ("meta_ads", "1", DAY, "USD", 30, 5, 3, True),
                ("meta_ads", "2", DAY, "EUR", 70, 2, 0, False),
                ("meta_ads", "2", date(2026, 2, 1), "EUR", 999, 999, 999, False),
            ],
        )
        insert(
            connection,
            "fct_channel_performance",
            "platform model date_day orders",
            [
                ("meta_ads", "last_non_direct", DAY, 4),
                ("meta_ads", "first", DAY, 6),
                ("meta_ads", "linear", DAY, "3.5"),
                (None, "last_non_direct", DAY, 4),
            ],
        )
        insert(
            connection,
            "fct_spend_restatement",
            "platform date_day previous_load_id platform_conversions_delta",
            [("meta_ads", DAY, None, 5), ("meta_ads", DAY, "a", 2), ("meta_ads", DAY, "b", -1)],
        )
        insert(
            connection,
            "fct_orders",
            "shop_id order_id order_line_id is_valid order_date",
            [("s", str(n), f"{n}-{line}", True, DAY) for n in range(8) for line in (1, 2)]
            + [("s", "9", "9-1", False, DAY)],
        )
    return path


def test_claims_and_credit_stand_side_by_side_and_are_never_added(database: Path) -> None:
    found = claims.read(database, WINDOW, "EUR")
    assert found is not None
    (meta,) = found.platforms
    assert (meta.click_claims, meta.view_claims, meta.claims) == (7, 3, 10)
    assert (meta.ours, meta.fewest, meta.most) == (4, Decimal("3.5"), 6)
    assert (found.claimed, found.ledger_orders) == (10, 8)


def test_every_cause_has_its_evidence(database: Path) -> None:
    found = claims.read(database, WINDOW, "EUR")
    assert found is not None
    (meta,) = found.platforms
    assert meta.provisional_claims == 8
    assert meta.moved == 3, "the first report is no restatement"
    assert (meta.spend, meta.foreign_spend) == (100, 30)
    assert list(meta.zones) == ["America/Los_Angeles", "Europe/Berlin"]
    assert meta.data_through == date(2026, 3, 27), "a disabled account holds nobody up"


def test_without_a_shared_window_nothing_is_compared(database: Path) -> None:
    assert claims.read(database, None, "EUR") is None
