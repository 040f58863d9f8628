"""Release claims about ad money: the same at every grain, in one currency, kept by every mart."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.registry import Claim, Columns, Severity, Suite, claim, union

UNALLOCATED = "(unallocated)"
CENT = "0.01"
SETTLED_AFTER_DAYS = 7
"""Platforms restate spend for two or three days; what changes later is an event, not routine."""


def suites(day: str, columns: Columns, limits: Mapping[str, float]) -> list[Suite]:
    """Suites on fct_ad_spend, its restatements and the marts that carry its money on."""
    return [_ad_spend(day, columns, limits), _restatement(), _carried_on(), _channels(limits)]


def _claim(
    name: str, severity: Severity, subject: str, protects: str, on_failure: str, query: str
) -> Claim:
    return claim(name, severity, subject, "marketing", protects, on_failure, query)


def platform_totals(columns: Columns) -> str:
    """Spend per platform, account and day as the campaign reports of every platform say it."""
    selects = [
        "select '' as platform, '' as account_id, null::date as day, "
        "null::decimal(18, 6) as spend where false"
    ]
    for table, fields in sorted(columns.items()):
        schema, _, name = table.partition(".")
        platform = name.removeprefix("stg_").removesuffix("__campaign_daily")
        if schema != "staging" or name != f"stg_{platform}__campaign_daily":
            continue
        day = "date_day" if "date_day" in fields else "day"
        spend = "spend_native" if "spend_native" in fields else "spend"
        selects.append(
            f"select '{platform}', account_id, {day}, sum({spend}) from {table} "
            f"where {day} <= (select max(date_day) from marts.fct_ad_spend) group by all"
        )
    return union(selects)


def _ad_spend(day: str, columns: Columns, limits: Mapping[str, float]) -> Suite:
    negative = limits["negative_share_critical"]
    remainders = f"""
        select platform, account_id, date_day, remainder, spend
        from (
            select platform, account_id, date_day, sum(spend_native) as spend,
                sum(spend_native) filter (where ad_id = '{UNALLOCATED}') as remainder,
                sum(spend_native) filter (where ad_id = '{UNALLOCATED}' and spend_native < 0)
                    as below
            from {{batch}}
            group by all
        )
    """
    return Suite(
        "release_ad_spend",
        "select * from marts.fct_ad_spend",
        (
            _claim(
                "spend_equal_by_grain", "critical", "fct_ad_spend",
                "The ads of a day, with what could not be allocated, are the campaigns' total to "
                "the cent.",
                "A campaign is in one report and not in the other, or a day was taken in once "
                "only: compare both staging models for the day named.",
                f"""
                with reports as (select * from ({platform_totals(columns)}))
                select platform, account_id, day, marts_spend, platform_spend
                from (
                    select coalesce(mart.platform, reported.platform) as platform,
                        coalesce(mart.account_id, reported.account_id) as account_id,
                        coalesce(mart.day, reported.day) as day,
                        coalesce(mart.spend, 0) as marts_spend,
                        coalesce(reported.spend, 0) as platform_spend,
                        -- A platform may have no campaign report: then the ads are all there is.
                        reported.spend is not null or exists (
                            select 1 from reports
                            where platform = mart.platform and account_id = mart.account_id
                        ) as is_reported
                    from (
                        select platform, account_id, date_day as day, sum(spend_native) as spend
                        from {{batch}} group by all
                    ) as mart
                    full join reports as reported
                        on reported.platform = mart.platform
                        and reported.account_id = mart.account_id and reported.day = mart.day
                )
                where abs(marts_spend - platform_spend) >= {CENT} and is_reported
                order by day desc, platform, account_id
                """,
            ),
            _claim(
                "no_negative_unallocated", "critical", "fct_ad_spend",
                "Ads do not spend more than their campaign: the remainder is never below zero "
                "beyond rounding and restatement between two readings.",
                "Ad rows are doubled, or the campaign report is the older one: land the day again.",
                f"{remainders} where below < -{negative} * abs(spend) - {CENT} "
                "order by date_day desc, platform, account_id",
            ),
            _claim(
                "unallocated_not_below_zero", "warning", "fct_ad_spend",
                "No account's remainder of a day is below zero at all.",
                "Small ones heal with the next reading of the trailing window.",
                f"{remainders} where below < -{CENT} order by date_day desc, platform, account_id",
            ),
            _claim(
                "unallocated_share_near_norm", "warning", "fct_ad_spend",
                "As much of an account's spend is known by ad as in the weeks before.",
                "A new campaign type without ads (Performance Max) explains it, or an ad report "
                "that comes short.",
                f"""
                select platform, account_id, recent_share, usual_share
                from (
                    select platform, account_id,
                        sum(spend_native) filter (where is_recent and ad_id = '{UNALLOCATED}')
                            / nullif(sum(spend_native) filter (where is_recent), 0) as recent_share,
                        coalesce(
                            sum(spend_native) filter (
                                where not is_recent and ad_id = '{UNALLOCATED}'
                            ), 0
                        ) / nullif(sum(spend_native) filter (where not is_recent), 0) as usual_share
                    from (
                        select *, date_day > date '{day}' - 7 as is_recent
                        from {{batch}}
                        where date_day > date '{day}' - 35
                    )
                    group by platform, account_id
                )
                where recent_share > usual_share + {limits["unallocated_share_drift"]}
                order by platform, account_id
                """,
            ),
            _claim(
                "spend_has_rates", "critical", "fct_ad_spend",
                "Every spend has the day's rate and is that rate times the native amount.",
                "The rates of the day did not land: run the rates' ingest; a currency that the "
                "central bank does not quote needs a source of its own.",
                """
                select platform, account_id, date_day, currency, fx_rate, spend_native, spend
                from {batch}
                where fx_rate is null or spend is null or fx_rate <= 0 or fx_date > date_day
                    or abs(spend - spend_native * fx_rate) > 0.0001 + abs(spend) * 0.000001
                order by date_day desc, platform, account_id
                """,
            ),
            _claim(
                "one_currency_per_account", "critical", "fct_ad_spend",
                "An account's spend is in one currency over its whole history.",
                "See currency_unchanged of the landing gate: the account is not the one it was.",
                """
                select platform, account_id, string_agg(distinct currency, ', ') as currencies
                from {batch}
                group by platform, account_id
                having count(distinct currency) > 1
                order by platform, account_id
                """,
            ),
        ),
    )  # fmt: skip


def _restatement() -> Suite:
    return Suite(
        "release_restatement",
        "select * from marts.fct_spend_restatement",
        (
            _claim(
                "restated_closed_day", "warning", "fct_spend_restatement",
                f"Spend older than {SETTLED_AFTER_DAYS} days does not change by more than 1 %.",
                "Tell marketing: a closed month changed. The table has the old and the new number.",
                f"""
                select platform, account_id, date_day, sum(spend_native_old) as spend_before,
                    sum(spend_native_new) as spend_now, max(age_days) as age_days
                from {{batch}}
                where age_days > {SETTLED_AFTER_DAYS}
                    and loaded_at >= (
                        select max(loaded_at) - interval 1 day from marts.fct_spend_restatement
                    )
                group by platform, account_id, date_day
                having abs(sum(spend_native_delta)) > 0.01 * abs(sum(spend_native_old)) + {CENT}
                order by date_day desc, platform, account_id
                """,
            ),
        ),
    )  # fmt: skip


def _carried_on() -> Suite:
    def conserved(mart: str, by_model: str) -> str:
        return f"""
        select coalesce(carried.day, spent.day) as day, model, spend, carried_spend
        from (
            select date_day as day, sum(spend) as spend from {{batch}} group by all
        ) as spent
        full join (
            select date_day as day, {by_model} as model, sum(spend) as carried_spend
            from marts.{mart} group by all
            having sum(spend) <> 0
        ) as carried on carried.day = spent.day
        where abs(coalesce(spend, 0) - coalesce(carried_spend, 0)) >= {CENT}
        order by 1 desc, 2
        """

    lost = "A join drops spend without a touch, or doubles it per campaign: see the model's SQL."
    return Suite(
        "release_carried_spend",
        "select * from marts.fct_ad_spend",
        (
            _claim(
                "channel_spend_conserved", "critical", "fct_channel_performance",
                "Every cent of a day's spend is in the channel performance of every model.",
                lost, conserved("fct_channel_performance", "model"),
            ),
            _claim(
                "funnel_spend_conserved", "critical", "fct_funnel_daily",
                "Every cent of a day's spend is in the funnel.",
                lost, conserved("fct_funnel_daily", "'(all)'"),
            ),
        ),
    )  # fmt: skip


def _channels(limits: Mapping[str, float]) -> Suite:
    return Suite(
        "release_channels",
        "select * from marts.fct_channel_performance",
        (
            _claim(
                "cac_sane", "warning", "fct_channel_performance",
                "No channel's cost per new customer over four weeks is absurd.",
                "Customers of the channel are not recognised (tagging), or it should be stopped.",
                f"""
                select channel_id, model, sum(spend) as spend, sum(new_customers) as new_customers
                from {{batch}}
                where date_day > (select max(date_day) from marts.fct_ad_spend) - 28
                group by channel_id, model
                having sum(spend) > {limits["cac_max"]} * greatest(sum(new_customers), 1)
                order by channel_id, model
                """,
            ),
        ),
    )  # fmt: skip
