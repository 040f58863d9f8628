"""Release claims about what customers are worth and cost, and who of them comes back."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.registry import Suite, claim

CENT = "0.01"


def suites(limits: Mapping[str, float]) -> list[Suite]:
    """Suites on fct_ltv_cac and what belongs to it, dim_person_segment and fct_retention."""
    return [_ltv(limits), _predicted(), _segments(), _costs(), _retention()]


def _parts_apart(key: str, measures: dict[str, str]) -> str:
    """Where the rows of a kind do not add up to the row of all: measures and their tolerances."""
    sums = ", ".join(f"sum({measure}) as {measure}" for measure in measures)
    shown = ", ".join(
        f"parts.{measure} as {measure}_of_parts, whole.{measure} as {measure}_of_all"
        for measure in measures
    )
    apart = " or ".join(
        f"abs(coalesce(parts.{measure}, 0) - coalesce(whole.{measure}, 0)) > {tolerance}"
        for measure, tolerance in measures.items()
    )
    return f"""
        with kinds as (
            select {key}, row_kind, {sums} from {{batch}} group by {key}, row_kind
        ),
        wholes as (select * from kinds where row_kind = 'all'),
        wanted as (
            select wholes.*, parts.row_kind as part
            from wholes cross join (values ('group'), ('channel')) as parts (row_kind)
        )
        select {", ".join(f"whole.{each.strip()}" for each in key.split(","))},
            whole.part as row_kind, {shown}
        from wanted as whole
        left join kinds as parts
            on parts.row_kind = whole.part
            and {" and ".join(f"parts.{k.strip()} = whole.{k.strip()}" for k in key.split(","))}
        where {apart}
        order by all
        """


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
                "cohort_parts_sum_to_all", "critical", "fct_ltv_cac", "growth",
                "Paid and organic are everybody, and so are all channels: in customers and value.",
                "A channel is in no group, or credit of a first order does not sum to 1.",
                _parts_apart(
                    "cohort_month, model, age_days",
                    {"customers": "0.001", "cumulative_margin": "0.1"},
                ),
            ),
            claim(
                "cohort_value_is_ledger", "critical", "fct_ltv_cac, fct_orders", "growth",
                "What cohorts were worth to date is the margin of the order ledger: nothing is "
                "lost, nothing is in it twice, nothing in it is predicted.",
                "Compare the month's customers in fct_orders with the cohort's greatest age.",
                """
                with cohorts as (
                    select cohort_month as month, model, age_days, cumulative_margin as margin,
                        observed_through_date as through
                    from {batch} where channel_id = '(all)'
                    qualify age_days = max(age_days) over ()
                ),
                customers as (
                    select person_id, cast(date_trunc('month', first_order_date) as date) as month
                    from marts.dim_person where first_order_date is not null
                ),
                ledger as (
                    select month, sum(contribution_margin) as margin
                    from marts.fct_orders join customers using (person_id)
                    where is_valid group by month
                )
                select cohorts.month, cohorts.model, ledger.margin as ledger,
                    cohorts.margin as cohort
                from cohorts left join ledger on ledger.month = cohorts.month
                -- Of cohorts older than the greatest age the ledger knows more.
                where cohorts.month + cast(cohorts.age_days as integer) > cohorts.through
                    and abs(coalesce(ledger.margin, 0) - cohorts.margin) > 0.1
                order by 1, 2
                """,
            ),
            claim(
                "small_cohort_has_no_ratio", "critical", "fct_ltv_cac", "growth",
                "Chance does not decide about a channel: a cohort too small has no LTV:CAC.",
                "The rule and threshold min_cohort_customers differ: see the model.",
                """
                select cohort_month, channel_id, model, age_days, customers, ltv_cac_ratio
                from {batch}
                where is_small and ltv_cac_ratio is not null
                order by cohort_month, channel_id, model, age_days
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


