{{ config(materialized='table') }}

-- The touches whose session is not simply the app's: those outside any of its sessions, and those
-- after a change of campaign. A direct arrival names no campaign, so it changes none.

with events as (

    select
        events.event_id,
        events.event_at,
        events.touchpoint_key,
        events.carries_channel,
        events.session_no is null as is_loose,
        coalesce(events.device_node_id, events.user_node_id) as visitor_node_id,
        coalesce(events.session_no, sessions.session_no) as session_no,
        case
            when events.carries_channel and events.channel_id != 'direct'
                then events.channel_id || chr(31) || coalesce(events.campaign_id, '')
        end as origin_key
    from {{ ref('int_events') }} as events
    left join {{ ref('int_events_sessions') }} as sessions
        on events.event_id = sessions.event_id
    where events.touchpoint_key is not null

),

arrivals as (

    select
        event_id,
        visitor_node_id,
        session_no,
        origin_key,
        row_number() over (
            partition by visitor_node_id, session_no
            order by event_at, event_id
        ) as arrival_no,
        last_value(origin_key ignore nulls) over (
            partition by visitor_node_id, session_no
            order by event_at, event_id
            rows between unbounded preceding and 1 preceding
        ) as previous_origin_key
    from events
    where carries_channel

),

changes as (

    select
        event_id,
        visitor_node_id,
        session_no
    from arrivals
    where
        arrival_no > 1
        and origin_key is not null
        and origin_key is distinct from previous_origin_key

),

-- Only sessions in which the campaign changes are walked event by event.
parts as (

    select
        events.event_id,
        last_value(changes.event_id ignore nulls) over (
            partition by events.visitor_node_id, events.session_no
            order by events.event_at, events.event_id
            rows between unbounded preceding and current row
        ) as started_by_event_id
    from events
    inner join (
        select distinct
            broken.visitor_node_id,
            broken.session_no
        from changes as broken
    ) as broken_sessions
        on
            events.visitor_node_id = broken_sessions.visitor_node_id
            and events.session_no = broken_sessions.session_no
    left join changes
        on events.event_id = changes.event_id

)

select
    events.event_id,
    {{ touch_session_id('events.visitor_node_id', 'events.session_no') }}
    || coalesce('.' || parts.started_by_event_id, '') as session_id
from events
left join parts
    on events.event_id = parts.event_id
where events.is_loose or parts.started_by_event_id is not null
