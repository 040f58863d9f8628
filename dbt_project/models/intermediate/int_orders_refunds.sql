{{ config(materialized='table') }}

with deliveries as (

    select
        *,
        row_number() over (
            partition by account_id, refund_id
            order by day desc, seq desc, source desc
        ) as delivery_rank
    from {{ ref('stg_order_files__refunds') }}

),

newest as (

    select
        account_id as shop_id,
        refund_id,
        order_id,
        line_no,
        refunded_at,
        {{ business_date('refunded_at') }} as refund_date,
        currency,
        amount_native,
        reason
    from deliveries
    where delivery_rank = 1

),

dated as (

    select
        newest.*,
        orders.order_key,
        orders.currency as order_currency,
        orders.fx_rate as order_fx_rate,
        coalesce(orders.order_date, newest.refund_date) as rate_date,
        order_lines.order_line_id
    from newest
    left join {{ ref('int_orders') }} as orders
        on newest.shop_id = orders.shop_id and newest.order_id = orders.order_id
    left join {{ ref('int_orders_lines') }} as order_lines
        on orders.order_key = order_lines.order_key and newest.line_no = order_lines.line_no
    where newest.refund_date <= {{ as_of() }}

),

rated as (

    select
        dated.*,
        {{ fx_rate('dated.currency') }} as fx_rate,
        {{ fx_date('dated.currency', 'dated.rate_date') }} as fx_date
    from dated
    {{ fx_join('dated.currency', 'dated.rate_date') }}

)

select
    *,
    {{ people_in_base('amount_native', 'fx_rate') }} as amount,
    case
        when currency = order_currency then amount_native
        else {{ people_ratio(people_in_base('amount_native', 'fx_rate'), 'order_fx_rate') }}
    end as amount_in_order_currency
from rated
