"""Release claims about people, their orders, and the credit and worth that follow from them."""

from __future__ import annotations

from collections.abc import Mapping

from expectations import release_value
from expectations.registry import Suite, claim

CENT = "0.01"
CUT_SHARE = 0.01
"""Of conversions, so many may lose touches to the cap before somebody looks for bots."""


def suites(day: str, limits: Mapping[str, float]) -> list[Suite]:
    """Suites on orders, persons, attribution, funnel, worth and retention."""
    return [
        _orders(day, limits),
        _people(),
        _identifiers(),
        _attribution(),
        _funnel(),
        *release_value.suites(limits),
    ]


def _orders(day: str, limits: Mapping[str, float]) -> Suite:
    return Suite(
        "release_orders",
        "select * from marts.fct_orders",
        (
            claim(
                "orders_have_rates", "critical", "fct_orders", "operations",
                "Every order line has the rate of its day and its money in the base currency.",
                "The rates of the day did not land: run the rates' ingest.",
                """
                select order_id, order_line_id, order_date, currency, fx_rate, fx_date
                from {batch}
                where fx_rate is null or fx_rate <= 0 or fx_date > order_date
                    or gross is null or net_revenue is null
                order by order_date desc, order_id, order_line_id
                """,
            ),
            claim(
                "order_money_adds_up", "critical", "fct_orders", "operations",
                "Net revenue is gross less discount and refund; margin is net revenue less cost.",
                "The model and its definition have parted: see DECISIONS.md on margin.",
                f"""
                select order_id, order_line_id, gross, discount, refund, net_revenue, cost,
                    contribution_margin
                from {{batch}}
                where abs(gross - discount - refund - net_revenue) >= {CENT}
                    or abs(net_revenue - coalesce(cost, 0) - contribution_margin) >= {CENT}
                order by order_id, order_line_id
                """,
            ),
            claim(
                "order_money_sane", "critical", "fct_orders", "operations",
                "No order line is negative, over-discounted, or larger than any we sell.",
                "Look at the unit of the delivered file (major or minor) and its columns' map.",
                f"""
                select order_id, order_line_id, order_date, gross, discount, cost
                from {{batch}}
                where gross < 0 or discount < 0 or refund < 0 or cost < 0
                    or discount > gross + {CENT} or gross > {limits["order_value_max"]}
                order by order_id, order_line_id
                """,
            ),
            claim(
                "order_value_near_norm", "critical", "fct_orders", "operations",
                "The day's median order line is worth about what it was in the four weeks before.",
                "Look at the unit of the delivered file (major or minor) and its columns' map.",
                f"""
                select today, usual
                from (
                    select median(gross) filter (where order_date = date '{day}') as today,
                        count(*) filter (where order_date = date '{day}') as lines_today,
                        median(gross) filter (where order_date < date '{day}') as usual
                    from {{batch}}
                    where order_date between date '{day}' - 28 and date '{day}'
                )
                where lines_today >= 10 and (
                    today > {limits["order_value_jump"]} * usual
                    or usual > {limits["order_value_jump"]} * today
                )
                """,
            ),
            claim(
                "refunds_within_orders", "warning", "fct_orders", "operations",
                "Nobody gets more back than was paid.",
                "Look the order up in the shop: goodwill payments are refunds too.",
                f"""
                select shop_id, order_id, sum(gross - discount) as paid, sum(refund) as refunded
                from {{batch}}
                group by shop_id, order_id
                having sum(refund) > sum(gross - discount) + {CENT}
                order by shop_id, order_id
                """,
            ),
            claim(
                "one_first_order_per_person", "critical", "fct_orders", "growth",
                "A person is a new customer once.",
                "Two persons were merged and the model did not decide again: full refresh.",
                """
                select person_id, count(distinct order_id) as first_orders
                from {batch}
                where is_first and person_id is not null
                group by person_id
                having count(distinct order_id) > 1
                order by person_id
                """,
            ),
        ),
    )  # fmt: skip


