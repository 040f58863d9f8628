-- Every time an identifier was seen, as compact rows: what stood beside it, from when to when, and
-- the first night that could know. An e-mail or phone in an app event belongs to the signed-in
-- user, else to the device.

with app as (

    select
        daily.*,
        greatest(daily.day, daily.event_date) as known_date,
        {{ people_node_id('email', "'sha256'", 'daily.email_hash') }} as email_node_id,
        {{ people_node_id('phone', "'sha256'", 'daily.phone_hash') }} as phone_node_id
    from {{ ref('int_events_daily') }} as daily
    where daily.event_date <= {{ as_of() }}

),

placed_orders as (

    select
        events.source,
        events.device_node_id,
        events.user_node_id,
        events.event_at,
        greatest(
            events.day, events.event_date, orders.first_day, orders.order_date
        ) as known_date,
        orders.customer_node_id
    from {{ ref('int_events') }} as events
    inner join {{ ref('int_orders') }} as orders
        on events.order_id = orders.order_id
    where
        events.order_id is not null
        and orders.customer_node_id is not null
        and events.event_date <= {{ as_of() }}

)

select
    source,
    'device' as left_type,
    device_node_id as left_node_id,
    'user_id' as right_type,
    user_node_id as right_node_id,
    first_at,
    last_at,
    known_date
from app
where device_node_id is not null and user_node_id is not null

{% for identifier in ['email', 'phone'] %}
union all

select
    source,
    case when user_node_id is not null then 'user_id' else 'device' end as left_type,
    coalesce(user_node_id, device_node_id) as left_node_id,
    '{{ identifier }}' as right_type,
    {{ identifier }}_node_id as right_node_id,
    first_at,
    last_at,
    known_date
from app
where {{ identifier }}_node_id is not null

union all

select
    source,
    case when customer_node_id is not null then 'customer_id' else 'user_id' end as left_type,
    coalesce(customer_node_id, user_node_id) as left_node_id,
    '{{ identifier }}' as right_type,
    {{ identifier }}_node_id as right_node_id,
    ordered_at as first_at,
    ordered_at as last_at,
    greatest(first_day, order_date) as known_date
from {{ ref('int_orders') }}
where
    {{ identifier }}_node_id is not null
    and coalesce(customer_node_id, user_node_id) is not null
{% endfor %}

union all

select
    source,
    'customer_id' as left_type,
    customer_node_id as left_node_id,
    'user_id' as right_type,
    user_node_id as right_node_id,
    ordered_at as first_at,
    ordered_at as last_at,
    greatest(first_day, order_date) as known_date
from {{ ref('int_orders') }}
where customer_node_id is not null and user_node_id is not null

union all

select
    source,
    'email' as left_type,
    email_node_id as left_node_id,
    'phone' as right_type,
    phone_node_id as right_node_id,
    ordered_at as first_at,
    ordered_at as last_at,
    greatest(first_day, order_date) as known_date
from {{ ref('int_orders') }}
where
    customer_node_id is null
    and user_node_id is null
    and email_node_id is not null
    and phone_node_id is not null

union all

select
    source,
    case when user_node_id is not null then 'customer_id' else 'device' end as left_type,
    case when user_node_id is not null then customer_node_id else device_node_id end
        as left_node_id,
    case when user_node_id is not null then 'user_id' else 'customer_id' end as right_type,
    coalesce(user_node_id, customer_node_id) as right_node_id,
    event_at as first_at,
    event_at as last_at,
    known_date
from placed_orders
where coalesce(user_node_id, device_node_id) is not null
