-- Where anything happened on a day in a channel, all touchpoints have a row: a place that nobody
-- reached is a 0, one that nothing tells us of is empty.

{%- set measures = ['impressions', 'video_plays', 'clicks'] %}

with observed as (

    select *
    from {{ ref('int_journey_observed') }}

),

steps as (

    select
        steps.*,
        case
            when steps.next_at <= {{ dbt.dateadd(
                'day', window_days('journey_pass_on'), 'steps.touched_at'
            ) }}
                then steps.next_at
        end as passed_on_at
    from {{ ref('int_journey_steps') }} as steps

),

reached as (

    select
        touch_date as date_day,
        channel_id,
        touchpoint_no,
        count(*) as persons,
        sum(touches) as touches,
        count(passed_on_at) as passed_on,
        median({{ people_epoch('passed_on_at') }} - {{ people_epoch('touched_at') }})
            as seconds_to_next
    from steps
    group by touch_date, channel_id, touchpoint_no

),

reports as (

    select
        date_day,
        channel_id,
        sum(impressions) as impressions,
        sum(video_plays) as video_plays,
        sum(clicks) as clicks
    from {{ ref('fct_ad_spend') }}
    group by date_day, channel_id

),

counted as (

    {%- for measure in measures %}
    {{ 'union all' if not loop.first }}
    select
        reports.date_day,
        reports.channel_id,
        report_map.touchpoint_key,
        reports.{{ measure }} as touches
    from reports
    inner join {{ ref('report_map') }} as report_map
        on report_map.measure = '{{ measure }}'
    {%- endfor %}

),

cells as (

    select
        date_day,
        channel_id
    from reached
    union
    select
        date_day,
        channel_id
    from reports

),

grid as (

    select
        cells.date_day,
        cells.channel_id,
        touchpoints.touchpoint_no,
        touchpoints.touchpoint_key,
        touchpoints.owner,
        touchpoints.known_as,
        observed.through_date >= cells.date_day as is_observed,
        {{ people_days_between('cells.date_day', 'observed.through_date') }}
        >= {{ window_days('journey_pass_on') }} as is_complete
    from cells
    cross join {{ ref('touchpoints') }} as touchpoints
    cross join observed

),

joined as (

    select
        grid.date_day,
        grid.channel_id,
        grid.touchpoint_no,
        grid.touchpoint_key,
        grid.owner,
        grid.known_as,
        grid.is_complete,
        case
            when grid.known_as = 'totals' then counted.touches
            else coalesce(reached.touches, case when grid.is_observed then 0 end)
        end as touches,
        case
            when grid.known_as = 'persons'
                then coalesce(reached.persons, case when grid.is_observed then 0 end)
        end as persons,
        case
            when grid.known_as = 'persons'
                then coalesce(reached.passed_on, case when grid.is_observed then 0 end)
        end as passed_on,
        reached.seconds_to_next
    from grid
    left join reached
        on
            grid.date_day = reached.date_day
            and grid.channel_id = reached.channel_id
            and grid.touchpoint_no = reached.touchpoint_no
    left join counted
        on
            grid.date_day = counted.date_day
            and grid.channel_id = counted.channel_id
            and grid.touchpoint_key = counted.touchpoint_key

),

norms as (

    {{ trailing_norm(
        'joined', ['channel_id', 'touchpoint_no'], 'passed_on', 'persons', 'is_complete'
    ) }}

),

rated as (

    select
        joined.*,
        case
            when joined.is_complete then {{ people_rate('joined.passed_on', 'joined.persons') }}
        end as pass_on_rate,
        {{ people_rate('norms.passed_on', 'norms.persons') }} as pass_on_norm
    from joined
    left join norms
        on
            joined.date_day = norms.date_day
            and joined.channel_id = norms.channel_id
            and joined.touchpoint_no = norms.touchpoint_no

)

select
    date_day,
    channel_id,
    cast(touchpoint_no as bigint) as touchpoint_no,
    touchpoint_key,
    owner,
    known_as,
    cast(touches as bigint) as touches,
    cast(persons as bigint) as persons,
    cast(passed_on as bigint) as passed_on,
    cast(seconds_to_next / 3600 as decimal(18, 4)) as median_hours_to_next,
    pass_on_rate,
    pass_on_norm,
    {{ drop_against_norm('pass_on_rate', 'pass_on_norm') }} as pass_on_drop,
    is_complete
from rated
