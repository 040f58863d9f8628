{{ config(materialized='table') }}

-- Last non-direct touch within its channel's window, else the last direct one, else nobody.
-- Converters are taken first. Touches and conversions of a person are then walked once in the order
-- of time, in one lane per window length, never paired: a bot with 100,000 arrivals and 20,000
-- orders costs their sum (joined as pairs it took 137 s and 11 GiB).

with conversions as (

    select *
    from {{ ref('int_conversions') }}

),

windows as (

    select
        channels.channel_id,
        channels.channel_id = 'direct' as is_direct,
        coalesce(own.window_hours, standard.window_hours) as window_hours
    from {{ ref('channels') }} as channels
    inner join {{ ref('attribution_windows') }} as standard
        on standard.model = 'last_non_direct' and standard.channel_id = '(default)'
    left join {{ ref('attribution_windows') }} as own
        on own.model = 'last_non_direct' and channels.channel_id = own.channel_id

),

lanes as (

    select distinct
        is_direct,
        window_hours
    from windows

),

arrivals as (

    select
        arrivals.*,
        windows.is_direct,
        windows.window_hours
    from {{ ref('int_touch_arrivals') }} as arrivals
    inner join windows
        on arrivals.channel_id = windows.channel_id
    where arrivals.person_id in (select conversions.person_id from conversions)

),

moments as (

    select
        person_id,
        is_direct,
        window_hours,
        touched_at as moment_at,
        0 as is_conversion,
        arrival_no,
        null as conversion_id
    from arrivals

    union all

    select
        conversions.person_id,
        lanes.is_direct,
        lanes.window_hours,
        conversions.conversion_at as moment_at,
        1 as is_conversion,
        null as arrival_no,
        conversions.conversion_id
    from conversions
    cross join lanes

),

walked as (

    -- Arrivals are numbered in the order of time, so the highest number so far is the last one.
    select
        *,
        max(arrival_no) over (
            partition by person_id, is_direct, window_hours
            order by moment_at, is_conversion
            rows between unbounded preceding and current row
        ) as last_arrival_no
    from moments

),

candidates as (

    select
        walked.conversion_id,
        arrivals.touch_id,
        arrivals.touch_date,
        arrivals.channel_id,
        arrivals.platform,
        arrivals.campaign_id,
        row_number() over (
            partition by walked.conversion_id
            order by walked.is_direct asc, arrivals.arrival_no desc
        ) as touch_rank
    from walked
    inner join arrivals
        on walked.person_id = arrivals.person_id and walked.last_arrival_no = arrivals.arrival_no
    where
        walked.is_conversion = 1
        and arrivals.touched_at >= {{ dbt.dateadd(
            'hour', '-walked.window_hours', 'walked.moment_at'
        ) }}

)

select
    conversions.conversion_id,
    conversions.conversion_kind,
    'last_non_direct' as model,
    candidates.touch_id,
    conversions.person_id,
    conversions.order_id,
    conversions.conversion_at,
    conversions.conversion_date,
    candidates.touch_date,
    coalesce(candidates.channel_id, '(unattributed)') as channel_id,
    candidates.platform,
    candidates.campaign_id,
    cast(1 as decimal(18, 9)) as credit,
    conversions.revenue,
    conversions.contribution_margin
from conversions
left join candidates
    on conversions.conversion_id = candidates.conversion_id and candidates.touch_rank = 1
