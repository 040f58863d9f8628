select * exclude (record, reject_reason)
from {{ ref('base_order_files__orders') }}
where reject_reason is null
