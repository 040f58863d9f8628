{{ config(materialized='table') }}

-- Converters are taken first: of everybody's arrivals only theirs can earn credit. Arrivals with
-- the same longest window are one lane, numbered in the order of time.

with reaches as (

    select
        channel_id,
        touchpoint_key,
        max(window_hours) as window_hours
    from {{ ref('int_attribution_windows') }}
    group by channel_id, touchpoint_key

)

select
    arrivals.person_id,
    arrivals.arrival_no,
    arrivals.touch_id,
    arrivals.touched_at,
    arrivals.touch_date,
    arrivals.touchpoint_key,
    arrivals.channel_id,
    arrivals.platform,
    arrivals.campaign_id,
    reaches.window_hours,
    row_number() over (
        partition by arrivals.person_id, reaches.window_hours
        order by arrivals.arrival_no
    ) as lane_no
from {{ ref('int_touch_arrivals') }} as arrivals
inner join reaches
    on
        arrivals.channel_id = reaches.channel_id
        and arrivals.touchpoint_key = reaches.touchpoint_key
where
    arrivals.person_id in (
        select conversions.person_id from {{ ref('int_attribution_conversions') }} as conversions
    )
