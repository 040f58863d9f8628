-- What the lines of an order carry is what the shop gave back for it, to the cent.

with by_refund as (

    select
        shop_id,
        order_id,
        sum(amount) as amount
    from {{ ref('fct_refunds') }}
    where person_id is not null
    group by shop_id, order_id

),

by_line as (

    select
        shop_id,
        order_id,
        sum(refund) as refund
    from {{ ref('fct_orders') }}
    group by shop_id, order_id

)

select
    by_refund.shop_id,
    by_refund.order_id,
    by_refund.amount,
    by_line.refund
from by_refund
left join by_line
    on by_refund.shop_id = by_line.shop_id and by_refund.order_id = by_line.order_id
where abs(by_refund.amount - coalesce(by_line.refund, 0)) >= 0.01
