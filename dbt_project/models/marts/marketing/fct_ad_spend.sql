{{ config(materialized='incremental', pre_hook="{{ ad_spend_cleanup() }}") }}

with account_days as (
    select known_days.*
    from {{ ref('int_ads_account_days') }} as known_days
    {%- if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as applied
        where
            applied.platform = known_days.platform
            and applied.account_id = known_days.account_id
            and applied.date_day = known_days.date_day
    )
    {%- endif %}
),

reports as (
    select reports.*
    from {{ ref('int_ads_reports') }} as reports
    inner join account_days
        on
            reports.platform = account_days.platform
            and reports.account_id = account_days.account_id
            and reports.date_day = account_days.date_day
),

ad_rows as (
    select * from reports
    where report_level = 'ad'
),

allocated as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(spend_native) as spend_native,
        sum(platform_click_conversions) as platform_click_conversions,
        sum(platform_view_conversions) as platform_view_conversions,
        sum(platform_conversion_value_native) as platform_conversion_value_native,
        sum(video_plays) as video_plays
    from ad_rows
    group by platform, account_id, date_day, campaign_id
),

-- The campaign's own total is the truth; what its ads do not explain keeps a row. A campaign-day
-- without a total of its own is the sum of its ads.
remainders as (
    select
        totals.platform,
        totals.account_id,
        totals.date_day,
        totals.campaign_id,
        totals.load_id,
        totals.loaded_at,
        totals.impressions - coalesce(allocated.impressions, 0) as impressions,
        totals.clicks - coalesce(allocated.clicks, 0) as clicks,
        totals.spend_native - coalesce(allocated.spend_native, 0) as spend_native,
        totals.platform_click_conversions - coalesce(allocated.platform_click_conversions, 0)
            as platform_click_conversions,
        totals.platform_view_conversions - coalesce(allocated.platform_view_conversions, 0)
            as platform_view_conversions,
        totals.platform_conversion_value_native
        - coalesce(allocated.platform_conversion_value_native, 0)
            as platform_conversion_value_native,
        totals.video_plays - coalesce(allocated.video_plays, 0) as video_plays
    from reports as totals
    left join allocated
        on
            totals.platform = allocated.platform
            and totals.account_id = allocated.account_id
            and totals.date_day = allocated.date_day
            and totals.campaign_id = allocated.campaign_id
    where totals.report_level = 'campaign'
),

delivery as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        ad_group_id,
        ad_id,
        impressions,
        clicks,
        spend_native,
        platform_click_conversions,
        platform_view_conversions,
        platform_conversion_value_native,
        video_plays,
        false as is_unallocated,
        load_id,
        loaded_at
    from ad_rows

    union all

    select
        platform,
        account_id,
        date_day,
        campaign_id,
        '(unallocated)' as ad_group_id,
        '(unallocated)' as ad_id,
        impressions,
        clicks,
        spend_native,
        platform_click_conversions,
        platform_view_conversions,
        platform_conversion_value_native,
        video_plays,
        true as is_unallocated,
        load_id,
        loaded_at
    from remainders
    where
        impressions <> 0
        or clicks <> 0
        or spend_native <> 0
        or platform_click_conversions <> 0
        or platform_view_conversions <> 0
        or platform_conversion_value_native <> 0
        or video_plays <> 0
)

select
    delivery.platform,
    delivery.account_id,
    delivery.date_day,
    delivery.campaign_id,
    delivery.ad_group_id,
    delivery.ad_id,
    account_days.channel_id,
    cast(delivery.impressions as bigint) as impressions,
    cast(delivery.clicks as bigint) as clicks,
    cast(delivery.video_plays as bigint) as video_plays,
    {{ money('delivery.spend_native') }} as spend_native,
    account_days.currency,
    account_days.fx_rate,
    account_days.fx_date,
    {{ to_base_currency(money('delivery.spend_native'), 'account_days.fx_rate') }} as spend,
    {{ money('delivery.platform_click_conversions') }} as platform_click_conversions,
    {{ money('delivery.platform_view_conversions') }} as platform_view_conversions,
    {{ money('delivery.platform_conversion_value_native') }} as platform_conversion_value_native,
    {{ to_base_currency(
        money('delivery.platform_conversion_value_native'), 'account_days.fx_rate'
    ) }} as platform_conversion_value,
    account_days.account_timezone,
    delivery.is_unallocated,
    account_days.is_provisional,
    delivery.load_id,
    delivery.loaded_at
from delivery
inner join account_days
    on
        delivery.platform = account_days.platform
        and delivery.account_id = account_days.account_id
        and delivery.date_day = account_days.date_day
