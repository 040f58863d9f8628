{{ config(materialized='table') }}

with lines as (

    select
        order_lines.order_key,
        order_lines.order_line_id,
        order_lines.line_position,
        order_lines.product_id,
        order_lines.quantity,
        order_lines.gross_native,
        order_lines.discount_native,
        {{ money('coalesce(refunds.refund_native, 0)') }} as refund_native,
        order_lines.cost_native,
        order_lines.has_cost
    from {{ ref('int_orders_lines') }} as order_lines
    left join {{ ref('int_orders_refund_lines') }} as refunds
        on
            order_lines.order_key = refunds.order_key
            and order_lines.order_line_id = refunds.order_line_id

),

totals as (

    select
        order_key,
        sum(gross_native - discount_native) as paid_native,
        sum(refund_native) as refund_native
    from lines
    group by order_key

),

judged as (

    select
        orders.order_key,
        orders.order_id,
        orders.shop_id,
        owned.person_id,
        orders.source,
        orders.day,
        orders.load_id,
        owned.owner_node_id,
        orders.ordered_at,
        orders.order_date,
        orders.order_status,
        orders.currency,
        orders.fx_rate,
        orders.fx_date,
        orders.coupon_code,
        -- An order of value 0 is an order; one that was given back in full is not.
        orders.order_status = 'paid'
        and not (totals.refund_native > 0 and totals.refund_native >= totals.paid_native)
            as is_valid
    from {{ ref('int_orders') }} as orders
    inner join totals
        on orders.order_key = totals.order_key
    inner join {{ ref('int_orders_owned') }} as owned
        on orders.order_key = owned.order_key

),

numbered as (

    select
        *,
        row_number() over (
            partition by person_id, is_valid
            order by ordered_at, order_id, shop_id
        ) as order_no
    from judged

)

select
    numbered.order_key,
    numbered.order_id,
    lines.order_line_id,
    numbered.shop_id,
    numbered.person_id,
    numbered.source,
    numbered.day,
    numbered.load_id,
    numbered.owner_node_id,
    numbered.ordered_at,
    numbered.order_date,
    numbered.order_status,
    lines.product_id,
    lines.quantity,
    numbered.currency,
    lines.gross_native,
    lines.discount_native,
    lines.refund_native,
    lines.cost_native,
    numbered.fx_rate,
    numbered.fx_date,
    {{ people_in_base('lines.gross_native', 'numbered.fx_rate') }} as gross,
    {{ people_in_base('lines.discount_native', 'numbered.fx_rate') }} as discount,
    {{ people_in_base('lines.refund_native', 'numbered.fx_rate') }} as refund,
    {{ people_in_base('lines.cost_native', 'numbered.fx_rate') }} as cost,
    numbered.coupon_code,
    numbered.is_valid and numbered.order_no = 1 as is_first,
    numbered.is_valid,
    lines.has_cost
from numbered
inner join lines
    on numbered.order_key = lines.order_key
