"""Landing claims about what the ad reports say: their pages, days, money and accounts."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.registry import Claim, Severity, Suite, claim, text

UNITS_PER_DOLLAR = {
    "CNY": 7, "HKD": 8, "SEK": 10, "NOK": 11, "DKK": 7, "CZK": 23, "ZAR": 18, "MXN": 18, "TRY": 45,
    "JPY": 150, "KRW": 1400, "VND": 25000, "IDR": 16000, "HUF": 370, "CLP": 950, "COP": 4000,
    "INR": 85, "TWD": 32, "THB": 35, "PHP": 57, "RUB": 90, "PKR": 280, "NGN": 1500,
}  # fmt: skip
"""Order of magnitude only: bounds of money must not mistake a small currency for a wrong unit."""

REFETCH = "Re-land the account and day named here (`make backfill`), then run the night again."


def suites(limits: Mapping[str, float]) -> list[Suite]:
    """Suites on the numbers of the night's ad reports and on the accounts they belong to."""
    return [_reports(limits), _zone(), _money(limits), _accounts()]


def data_claim(
    name: str, severity: Severity, subject: str, protects: str, on_failure: str, query: str
) -> Claim:
    """A claim that whoever runs the pipeline answers for."""
    return claim(name, severity, subject, "data", protects, on_failure, query)


def _reports(limits: Mapping[str, float]) -> Suite:
    drop, excess = limits["ad_share_drop"], limits["ad_share_excess"]
    return Suite(
        "landing_reports",
        "select * from spend_now",
        (
            data_claim(
                "page_not_missing",
                "critical",
                "ad reports landed tonight",
                "Both reports of a day tell of the same delivery: no campaign keeps its row and "
                "loses its ads, its ads are not dearer than itself, and campaigns that are still "
                "switched on do not fall away together.",
                REFETCH,
                f"""
                with measured as (
                    select *,
                        coalesce(ad_spend, 0) / nullif(spend, 0) as share,
                        median(coalesce(ad_spend, 0) / nullif(spend, 0)) over (
                            partition by platform, account_id, campaign_id
                        ) as usual_share,
                        count(*) over (partition by platform, account_id, campaign_id) as days,
                        count(spend) over (partition by platform, account_id, day)
                            as campaigns_of_day
                    from {{batch}}
                ),
                parted as (
                    select platform, account_id, day, campaign_id, spend, ad_spend,
                        case
                            when spend > 0 and days >= 5 and usual_share > 0
                                and share < {drop} * usual_share
                                then 'ads missing'
                            when spend is null and ad_spend > 0 and campaigns_of_day > 0
                                then 'campaign row missing'
                            when spend >= 0 and ad_spend > {excess} * spend + 0.05
                                then 'ads dearer than their campaign'
                        end as why
                    from measured
                    where is_new
                ),
                account_days_landed as (
                    select platform, account_id, day, bool_or(is_new) as is_new
                    from {{batch}}
                    where coalesce(spend, ad_spend) > 0
                    group by all
                ),
                delivery as (
                    select platform, account_id, campaign_id, day,
                        -- Three account-days in a row, and then not the next one.
                        lag(day, 2) over campaign as day_two_before,
                        lead(day) over campaign as next_day
                    from {{batch}}
                    where coalesce(spend, ad_spend) > 0
                    window campaign as (
                        partition by platform, account_id, campaign_id order by day
                    )
                ),
                fallen as (
                    select landed.platform, landed.account_id, landed.day, delivery.campaign_id
                    from delivery
                    join account_days_landed as landed
                        on landed.platform = delivery.platform
                        and landed.account_id = delivery.account_id
                        and landed.day = delivery.day + 1
                    left join campaign_snapshots as snapshot
                        on snapshot.platform = delivery.platform
                        and snapshot.account_id = delivery.account_id
                        and snapshot.campaign_id = delivery.campaign_id
                    where landed.is_new and delivery.next_day is distinct from delivery.day + 1
                        and delivery.day_two_before = delivery.day - 2
                        and coalesce(snapshot.is_active, true)
                )
                select platform, account_id, day, why, count(*) as campaigns,
                    sum(spend) as campaign_spend, sum(ad_spend) as ad_spend
                from parted
                where why is not null
                group by platform, account_id, day, why
                union all
                select platform, account_id, day, 'campaigns fell away together', count(*), null,
                    null
                from fallen
                group by platform, account_id, day
                having count(*) >= 2
                order by platform, account_id, day desc, why
                """,
            ),
        ),
    )


