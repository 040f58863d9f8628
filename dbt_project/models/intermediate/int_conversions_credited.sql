{{ config(materialized='table') }}

-- Last non-direct touch within its channel's window, else the last direct one, else nobody.
-- Converters are taken first: the arrivals of everybody else are never sorted.

with conversions as (

    select *
    from {{ ref('int_conversions') }}

),

windows as (

    select
        channels.channel_id,
        coalesce(own.window_hours, standard.window_hours) as window_hours
    from {{ ref('channels') }} as channels
    inner join {{ ref('attribution_windows') }} as standard
        on standard.model = 'last_non_direct' and standard.channel_id = '(default)'
    left join {{ ref('attribution_windows') }} as own
        on own.model = 'last_non_direct' and channels.channel_id = own.channel_id

),

candidates as (

    select
        conversions.conversion_id,
        arrivals.touch_id,
        arrivals.touch_date,
        arrivals.channel_id,
        arrivals.platform,
        arrivals.campaign_id,
        row_number() over (
            partition by conversions.conversion_id
            order by
                case when arrivals.channel_id = 'direct' then 1 else 0 end,
                arrivals.touched_at desc,
                arrivals.touch_id desc
        ) as touch_rank
    from conversions
    inner join {{ ref('int_touch_arrivals') }} as arrivals
        on conversions.person_id = arrivals.person_id
    inner join windows
        on arrivals.channel_id = windows.channel_id
    where
        arrivals.touched_at <= conversions.conversion_at
        and arrivals.touched_at >= {{ dbt.dateadd(
            'hour', '-windows.window_hours', 'conversions.conversion_at'
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