def _people() -> Suite:
    return Suite(
        "release_people",
        "select * from marts.dim_person",
        (
            claim(
                "person_unique", "critical", "dim_person", "growth",
                "One row per person: people are counted once.",
                "The profile joins something that is many per person.",
                """
                select person_id, count(*) as found from {batch}
                group by person_id having count(*) > 1 or person_id is null order by person_id
                """,
            ),
            claim(
                "nobody_before_first_order", "critical", "dim_person", "growth",
                "No valid order is older than its person's first order.",
                "First orders were decided before an older order was delivered: full refresh.",
                """
                select orders.person_id, orders.order_id, orders.ordered_at, person.first_order_at
                from marts.fct_orders as orders
                join (select * from {batch}) as person on person.person_id = orders.person_id
                where orders.is_valid and orders.ordered_at < person.first_order_at
                order by orders.ordered_at, orders.order_id
                """,
            ),
            claim(
                "first_orders_match_ledger", "critical", "dim_person, fct_channel_performance",
                "growth",
                "New customers of a day are the persons whose first valid order it was: in the "
                "profiles and in every model's channels.",
                "Credit for first orders was lost or doubled: compare the day named by channel.",
                """
                with ledger as (
                    select first_date as day, count(*) as customers
                    from (
                        select person_id, min(order_date) as first_date from marts.fct_orders
                        where is_valid and person_id is not null group by person_id
                    ) group by all
                ),
                profiles as (
                    select first_order_date as day, count(*) as customers from {batch}
                    where first_order_date is not null group by all
                ),
                models as (select distinct model from marts.fct_channel_performance
                    where model is not null),
                channels as (
                    select date_day as day, model, sum(new_customers) as customers
                    from marts.fct_channel_performance group by all
                    having sum(new_customers) <> 0
                )
                select 'dim_person' as mart, null as model,
                    coalesce(profiles.day, ledger.day) as day,
                    ledger.customers as ledger, profiles.customers as found
                from ledger full join profiles on profiles.day = ledger.day
                where ledger.customers is distinct from profiles.customers
                union all
                select 'fct_channel_performance', expected.model, expected.day,
                    expected.customers, channels.customers
                from (select * from ledger cross join models) as expected
                full join channels
                    on channels.day = expected.day and channels.model = expected.model
                where abs(coalesce(expected.customers, 0) - coalesce(channels.customers, 0))
                    > 0.0001
                order by 1, 2, 3 desc
                """,
            ),
        ),
    )  # fmt: skip


def _identifiers() -> Suite:
    return Suite(
        "release_identifiers",
        "select * from marts.person_identifiers",
        (
            claim(
                "person_partition", "critical", "person_identifiers", "growth",
                "An identifier belongs to exactly one person at a time.",
                "The graph did not reach its fixpoint, or two rules own one identifier.",
                """
                select identifier_type, namespace, identifier_value, person_id, next_person_id
                from (
                    select *,
                        lead(person_id) over identifier as next_person_id,
                        lead(valid_from) over identifier as next_from
                    from {batch}
                    window identifier as (
                        partition by identifier_type, namespace, identifier_value
                        order by valid_from nulls first, valid_to nulls last, person_id
                    )
                )
                where next_person_id <> person_id
                    and (valid_to is null or next_from is null or next_from < valid_to)
                order by identifier_type, namespace, identifier_value
                """,
            ),
        ),
    )  # fmt: skip


