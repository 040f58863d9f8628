-- A shared device has one row per stretch of time in which one person held it, an e-mail or phone
-- that was given on one per holder; every other identifier belongs to one person from when it was
-- first seen. A shared phone is nobody's: its person is the phone itself.

with shared as (

    select node_id
    from {{ ref('int_identity_persons') }}
    where is_shared_device

),

nodes as (

    select *
    from {{ ref('int_identity_nodes') }}
    where identifier_type != 'order'

),

given_on as (

    select
        node_id,
        min(handed_over_at) as valid_to
    from {{ ref('int_identity_handovers') }}
    group by node_id

    union all

    select
        heir_node_id as node_id,
        valid_to
    from {{ ref('int_identity_handovers') }}
    where valid_to is not null

),

held as (

    select
        events.device_node_id as node_id,
        events.event_at,
        events.event_id,
        persons.person_id
    from {{ ref('int_events') }} as events
    inner join shared
        on events.device_node_id = shared.node_id
    left join {{ ref('int_identity_event_owners') }} as owners
        on events.event_id = owners.event_id
    inner join {{ ref('int_identity_persons') }} as persons
        on
            case
                when owners.event_id is not null then owners.owner_node_id
                else events.user_node_id
            end = persons.node_id
    where events.event_date <= {{ as_of() }}

),

changes as (

    select
        *,
        lag(person_id) over (partition by node_id order by event_at, event_id)
            as previous_person_id
    from held

),

stretches as (

    select
        node_id,
        person_id,
        event_at as valid_from,
        lead(event_at) over (partition by node_id order by event_at, event_id) as valid_to
    from changes
    where person_id is distinct from previous_person_id

)

select
    nodes.identifier_type,
    nodes.namespace,
    nodes.identifier_value,
    coalesce(stretches.person_id, persons.person_id) as person_id,
    coalesce(stretches.valid_from, nodes.first_seen_at) as valid_from,
    coalesce(stretches.valid_to, given_on.valid_to) as valid_to,
    nodes.source,
    cast(case
        when persons.shared_by_rule_id is not null then 0.5
        when nodes.identifier_type = 'device' then 0.9
        else 1
    end as double) as confidence
from nodes
inner join {{ ref('int_identity_persons') }} as persons
    on nodes.node_id = persons.node_id
left join stretches
    on nodes.node_id = stretches.node_id
left join given_on
    on nodes.node_id = given_on.node_id
where stretches.valid_to is null or stretches.valid_to > stretches.valid_from
