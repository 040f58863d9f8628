-- Nothing is lost between the grains: per account and day the fact says what the campaigns' own
-- totals say, and what their ads say where a campaign has no total of its own. A row here is an
-- account-day and the difference in its own currency.
with totals as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        coalesce(
            sum(case when report_level = 'campaign' then spend_native end),
            sum(case when report_level = 'ad' then spend_native end)
        ) as spend_native
    from {{ ref('int_ads_reports') }}
    group by platform, account_id, date_day, campaign_id
),

expected as (
    select
        platform,
        account_id,
        date_day,
        sum(spend_native) as spend_native
    from totals
    group by platform, account_id, date_day
),

stated as (
    select
        platform,
        account_id,
        date_day,
        sum(spend_native) as spend_native
    from {{ ref('fct_ad_spend') }}
    group by platform, account_id, date_day
)

select
    coalesce(expected.platform, stated.platform) as platform,
    coalesce(expected.account_id, stated.account_id) as account_id,
    coalesce(expected.date_day, stated.date_day) as date_day,
    expected.spend_native as expected_spend,
    stated.spend_native as stated_spend
from expected
full outer join stated
    on
        expected.platform = stated.platform
        and expected.account_id = stated.account_id
        and expected.date_day = stated.date_day
where coalesce(expected.spend_native, 0) <> coalesce(stated.spend_native, 0)
