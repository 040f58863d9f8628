{%- set parent = ['account_id', 'day', 'campaign_id', 'ad_group_id'] -%}

with ad_snapshots as (
    {{ union_platforms('ads', parent + ['ad_id', 'ad_name']) }}
),

ad_group_snapshots as (
    {{ union_platforms('ad_groups', parent + ['ad_group_name']) }}
),

delivery as (
    select
        platform,
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
        date_day,
        max(ad_group_name) as ad_group_name,
        max(ad_name) as ad_name,
        min(date_day) over (
            partition by platform, account_id, ad_group_id, ad_id
        ) as first_delivery_date
    from {{ ref('int_ads_reports') }}
    where report_level = 'ad'
    group by platform, account_id, campaign_id, ad_group_id, ad_id, date_day
),

-- Report rows speak for ads that no snapshot shows any more; see int_ads_campaigns.
observed as (
    select
        ad_snapshots.platform,
        ad_snapshots.account_id,
        ad_snapshots.ad_group_id,
        ad_snapshots.ad_id,
        ad_snapshots.day as observed_date,
        ad_snapshots.campaign_id,
        ad_group_snapshots.ad_group_name,
        ad_snapshots.ad_name,
        first_days.first_delivery_date
    from ad_snapshots
    left join ad_group_snapshots
        on
            ad_snapshots.platform = ad_group_snapshots.platform
            and ad_snapshots.account_id = ad_group_snapshots.account_id
            and ad_snapshots.day = ad_group_snapshots.day
            and ad_snapshots.ad_group_id = ad_group_snapshots.ad_group_id
    left join (
        select distinct
            platform,
            account_id,
            ad_group_id,
            ad_id,
            first_delivery_date
        from delivery
    ) as first_days
        on
            ad_snapshots.platform = first_days.platform
            and ad_snapshots.account_id = first_days.account_id
            and ad_snapshots.ad_group_id = first_days.ad_group_id
            and ad_snapshots.ad_id = first_days.ad_id
    where ad_snapshots.day <= {{ as_of() }}

    union all

    select
        delivery.platform,
        delivery.account_id,
        delivery.ad_group_id,
        delivery.ad_id,
        delivery.date_day as observed_date,
        delivery.campaign_id,
        delivery.ad_group_name,
        delivery.ad_name,
        delivery.first_delivery_date
    from delivery
    where
        not exists (
            select 1
            from ad_snapshots
            where
                ad_snapshots.platform = delivery.platform
                and ad_snapshots.account_id = delivery.account_id
                and ad_snapshots.ad_group_id = delivery.ad_group_id
                and ad_snapshots.ad_id = delivery.ad_id
                and ad_snapshots.day <= {{ as_of() }}
        )
)

{{ history_ranges(
    'observed',
    keys=['platform', 'account_id', 'ad_group_id', 'ad_id'],
    attributes=['campaign_id', 'ad_group_name', 'ad_name'],
    first_valid_from='coalesce(first_delivery_date, observed_date)',
) }}
