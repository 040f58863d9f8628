{{ config(materialized='table') }}

-- What every person did on every day, from the compact days; only the events whose owner had to be
-- worked out are read one by one.

{%- set steps = ['landing', 'install', 'lead', 'registration', 'activation'] %}

with special as (

    select node_id
    from {{ ref('int_identity_refused') }}

    union

    select node_id
    from {{ ref('int_identity_persons') }}
    where is_shared_device

),

plain as (

    select
        coalesce(daily.user_node_id, daily.device_node_id) as owner_node_id,
        daily.event_date,
        daily.events,
        daily.first_at,
        daily.last_at,
        daily.consent_at,
        {%- for step in steps %}
        daily.{{ step }}_at,
        {%- endfor %}
        daily.has_consent
    from {{ ref('int_events_daily') }} as daily
    where
        daily.event_date <= {{ as_of() }}
        and coalesce(daily.user_node_id, daily.device_node_id) not in (
            select special.node_id from special
        )

),

worked_out as (

    select
        owners.owner_node_id,
        owners.event_date,
        1 as events,
        owners.event_at as first_at,
        owners.event_at as last_at,
        case when owners.has_consent is not null then owners.event_at end as consent_at,
        {%- for step in steps %}
        case when event_map.funnel_step = '{{ step }}' then owners.event_at end
            as {{ step }}_at,
        {%- endfor %}
        owners.has_consent
    from {{ ref('int_identity_event_owners') }} as owners
    left join {{ ref('event_map') }} as event_map
        on owners.event_type = event_map.event_type and event_map.source_kind = 'amplitude'
    where owners.owner_node_id is not null

),

together as (

    select * from plain
    union all
    select * from worked_out

)

select
    persons.person_id,
    together.event_date,
    cast(sum(together.events) as bigint) as events,
    min(together.first_at) as first_at,
    max(together.last_at) as last_at,
    max(together.consent_at) as consent_at,
    {%- for step in steps %}
    min(together.{{ step }}_at) as {{ step }}_at,
    {%- endfor %}
    {{ people_latest('together.has_consent', 'together.consent_at') }} as has_consent
from together
inner join {{ ref('int_identity_persons') }} as persons
    on together.owner_node_id = persons.node_id
group by persons.person_id, together.event_date
