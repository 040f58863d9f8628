{{ config(materialized='table') }}

-- An order delivered again replaces its lines as a set; without lines in the later delivery the
-- earlier ones stay. An order that never had a line keeps one of value 0, so that it is counted.

with ranked as (

    select
        *,
        rank() over (partition by account_id, order_id order by day desc, source desc) as set_rank,
        row_number() over (
            partition by account_id, order_id, day, source, line_no
            order by seq desc
        ) as copy_rank
    from {{ ref('stg_order_files__order_lines') }}

),

newest as (

    select *
    from ranked
    where set_rank = 1 and copy_rank = 1

)

select
    orders.shop_id,
    orders.order_id,
    orders.order_key,
    coalesce(newest.line_no, '0') as line_no,
    orders.order_id || '-' || coalesce(newest.line_no, '0') as order_line_id,
    row_number() over (
        partition by orders.order_key
        order by try_cast(newest.line_no as bigint) nulls last, newest.line_no
    ) as line_position,
    count(*) over (partition by orders.order_key) as order_lines,
    newest.product_id,
    coalesce(newest.quantity, 0) as quantity,
    {{ money('coalesce(newest.stated_gross, newest.quantity * newest.unit_price, 0)') }}
        as gross_native,
    {{ money('coalesce(newest.discount_native, 0)') }} as discount_native,
    {{ money('coalesce(newest.quantity * newest.unit_cost, 0)') }} as cost_native,
    newest.unit_cost is not null as has_cost
from {{ ref('int_orders') }} as orders
left join newest
    on orders.shop_id = newest.account_id and orders.order_id = newest.order_id
