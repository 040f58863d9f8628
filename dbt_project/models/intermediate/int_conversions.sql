{{ config(materialized='table') }}

select
    order_key as conversion_id,
    case when is_first then 'first_order' else 'repeat_order' end as conversion_kind,
    person_id,
    shop_id,
    order_id,
    source,
    day,
    load_id,
    owner_node_id,
    ordered_at as conversion_at,
    order_date as conversion_date,
    {{ money('sum(gross)') }} as gross,
    {{ money('sum(gross - discount - refund)') }} as revenue,
    {{ money('sum(gross - discount - refund - cost)') }} as contribution_margin
from {{ ref('int_orders_valued') }}
where is_valid
group by
    order_key,
    is_first,
    person_id,
    shop_id,
    order_id,
    source,
    day,
    load_id,
    owner_node_id,
    ordered_at,
    order_date
