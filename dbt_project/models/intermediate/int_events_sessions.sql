{{ config(materialized='table') }}

-- Events the app did not put into a session: a new one begins after 30 minutes of silence.

with loose as (

    select
        event_id,
        coalesce(device_node_id, user_node_id) as visitor_node_id,
        event_at,
        lag(event_at) over (
            partition by coalesce(device_node_id, user_node_id)
            order by event_at, event_id
        ) as previous_event_at
    from {{ ref('int_events') }}
    where session_no is null

),

starts as (

    select
        *,
        case
            when previous_event_at is null
                or event_at > {{ dbt.dateadd('minute', 30, 'previous_event_at') }}
                then event_at
        end as session_started_at
    from loose

)

select
    event_id,
    -- Negative, so that it never meets a number the app gave.
    -1 * cast(
        {{ people_epoch('max(session_started_at) over (
            partition by visitor_node_id
            order by event_at, event_id
            rows between unbounded preceding and current row
        )') }} * 1000 as bigint
    ) as session_no
from starts
