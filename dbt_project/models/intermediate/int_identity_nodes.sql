{{ config(materialized='table') }}

-- The nodes of the graph. An order nobody can be named for is a node of its own, so that it has a
-- buyer.

with refused as (

    select *
    from {{ ref('int_identity_refused') }}

)

select
    found.node_id,
    found.identifier_type,
    found.namespace,
    found.identifier_value,
    found.source,
    found.first_seen_at,
    found.last_seen_at,
    case found.identifier_type
        when 'customer_id' then 1
        when 'user_id' then 2
        when 'email' then 3
        when 'phone' then 4
        when 'device' then 5
    end as type_priority
from {{ ref('int_identity_values') }} as found
where found.node_id not in (select refused.node_id from refused)

union all

select
    orders.order_node_id as node_id,
    'order' as identifier_type,
    orders.shop_id as namespace,
    orders.order_id as identifier_value,
    orders.source,
    orders.ordered_at as first_seen_at,
    orders.ordered_at as last_seen_at,
    6 as type_priority
from {{ ref('int_orders') }} as orders
left join refused as customer_refused on orders.customer_node_id = customer_refused.node_id
left join refused as user_refused on orders.user_node_id = user_refused.node_id
left join refused as email_refused on orders.email_node_id = email_refused.node_id
left join refused as phone_refused on orders.phone_node_id = phone_refused.node_id
where
    (orders.customer_node_id is null or customer_refused.node_id is not null)
    and (orders.user_node_id is null or user_refused.node_id is not null)
    and (orders.email_node_id is null or email_refused.node_id is not null)
    and (orders.phone_node_id is null or phone_refused.node_id is not null)
