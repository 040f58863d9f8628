select
    refunds.refund_id,
    refunds.order_id,
    refunds.order_line_id,
    refunds.shop_id,
    owned.person_id,
    refunds.refunded_at,
    refunds.refund_date,
    refunds.currency,
    refunds.amount_native,
    refunds.fx_rate,
    refunds.fx_date,
    refunds.amount,
    refunds.reason
from {{ ref('int_orders_refunds') }} as refunds
left join {{ ref('int_orders_owned') }} as owned
    on refunds.order_key = owned.order_key
