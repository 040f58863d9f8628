{{ config(materialized='table') }}

-- A refund that names a line falls on it. Those of the whole order fall on the lines in proportion
-- to what the refunds by line left of them, in whole cents, the remainder on the last line.

with by_line as (

    select
        order_key,
        order_line_id,
        sum(amount_in_order_currency) as refund_native
    from {{ ref('int_orders_refunds') }}
    where order_key is not null and order_line_id is not null
    group by order_key, order_line_id

),

by_order as (

    select
        order_key,
        sum(amount_in_order_currency) as refund_native
    from {{ ref('int_orders_refunds') }}
    where order_key is not null and order_line_id is null
    group by order_key

),

remaining as (

    select
        order_lines.order_key,
        order_lines.order_line_id,
        order_lines.line_position,
        order_lines.order_lines,
        {{ money('coalesce(by_line.refund_native, 0)') }} as line_refund,
        {{ money('coalesce(by_order.refund_native, 0)') }} as order_refund,
        {{ money('greatest(
            order_lines.gross_native - order_lines.discount_native
            - coalesce(by_line.refund_native, 0), 0
        )') }} as remaining_native
    from {{ ref('int_orders_lines') }} as order_lines
    left join by_line
        on
            order_lines.order_key = by_line.order_key
            and order_lines.order_line_id = by_line.order_line_id
    left join by_order
        on order_lines.order_key = by_order.order_key
    where by_line.refund_native is not null or by_order.refund_native is not null

),

weighed as (

    select
        *,
        {{ money('sum(remaining_native) over (partition by order_key)') }} as order_remaining
    from remaining

),

shared as (

    select
        *,
        case
            when line_position = order_lines then null
            when order_remaining = 0 then {{ money('0') }}
            else {{ people_cent_share('order_refund', 'remaining_native', 'order_remaining') }}
        end as share_native
    from weighed

)

select
    order_key,
    order_line_id,
    {{ money('line_refund + coalesce(
        share_native,
        order_refund - coalesce(sum(share_native) over (partition by order_key), 0)
    )') }} as refund_native
from shared