def _predicted() -> Suite:
    return Suite(
        "release_predicted",
        "select * from marts.fct_ltv_predicted",
        (
            claim(
                "observed_is_not_predicted", "critical", "fct_ltv_predicted, fct_orders", "growth",
                "What is called observed is the order ledger: no prediction is in it.",
                "See which column of int_ltv_histories the model reads.",
                """
                with ledger as (
                    select cast(date_trunc('month', people.first_order_date) as date) as month,
                        sum(orders.contribution_margin) as margin
                    from marts.fct_orders as orders
                    join marts.dim_person as people on people.person_id = orders.person_id
                    where orders.is_valid and people.first_order_date is not null
                    group by 1
                )
                select cohort_month, model, horizon_days, observed_margin, ledger.margin as ledger
                from {batch} as predicted
                left join ledger on ledger.month = predicted.cohort_month
                where channel_id = '(all)'
                    and abs(coalesce(observed_margin, 0) - coalesce(ledger.margin, 0)) > 0.1
                order by 1, 2, 3
                """,
            ),
            claim(
                "predicted_only_by_a_fit", "critical", "fct_ltv_predicted", "growth",
                "A prediction is made by a fit that may be used, and is at least nothing.",
                "Read meta_ltv_model: its status says what became of the night's fit.",
                """
                select cohort_month, channel_id, model, horizon_days, prediction_status,
                    predicted_orders, predicted_alive_share
                from {batch}
                where (prediction_status = 'ok') <> (predicted_orders is not null)
                    or predicted_orders < 0
                    or predicted_alive_share not between 0 and 1
                order by cohort_month, channel_id, model, horizon_days
                """,
            ),
        ),
    )  # fmt: skip


def _segments() -> Suite:
    return Suite(
        "release_segments",
        "select person_id from marts.dim_person_segment",
        (
            claim(
                "segments_hold_everybody", "critical", "dim_person_segment", "growth",
                "Everybody is in one segment: their sizes add up to all persons.",
                "No rule of segments.csv matches, or a join of the model multiplies rows.",
                """
                select people.person_id, count(segments.person_id) as segments
                from marts.dim_person as people
                left join {batch} as segments on segments.person_id = people.person_id
                group by people.person_id
                having count(segments.person_id) <> 1
                order by people.person_id
                """,
            ),
        ),
    )  # fmt: skip


def _costs() -> Suite:
    return Suite(
        "release_costs",
        "select * from marts.fct_marketing_costs",
        (
            claim(
                "costs_equal_files", "critical", "fct_marketing_costs", "marketing",
                "Costs are what was entered, to the cent: every entry whose period is over is "
                "there in full, every other one for its days so far.",
                "Compare the entry with its file; then see how its period is spread.",
                """
                with files as (
                    select account_id, cost_id, amount_native, period_from_date, period_to_date
                    from staging.stg_cost_files__costs
                    qualify row_number() over (
                        partition by account_id, cost_id order by day desc, seq desc, source desc
                    ) = 1
                ),
                mart as (
                    select account_id, cost_id, sum(amount_native) as amount, count(*) as days,
                        max(date_day) as last_day
                    from {batch} group by account_id, cost_id
                ),
                night as (select max(date_day) as day from marts.fct_ad_spend)
                select coalesce(files.account_id, mart.account_id) as account_id,
                    coalesce(files.cost_id, mart.cost_id) as cost_id,
                    files.amount_native as entered, mart.amount as in_mart, mart.days
                from files full join mart
                    on mart.account_id = files.account_id and mart.cost_id = files.cost_id
                cross join night
                where files.cost_id is null
                    or (mart.cost_id is null and files.period_from_date <= night.day)
                    or mart.days <> mart.last_day - files.period_from_date + 1
                    or (mart.last_day = files.period_to_date
                        and mart.amount <> files.amount_native)
                    or (mart.last_day <> files.period_to_date
                        and abs(mart.amount) > abs(files.amount_native))
                order by 1, 2
                """,
            ),
            claim(
                "costs_have_rates", "critical", "fct_marketing_costs", "marketing",
                "Every cost is in the base currency: none is missing from the fully loaded CAC.",
                "Correct the entry's currency, or see why the rate of the day is missing.",
                """
                select account_id, cost_id, currency, min(date_day) as first_day, count(*) as days
                from {batch}
                where amount is null
                group by account_id, cost_id, currency
                order by account_id, cost_id
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
            claim(
                "retention_parts_sum_to_all", "critical", "fct_retention", "operations",
                "Paid and organic are everybody, and so are all channels.",
                "A channel is in no group: see channels.csv.",
                _parts_apart("cohort_date, day_n", {"eligible": "0", "retained": "0"}),
            ),
        ),
    )  # fmt: skip
