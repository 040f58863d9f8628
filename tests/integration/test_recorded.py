"""Real input through the same DAGs, and what is known to be true of it."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.nights import ROOT, World

FIXTURES = Path(os.environ.get("DESILO_FIXTURES") or ROOT.parent / "shared" / "fixtures")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> World:
    if not (FIXTURES / "cdnow" / "CDNOW_master.txt").exists():
        pytest.skip(f"the recorded inputs are not in {FIXTURES}; set DESILO_FIXTURES")
    world = World(tmp_path_factory.mktemp("recorded"), {"DESILO_WORLD": "recorded"})
    world.night("--world", "recorded", "--fixtures", str(FIXTURES))
    return world


def test_every_purchase_is_an_order_and_the_sum_is_right_to_the_cent(night: World) -> None:
    assert night.rows(
        "select count(distinct order_id), sum(gross), sum(net_revenue), "
        "count(distinct order_id) filter (where gross = 0) from fct_orders"
    ) == [(69_659, Decimal("2500315.63"), Decimal("2500315.63"), 80)]


def test_there_are_as_many_people_as_customers(night: World) -> None:
    assert night.rows("select count(*), count(first_order_id) from dim_person") == [
        (23_570, 23_570)
    ]


def test_cohorts_have_their_known_sizes(night: World) -> None:
    assert night.rows(
        "select distinct cohort_month, customers from fct_ltv_cac "
        "where channel_id = '(all)' order by 1"
    ) == [(date(1997, 1, 1), 7_846), (date(1997, 2, 1), 8_476), (date(1997, 3, 1), 7_248)]


def test_recorded_spend_is_the_sum_of_the_recorded_ad_rows(night: World) -> None:
    assert night.rows("select sum(spend_native), sum(spend) from fct_ad_spend") == [
        (Decimal("60"), Decimal("60"))
    ]


def test_nobody_appears_before_their_first_order(night: World) -> None:
    assert night.rows(
        "select count(*) from dim_person where first_seen_at < first_order_at "
        "or first_seen_date < first_order_date"
    ) == [(0,)]


def test_cumulative_value_never_falls_without_refunds(night: World) -> None:
    assert night.rows(
        """
        select count(*) from (
            select cumulative_margin, lag(cumulative_margin) over (
                partition by cohort_month, channel_id, model order by age_days
            ) as before
            from fct_ltv_cac
        ) where cumulative_margin < before
        """
    ) == [(0,)]


def test_ages_past_the_last_recorded_day_are_immature(night: World) -> None:
    wrong = night.rows(
        """
        with youngest as (
            select date_trunc('month', first_order_date)::date as cohort_month,
                max(first_order_date) as day
            from dim_person group by 1
        )
        select cohort_month, age_days from fct_ltv_cac join youngest using (cohort_month)
        where channel_id = '(all)'
            and is_mature <> (day + age_days::integer <= date '1998-06-30')
            or (not is_mature and ltv_margin is not null)
        """
    )
    assert wrong == []


def test_the_recorded_export_lands_every_event_and_none_becomes_a_person(night: World) -> None:
    assert night.rows("select rows_last_night from meta_sources where kind = 'amplitude'") == [(4,)]
    # What is known of these people are their orders: touchpoints 22 and 26.
    assert night.rows("select distinct touchpoint_no from fct_touchpoints order by 1") == [
        (22,),
        (26,),
    ]
