"""Last non-direct touch: one order, one arrival."""

from __future__ import annotations

from datetime import date, datetime

from tests.oracle.project import Project, Table

CONVERSIONS = {
    "conversion_id": "varchar", "conversion_kind": "varchar", "person_id": "varchar",
    "order_id": "varchar", "conversion_at": "timestamp", "conversion_date": "date",
    "revenue": "decimal(18, 6)", "contribution_margin": "decimal(18, 6)",
}  # fmt: skip
ARRIVALS = {
    "touch_id": "varchar", "person_id": "varchar", "touched_at": "timestamp", "touch_date": "date",
    "channel_id": "varchar", "platform": "varchar", "campaign_id": "varchar",
    "arrival_no": "bigint",
}  # fmt: skip


def test_an_arrival_before_the_order_is_credited(project: Project) -> None:
    order = {
        "conversion_id": "o1", "conversion_kind": "first_order", "person_id": "p",
        "conversion_at": datetime(2026, 3, 1, 12), "conversion_date": date(2026, 3, 1),
        "revenue": 10, "contribution_margin": 4,
    }  # fmt: skip
    arrival = {
        "touch_id": "t1", "person_id": "p", "touched_at": datetime(2026, 3, 1, 11),
        "touch_date": date(2026, 3, 1), "channel_id": "email", "arrival_no": 1,
    }  # fmt: skip
    given = {
        "int_conversions": Table(CONVERSIONS, [order]),
        "int_touch_arrivals": Table(ARRIVALS, [arrival]),
    }
    (credited,) = project.run("int_conversions_credited", given)["int_conversions_credited"]
    assert (credited["touch_id"], credited["channel_id"], credited["credit"]) == ("t1", "email", 1)
