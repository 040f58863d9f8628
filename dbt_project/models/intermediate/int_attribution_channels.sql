{{ config(materialized='table') }}

select
    channel_id,
    is_paid,
    channel_id = 'direct' as is_direct,
    row_number() over (order by channel_id) - 1 as channel_no
from {{ ref('channels') }}
