{{ config(materialized='table') }}

with sets as (

    select distinct window_set
    from {{ ref('int_attribution_models') }}

),

touches as (

    select
        sets.window_set,
        pairs.*,
        channels.channel_no,
        channels.is_paid,
        channels.is_direct
    from {{ ref('int_attribution_pairs') }} as pairs
    cross join sets
    inner join {{ ref('int_attribution_windows') }} as windows
        on
            sets.window_set = windows.model
            and pairs.channel_id = windows.channel_id
            and pairs.touchpoint_key = windows.touchpoint_key
    inner join {{ ref('int_attribution_channels') }} as channels
        on pairs.channel_id = channels.channel_id
    where pairs.age_micros <= windows.window_hours * cast(3600000000 as bigint)

)

select
    window_set,
    conversion_no,
    person_id,
    arrival_no,
    touch_id,
    touch_date,
    channel_id,
    platform,
    campaign_id,
    touched_at,
    age_micros,
    channel_no,
    is_paid,
    is_direct,
    row_number() over (partition by window_set, conversion_no order by arrival_no) as touch_no,
    count(*) over (partition by window_set, conversion_no) as touches
from touches
