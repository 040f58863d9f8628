{{ config(severity='warn') }}
-- Lines and refunds of an order that never came are in no fact: whoever delivers the files should
-- know. Not an error, because the order may come tomorrow.

select
    order_lines.account_id,
    order_lines.order_id,
    'line' as what
from {{ ref('stg_order_files__order_lines') }} as order_lines
left join {{ ref('stg_order_files__orders') }} as orders
    on
        order_lines.account_id = orders.account_id
        and order_lines.order_id = orders.order_id
where orders.order_id is null

union all

select
    refunds.account_id,
    refunds.order_id,
    'refund' as what
from {{ ref('stg_order_files__refunds') }} as refunds
left join {{ ref('stg_order_files__orders') }} as orders
    on
        refunds.account_id = orders.account_id
        and refunds.order_id = orders.order_id
where orders.order_id is null
