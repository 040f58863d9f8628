select
    channel_id,
    channel_name,
    channel_name_zh,
    channel_group,
    is_paid,
    platform,
    owner
from {{ ref('channels') }}
