{{ config(materialized='table') }}

select
    left_type,
    left_node_id,
    right_type,
    right_node_id,
    min(source) as source,
    count(*) as observations,
    min(first_at) as first_seen_at,
    max(last_at) as last_seen_at,
    min(known_date) as known_date
from {{ ref('int_identity_observations') }}
group by left_type, left_node_id, right_type, right_node_id
