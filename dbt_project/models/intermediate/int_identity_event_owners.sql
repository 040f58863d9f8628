{{ config(materialized='table') }}

-- Only the events whose owner is not simply their user, else their device: those under a refused
-- value and the signed-out ones on a shared device. Such a device belongs, in time, to whoever is
-- signed in: the last one at or before the event, else the first one later in the same session,
-- else the device itself.

with refused as (

    select node_id
    from {{ ref('int_identity_refused') }}

),

shared as (

    select node_id
    from {{ ref('int_identity_persons') }}
    where is_shared_device

),

events as (

    select
        events.event_id,
        events.event_at,
        events.event_date,
        events.event_type,
        events.has_consent,
        coalesce(events.session_no, sessions.session_no) as session_no,
        events.user_node_id is not null and refused_users.node_id is not null as is_user_refused,
        case when refused_users.node_id is null then events.user_node_id end as user_node_id,
        case when refused_devices.node_id is null then events.device_node_id end as device_node_id,
        refused_devices.node_id is not null or shared.node_id is not null as is_device_special,
        shared.node_id is not null as is_device_shared
    from {{ ref('int_events') }} as events
    left join {{ ref('int_events_sessions') }} as sessions
        on events.event_id = sessions.event_id
    left join refused as refused_users
        on events.user_node_id = refused_users.node_id
    left join refused as refused_devices
        on events.device_node_id = refused_devices.node_id
    left join shared
        on events.device_node_id = shared.node_id
    where
        events.event_date <= {{ as_of() }}
        and (
            refused_users.node_id is not null
            or refused_devices.node_id is not null
            or shared.node_id is not null
        )

),

in_time as (

    select
        *,
        last_value(user_node_id ignore nulls) over (
            partition by device_node_id
            order by event_at, (user_node_id is null), event_id
            rows between unbounded preceding and current row
        ) as last_signed_in_node_id,
        first_value(user_node_id ignore nulls) over (
            partition by device_node_id, session_no
            order by event_at, (user_node_id is null), event_id
            rows between current row and unbounded following
        ) as next_signed_in_node_id
    from events

)

select
    event_id,
    event_at,
    event_date,
    event_type,
    has_consent,
    coalesce(
        case when is_device_shared then last_signed_in_node_id end,
        case when is_device_shared then next_signed_in_node_id end,
        device_node_id
    ) as owner_node_id
from in_time
where user_node_id is null and (is_user_refused or is_device_special)
