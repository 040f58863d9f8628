select
    kind,
    source,
    stream,
    account_id,
    day,
    load_id,
    seq,
    reject_reason,
    record
from {{ ref('int_rejected_records') }}
