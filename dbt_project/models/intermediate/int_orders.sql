{{ config(materialized='table') }}

with deliveries as (

    select
        *,
        min(day) over (partition by account_id, order_id) as first_day,
        row_number() over (
            partition by account_id, order_id
            order by day desc, seq desc, source desc
        ) as delivery_rank
    from {{ ref('stg_order_files__orders') }}

),

newest as (

    select
        account_id as shop_id,
        order_id,
        account_id || '/' || order_id as order_key,
        source,
        day,
        first_day,
        load_id,
        customer_id,
        user_id,
        email_hash,
        phone_hash,
        ordered_at,
        {{ business_date('ordered_at') }} as order_date,
        order_status,
        currency,
        coupon_code,
        has_consent
    from deliveries
    where delivery_rank = 1

)

select
    newest.*,
    {{ people_node_id('customer_id', 'newest.shop_id', 'newest.customer_id') }} as customer_node_id,
    {{ people_node_id('user_id', "'app'", 'newest.user_id') }} as user_node_id,
    {{ people_node_id('email', "'sha256'", 'newest.email_hash') }} as email_node_id,
    {{ people_node_id('phone', "'sha256'", 'newest.phone_hash') }} as phone_node_id,
    {{ people_node_id('order', 'newest.shop_id', 'newest.order_id') }} as order_node_id,
    {{ fx_rate('newest.currency') }} as fx_rate,
    {{ fx_date('newest.currency', 'newest.order_date') }} as fx_date
from newest
{{ fx_join('newest.currency', 'newest.order_date') }}
where newest.order_date <= {{ as_of() }}
