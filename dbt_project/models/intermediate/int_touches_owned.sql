-- Events that are a touchpoint and have an owner, with the person that owner belongs to today. An
-- arrival is a second touch where its channel rule says what led to it (a search, a creator's
-- link); that one carries no channel, so that an arrival stays one arrival.

with events as (

    select
        events.*,
        case
            when owners.event_id is not null then owners.owner_node_id
            else coalesce(events.user_node_id, events.device_node_id)
        end as owner_node_id,
        owners.event_id is not null as is_owner_inferred
    from {{ ref('int_events') }} as events
    left join {{ ref('int_identity_event_owners') }} as owners
        on events.event_id = owners.event_id
    where
        events.touchpoint_key is not null
        and events.event_date <= {{ as_of() }}
        and (owners.event_id is null or owners.owner_node_id is not null)

),

kinds as (

    select false as is_lead_in
    union all
    select true as is_lead_in

)

select
    events.source,
    events.account_id,
    events.day,
    events.load_id,
    events.event_id,
    events.event_at,
    events.event_date,
    case
        when kinds.is_lead_in then events.event_id || '/' || events.arrival_touchpoint_key
        else events.event_id
    end as touch_id,
    case
        when kinds.is_lead_in then events.arrival_touchpoint_key else events.touchpoint_key
    end as touchpoint_key,
    case when not kinds.is_lead_in then events.channel_id end as channel_id,
    case when not kinds.is_lead_in then events.platform end as platform,
    case when not kinds.is_lead_in then events.campaign_id end as campaign_id,
    case when not kinds.is_lead_in then events.ad_id end as ad_id,
    case when not kinds.is_lead_in then events.click_id end as click_id,
    coalesce(
        sessions.session_id,
        {{ touch_session_id(
            'coalesce(events.device_node_id, events.user_node_id)', 'events.session_no'
        ) }}
    ) as session_id,
    events.owner_node_id,
    events.is_owner_inferred
from events
inner join kinds
    on not kinds.is_lead_in or events.arrival_touchpoint_key is not null
left join {{ ref('int_touch_sessions') }} as sessions
    on events.event_id = sessions.event_id
