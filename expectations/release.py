"""The release gate: may tonight's marts be seen?

dbt has tested each model while it was built. Here stands what crosses from one mart to another, or
from the marts to the people who decide by them: money is the same at every grain, credit is the
ledger, a person is one person, nothing comes from the future, and no number is absurd.
"""

from __future__ import annotations

from collections.abc import Mapping

from great_expectations.expectations.core import (
    ExpectColumnValuesToBeBetween,
    ExpectCompoundColumnsToBeUnique,
)

from expectations import release_customers, release_journey, release_spend
from expectations.registry import Claim, Columns, NoRows, Plan, Suite, union

GRAINS: Mapping[str, tuple[str, ...]] = {
    "fct_ad_spend": (
        "platform", "account_id", "date_day", "campaign_id", "ad_group_id", "ad_id",
    ),
    "fct_orders": ("shop_id", "order_id", "order_line_id"),
    "fct_attribution": ("conversion_id", "model", "touch_id"),
    "fct_channel_performance": ("date_day", "channel_id", "platform", "campaign_id", "model"),
    "fct_channel_model_range": ("month", "channel_id"),
    "fct_channel_effects": ("conversion_kind", "channel_id"),
    "fct_funnel_daily": ("date_day", "channel_id", "campaign_id"),
    "fct_ltv_cac": ("cohort_month", "channel_id", "model", "age_days"),
    "fct_journey": ("date_day", "channel_id", "touchpoint_no"),
    "mart_handoff": ("date_day", "horizon_days", "channel_id", "campaign_id"),
    "fct_utm_audit": ("platform", "account_id", "campaign_id"),
    "fct_retention": ("cohort_date", "channel_id", "day_n"),
    "fct_marketing_costs": ("account_id", "cost_id", "date_day"),
    "fct_ltv_predicted": ("cohort_month", "channel_id", "model", "horizon_days"),
}  # fmt: skip
"""The marts in which people add up: a row too many is money or customers too many."""

SHARES: Mapping[str, tuple[str, str]] = {
    "observed_share_in_range": ("fct_ltv_cac", "observed_share"),
    "retention_rate_in_range": ("fct_retention", "retention_rate"),
    "credit_in_range": ("fct_attribution", "credit"),
    "pass_on_rate_in_range": ("fct_journey", "pass_on_rate"),
    "cross_rate_in_range": ("mart_handoff", "cross_rate"),
}

LAST_DAYS: Mapping[str, str] = {
    "fct_ad_spend": "date_day",
    "fct_orders": "order_date",
    "fct_refunds": "refund_date",
    "fct_touchpoints": "touch_date",
    "fct_attribution": "conversion_date",
    "fct_channel_performance": "date_day",
    "fct_funnel_daily": "date_day",
    "fct_retention": "cohort_date",
    "fct_journey": "date_day",
    "mart_handoff": "date_day",
    "fct_marketing_costs": "date_day",
    "dim_person": "first_seen_date",
}

VOLUMES: Mapping[str, tuple[str, str]] = {
    "orders": ("fct_orders", "order_date"),
    "touches": ("fct_touchpoints", "touch_date"),
    "spend rows": ("fct_ad_spend", "date_day"),
}


def plan(day: str, columns: Columns, limits: Mapping[str, float]) -> Plan:
    """Suites for a night; evidence is not needed, the marts are typed."""
    return Plan(
        gate="release",
        suites=(
            *release_spend.suites(day, columns, limits),
            *release_customers.suites(day, limits),
            *release_journey.suites(),
            *_grains(),
            *_ranges(),
            _time(day),
            _volume(day, limits),
            *_sources(limits),
        ),
    )


def _grains() -> list[Suite]:
    return [
        Suite(
            f"release_grain_{table}",
            f"select {', '.join(key)} from marts.{table}",
            (
                Claim(
                    f"{table}_grain_unique",
                    "critical",
                    table,
                    "data",
                    f"One row per {', '.join(key)}: sums over {table} count nothing twice.",
                    "A join in the model multiplies rows, or a day was taken in twice: rebuild "
                    "with a full refresh and compare.",
                    # A key part may be null where there is none (a conversion without a touch).
                    ExpectCompoundColumnsToBeUnique(column_list=list(key), ignore_row_if="never"),
                ),
            ),
        )
        for table, key in GRAINS.items()
    ]


