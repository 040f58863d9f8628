select * exclude (record, reject_reason)
from {{ ref('base_order_files__order_lines') }}
where reject_reason is null
