{{ config(materialized='table') }}

-- A person is somebody who did something: an event or an order. Their arrival is the first touch
-- that carries a channel; without one nobody knows how they came.

with activity as (

    select
        person_id,
        min(first_at) as first_at,
        max(last_at) as last_at,
        min(landing_at) as landing_at,
        min(install_at) as install_at,
        min(lead_at) as lead_at,
        min(registration_at) as registration_at,
        min(activation_at) as activation_at
    from {{ ref('int_identity_owner_days') }}
    group by person_id

),

orders as (

    select
        person_id,
        min(ordered_at) as first_at,
        max(ordered_at) as last_at
    from {{ ref('int_orders_valued') }}
    group by person_id

),

purchases as (

    select
        person_id,
        count(*) as orders,
        min(case when conversion_kind = 'first_order' then order_id end) as first_order_id,
        min(case when conversion_kind = 'first_order' then conversion_at end) as first_order_at,
        min(case when conversion_kind = 'first_order' then conversion_date end)
            as first_order_date,
        sum(gross) as gross,
        sum(revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from {{ ref('int_conversions') }}
    group by person_id

),

people as (

    select person_id from activity
    union
    select person_id from orders

),

consents as (

    select
        statements.person_id,
        {{ people_latest('statements.has_consent', 'statements.consent_at') }} as has_consent
    from (
        select
            person_id,
            has_consent,
            consent_at
        from {{ ref('int_identity_owner_days') }}
        union all
        select
            owned.person_id,
            orders.has_consent,
            orders.ordered_at as consent_at
        from {{ ref('int_orders') }} as orders
        inner join {{ ref('int_orders_owned') }} as owned
            on orders.order_key = owned.order_key
    ) as statements
    group by statements.person_id

),

arrivals as (

    select *
    from {{ ref('int_touch_arrivals') }}
    where arrival_no = 1

)

select
    people.person_id,
    least(activity.first_at, orders.first_at) as first_seen_at,
    greatest(activity.last_at, orders.last_at) as last_seen_at,
    {{ business_date('least(activity.first_at, orders.first_at)') }} as first_seen_date,
    purchases.first_order_id,
    purchases.first_order_at,
    purchases.first_order_date,
    coalesce(arrivals.channel_id, '(unattributed)') as acquisition_channel_id,
    arrivals.platform as acquisition_platform,
    coalesce(arrivals.campaign_id, '(none)') as acquisition_campaign_id,
    coalesce(
        arrivals.touch_date,
        {{ business_date('least(activity.first_at, orders.first_at)') }}
    ) as acquisition_date,
    activity.landing_at,
    activity.install_at,
    activity.lead_at,
    activity.registration_at,
    {{ business_date('activity.registration_at') }} as registration_date,
    activity.activation_at,
    coalesce(consents.has_consent, false) as has_consent,
    coalesce(purchases.orders, 0) as orders,
    {{ money('coalesce(purchases.gross, 0)') }} as gross,
    {{ money('coalesce(purchases.revenue, 0)') }} as net_revenue,
    {{ money('coalesce(purchases.contribution_margin, 0)') }} as contribution_margin
from people
left join activity on people.person_id = activity.person_id
left join orders on people.person_id = orders.person_id
left join purchases on people.person_id = purchases.person_id
left join consents on people.person_id = consents.person_id
left join arrivals on people.person_id = arrivals.person_id
