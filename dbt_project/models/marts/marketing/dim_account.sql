with spent as (
    select
        platform,
        account_id,
        min(date_day) as first_spend_date
    from {{ ref('fct_ad_spend') }}
    where spend_native <> 0
    group by platform, account_id
),

described as (
    select
        platform,
        account_id,
        account_name,
        currency,
        timezone
    from {{ ref('int_ads_accounts') }}
    where is_current
),

-- An account may be configured and not landed, or landed and not configured any more.
known as (
    select
        platform,
        account_id
    from {{ ref('int_source_freshness') }}
    where platform is not null

    union distinct

    select
        platform,
        account_id
    from described
)

select
    known.platform,
    known.account_id,
    described.account_name,
    described.currency,
    described.timezone,
    spent.first_spend_date,
    freshness.data_through_date,
    coalesce(freshness.status, 'disabled') as status
from known
left join described
    on known.platform = described.platform and known.account_id = described.account_id
left join spent
    on known.platform = spent.platform and known.account_id = spent.account_id
left join {{ ref('int_source_freshness') }} as freshness
    on known.platform = freshness.platform and known.account_id = freshness.account_id