def _attribution() -> Suite:
    return Suite(
        "release_attribution",
        "select * from marts.fct_attribution",
        (
            claim(
                "credit_sums_to_one", "critical", "fct_attribution", "marketing",
                "Every conversion is given away once, by every model.",
                "A model's weights do not add up, or a touch is joined twice.",
                """
                select model, conversion_id, sum(credit) as credit
                from {batch}
                group by model, conversion_id
                having sum(credit) <> 1
                order by model, conversion_id
                """,
            ),
            claim(
                "credit_equals_ledger", "critical", "fct_attribution, fct_orders", "growth",
                "Attributed and unattributed revenue and margin are the valid orders of the "
                "ledger, to the cent, for first and repeat orders and every model.",
                "An order has no conversion, or has two: compare order ids of both marts.",
                f"""
                with ledger as (
                    select case when is_first then 'first_order' else 'repeat_order' end as kind,
                        sum(net_revenue) as revenue, sum(contribution_margin) as margin
                    from marts.fct_orders where is_valid group by all
                ),
                credited as (
                    select model, conversion_kind as kind, sum(revenue) as revenue,
                        sum(contribution_margin) as margin
                    from {{batch}}
                    where conversion_kind in ('first_order', 'repeat_order') group by all
                ),
                models as (
                    select distinct model from {{batch}}
                    union
                    -- Spend stands beside every model, credited or not.
                    select distinct model from marts.fct_channel_performance
                    union
                    select 'last_non_direct' where not exists (select 1 from {{batch}})
                ),
                expected as (select * from ledger cross join models)
                select coalesce(expected.model, credited.model) as model,
                    coalesce(expected.kind, credited.kind) as kind,
                    expected.revenue as ledger_revenue, credited.revenue as credited_revenue,
                    expected.margin as ledger_margin, credited.margin as credited_margin
                from expected
                full join credited
                    on credited.model = expected.model and credited.kind = expected.kind
                where abs(coalesce(expected.revenue, 0) - coalesce(credited.revenue, 0)) >= {CENT}
                    or abs(coalesce(expected.margin, 0) - coalesce(credited.margin, 0)) >= {CENT}
                order by 1, 2
                """,
            ),
            claim(
                "every_model_credits_everything", "critical", "fct_attribution", "marketing",
                "All models credit the same conversions of every kind.",
                "A model lost conversions, or credits some that do not exist: compare ids.",
                """
                select kinds.conversion_kind, models.model, kinds.conversions,
                    coalesce(found.conversions, 0) as credited
                from (
                    select conversion_kind, count(distinct conversion_id) as conversions
                    from {batch} group by all
                ) as kinds
                cross join (select distinct model from marts.fct_channel_performance) as models
                left join (
                    select conversion_kind, model, count(distinct conversion_id) as conversions
                    from {batch} group by all
                ) as found
                    on found.conversion_kind = kinds.conversion_kind
                    and found.model = models.model
                where kinds.conversions is distinct from found.conversions
                order by 1, 2
                """,
            ),
            claim(
                "channel_credit_conserved", "critical", "fct_channel_performance", "marketing",
                "A day's credited revenue, orders, leads and registrations are the same by channel "
                "as by conversion.",
                "The mart joins spend and credit so that one of them is lost or doubled.",
                f"""
                select coalesce(credited.day, shown.day) as day,
                    coalesce(credited.model, shown.model) as model, credited.revenue,
                    shown.revenue as channel_revenue, credited.orders,
                    shown.orders as channel_orders, credited.leads, shown.leads as channel_leads,
                    credited.registrations, shown.registrations as channel_registrations
                from (
                    select conversion_date as day, model, sum(revenue) as revenue,
                        coalesce(sum(credit) filter (
                            where conversion_kind in ('first_order', 'repeat_order')), 0) as orders,
                        coalesce(sum(credit) filter (where conversion_kind = 'lead'), 0) as leads,
                        coalesce(sum(credit) filter (where conversion_kind = 'registration'), 0)
                            as registrations
                    from {{batch}} group by all
                ) as credited
                full join (
                    select date_day as day, model, sum(revenue) as revenue, sum(orders) as orders,
                        sum(leads) as leads, sum(registrations) as registrations
                    from marts.fct_channel_performance group by all
                    having sum(revenue) <> 0 or sum(orders + leads + registrations) <> 0
                ) as shown on shown.day = credited.day and shown.model = credited.model
                where abs(coalesce(credited.revenue, 0) - coalesce(shown.revenue, 0)) >= {CENT}
                    or abs(coalesce(credited.orders, 0) - coalesce(shown.orders, 0)) > 0.001
                    or abs(coalesce(credited.leads, 0) - coalesce(shown.leads, 0)) > 0.001
                    or abs(coalesce(credited.registrations, 0)
                        - coalesce(shown.registrations, 0)) > 0.001
                order by 1 desc, 2
                """,
            ),
            claim(
                "few_paths_are_cut", "warning", "meta_attribution_caps", "data",
                f"At most {CUT_SHARE:.0%} of the conversions have more touches than are kept.",
                "Look for bots and shared devices among the persons with the most touches, or "
                "raise attribution_touches_per_conversion in seed thresholds.",
                f"""
                select conversion_kind, conversions, conversions_cut, touches_cut
                from marts.meta_attribution_caps
                where conversions_cut > {CUT_SHARE} * conversions
                order by conversion_kind
                """,
            ),
        ),
    )  # fmt: skip


def _funnel() -> Suite:
    return Suite(
        "release_funnel",
        "select * from marts.fct_funnel_daily",
        (
            claim(
                "funnel_monotone", "critical", "fct_funnel_daily", "growth",
                "A later step never has more people than the one before it.",
                "A step counts people whom the step before did not count: see the model's cohort.",
                """
                select date_day, channel_id, campaign_id, landings, registrations, activations,
                    first_orders, repeat_orders
                from {batch}
                where registrations > landings or activations > registrations
                    or first_orders > activations or repeat_orders > first_orders
                    or repeat_orders < 0
                order by date_day desc, channel_id, campaign_id
                """,
            ),
        ),
    )  # fmt: skip
