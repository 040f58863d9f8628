{%- set columns = ['account_id', 'day', 'campaign_id', 'campaign_name', 'campaign_status'] -%}

with snapshots as (
    {{ union_platforms('campaigns', columns) }}
),

delivery as (
    select
        platform,
        account_id,
        campaign_id,
        date_day,
        max(campaign_name) as campaign_name,
        min(date_day) over (partition by platform, account_id, campaign_id) as first_delivery_date
    from {{ ref('int_ads_reports') }}
    group by platform, account_id, campaign_id, date_day
),

-- Report rows speak for campaigns that no snapshot shows any more; their names are those of the
-- day on which the row was read last.
observed as (
    select
        snapshots.platform,
        snapshots.account_id,
        snapshots.campaign_id,
        snapshots.day as observed_date,
        snapshots.campaign_name,
        snapshots.campaign_status,
        first_days.first_delivery_date
    from snapshots
    left join (
        select distinct
            platform,
            account_id,
            campaign_id,
            first_delivery_date
        from delivery
    ) as first_days
        on
            snapshots.platform = first_days.platform
            and snapshots.account_id = first_days.account_id
            and snapshots.campaign_id = first_days.campaign_id
    where snapshots.day <= {{ as_of() }}

    union all

    select
        delivery.platform,
        delivery.account_id,
        delivery.campaign_id,
        delivery.date_day as observed_date,
        delivery.campaign_name,
        cast(null as varchar) as campaign_status,
        delivery.first_delivery_date
    from delivery
    where
        not exists (
            select 1
            from snapshots
            where
                snapshots.platform = delivery.platform
                and snapshots.account_id = delivery.account_id
                and snapshots.campaign_id = delivery.campaign_id
                and snapshots.day <= {{ as_of() }}
        )
)

{{ history_ranges(
    'observed',
    keys=['platform', 'account_id', 'campaign_id'],
    attributes=['campaign_name', 'campaign_status'],
    first_valid_from='coalesce(first_delivery_date, observed_date)',
) }}