def _zone() -> Suite:
    return Suite(
        "landing_zone",
        "select * from account_days",
        (
            data_claim(
                "zone_not_shifted",
                "critical",
                "ad reports landed tonight",
                "A day's numbers are those of that day in the account's zone.",
                "Compare the account's zone at the platform with dim_account, and one day's spend "
                "with the platform's screen; then land the window again.",
                """
                select platform, account_id, 'rows carry another day' as why,
                    count(*) as found, max(day) as day
                from report_rows
                where own_date <> day
                group by platform, account_id
                union all
                select now.platform, now.account_id, 'numbers moved by a day' as why,
                    count(*) as found, max(now.day) as day
                from (select * from {batch}) as now
                join account_days as neighbour
                    on neighbour.platform = now.platform
                    and neighbour.account_id = now.account_id
                    and neighbour.day in (now.day - 1, now.day + 1)
                where now.is_new and now.spend > 0
                    and now.spend = neighbour.spend_before and now.clicks = neighbour.clicks_before
                    and now.spend is distinct from now.spend_before
                group by now.platform, now.account_id, neighbour.day - now.day
                having count(*) >= 3
                union all
                select now.platform, now.account_id, 'a day is its neighbour again' as why,
                    count(*) as found, now.day
                from spend_now as now
                join spend_now as neighbour
                    on neighbour.platform = now.platform
                    and neighbour.account_id = now.account_id
                    and neighbour.campaign_id = now.campaign_id
                    and neighbour.day = now.day - 1
                where now.is_new and now.spend > 0
                group by now.platform, now.account_id, now.day
                having count(*) >= 2
                    and bool_and(now.spend = neighbour.spend and now.clicks = neighbour.clicks)
                order by platform, account_id, why
                """,
            ),
        ),
    )


def _money(limits: Mapping[str, float]) -> Suite:
    jump, restated = limits["money_jump"], limits["money_restated"]
    low, high = limits["cost_per_click_min"], limits["cost_per_click_max"]
    scales = ", ".join(f"({text(code)}, {units})" for code, units in UNITS_PER_DOLLAR.items())
    return Suite(
        "landing_money",
        "select * from account_days",
        (
            data_claim(
                "money_in_range",
                "critical",
                "ad spend landed tonight",
                "Spend is in the unit that was declared: no account is a hundred times dearer or "
                "cheaper per click than itself, than last night's reading of the same day, or "
                "than any advertiser pays.",
                "Look at the unit on the wire (major, minor, micros) in the platform's change log; "
                "correct the stream's declaration or land the day again.",
                f"""
                with currencies as (
                    select platform, account_id, max(currency) as currency
                    from account_snapshots group by all
                ),
                scales (currency, units) as (values {scales}),
                measured as (
                    select days.*,
                        spend / nullif(clicks, 0) as cost_per_click,
                        spend_before / nullif(clicks_before, 0) as cost_per_click_before,
                        median(spend / nullif(clicks, 0)) over (
                            partition by days.platform, days.account_id order by day
                            rows between 28 preceding and 1 preceding
                        ) as usual,
                        median(spend) over (
                            partition by days.platform, days.account_id order by day
                            rows between 28 preceding and 1 preceding
                        ) as usual_spend,
                        coalesce(units, 1) as units
                    from (select * from {{batch}}) as days
                    left join currencies
                        on currencies.platform = days.platform
                        and currencies.account_id = days.account_id
                    left join scales on scales.currency = currencies.currency
                )
                select platform, account_id, day, spend, clicks, usual, cost_per_click_before
                from measured
                where is_new and (
                    (clicks >= 10 and (
                        cost_per_click > {jump} * usual or usual > {jump} * cost_per_click
                    ))
                    or (clicks >= 10 and (
                        cost_per_click > {restated} * cost_per_click_before
                        or cost_per_click_before > {restated} * cost_per_click
                    ))
                    or (clicks >= 20 and spend > 0 and (
                        cost_per_click < {low} * units or cost_per_click > {high} * units
                    ))
                    -- Few clicks make a jumpy price; then spend must have jumped as far as it.
                    or (
                        spend > {jump} * usual_spend and usual_spend > 0
                        and spend / greatest(clicks, 1) > {jump} * usual
                    )
                    or spend < 0
                )
                order by platform, account_id, day desc
                """,
            ),
        ),
    )


def _accounts() -> Suite:
    def differs(column: str) -> str:
        return f"""
        select platform, account_id, max_by({column}, day) as {column}_now,
            string_agg(distinct {column}, ', ' order by {column}) as seen
        from {{batch}}
        where {column} is not null
        group by platform, account_id
        having count(distinct {column}) > 1
        order by platform, account_id
        """

    new_account = (
        "Platforms do not change this on a living account: the id was given to another account, "
        "or the answer is another account's. Ask whoever owns the account before anything else."
    )
    return Suite(
        "landing_accounts",
        "select * from account_snapshots",
        (
            data_claim(
                "currency_unchanged",
                "critical",
                "accounts",
                "An account's money is in the currency it has always been in.",
                new_account,
                differs("currency"),
            ),
            data_claim(
                "account_zone_unchanged",
                "critical",
                "accounts",
                "An account's days are days of the zone they have always been in.",
                new_account,
                differs("timezone"),
            ),
        ),
    )
