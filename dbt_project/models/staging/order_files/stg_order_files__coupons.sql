select * exclude (record, reject_reason)
from {{ ref('base_order_files__coupons') }}
where reject_reason is null
