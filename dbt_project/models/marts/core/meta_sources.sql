select
    kind,
    source,
    account_id,
    platform,
    is_enabled,
    data_through_date,
    last_loaded_at,
    rows_last_night,
    status,
    lag_days
from {{ ref('int_source_freshness') }}
