select * exclude (record, reject_reason)
from {{ ref('base_cost_files__costs') }}
where reject_reason is null
