"""The tables of a release, and how rows get into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import duckdb

MONEY = "DECIMAL(18,6)"
RATE = "DECIMAL(18,8)"


def _columns(names: str, data_type: str) -> str:
    return ", ".join(f"{name} {data_type}" for name in names.split())


SCHEMA: dict[str, str] = {
    "dim_date": "date_day DATE, iso_week_start_date DATE, month_start_date DATE, quarter BIGINT,"
    " year BIGINT, day_of_week BIGINT, is_weekend BOOLEAN",
    "dim_channel": _columns("channel_id channel_name channel_name_zh channel_group", "VARCHAR")
    + ", is_paid BOOLEAN, platform VARCHAR, owner VARCHAR",
    "dim_account": _columns("platform account_id account_name currency timezone", "VARCHAR")
    + ", first_spend_date DATE, data_through_date DATE, status VARCHAR",
    "dim_campaign": _columns(
        "platform account_id campaign_id campaign_name campaign_status channel_id", "VARCHAR"
    )
    + ", valid_from_date DATE, valid_to_date DATE, is_current BOOLEAN",
    "dim_ad": _columns(
        "platform account_id campaign_id ad_group_id ad_group_name ad_id ad_name", "VARCHAR"
    )
    + ", valid_from_date DATE, valid_to_date DATE, is_current BOOLEAN",
    "fct_ad_spend": "platform VARCHAR, account_id VARCHAR, date_day DATE, "
    + _columns("campaign_id ad_group_id ad_id channel_id", "VARCHAR")
    + f", impressions BIGINT, clicks BIGINT, spend_native {MONEY}, currency VARCHAR,"
    f" fx_rate {RATE}, fx_date DATE, "
    + _columns(
        "spend platform_click_conversions platform_view_conversions"
        " platform_conversion_value_native platform_conversion_value",
        MONEY,
    )
    + ", account_timezone VARCHAR, is_unallocated BOOLEAN, is_provisional BOOLEAN,"
    " load_id VARCHAR, loaded_at TIMESTAMP",
    "fct_spend_restatement": "platform VARCHAR, account_id VARCHAR, date_day DATE, "
    + _columns("campaign_id ad_group_id ad_id load_id", "VARCHAR")
    + ", loaded_at TIMESTAMP, previous_load_id VARCHAR, age_days BIGINT, currency VARCHAR, "
    + _columns("spend_native_old spend_native_new spend_native_delta", MONEY)
    + ", "
    + _columns(
        "clicks_old clicks_new clicks_delta impressions_old impressions_new impressions_delta",
        "BIGINT",
    )
    + ", "
    + _columns(
        "platform_conversions_old platform_conversions_new platform_conversions_delta", MONEY
    ),
    "fct_orders": _columns("order_id order_line_id shop_id person_id", "VARCHAR")
    + ", ordered_at TIMESTAMP, order_date DATE, order_status VARCHAR, product_id VARCHAR,"
    " quantity BIGINT, currency VARCHAR, "
    + _columns("gross_native discount_native refund_native cost_native", MONEY)
    + f", fx_rate {RATE}, fx_date DATE, "
    + _columns("gross discount refund net_revenue cost contribution_margin", MONEY)
    + ", coupon_code VARCHAR, is_first BOOLEAN, is_valid BOOLEAN, has_cost BOOLEAN",
    "fct_refunds": _columns("refund_id order_id order_line_id shop_id person_id", "VARCHAR")
    + f", refunded_at TIMESTAMP, refund_date DATE, currency VARCHAR, amount_native {MONEY},"
    f" fx_rate {RATE}, fx_date DATE, amount {MONEY}, reason VARCHAR",
    "dim_person": "person_id VARCHAR, first_seen_at TIMESTAMP, last_seen_at TIMESTAMP,"
    " first_seen_date DATE, first_order_id VARCHAR, first_order_at TIMESTAMP,"
    " first_order_date DATE, acquisition_channel_id VARCHAR, acquisition_platform VARCHAR,"
    " acquisition_campaign_id VARCHAR, acquisition_date DATE, lifecycle_stage VARCHAR,"
    " has_consent BOOLEAN, orders BIGINT, "
    + _columns("gross net_revenue contribution_margin", MONEY),
    "person_identifiers": _columns(
        "identifier_type namespace identifier_value person_id", "VARCHAR"
    )
    + ", valid_from TIMESTAMP, valid_to TIMESTAMP, source VARCHAR, confidence DOUBLE",
    "identity_dropped": _columns(
        "identifier_type namespace identifier_value rule_id reason counterpart_type"
        " counterpart_namespace counterpart_value source",
        "VARCHAR",
    ),
    "fct_touchpoints": "touch_id VARCHAR, person_id VARCHAR, touched_at TIMESTAMP,"
    " touch_date DATE, touchpoint_no BIGINT, "
    + _columns(
        "touchpoint_key owner channel_id platform campaign_id ad_id click_id session_id", "VARCHAR"
    )
    + ", is_paid BOOLEAN",
    "fct_attribution": _columns(
        "conversion_id conversion_kind model touch_id person_id order_id", "VARCHAR"
    )
    + ", conversion_at TIMESTAMP, conversion_date DATE, touch_date DATE, "
    + _columns("channel_id platform campaign_id", "VARCHAR")
    + f", credit DECIMAL(18,9), revenue {MONEY}, contribution_margin {MONEY}",
    "fct_funnel_daily": "date_day DATE, channel_id VARCHAR, campaign_id VARCHAR,"
    f" impressions BIGINT, clicks BIGINT, spend {MONEY}, "
    + _columns(
        "landings leads installs registrations activations first_orders repeat_orders", "BIGINT"
    )
    + f", revenue {MONEY}, contribution_margin {MONEY}, "
    + _columns(
        "click_rate landing_rate registration_rate activation_rate first_order_rate repeat_rate",
        RATE,
    ),
    "fct_channel_performance": "date_day DATE, "
    + _columns("channel_id platform campaign_id model", "VARCHAR")
    + ", impressions BIGINT, clicks BIGINT, "
    + _columns(
        "spend new_customers orders revenue contribution_margin cac roas roi"
        " platform_claimed_conversions claim_ratio",
        MONEY,
    )
    + ", is_provisional BOOLEAN",
    "fct_ltv_cac": "cohort_month DATE, channel_id VARCHAR, row_kind VARCHAR, model VARCHAR,"
    f" age_days BIGINT, customers {MONEY}, members BIGINT, observed_customers {MONEY},"
    f" observed_share {MONEY}, is_mature BOOLEAN, is_small BOOLEAN, "
    + _columns(
        "cumulative_revenue cumulative_margin ltv_revenue ltv_margin ltv_margin_low"
        " ltv_margin_high media_spend other_costs",
        MONEY,
    )
    + ", has_costs BOOLEAN, "
    + _columns(
        "blended_spend all_customers cac_blended cac_blended_low cac_blended_high paid_spend"
        " paid_customers cac_paid cac_paid_low cac_paid_high fully_loaded_cost cac_fully_loaded"
        " cac_fully_loaded_low cac_fully_loaded_high ltv_cac_ratio ltv_cac_ratio_low"
        " ltv_cac_ratio_high ltv_cac_ratio_fully_loaded",
        MONEY,
    )
    + ", payback_age_days BIGINT, payback_status VARCHAR, observed_through_date DATE",
    "fct_retention": "cohort_date DATE, channel_id VARCHAR, row_kind VARCHAR,"
    " is_paid BOOLEAN, day_n BIGINT,"
    f" eligible BIGINT, retained BIGINT, retention_rate {RATE}, is_complete BOOLEAN",
    "fct_journey": "date_day DATE, channel_id VARCHAR, touchpoint_no BIGINT, "
    + _columns("touchpoint_key owner known_as", "VARCHAR")
    + ", touches BIGINT, persons BIGINT, passed_on BIGINT, median_hours_to_next DECIMAL(18,4),"
    f" pass_on_rate {RATE}, pass_on_norm {RATE}, pass_on_drop {MONEY}, is_complete BOOLEAN",
    "mart_handoff": "date_day DATE, horizon_days BIGINT, channel_id VARCHAR, campaign_id VARCHAR,"
    f" clicks BIGINT, spend {MONEY}, "
    + _columns("brought crossed registered lost pending", "BIGINT")
    + f", median_hours_to_cross DECIMAL(18,4), cross_rate {RATE}, cross_norm {RATE},"
    f" cross_drop {MONEY}, lost_after_touchpoint_key VARCHAR, lost_after_persons BIGINT,"
    " is_mature BOOLEAN, is_broken BOOLEAN, evidence VARCHAR",
    "fct_utm_audit": _columns(
        "platform account_id campaign_id campaign_name issue_kind issue_kinds", "VARCHAR"
    )
    + f", clicks BIGINT, arrivals BIGINT, arrivals_ever BIGINT, arrivals_per_click {RATE},"
    f" spend {MONEY}, spend_at_risk {MONEY}, suggested_fix VARCHAR, from_date DATE,"
    " through_date DATE",
    "meta_sources": _columns("kind source account_id platform", "VARCHAR")
    + ", is_enabled BOOLEAN, data_through_date DATE, last_loaded_at TIMESTAMP,"
    " rows_last_night BIGINT, status VARCHAR, lag_days BIGINT",
    "meta_quarantine": _columns("kind source stream account_id", "VARCHAR")
    + ", day DATE, load_id VARCHAR, seq BIGINT, reject_reason VARCHAR, record VARCHAR",
    "meta_checks": _columns("gate suite check_name severity", "VARCHAR")
    + ", success BOOLEAN, observed_value VARCHAR, unexpected_count BIGINT, details VARCHAR,"
    " subject VARCHAR, checked_at TIMESTAMP",
    "meta_releases": "release_id VARCHAR, day DATE, published_at TIMESTAMP,"
    " code_version VARCHAR, status VARCHAR",
    "meta_models": "layer VARCHAR, model VARCHAR, status VARCHAR, rows_affected BIGINT,"
    " execution_s DOUBLE, message VARCHAR",
}


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, names: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows to `table`; `names` are its columns in the order of the values, by spaces."""
    head = f"insert into {table} ({', '.join(names.split())}) values "
    lines = ["(" + ", ".join(_literal(value) for value in row) + ")" for row in rows]
    for start in range(0, len(lines), 500):  # one statement a row took 16 s for the busy world
        connection.execute(head + ", ".join(lines[start : start + 500]))


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def names_of(table: str) -> str:
    """The columns of a table, by spaces."""
    bare = re.sub(r"\(.*?\)", "", SCHEMA[table])
    return " ".join(column.split()[0] for column in bare.split(","))
