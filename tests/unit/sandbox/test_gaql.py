"""The query language: what it reads and what it refuses."""

from __future__ import annotations

import pytest

from sandbox.clock import day_of
from sandbox.platforms.gaql import QueryError, parse

TODAY = day_of("2026-03-10")


@pytest.mark.parametrize(
    ("where", "since", "until"),
    [
        ("", None, None),
        ("WHERE segments.date BETWEEN '2026-02-01' AND '2026-02-09'", "2026-02-01", "2026-02-09"),
        ("WHERE segments.date >= '2026-02-01' AND segments.date < '2026-02-09'",
         "2026-02-01", "2026-02-08"),
        ("where segments.date = '2026-02-01'", "2026-02-01", "2026-02-01"),
        ("WHERE segments.date DURING LAST_7_DAYS", "2026-03-03", "2026-03-09"),
    ],
)  # fmt: skip
def test_days_are_read_from_any_way_to_say_them(
    where: str, since: str | None, until: str | None
) -> None:
    query = parse(f"SELECT campaign.id, metrics.clicks FROM campaign {where}", TODAY)
    assert (query.since, query.until) == (since and day_of(since), until and day_of(until))


def test_the_and_of_a_between_does_not_part_conditions() -> None:
    query = parse(
        "SELECT campaign.id\nFROM campaign\nWHERE campaign.status IN ('ENABLED', 'PAUSED')"
        " AND segments.date BETWEEN '2026-02-01' AND '2026-02-09' AND metrics.clicks > 3"
        " ORDER BY metrics.clicks DESC LIMIT 5",
        TODAY,
    )
    assert [(c.name, c.operator) for c in query.conditions] == [
        ("campaign.status", "IN"),
        ("metrics.clicks", ">"),
    ]
    assert query.conditions[0].holds("PAUSED") and not query.conditions[0].holds("REMOVED")
    assert query.conditions[1].holds("4") and not query.conditions[1].holds("3")
    assert (query.order, query.limit) == ((("metrics.clicks", True),), 5)


@pytest.mark.parametrize(
    "text",
    ["", "SELECT campaign.id",
     "SELECT campaign.id FROM campaign WHERE segments.date BETWEEN 'a' AND 'b'",
     "SELECT campaign.id FROM campaign WHERE segments.date != '2026-01-01'"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text, TODAY)
