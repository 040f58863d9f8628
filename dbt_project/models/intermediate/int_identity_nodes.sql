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
    found.known_date,
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

-- Later holders of an e-mail or phone.
select
    turns.heir_node_id as node_id,
    turns.identifier_type,
    found.namespace,
    found.identifier_value,
    found.source,
    turns.handed_over_at as first_seen_at,
    coalesce(turns.valid_to, found.last_seen_at) as last_seen_at,
    links.known_date,
    case turns.identifier_type when 'email' then 3 when 'phone' then 4 end as type_priority
from {{ ref('int_identity_handovers') }} as turns
inner join {{ ref('int_identity_values') }} as found
    on turns.node_id = found.node_id
inner join (
    select
        right_node_id as node_id,
        min(known_date) as known_date
    from {{ ref('int_identity_links') }}
    group by right_node_id
) as links
    on turns.heir_node_id = links.node_id

union all

select
    orders.order_node_id as node_id,
    'order' as identifier_type,
    orders.shop_id as namespace,
    orders.order_id as identifier_value,
    orders.source,
    orders.ordered_at as first_seen_at,
    orders.ordered_at as last_seen_at,
    greatest(orders.first_day, orders.order_date) as known_date,
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