def _ranges() -> list[Suite]:
    return [
        Suite(
            f"release_range_{table}",
            f"select {column} from marts.{table}",
            (
                Claim(
                    name,
                    "critical",
                    table,
                    "growth",
                    f"{column} is a share: nothing below 0, nothing above 1.",
                    "Numerator and denominator count different people: see the model's tests.",
                    ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=1),
                ),
            ),
        )
        for name, (table, column) in SHARES.items()
    ]


def _time(day: str) -> Suite:
    last_days = union(
        [
            f"select '{table}' as mart, max({column}) as last_day, count(*) filter "
            f"(where {column} > date '{day}') as rows_after from marts.{table}"
            for table, column in LAST_DAYS.items()
        ]
    )
    return Suite(
        "release_time",
        last_days,
        (
            Claim(
                "no_future_rows",
                "critical",
                "all facts",
                "data",
                "Nothing in the release lies after its day.",
                "A zone was taken for another, or a model forgot `as_of`.",
                NoRows(
                    unexpected_rows_query="select * from {batch} where rows_after > 0 order by mart"
                ),
            ),
        ),
    )


def _volume(day: str, limits: Mapping[str, float]) -> Suite:
    share = limits["volume_drift"]
    counts = union(
        [
            f"""
            select '{name}' as what, {column} as day, count(*) as found from marts.{table}
            where {column} between date '{day}' - 28 and date '{day}' group by {column}
            """
            for name, (table, column) in VOLUMES.items()
        ]
    )
    return Suite(
        "release_volume",
        counts,
        (
            Claim(
                "volume_near_norm",
                "warning",
                "orders, touches, spend",
                "growth",
                "The day is about as large as the four weeks before it.",
                "A holiday, a campaign, or a source that is half there: see meta_sources.",
                NoRows(
                    unexpected_rows_query=f"""
                    select what, found, norm
                    from (
                        select what,
                            coalesce(max(found) filter (where day = date '{day}'), 0) as found,
                            median(found) filter (where day < date '{day}') as norm,
                            count(*) filter (where day < date '{day}') as days
                        from {{batch}}
                        group by what
                    )
                    where days >= 14 and norm >= 20
                        and (found < {share} * norm or found > norm / {share})
                    order by what
                    """
                ),
            ),
        ),
    )


def _sources(limits: Mapping[str, float]) -> list[Suite]:
    def share_above(limit: float, but: str = "''") -> NoRows:
        return NoRows(
            unexpected_rows_query=f"""
            select rejected.kind, rejected.stream, rejected.reject_reason, rejected.records,
                landed.records as of_records
            from (
                select kind, stream, min(reject_reason) as reject_reason, count(*) as records
                from {{batch}}
                -- An event uploaded twice is counted once; the landing gate bounds how many.
                where reject_reason not like 'duplicate%' and kind not in ({but})
                group by kind, stream
            ) as rejected
            join (
                select kind, stream, sum(rows) as records
                from raw.loads where is_newest group by kind, stream
            ) as landed on landed.kind = rejected.kind and landed.stream = rejected.stream
            where rejected.records > {limit} * landed.records
            order by rejected.kind, rejected.stream
            """
        )

    look = "Read meta_quarantine: the reason stands beside each record."
    quarantine = (
        Claim(
            "quarantine_share_critical", "critical", "meta_quarantine", "data",
            f"At most {limits['quarantine_share_critical']:.1%} of a stream's records were "
            "rejected: the marts are made of the rest.",
            # A file typed by people has few rows and some errors: they are told, nothing stops.
            look, share_above(limits["quarantine_share_critical"], "'cost_files'"),
        ),
        Claim(
            "quarantine_share", "warning", "meta_quarantine", "data",
            f"At most {limits['quarantine_share_warning']:.1%} of a stream's records were "
            "rejected.",
            look, share_above(limits["quarantine_share_warning"]),
        ),
    )  # fmt: skip
    fresh = Claim(
        "account_fresh", "warning", "meta_sources", "data",
        "Every account that is switched on is complete through the release's day.",
        "The account's ingest run says why; its numbers end at data_through_date until then.",
        NoRows(
            unexpected_rows_query="""
            select kind, account_id, status, data_through_date, lag_days
            from {batch}
            where is_enabled and status in ('stale', 'missing')
            order by kind, account_id
            """
        ),
    )  # fmt: skip
    return [
        Suite("release_quarantine", "select * from marts.meta_quarantine", quarantine),
        Suite("release_sources", "select * from marts.meta_sources", (fresh,)),
    ]
