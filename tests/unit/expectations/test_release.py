# ruff: noqa: E501  a statement is easier to read on one line
"""The release gate: good marts pass, every planted fault is caught by its own name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from desilo.quality import run_gate
from expectations import registry
from tests.unit.quality import tiny_build
from tests.unit.quality.one_claim import check

NIGHT = "date '2026-03-31'"


def doubled(table: str) -> str:
    return f"insert into marts.{table} (select * from marts.{table} limit 1)"


FAULTS: dict[str, tuple[str, str, str]] = {
    # what happened: (check that must catch it, damage, a word its reason must say)
    "an ad row doubled": (
        "spend_equal_by_grain",
        f"insert into marts.fct_ad_spend select * from marts.fct_ad_spend where date_day = {NIGHT} and ad_id = 'a1'",
        "2026-03-31",
    ),
    "a day taken in by campaign only": (
        "spend_equal_by_grain",
        f"delete from marts.fct_ad_spend where date_day = {NIGHT}; insert into marts.fct_ad_spend by name "
        f"select * replace ({NIGHT} as date_day, 1 as spend_native) from marts.fct_ad_spend limit 1",
        "platform_spend",
    ),
    "ads dearer than their campaign": (
        "no_negative_unallocated",
        f"update marts.fct_ad_spend set spend_native = -20 where is_unallocated and date_day = {NIGHT}",
        "remainder -20",
    ),
    "a cent too much by ad": (
        "unallocated_not_below_zero",
        f"update marts.fct_ad_spend set spend_native = -0.5 where is_unallocated and date_day = {NIGHT}",
        "remainder -0.5",
    ),
    "most spend unknown by ad": (
        "unallocated_share_near_norm",
        "update marts.fct_ad_spend set spend_native = 500 where is_unallocated and date_day > '2026-03-26'",
        "recent_share",
    ),
    "spend without a rate": (
        "spend_has_rates",
        f"update marts.fct_ad_spend set fx_rate = null, spend = null where date_day = {NIGHT}",
        "USD",
    ),
    "spend by another day's rate": (
        "spend_has_rates",
        f"update marts.fct_ad_spend set fx_rate = 0.91 where date_day = {NIGHT}",
        "fx_rate 0.91",
    ),
    "two currencies of one account": (
        "one_currency_per_account",
        f"update marts.fct_ad_spend set currency = 'EUR' where date_day = {NIGHT}",
        "EUR",
    ),
    "a closed day restated": (
        "restated_closed_day",
        "insert into marts.fct_spend_restatement values ('meta_ads', '1001', '2026-03-12', 'c1', 'g1', "
        "'a1', 'l2', '2026-04-01 08:30', 20, 60, 40, -20)",
        "spend_before 60",
    ),
    "spend without touch lost by channel": (
        "channel_spend_conserved",
        f"delete from marts.fct_channel_performance where date_day = {NIGHT}",
        "2026-03-31",
    ),
    "spend doubled in the funnel": (
        "funnel_spend_conserved",
        f"update marts.fct_funnel_daily set spend = spend * 2 where date_day = {NIGHT}",
        "2026-03-31",
    ),
    "a channel that brings nobody": (
        "cac_sane",
        "update marts.fct_channel_performance set spend = 1000000, new_customers = 0",
        "paid_social_meta",
    ),
    "an order without a rate": (
        "orders_have_rates",
        "update marts.fct_orders set fx_rate = null where order_id = 'o2_2026-03-31'",
        "o2_2026-03-31",
    ),
    "margin that forgot the refund": (
        "order_money_adds_up",
        "update marts.fct_orders set refund = 10 where order_id = 'o2_2026-03-31'",
        "o2_2026-03-31",
    ),
    "a negative price": (
        "order_money_sane",
        "update marts.fct_orders set gross = -1 where order_id = 'o2_2026-03-31'",
        "gross -1",
    ),
    "a day's prices in cents": (
        "order_value_near_norm",
        f"update marts.fct_orders set gross = gross * 100 where order_date = {NIGHT}",
        "today 5000",
    ),
    "more money back than paid": (
        "refunds_within_orders",
        "update marts.fct_orders set refund = 60 where order_id = 'o2_2026-03-31'",
        "refunded 120",
    ),
    "twice a new customer": (
        "one_first_order_per_person",
        "update marts.fct_orders set is_first = true where order_id = 'o1_2026-03-31'",
        "p1_2026-03-12",
    ),
    "a person twice": ("person_unique", doubled("dim_person"), "found 2"),
    "a device with two owners": (
        "person_partition",
        "update marts.person_identifiers set valid_to = null where identifier_type = 'device_id'",
        "shared",
    ),
    "an order before the first": (
        "nobody_before_first_order",
        "update marts.dim_person set first_order_at = '2026-03-20' where person_id = 'p1_2026-03-12'",
        "p1_2026-03-12",
    ),
    "a new customer forgotten in the profiles": (
        "first_orders_match_ledger",
        "delete from marts.dim_person where person_id = 'p2_2026-03-31'",
        "dim_person",
    ),
    "a new customer lost by channel": (
        "first_orders_match_ledger",
        f"update marts.fct_channel_performance set new_customers = new_customers - 1 where date_day = {NIGHT}",
        "fct_channel_performance",
    ),
    "credit of one and a half": (
        "credit_sums_to_one",
        "update marts.fct_attribution set credit = 1.5 where order_id = 'o2_2026-03-31'",
        "o2_2026-03-31",
    ),
    "an order that nobody credited": (
        "credit_equals_ledger",
        "delete from marts.fct_attribution where order_id = 'o2_2026-03-31'",
        "first_order",
    ),
    "no credit at all": ("credit_equals_ledger", "delete from marts.fct_attribution", "repeat_order"),
    "a cent of margin too much": (
        "credit_equals_ledger",
        "update marts.fct_attribution set contribution_margin = contribution_margin + 0.01 "
        "where order_id = 'o1_2026-03-31'",
        "repeat_order",
    ),
    "credit lost by channel": (
        "channel_credit_conserved",
        f"update marts.fct_channel_performance set revenue = revenue - 1 where date_day = {NIGHT}",
        "2026-03-31",
    ),
    "a lead lost by channel": (
        "channel_credit_conserved",
        f"update marts.fct_channel_performance set leads = leads - 1 where date_day = {NIGHT}",
        "channel_leads 29",
    ),
    "leads counted as orders": (
        "channel_credit_conserved",
        f"update marts.fct_channel_performance set orders = orders + leads where date_day = {NIGHT}",
        "channel_orders 60",
    ),
    "a lead that one model forgot": (
        "every_model_credits_everything",
        "insert into marts.fct_attribution select conversion_id, conversion_kind, 'first', touch_id, "
        "person_id, order_id, conversion_date, channel_id, credit, revenue, contribution_margin "
        "from marts.fct_attribution where conversion_id <> 'lead/t_o2_2026-03-31';"
        "insert into marts.fct_channel_performance by name (select * replace ('first' as model) "
        "from marts.fct_channel_performance)",
        "credited 29",
    ),
    "a bot that orders": (
        "few_paths_are_cut",
        "update marts.meta_attribution_caps set conversions_cut = conversions, touches_cut = 9",
        "touches_cut 9",
    ),
    "more activated than registered": (
        "funnel_monotone",
        f"update marts.fct_funnel_daily set activations = 51 where date_day = {NIGHT}",
        "activations 51",
    ),
    "a cohort that shrinks": (
        "cohort_size_constant",
        "update marts.fct_ltv_cac set customers = customers - 1 where age_days = 14",
        "(all)",
    ),
    "a cohort without somebody": (
        "cohorts_match_ledger",
        "update marts.fct_ltv_cac set customers = customers - 1",
        "2026-03-01",
    ),
    "a channel that is in no group": (
        "cohort_parts_sum_to_all",
        "delete from marts.fct_ltv_cac where row_kind = 'group' and age_days = 7",
        "age_days 7",
    ),
    "customers of a channel counted twice": (
        "cohort_parts_sum_to_all",
        "update marts.fct_ltv_cac set customers = customers * 2 where row_kind = 'channel'",
        "row_kind channel",
    ),
    "a prediction inside the observed value": (
        "cohort_value_is_ledger",
        "update marts.fct_ltv_cac set cumulative_margin = cumulative_margin + 12 where age_days = 60",
        "2026-03-01",
    ),
    "a ratio by chance": (
        "small_cohort_has_no_ratio",
        "update marts.fct_ltv_cac set is_small = true where age_days = 0 and row_kind = 'channel'",
        "paid_social_meta",
    ),
    "a prediction called observed": (
        "observed_is_not_predicted",
        "update marts.fct_ltv_predicted set observed_margin = observed_margin + 12",
        "2026-03-01",
    ),
    "a prediction of a fit that failed": (
        "predicted_only_by_a_fit",
        "update marts.fct_ltv_predicted set prediction_status = 'not converged'",
        "not converged",
    ),
    "fewer than no orders expected": (
        "predicted_only_by_a_fit",
        "update marts.fct_ltv_predicted set predicted_orders = -1 where channel_id = '(paid)'",
        "-1",
    ),
    "a cent of an entry lost": (
        "costs_equal_files",
        "update marts.fct_marketing_costs set amount_native = 1.99 where date_day = '2026-03-30' and cost_id = 'fee'",
        "fee",
    ),
    "an entry that is not counted": (
        "costs_equal_files",
        "delete from marts.fct_marketing_costs where cost_id = 'tools'",
        "tools",
    ),
    "a corrected entry counted as it was": (
        "costs_equal_files",
        "update marts.fct_marketing_costs set amount_native = 3.3 where cost_id = 'fee'",
        "fee",
    ),
    "a cost without a rate": (
        "costs_have_rates",
        "update marts.fct_marketing_costs set currency = 'XTS', amount = null where cost_id = 'tools'",
        "XTS",
    ),
    "a person in two segments": (
        "segments_hold_everybody",
        doubled("dim_person_segment"),
        "segments 2",
    ),
    "a person in no segment": (
        "segments_hold_everybody",
        "delete from marts.dim_person_segment where person_id = 'p2_2026-03-12'",
        "p2_2026-03-12",
    ),
    "a channel without its retention": (
        "retention_parts_sum_to_all",
        f"delete from marts.fct_retention where row_kind = 'channel' and cohort_date = {NIGHT}",
        "row_kind channel",
    ),
    "a value shown too early": (
        "ltv_null_when_immature",
        "update marts.fct_ltv_cac set ltv_margin = 30 where age_days = 14",
        "age_days 14",
    ),
    "a mature value hidden": (
        "ltv_null_when_immature",
        "update marts.fct_ltv_cac set ltv_margin = null where age_days = 0",
        "age_days 0",
    ),
    "value falls without refunds": (
        "cumulative_ltv_monotone_without_refunds",
        "update marts.fct_ltv_cac set cumulative_revenue = 10 where age_days = 14",
        "age_days 14",
    ),
    "an absurd ratio": (
        "ltv_cac_sane",
        "update marts.fct_ltv_cac set ltv_cac_ratio = 5000 where age_days = 0",
        "5000",
    ),
    "more returned than registered": (
        "retained_within_eligible",
        f"update marts.fct_retention set retained = 51 where cohort_date = {NIGHT}",
        "retained 51",
    ),
    "a touchpoint that is none of the 28": (
        "touchpoint_on_the_map",
        f"update marts.fct_journey set touchpoint_no = 29 where touchpoint_no = 28 and date_day = {NIGHT}",
        "highest 29",
    ),
    "a touchpoint that nobody shows": (
        "touchpoint_on_the_map",
        f"delete from marts.fct_journey where touchpoint_no = 4 and date_day = {NIGHT}",
        "touchpoints 27",
    ),
    "more go on than came": (
        "passed_on_within_persons",
        f"update marts.fct_journey set passed_on = 61 where touchpoint_no = 9 and date_day = {NIGHT}",
        "passed_on 61",
    ),
    "persons made of impressions": (
        "passed_on_within_persons",
        f"update marts.fct_journey set persons = 5 where touchpoint_no = 1 and date_day = {NIGHT}",
        "totals",
    ),
    "clicks lost on the journey": (
        "journey_clicks_equal_spend",
        f"update marts.fct_journey set touches = touches - 1 where touchpoint_no = 3 and date_day = {NIGHT}",
        "2026-03-31",
    ),
    "somebody lost uncounted": (
        "handoff_persons_conserved",
        "update marts.mart_handoff set lost = lost - 1 where date_day = '2026-03-20'",
        "lost 9",
    ),
    "pending although the time is over": (
        "handoff_persons_conserved",
        "update marts.mart_handoff set lost = 0, pending = 10 where date_day = '2026-03-20'",
        "pending 10",
    ),
    "a campaign missing at the boundary": (
        "handoff_levels_agree",
        f"delete from marts.mart_handoff where campaign_id = 'c1' and date_day = {NIGHT}",
        "2026-03-31",
    ),
    "a campaign that nobody audits": (
        "audit_spend_conserved",
        "delete from marts.fct_utm_audit where campaign_id = 'c1'",
        "paid_spend",
    ),
    "spend at risk left out of the total": (
        "audit_spend_conserved",
        "update marts.fct_utm_audit set spend_at_risk = 0 where campaign_id = 'c2'",
        "total_at_risk",
    ),
    "more go on than all": (
        "pass_on_rate_in_range",
        f"update marts.fct_journey set pass_on_rate = 1.5 where touchpoint_no = 9 and date_day = {NIGHT}",
        "1.5",
    ),
    "more cross than all": (
        "cross_rate_in_range",
        "update marts.mart_handoff set cross_rate = 1.5 where date_day = '2026-03-20'",
        "1.5",
    ),
    "a share above one": (
        "observed_share_in_range",
        "update marts.fct_ltv_cac set observed_share = 1.2 where age_days = 7",
        "1.2",
    ),
    "a rate above one": (
        "retention_rate_in_range",
        f"update marts.fct_retention set retention_rate = 1.5 where cohort_date = {NIGHT}",
        "1.5",
    ),
    "negative credit": (
        "credit_in_range",
        "update marts.fct_attribution set credit = -0.5 where order_id = 'o2_2026-03-31'",
        "-0.5",
    ),
    "a row of tomorrow": (
        "no_future_rows",
        "update marts.fct_touchpoints set touch_date = '2026-04-01' where touch_id = 't_o2_2026-03-31'",
        "fct_touchpoints",
    ),
    "hardly any orders": (
        "volume_near_norm",
        f"delete from marts.fct_orders where order_date = {NIGHT} and order_id <> 'o2_2026-03-31'",
        "orders",
    ),
    "many records rejected": (
        "quarantine_share_critical",
        "insert into marts.meta_quarantine select 'amplitude', 'amplitude', 'events', '434000', "
        "'2026-03-31', 'l', n, 'no event_type', 'x' from range(60) as t (n)",
        "no event_type",
    ),
    "some records rejected": (
        "quarantine_share",
        "insert into marts.meta_quarantine values ('amplitude', 'amplitude', 'events', '434000', "
        "'2026-03-31', 'l', 1, 'no event_type', 'x')",
        "records 1",
    ),
    "an account behind": (
        "account_fresh",
        "update marts.meta_sources set status = 'stale', lag_days = 2 where kind = 'google_ads'",
        "google_ads",
    ),
    **{
        f"a row of {table} doubled": (f"{table}_grain_unique", doubled(table), "")
        for table in (
            "fct_ad_spend", "fct_orders", "fct_attribution", "fct_channel_performance",
            "fct_channel_model_range", "fct_channel_effects", "fct_funnel_daily", "fct_ltv_cac",
            "fct_retention", "fct_journey", "mart_handoff", "fct_utm_audit",
            "fct_marketing_costs", "fct_ltv_predicted",
        )
    },
}  # fmt: skip

WARNINGS = {
    "unallocated_not_below_zero", "unallocated_share_near_norm", "restated_closed_day", "cac_sane",
    "few_paths_are_cut", "refunds_within_orders", "ltv_cac_sane", "volume_near_norm", "quarantine_share",
    "account_fresh",
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_catches_a_planted_fault_by_name(
    what: str,
    damage: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, statements, reason = FAULTS[what]

    found = check(monkeypatch, "release", name, damage(statements), tmp_path / "docs")

    assert not found.success
    assert found.unexpected_count
    assert reason in found.details
    assert "itself failed" not in found.details
    assert found.severity == ("warning" if name in WARNINGS else "critical")


def test_every_claim_has_a_planted_fault() -> None:
    plan = registry.plan("release", day="2026-03-31", columns={}, context={})

    assert {claim.name for _, claim in plan.claims()} == {name for name, _, _ in FAULTS.values()}


def test_good_marts_pass_every_check(later_night: Path, tmp_path: Path) -> None:
    result = run_gate(
        "release", later_night, day=tiny_build.DAY, docs_dir=tmp_path / "docs", context={}
    )

    assert [f"{e.check_name}: {e.details}" for e in result.checks if not e.success] == []
    assert result.passed


def test_value_may_fall_where_money_was_given_back(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = damage(
        "update marts.fct_ltv_cac set cumulative_revenue = 10 where age_days = 14;"
        "insert into marts.fct_refunds values ('r1', 'o2_2026-03-31', '2026-03-31', 5)"
    )

    name = "cumulative_ltv_monotone_without_refunds"
    assert check(monkeypatch, "release", name, database, tmp_path / "docs").success


def test_an_event_uploaded_twice_is_not_a_rejected_record(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = damage(
        "insert into marts.meta_quarantine select 'amplitude', 'amplitude', 'events', '434000', "
        "'2026-03-31', 'l', n, 'duplicate insert id', null from range(30) as t (n)"
    )

    assert check(monkeypatch, "release", "quarantine_share", database, tmp_path / "docs").success


@pytest.mark.parametrize(
    ("name", "passes"), [("quarantine_share_critical", True), ("quarantine_share", False)]
)
def test_errors_in_a_file_that_people_type_are_told_and_stop_nothing(
    name: str,
    passes: bool,
    damage: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = damage(
        "insert into raw.loads (kind, source, stream, account_id, day, load_id, rows, is_newest, path) "
        "values ('cost_files', 'cost_files', 'costs', 'books', '2026-03-31', 'l', 4, true, 'x');"
        "insert into marts.meta_quarantine values ('cost_files', 'cost_files', 'costs', 'books', "
        "'2026-03-31', 'l', 1, 'missing amount', 'x')"
    )
    found = check(monkeypatch, "release", name, database, tmp_path / "docs")
    assert found.success is passes


def test_a_platform_without_campaign_reports_is_the_sum_of_its_ads(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = damage("delete from staging.stg_meta_ads__campaign_daily")

    found = check(monkeypatch, "release", "spend_equal_by_grain", database, tmp_path / "docs")

    assert found.success


def test_a_fully_loaded_world_without_orders_passes(
    damage: Callable[[str], Path], tmp_path: Path
) -> None:
    tables = ("fct_orders", "dim_person", "person_identifiers", "fct_touchpoints",
              "fct_attribution", "fct_ltv_cac", "fct_retention", "fct_ltv_predicted",
              "dim_person_segment")  # fmt: skip
    database = damage(";".join(f"delete from marts.{table}" for table in tables))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update marts.fct_channel_performance "
            "set new_customers = 0, revenue = 0, orders = 0, leads = 0"
        )

    result = run_gate("release", database, day=tiny_build.DAY, docs_dir=tmp_path / "d", context={})

    assert [each.check_name for each in result.blocking] == []
