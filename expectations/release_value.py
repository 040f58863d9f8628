"""Release claims about what customers are worth, and who of them comes back."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.registry import Suite, claim

CENT = "0.01"


def suites(limits: Mapping[str, float]) -> list[Suite]:
    """Suites on fct_ltv_cac and fct_retention."""
    return [_ltv(limits), _retention()]


def _ltv(limits: Mapping[str, float]) -> Suite:
    return Suite(
        "release_ltv",
        "select * from marts.fct_ltv_cac",
        (
            claim(
                "cohort_size_constant", "critical", "fct_ltv_cac", "growth",
                "A cohort has the same members at every age.",
                "Somebody drops out of the denominator when they stop buying: LTV is too high.",
                """
                select cohort_month, channel_id, model, min(customers) as least,
                    max(customers) as most
                from {batch}
                group by cohort_month, channel_id, model
                having count(distinct customers) > 1
                order by cohort_month, channel_id, model
                """,
            ),
            claim(
                "cohorts_match_ledger", "critical", "fct_ltv_cac, dim_person", "growth",
                "The cohorts hold every customer of the ledger, once.",
                "Compare the month named with dim_person.first_order_date.",
                """
                with cohorts as (
                    select cohort_month as month, model, max(customers) as customers
                    from {batch} where channel_id = '(all)' group by all
                ),
                ledger as (
                    select cast(date_trunc('month', first_order_date) as date) as month,
                        count(*) as customers
                    from marts.dim_person where first_order_date is not null group by all
                )
                select coalesce(cohorts.month, ledger.month) as month, model,
                    ledger.customers as ledger, cohorts.customers as cohort
                from ledger full join cohorts on cohorts.month = ledger.month
                where cohorts.customers is distinct from ledger.customers
                order by 1, 2
                """,
            ),
            claim(
                "ltv_null_when_immature", "critical", "fct_ltv_cac", "growth",
                "A value that not every member was observed for is not shown as one.",
                "The maturity rule changed on one side: age, cohort's youngest, observed through.",
                """
                select cohort_month, channel_id, model, age_days, is_mature, observed_share,
                    ltv_revenue, ltv_margin
                from {batch}
                where (not is_mature and (ltv_revenue is not null or ltv_margin is not null))
                    or (is_mature and (ltv_margin is null or observed_share < 1))
                order by cohort_month, channel_id, model, age_days
                """,
            ),
            claim(
                "cumulative_ltv_monotone_without_refunds", "critical", "fct_ltv_cac", "growth",
                "Cumulative revenue falls from one age to the next only where somebody was "
                "given money back.",
                "An order leaves the cohort as it ages: see how ages are cut.",
                f"""
                select cohort_month, channel_id, model, age_days, cumulative_revenue, earlier
                from (
                    select *, lag(cumulative_revenue) over (
                        partition by cohort_month, channel_id, model order by age_days
                    ) as earlier
                    from {{batch}}
                )
                where cumulative_revenue < earlier - {CENT}
                    and not exists (select 1 from marts.fct_refunds)
                order by cohort_month, channel_id, model, age_days
                """,
            ),
            claim(
                "ltv_cac_sane", "warning", "fct_ltv_cac", "growth",
                "No ratio of worth to cost is absurd.",
                "Spend of the cohort's month is missing, or customers are credited to a channel "
                "that did not bring them.",
                f"""
                select cohort_month, channel_id, model, age_days, ltv_margin, cac_blended,
                    ltv_cac_ratio
                from {{batch}}
                where abs(ltv_cac_ratio) > {limits["ltv_cac_max"]}
                order by abs(ltv_cac_ratio) desc, cohort_month, channel_id, age_days
                """,
            ),
        ),
    )  # fmt: skip


def _retention() -> Suite:
    return Suite(
        "release_retention",
        "select * from marts.fct_retention",
        (
            claim(
                "retained_within_eligible", "critical", "fct_retention", "operations",
                "Nobody returns who did not register.",
                "Retained and eligible count different people: see the model's cohort.",
                """
                select cohort_date, channel_id, day_n, eligible, retained
                from {batch}
                where retained > eligible or retained < 0
                order by cohort_date desc, channel_id, day_n
                """,
            ),
        ),
    )  # fmt: skip
