{{ config(materialized='incremental', pre_hook="{{ spend_restatement_cleanup() }}") }}

with versions as (
    select versions.*
    from {{ ref('int_ads_versions') }} as versions
    {%- if is_incremental() %}
    inner join ({{ changed_account_days() }}) as changed
        on
            versions.platform = changed.platform
            and versions.account_id = changed.account_id
            and versions.date_day = changed.date_day
    {%- endif %}
    where versions.date_day <= {{ as_of() }}
),

steps as (
    select
        *,
        coalesce(lag(spend_native) over (entity), 0) as spend_native_old,
        coalesce(lag(clicks) over (entity), 0) as clicks_old,
        coalesce(lag(impressions) over (entity), 0) as impressions_old,
        coalesce(lag(platform_conversions) over (entity), 0) as platform_conversions_old
    from versions
    window entity as (
        partition by stream, platform, account_id, date_day, campaign_id, ad_group_id, ad_id
        order by loaded_at
    )
),

ad_changes as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        ad_group_id,
        ad_id,
        load_id,
        loaded_at,
        previous_load_id,
        spend_native_old,
        spend_native as spend_native_new,
        clicks_old,
        clicks as clicks_new,
        impressions_old,
        impressions as impressions_new,
        platform_conversions_old,
        platform_conversions as platform_conversions_new
    from steps
    where stream = 'ad_daily'
),

-- Per campaign and instant: how far the sum of its ads moved, and what its own total says.
campaign_steps as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        loaded_at,
        coalesce(
            max(case when stream = 'campaign_daily' then load_id end), max(load_id)
        ) as load_id,
        coalesce(
            max(case when stream = 'campaign_daily' then previous_load_id end),
            max(previous_load_id)
        ) as previous_load_id,
        max(case when stream = 'campaign_daily' then cast(is_present as integer) end) as has_total,
        sum(case when stream = 'ad_daily' then spend_native - spend_native_old else 0 end)
            as spend_native_moved,
        max(case when stream = 'campaign_daily' then spend_native end)
            as spend_native_total,
        sum(case when stream = 'ad_daily' then clicks - clicks_old else 0 end)
            as clicks_moved,
        max(case when stream = 'campaign_daily' then clicks end)
            as clicks_total,
        sum(case when stream = 'ad_daily' then impressions - impressions_old else 0 end)
            as impressions_moved,
        max(case when stream = 'campaign_daily' then impressions end)
            as impressions_total,
        sum(
            case
                when stream = 'ad_daily' then platform_conversions - platform_conversions_old
                else 0
            end
        ) as platform_conversions_moved,
        max(case when stream = 'campaign_daily' then platform_conversions end)
            as platform_conversions_total
    from steps
    group by platform, account_id, date_day, campaign_id, loaded_at
),

campaign_states as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        loaded_at,
        load_id,
        previous_load_id,
        last_value(has_total ignore nulls) over entity as has_total,
        sum(spend_native_moved) over entity as spend_native_allocated,
        last_value(spend_native_total ignore nulls) over entity
            as spend_native_total,
        sum(clicks_moved) over entity as clicks_allocated,
        last_value(clicks_total ignore nulls) over entity
            as clicks_total,
        sum(impressions_moved) over entity as impressions_allocated,
        last_value(impressions_total ignore nulls) over entity
            as impressions_total,
        sum(platform_conversions_moved) over entity as platform_conversions_allocated,
        last_value(platform_conversions_total ignore nulls) over entity
            as platform_conversions_total
    from campaign_steps
    window entity as (
        partition by platform, account_id, date_day, campaign_id
        order by loaded_at rows between unbounded preceding and current row
    )
),

remainders as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        loaded_at,
        load_id,
        previous_load_id,
        case when has_total = 1 then spend_native_total - spend_native_allocated else 0 end
            as spend_native_new,
        case when has_total = 1 then clicks_total - clicks_allocated else 0 end
            as clicks_new,
        case when has_total = 1 then impressions_total - impressions_allocated else 0 end
            as impressions_new,
        case
            when has_total = 1 then platform_conversions_total - platform_conversions_allocated
            else 0
        end as platform_conversions_new
    from campaign_states
),

remainder_changes as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        '(unallocated)' as ad_group_id,
        '(unallocated)' as ad_id,
        load_id,
        loaded_at,
        previous_load_id,
        coalesce(lag(spend_native_new) over (entity), 0) as spend_native_old,
        spend_native_new,
        coalesce(lag(clicks_new) over (entity), 0) as clicks_old,
        clicks_new,
        coalesce(lag(impressions_new) over (entity), 0) as impressions_old,
        impressions_new,
        coalesce(lag(platform_conversions_new) over (entity), 0) as platform_conversions_old,
        platform_conversions_new
    from remainders
    window entity as (
        partition by platform, account_id, date_day, campaign_id order by loaded_at
    )
),

changes as (
    select * from ad_changes
    union all
    select * from remainder_changes
)

select
    changes.platform,
    changes.account_id,
    changes.date_day,
    changes.campaign_id,
    changes.ad_group_id,
    changes.ad_id,
    changes.load_id,
    changes.loaded_at,
    changes.previous_load_id,
    cast(
        {{ local_date('changes.loaded_at', "coalesce(accounts.timezone, 'UTC')") }}
        - changes.date_day as bigint
    ) as age_days,
    coalesce(account_days.currency, accounts.currency) as currency,
    cast(changes.spend_native_old as decimal(18, 6)) as spend_native_old,
    cast(changes.spend_native_new as decimal(18, 6)) as spend_native_new,
    cast(changes.spend_native_new - changes.spend_native_old as decimal(18, 6))
        as spend_native_delta,
    cast(changes.clicks_old as bigint) as clicks_old,
    cast(changes.clicks_new as bigint) as clicks_new,
    cast(changes.clicks_new - changes.clicks_old as bigint)
        as clicks_delta,
    cast(changes.impressions_old as bigint) as impressions_old,
    cast(changes.impressions_new as bigint) as impressions_new,
    cast(changes.impressions_new - changes.impressions_old as bigint)
        as impressions_delta,
    cast(changes.platform_conversions_old as decimal(18, 6)) as platform_conversions_old,
    cast(changes.platform_conversions_new as decimal(18, 6)) as platform_conversions_new,
    cast(changes.platform_conversions_new - changes.platform_conversions_old as decimal(18, 6))
        as platform_conversions_delta
from changes
left join {{ ref('int_ads_accounts') }} as accounts
    on
        changes.platform = accounts.platform
        and changes.account_id = accounts.account_id
        and changes.date_day between accounts.valid_from_date and accounts.valid_to_date
left join {{ ref('int_ads_account_days') }} as account_days
    on
        changes.platform = account_days.platform
        and changes.account_id = account_days.account_id
        and changes.date_day = account_days.date_day
where
    -- The first load of a day restates nothing.
    changes.previous_load_id is not null
    and (
        changes.spend_native_old <> changes.spend_native_new
        or changes.clicks_old <> changes.clicks_new
        or changes.impressions_old <> changes.impressions_new
        or changes.platform_conversions_old <> changes.platform_conversions_new
    )
