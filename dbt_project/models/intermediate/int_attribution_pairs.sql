{{ config(materialized='table') }}

-- The lanes of a conversion meet here: of all of them together the most recent touches are kept.

with spans as (

    select
        *,
        {{ attribution_numbers(
            'greatest(last_lane_no - least(touches, most_touches) + 1, 1)', 'last_lane_no'
        ) }} as lane_no
    from {{ ref('int_attribution_spans') }}

),

pairs as (

    select
        spans.conversion_no,
        spans.conversion_at,
        spans.most_touches,
        arrivals.*,
        row_number() over (
            partition by spans.conversion_no
            order by arrivals.arrival_no desc
        ) as recency
    from spans
    inner join {{ ref('int_attribution_arrivals') }} as arrivals
        on
            spans.person_id = arrivals.person_id
            and spans.window_hours = arrivals.window_hours
            and spans.lane_no = arrivals.lane_no

)

select
    conversion_no,
    person_id,
    arrival_no,
    touch_id,
    touch_date,
    touchpoint_key,
    channel_id,
    platform,
    campaign_id,
    touched_at,
    {{ attribution_micros('touched_at', 'conversion_at') }} as age_micros
from pairs
where recency <= most_touches
