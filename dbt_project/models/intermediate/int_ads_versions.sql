{{ config(materialized='incremental', pre_hook="{{ ad_versions_cleanup() }}") }}

with loads as (
    {{ unapplied_report_loads() }}
),

history as (
    {%- for platform in var('ad_platforms') %}
    select * from {{ ref('stg_' ~ platform ~ '__report_history') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

present as (
    select
        history.source,
        history.stream,
        history.platform,
        history.account_id,
        history.date_day,
        history.campaign_id,
        coalesce(history.ad_group_id, '(unallocated)') as ad_group_id,
        coalesce(history.ad_id, '(unallocated)') as ad_id,
        loads.load_number,
        loads.load_id,
        loads.loaded_at,
        loads.previous_load_id,
        true as is_present,
        history.impressions,
        history.clicks,
        history.spend_native,
        {{ money('history.platform_click_conversions + history.platform_view_conversions') }}
            as platform_conversions
    from history
    inner join loads
        on
            history.source = loads.source
            and history.stream = loads.stream
            and history.account_id = loads.account_id
            and history.date_day = loads.date_day
            and history.load_id = loads.load_id

    {%- if is_incremental() %}

    union all

    -- What the loads before have left: the newest version of every key of the days concerned.
    select
        source,
        stream,
        platform,
        account_id,
        date_day,
        campaign_id,
        ad_group_id,
        ad_id,
        0 as load_number,
        load_id,
        loaded_at,
        previous_load_id,
        is_present,
        impressions,
        clicks,
        spend_native,
        platform_conversions
    from (
        select
            versions.*,
            row_number() over (
                partition by
                    versions.source, versions.stream, versions.account_id, versions.date_day,
                    versions.campaign_id, versions.ad_group_id, versions.ad_id
                order by versions.loaded_at desc
            ) as age
        from {{ this }} as versions
        inner join (
            select distinct source, stream, account_id, date_day from loads
        ) as concerned
            on
                versions.source = concerned.source
                and versions.stream = concerned.stream
                and versions.account_id = concerned.account_id
                and versions.date_day = concerned.date_day
    ) as newest
    where age = 1 and is_present
    {%- endif %}
),

followed as (
    select
        *,
        lead(load_number) over (
            partition by
                source, stream, account_id, date_day, campaign_id, ad_group_id, ad_id
            order by load_number
        ) as next_load_number
    from present
),

-- A key that the next load does not carry any more has become zero there.
gone as (
    select
        followed.source,
        followed.stream,
        followed.platform,
        followed.account_id,
        followed.date_day,
        followed.campaign_id,
        followed.ad_group_id,
        followed.ad_id,
        loads.load_number,
        loads.load_id,
        loads.loaded_at,
        loads.previous_load_id,
        false as is_present,
        0 as impressions,
        0 as clicks,
        {{ money(0) }} as spend_native,
        {{ money(0) }} as platform_conversions
    from followed
    inner join loads
        on
            followed.source = loads.source
            and followed.stream = loads.stream
            and followed.account_id = loads.account_id
            and followed.date_day = loads.date_day
            and followed.load_number + 1 = loads.load_number
    where followed.next_load_number is distinct from followed.load_number + 1
),

states as (
    select * from present
    union all
    select * from gone
),

compared as (
    select
        *,
        lag(is_present) over (entity) as previous_is_present,
        lag(impressions) over (entity) as previous_impressions,
        lag(clicks) over (entity) as previous_clicks,
        lag(spend_native) over (entity) as previous_spend_native,
        lag(platform_conversions) over (entity) as previous_platform_conversions
    from states
    window entity as (
        partition by source, stream, account_id, date_day, campaign_id, ad_group_id, ad_id
        order by load_number
    )
)

select
    source,
    stream,
    platform,
    account_id,
    date_day,
    campaign_id,
    ad_group_id,
    ad_id,
    load_id,
    loaded_at,
    previous_load_id,
    is_present,
    impressions,
    clicks,
    spend_native,
    platform_conversions
from compared
where
    load_number > 0
    and (
        is_present is distinct from previous_is_present
        or impressions is distinct from previous_impressions
        or clicks is distinct from previous_clicks
        or spend_native is distinct from previous_spend_native
        or platform_conversions is distinct from previous_platform_conversions
    )
