{{ config(
    materialized='incremental',
    pre_hook=["{% if is_incremental() %}{{ people_delete_partitions(people_changed_partitions(
        ref('int_events'), this,
        'count(*)', people_checksum(['seq']), 'sum(events)', 'bit_xor(seq_checksum)'
    )) }}{% endif %}"],
) }}

-- The compact form of the events that identity, activity and funnel are made from: everything below
-- reads this table, not the events.

select
    events.source,
    events.account_id,
    events.day,
    events.load_id,
    events.event_date,
    events.device_node_id,
    events.user_node_id,
    events.device_id,
    events.user_id,
    events.email_hash,
    events.phone_hash,
    count(*) as events,
    cast({{ people_checksum(['events.seq']) }} as ubigint) as seq_checksum,
    min(events.event_at) as first_at,
    max(events.event_at) as last_at,
    max(case when events.has_consent is not null then events.event_at end) as consent_at,
    {%- for step in ['landing', 'install', 'lead', 'registration', 'activation'] %}
    min(case when event_map.funnel_step = '{{ step }}' then events.event_at end)
        as {{ step }}_at,
    {%- endfor %}
    {{ people_latest('events.has_consent', 'events.event_at') }} as has_consent
from {{ ref('int_events') }} as events
left join {{ ref('event_map') }} as event_map
    on events.event_type = event_map.event_type and event_map.source_kind = 'amplitude'
{% if is_incremental() %}
    where
        events.day in ({{ people_changed_days(people_changed_partitions(
            ref('int_events'), this,
            'count(*)', people_checksum(['seq']), 'sum(events)', 'bit_xor(seq_checksum)'
        )) }})
        and {{ people_is_missing_partition('events') }}
{% endif %}
group by
    events.source,
    events.account_id,
    events.day,
    events.load_id,
    events.event_date,
    events.device_node_id,
    events.user_node_id,
    events.device_id,
    events.user_id,
    events.email_hash,
    events.phone_hash
