"""Cost rows as people type them, corrections, and the rules that put people into segments."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.oracle.project import Project, Table

RAW = {
    "source": "varchar", "account_id": "varchar", "day": "date", "load_id": "varchar",
    "fetched_at": "timestamp", "seq": "bigint", "record": "varchar",
}  # fmt: skip
GOOD = {
    "cost_id": "C-1", "date": "2026-03-01", "cost_type": "tools", "amount": "12.50",
    "currency": "eur", "channel_id": "email", "entered_by": "ana",
}  # fmt: skip
PERIOD = {"date": None, "period_from": "2026-03-01", "period_to": "2026-03-31"}


def delivered(*records: dict[str, Any] | str, day: date = date(2026, 3, 2)) -> list[dict[str, Any]]:
    return [
        {
            "source": "cost_files", "account_id": "books", "day": day, "load_id": f"L{day}",
            "fetched_at": datetime(2026, 4, 1), "seq": seq,
            "record": record if isinstance(record, str) else json.dumps(record),
        }
        for seq, record in enumerate(records)
    ]  # fmt: skip


def reasons(project: Project, rows: list[dict[str, Any]]) -> list[str | None]:
    base = "base_cost_files__costs"
    found = project.run(base, {"cost_files__costs": Table(RAW, rows)})[base]
    return [row["reject_reason"] for row in sorted(found, key=lambda row: row["seq"])]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        (PERIOD, None),
        ({"amount": "-3.10"}, None),
        ({"channel_id": ""}, None),
        ({"cost_id": " "}, "missing cost_id"),
        ({"date": "soon"}, "neither a date nor a whole period"),
        ({**PERIOD, "period_to": None}, "neither a date nor a whole period"),
        ({**PERIOD, "date": "2026-03-01"}, "both a date and a period"),
        ({**PERIOD, "period_to": "2026-02-01"}, "period ends before it begins"),
        ({**PERIOD, "period_to": "2036-02-01"}, "period is longer than 731 days"),
        ({"cost_type": None}, "missing cost_type"),
        ({"cost_type": "rent"}, "unknown cost_type"),
        ({"channel_id": "radio"}, "unknown channel_id"),
        ({"amount": "1.200,00"}, "missing amount"),
        ({"currency": None}, "missing currency"),
        ({"currency": "EURO"}, "currency is not a code of three letters"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(
    project: Project, change: dict[str, Any], reason: str | None
) -> None:
    assert reasons(project, delivered({**GOOD, **change})) == [reason]


def test_a_row_that_was_not_read_and_one_that_is_there_twice_are_kept_apart(
    project: Project,
) -> None:
    rows = delivered(GOOD, GOOD, {"unparsable": "C-1,2026"}, "not json")
    assert reasons(project, rows) == [
        None, "duplicate key in load", "missing cost_id", "not a JSON document",
    ]  # fmt: skip


def test_the_entry_delivered_last_counts(project: Project) -> None:
    rows = [
        *delivered({**GOOD, "amount": "90"}, {**GOOD, "cost_id": "C-2"}, day=date(2026, 3, 2)),
        *delivered({**GOOD, "amount": "80"}, day=date(2026, 3, 9)),
    ]
    found = project.run("int_cost_entries", {"cost_files__costs": Table(RAW, rows)})
    assert {row["cost_id"]: row["amount_native"] for row in found["int_cost_entries"]} == {
        "C-1": Decimal(80),
        "C-2": Decimal("12.5"),
    }


PEOPLE = {
    "person_id": "varchar", "acquisition_channel_id": "varchar", "orders": "bigint",
    "net_revenue": "decimal(18, 6)", "contribution_margin": "decimal(18, 6)",
    "first_order_date": "date",
}  # fmt: skip


def segment_of(
    project: Project, orders: list[date], touchpoints: tuple[int, ...] = ()
) -> dict[str, Any]:
    person = {
        "person_id": "p", "acquisition_channel_id": "email", "orders": len(orders),
        "net_revenue": 0, "contribution_margin": 0, "first_order_date": min(orders, default=None),
    }  # fmt: skip
    given = {
        "dim_person": Table(PEOPLE, [person]),
        "int_conversions": Table(
            {"person_id": "varchar", "conversion_kind": "varchar", "conversion_date": "date"},
            [
                *(
                    {"person_id": "p", "conversion_kind": "repeat_order", "conversion_date": day}
                    for day in orders
                ),
                {"person_id": "p", "conversion_kind": "lead", "conversion_date": date(2026, 3, 30)},
            ],
        ),
        "fct_touchpoints": Table(
            {"person_id": "varchar", "touch_id": "varchar", "touched_at": "timestamp",
             "touch_date": "date", "touchpoint_no": "bigint", "touchpoint_key": "varchar",
             "channel_id": "varchar", "platform": "varchar", "campaign_id": "varchar"},
            [{"person_id": "p", "touch_id": f"t{n}", "touched_at": datetime(2026, 3, 1, n),
              "touch_date": date(2026, 3, 1), "touchpoint_no": number,
              "channel_id": "direct" if number == 9 else None}
             for n, number in enumerate(touchpoints)],
        ),
        "int_ltv_predicted_people": Table(
            {"fit_kind": "varchar", "person_id": "varchar", "horizon_days": "bigint",
             "alive_probability": "decimal(10, 9)", "margin": "decimal(18, 6)"},
            [{"fit_kind": kind, "person_id": "p", "horizon_days": days,
              "alive_probability": Decimal("0.5"), "margin": days}
             for kind, days in (("final", 90), ("final", 365), ("holdout", 28))],
        ),
    }  # fmt: skip
    (found,) = project.run("dim_person_segment", given)["dim_person_segment"]
    return found


@pytest.mark.parametrize(
    ("orders", "touchpoints", "segment"),
    [
        ([date(2026, 3, 1)], (), "new"),
        ([date(2026, 2, 28)], (), "active"),
        ([date(2025, 9, 1), date(2025, 12, 1), date(2026, 2, 14)], (), "loyal"),
        ([date(2026, 2, 13)], (), "at_risk"),
        ([date(2025, 12, 31)], (), "at_risk"),
        ([date(2025, 12, 30)], (), "lapsed"),
        ([], (13, 16, 9), "registered"),
        ([], (9, 13), "lead"),
        ([], (9,), "visitor"),
        ([], (), "visitor"),
    ],
)
def test_the_first_rule_that_holds_decides(
    project: Project, orders: list[date], touchpoints: tuple[int, ...], segment: str
) -> None:
    assert segment_of(project, orders, touchpoints)["segment_key"] == segment


def test_a_segment_row_counts_touches_and_carries_the_longest_prediction(project: Project) -> None:
    found = segment_of(project, [date(2026, 2, 1)], (9, 9, 18))
    assert [found["touchpoint_09"], found["touchpoint_18"], found["touchpoint_28"]] == [2, 1, 0]
    assert (found["touches"], found["days_since_touch"], found["days_since_order"]) == (3, 30, 58)
    assert (found["first_channel_id"], found["last_channel_id"]) == ("email", "direct")
    assert (found["predicted_horizon_days"], found["predicted_margin"]) == (365, 365)
