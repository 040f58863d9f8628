select
    person_id,
    first_seen_at,
    last_seen_at,
    first_seen_date,
    first_order_id,
    first_order_at,
    first_order_date,
    acquisition_channel_id,
    acquisition_platform,
    acquisition_campaign_id,
    acquisition_date,
    case
        when orders > 1 then 'repeat_customer'
        when orders = 1 then 'customer'
        when registration_at is not null then 'registered'
        else 'visitor'
    end as lifecycle_stage,
    has_consent,
    cast(orders as bigint) as orders,
    gross,
    net_revenue,
    contribution_margin
from {{ ref('int_identity_profiles') }}
