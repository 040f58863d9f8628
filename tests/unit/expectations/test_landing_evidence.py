"""The gate finds spend, clicks, campaign and day in every platform's records by their names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from desilo.sources import REGISTRY
from expectations.landing_evidence import evidence

DAY = "2026-03-01"
RECORDS = {
    "meta_ads": '{"date_start":"2026-03-01","campaign_id":"c","spend":"7.5","clicks":"3"}',
    "google_ads": '{"segments":{"date":"2026-03-01"},"campaign":{"id":"c"},'
    '"metrics":{"costMicros":"7500000","clicks":"3"}}',
    "tiktok_ads": '{"dimensions":{"stat_time_day":"2026-03-01 00:00:00"},'
    '"metrics":{"campaign_id":"c","spend":"7.50","clicks":"3"}}',
    "ocean_engine": '{"dimensions":{"stat_time_day":"2026-03-01","cdp_project_id":"c"},'
    '"metrics":{"stat_cost":"7.50","click_cnt":"3"}}',
}


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_a_report_row_is_read_whatever_the_platform_calls_its_fields(kind: str) -> None:
    stream = REGISTRY[kind].stream("ad_daily")
    described = {
        "kind": kind, "stream": stream.name, "key": stream.key, "required": stream.required,
        "money": stream.money,
    }  # fmt: skip
    table = f"raw.{kind}__ad_daily"
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema raw")
        connection.execute(
            f"create table {table} as select 's' as source, 'a' as account_id, "
            f"date '{DAY}' as day, 'L' as load_id, ? as record",
            [RECORDS[kind]],
        )
        sql = evidence([described], {table: {}}, DAY)["report_rows"]
        rows = connection.execute(sql).fetchall()
    day = date(2026, 3, 1)
    assert rows == [(kind, "ad_daily", "a", day, day, "c", Decimal("7.5"), 3)]


def test_every_ad_platform_is_known_to_this_test() -> None:
    platforms = {kind for kind, source in REGISTRY.items() if kind.endswith("_ads")}
    assert platforms | {"ocean_engine"} == set(RECORDS)
