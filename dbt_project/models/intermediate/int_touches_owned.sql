-- Events that are a touchpoint and have an owner, with the person that owner belongs to today.

select
    events.source,
    events.account_id,
    events.day,
    events.load_id,
    events.event_id,
    events.event_at,
    events.event_date,
    events.touchpoint_key,
    events.channel_id,
    events.platform,
    events.campaign_id,
    events.ad_id,
    events.click_id,
    {{ people_hex('coalesce(events.device_node_id, events.user_node_id)') }}
    || '.' || cast(coalesce(events.session_no, sessions.session_no) as {{ dbt.type_string() }})
        as session_id,
    case
        when owners.event_id is not null then owners.owner_node_id
        else coalesce(events.user_node_id, events.device_node_id)
    end as owner_node_id,
    owners.event_id is not null as is_owner_inferred
from {{ ref('int_events') }} as events
left join {{ ref('int_identity_event_owners') }} as owners
    on events.event_id = owners.event_id
left join {{ ref('int_events_sessions') }} as sessions
    on events.event_id = sessions.event_id
where
    events.touchpoint_key is not null
    and events.event_date <= {{ as_of() }}
    and (owners.event_id is null or owners.owner_node_id is not null)
