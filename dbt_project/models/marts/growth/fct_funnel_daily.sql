-- A person stands once, on the day and in the channel of their arrival; whoever reached a later
-- step of the chain passed the earlier ones, seen or not.

with people as (

    select
        acquisition_date as date_day,
        acquisition_channel_id as channel_id,
        acquisition_campaign_id as campaign_id,
        registration_at,
        activation_at,
        orders,
        lead_at,
        install_at,
        net_revenue,
        contribution_margin
    from {{ ref('int_identity_profiles') }}

),

steps as (

    select
        date_day,
        channel_id,
        campaign_id,
        count(*) as landings,
        count(lead_at) as leads,
        count(install_at) as installs,
        count(
            case when coalesce(registration_at, activation_at) is not null or orders > 0 then 1 end
        ) as registrations,
        count(case when activation_at is not null or orders > 0 then 1 end) as activations,
        count(case when orders > 0 then 1 end) as first_orders,
        count(case when orders > 1 then 1 end) as repeat_orders,
        sum(net_revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from people
    group by date_day, channel_id, campaign_id

),

spend as (

    select
        date_day,
        channel_id,
        campaign_id,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(spend) as spend
    from {{ ref('fct_ad_spend') }}
    group by date_day, channel_id, campaign_id

),

joined as (

    select
        coalesce(spend.date_day, steps.date_day) as date_day,
        coalesce(spend.channel_id, steps.channel_id) as channel_id,
        coalesce(spend.campaign_id, steps.campaign_id) as campaign_id,
        cast(coalesce(spend.impressions, 0) as bigint) as impressions,
        cast(coalesce(spend.clicks, 0) as bigint) as clicks,
        {{ money('coalesce(spend.spend, 0)') }} as spend,
        {%- for step in [
            'landings', 'leads', 'installs', 'registrations', 'activations', 'first_orders',
            'repeat_orders'
        ] %}
        cast(coalesce(steps.{{ step }}, 0) as bigint) as {{ step }},
        {%- endfor %}
        {{ money('coalesce(steps.revenue, 0)') }} as revenue,
        {{ money('coalesce(steps.contribution_margin, 0)') }} as contribution_margin
    from spend
    full outer join steps
        on
            spend.date_day = steps.date_day
            and spend.channel_id = steps.channel_id
            and spend.campaign_id = steps.campaign_id

)

select
    *,
    {{ people_rate('clicks', 'impressions') }} as click_rate,
    {{ people_rate('landings', 'clicks') }} as landing_rate,
    {{ people_rate('registrations', 'landings') }} as registration_rate,
    {{ people_rate('activations', 'registrations') }} as activation_rate,
    {{ people_rate('first_orders', 'activations') }} as first_order_rate,
    {{ people_rate('repeat_orders', 'first_orders') }} as repeat_rate
from joined
