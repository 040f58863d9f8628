-- Among the valid orders of a person exactly one is the first, and it is the earliest.

select
    person_id,
    count(distinct case when is_first then shop_id || '/' || order_id end) as first_orders,
    min(case when is_first then ordered_at end) as first_at,
    min(ordered_at) as earliest_at
from {{ ref('fct_orders') }}
where is_valid
group by person_id
having
    count(distinct case when is_first then shop_id || '/' || order_id end) != 1
    or min(case when is_first then ordered_at end) != min(ordered_at)
