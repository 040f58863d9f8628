{{ config(materialized='table') }}

-- Arrivals that carry a channel, numbered within the person.

select
    touches.touch_id,
    touches.person_id,
    touches.touched_at,
    touches.touch_date,
    touches.touchpoint_key,
    touches.channel_id,
    touches.platform,
    touches.campaign_id,
    row_number() over (
        partition by touches.person_id
        order by touches.touched_at, touches.touch_id
    ) as arrival_no
from {{ ref('fct_touchpoints') }} as touches
where touches.channel_id is not null
