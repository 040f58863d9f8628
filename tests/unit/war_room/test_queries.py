"""What the page knows, against databases small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from desilo.war_room.facts import Window, cac_days, headline
from desilo.war_room.queries import read
from tests.unit.war_room.sample_marts import build


def test_window_of_a_week_has_seven_days_and_the_one_before_touches_it() -> None:
    week = Window.ending(date(2026, 3, 1), 7)
    assert (week.start, len(week.days)) == (date(2026, 2, 23), 7)
    assert week.before() == Window(date(2026, 2, 16), date(2026, 2, 22))


def test_spend_is_the_sum_of_the_last_28_days(worlds: dict[str, Path]) -> None:
    database = worlds["busy"] / "marts.duckdb"
    facts = read(database)
    with duckdb.connect(str(database), read_only=True) as connection:
        expected = connection.execute(
            "select sum(spend) from fct_ad_spend where date_day > date '2026-03-31' - 28"
        ).fetchone()
    assert facts.spend is not None and expected is not None
    assert facts.spend.value == expected[0]
    assert facts.spend.window == Window(date(2026, 3, 4), date(2026, 3, 31))


def test_currency_comes_from_rows_at_par_when_the_manifest_is_silent(
    worlds: dict[str, Path],
) -> None:
    assert read(worlds["busy"] / "marts.duckdb").base_currency == "EUR"
    assert read(worlds["empty"] / "marts.duckdb").base_currency is None


def test_a_late_account_makes_its_missing_days_incomplete_not_small(
    worlds: dict[str, Path],
) -> None:
    days = {day.day: day.state for day in read(worlds["busy"] / "marts.duckdb").spend_days}
    assert days[date(2026, 3, 31)] == "incomplete"
    assert days[date(2026, 3, 30)] == "provisional"
    assert days[date(2026, 3, 1)] == "final"


def test_days_before_the_first_delivery_are_unknown_and_a_delivered_quiet_day_is_zero(
    worlds: dict[str, Path],
) -> None:
    days = {day.day: day.value for day in read(worlds["history"] / "marts.duckdb").spend_days}
    assert days[date(2023, 7, 19)] is None
    assert days[date(2023, 7, 20)] == Decimal("41.5")
    assert days[date(2023, 7, 31)] == 0


def test_spend_and_orders_that_never_meet_give_no_shared_spend(worlds: dict[str, Path]) -> None:
    facts = read(worlds["history"] / "marts.duckdb")
    assert facts.shared_spend is not None and facts.shared_spend.value is None
    assert facts.shared_customers is not None and facts.shared_customers.value == 0
    assert cac_days(facts) == ()


def test_nothing_delivered_is_none_everywhere(worlds: dict[str, Path]) -> None:
    facts = read(worlds["empty"] / "marts.duckdb")
    assert (facts.spend, facts.new_customers, facts.headline) == (None, None, None)
    assert facts.spend_days == () and facts.channels == () and facts.funnel == ()


def test_a_delivery_without_orders_is_zero_new_customers(tmp_path: Path) -> None:
    database = build(tmp_path / "marts.duckdb", "empty")
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into meta_sources (kind, source, account_id, is_enabled, data_through_date,"
            " status) values ('order_files', 'order_files', 'shop-1', true, '2026-01-01', 'ok')"
        )
    facts = read(database)
    assert facts.new_customers is not None and facts.new_customers.value == 0


def test_a_switched_off_account_does_not_hold_the_page_back(tmp_path: Path) -> None:
    database = build(tmp_path / "marts.duckdb", "history")
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into meta_sources (kind, source, account_id, platform, is_enabled,"
            " data_through_date, status) values"
            " ('meta_ads', 'meta_ads', '9', 'meta_ads', false, '2020-01-01', 'disabled')"
        )
    assert read(database).coverage.spend_complete_through == date(2023, 8, 1)


def test_headline_is_the_youngest_cohort_with_a_month_behind_it(worlds: dict[str, Path]) -> None:
    facts = read(worlds["busy"] / "marts.duckdb")
    assert facts.headline is not None
    assert (facts.headline.cohort_month, facts.headline.age_days) == (date(2026, 2, 1), 30)
    young = [cell for cell in facts.cohorts if cell.age_days < 30]
    assert headline(young) is None
    channel = [replace(cell, channel_id="direct") for cell in facts.cohorts]
    assert headline(channel) is None


def test_channel_cac_is_a_ratio_of_sums(worlds: dict[str, Path]) -> None:
    facts = read(worlds["busy"] / "marts.duckdb")
    meta = next(one for one in facts.channels if one.channel_id == "paid_social_meta")
    assert meta.spend and meta.new_customers
    assert meta.cac == meta.spend / meta.new_customers
    direct = next(one for one in facts.channels if one.channel_id == "direct")
    assert direct.spend == 0 and direct.roas is None


def test_trailing_cac_has_no_value_over_an_unknown_day(worlds: dict[str, Path]) -> None:
    facts = read(worlds["busy"] / "marts.duckdb")
    hole = replace(facts.spend_days[40], value=None, state="missing")
    holed = replace(facts, spend_days=(*facts.spend_days[:40], hole, *facts.spend_days[41:]))
    assert sum(day.value is None for day in cac_days(holed)) == 7
    assert all(day.value is not None for day in cac_days(facts))


def test_a_missing_mart_is_an_error_not_a_blank(tmp_path: Path) -> None:
    database = build(tmp_path / "marts.duckdb", "empty")
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table fct_ltv_cac")
    with pytest.raises(duckdb.Error, match="fct_ltv_cac"):
        read(database)
