{{ config(materialized='table') }}

-- Touches and conversions of a person are walked once in the order of time, in one lane per window
-- length, and never paired: a bot with 100,000 arrivals and 20,000 orders costs their sum (joined
-- as pairs it took 137 s and 11 GiB). What is kept of a conversion's touches is bounded: the most
-- recent ones, fewer where one person has very many conversions.

with conversions as (

    select
        conversion_no,
        person_id,
        conversion_at,
        count(*) over (partition by person_id) as person_conversions
    from {{ ref('int_attribution_conversions') }}

),

arrivals as (

    select
        person_id,
        window_hours,
        touched_at,
        lane_no
    from {{ ref('int_attribution_arrivals') }}

),

lanes as (

    select distinct
        person_id,
        window_hours
    from arrivals

),

moments as (

    select
        person_id,
        window_hours,
        touched_at as moment_at,
        1 as place,
        lane_no,
        null as conversion_no
    from arrivals

    union all

    -- The window opens before a touch at its very edge.
    select
        conversions.person_id,
        lanes.window_hours,
        {{ dbt.dateadd('hour', '-lanes.window_hours', 'conversions.conversion_at') }} as moment_at,
        0 as place,
        null as lane_no,
        conversions.conversion_no
    from conversions
    inner join lanes
        on conversions.person_id = lanes.person_id

    union all

    select
        conversions.person_id,
        lanes.window_hours,
        conversions.conversion_at as moment_at,
        2 as place,
        null as lane_no,
        conversions.conversion_no
    from conversions
    inner join lanes
        on conversions.person_id = lanes.person_id

),

walked as (

    select
        *,
        coalesce(max(lane_no) over (
            partition by person_id, window_hours
            order by moment_at, place
            rows between unbounded preceding and current row
        ), 0) as seen
    from moments

),

spans as (

    select
        conversion_no,
        window_hours,
        max(case when place = 0 then seen end) as seen_before,
        max(case when place = 2 then seen end) as last_lane_no
    from walked
    where place != 1
    group by conversion_no, window_hours

)

select
    spans.conversion_no,
    conversions.person_id,
    conversions.conversion_at,
    spans.window_hours,
    spans.last_lane_no,
    spans.last_lane_no - spans.seen_before as touches,
    cast(greatest(
        1,
        least(
            {{ threshold('attribution_touches_per_conversion') }},
            floor(
                {{ threshold('attribution_touches_per_person') }} / conversions.person_conversions
            )
        )
    ) as bigint) as most_touches
from spans
inner join conversions
    on spans.conversion_no = conversions.conversion_no
where spans.last_lane_no > spans.seen_before
