select
    events.*,
    coalesce(events.typing_reject_reason, copies.reject_reason) as reject_reason
from {{ ref('base_amplitude__events_typed') }} as events
left join {{ ref('base_amplitude__event_copies') }} as copies
    on
        events.source = copies.source
        and events.account_id = copies.account_id
        and events.day = copies.day
        and events.seq = copies.seq
