-- Both sides are kept: spend that nothing was credited to, and credit without spend.

with models as (

    select model
    from {{ ref('attribution_models') }}

),

spend as (

    select
        date_day,
        channel_id,
        campaign_id,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(spend) as spend,
        sum(platform_click_conversions) as click_conversions,
        sum(platform_view_conversions) as view_conversions,
        bool_or(is_provisional) as is_provisional
    from {{ ref('fct_ad_spend') }}
    group by date_day, channel_id, campaign_id

),

credit as (

    select
        conversion_date as date_day,
        channel_id,
        coalesce(campaign_id, '(none)') as campaign_id,
        model,
        sum(case when conversion_kind = 'lead' then credit else 0 end) as leads,
        sum(case when conversion_kind = 'registration' then credit else 0 end) as registrations,
        sum(case when conversion_kind = 'first_order' then credit else 0 end) as new_customers,
        sum(case when conversion_kind in ('first_order', 'repeat_order') then credit else 0 end)
            as orders,
        sum(revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from {{ ref('fct_attribution') }}
    group by conversion_date, channel_id, coalesce(campaign_id, '(none)'), model

),

joined as (

    select
        coalesce(spend.date_day, credit.date_day) as date_day,
        coalesce(spend.channel_id, credit.channel_id) as channel_id,
        coalesce(spend.campaign_id, credit.campaign_id) as campaign_id,
        coalesce(spend.model, credit.model) as model,
        cast(coalesce(spend.impressions, 0) as bigint) as impressions,
        cast(coalesce(spend.clicks, 0) as bigint) as clicks,
        {{ money('coalesce(spend.spend, 0)') }} as spend,
        {{ money('coalesce(credit.leads, 0)') }} as leads,
        {{ money('coalesce(credit.registrations, 0)') }} as registrations,
        {{ money('coalesce(credit.new_customers, 0)') }} as new_customers,
        {{ money('coalesce(credit.orders, 0)') }} as orders,
        {{ money('coalesce(credit.revenue, 0)') }} as revenue,
        {{ money('coalesce(credit.contribution_margin, 0)') }} as contribution_margin,
        {{ money('coalesce(spend.click_conversions, 0)') }} as platform_click_conversions,
        {{ money('coalesce(spend.view_conversions, 0)') }} as platform_view_conversions,
        {{ money('coalesce(spend.click_conversions + spend.view_conversions, 0)') }}
            as platform_claimed_conversions,
        coalesce(spend.is_provisional, false) as is_provisional
    from (
        select
            spend.*,
            models.model
        from spend
        cross join models
    ) as spend
    full outer join credit
        on
            spend.date_day = credit.date_day
            and spend.channel_id = credit.channel_id
            and spend.campaign_id = credit.campaign_id
            and spend.model = credit.model

)

select
    joined.date_day,
    joined.channel_id,
    channels.platform,
    joined.campaign_id,
    joined.model,
    joined.impressions,
    joined.clicks,
    joined.spend,
    joined.leads,
    joined.registrations,
    joined.new_customers,
    joined.orders,
    joined.revenue,
    joined.contribution_margin,
    {{ people_ratio('joined.spend', 'joined.new_customers') }} as cac,
    {{ people_ratio('joined.revenue', 'joined.spend') }} as roas,
    {{ people_ratio('(joined.contribution_margin - joined.spend)', 'joined.spend') }} as roi,
    joined.platform_click_conversions,
    joined.platform_view_conversions,
    joined.platform_claimed_conversions,
    {{ people_ratio('joined.platform_claimed_conversions', 'joined.orders') }} as claim_ratio,
    joined.is_provisional
from joined
left join {{ ref('channels') }} as channels
    on joined.channel_id = channels.channel_id
