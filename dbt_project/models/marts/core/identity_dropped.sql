-- What identity left out: values that identify nobody, and every edge that a rule took.

with rules as (

    select *
    from {{ ref('identity_rules') }}

),

named as (

    select
        node_id,
        identifier_type,
        namespace,
        identifier_value
    from {{ ref('int_identity_values') }}

    union all

    select
        turns.heir_node_id as node_id,
        found.identifier_type,
        found.namespace,
        found.identifier_value
    from {{ ref('int_identity_handovers') }} as turns
    inner join {{ ref('int_identity_values') }} as found
        on turns.node_id = found.node_id

),

shared as (

    select
        persons.node_id,
        persons.shared_by_rule_id as rule_id,
        rules.priority
    from {{ ref('int_identity_persons') }} as persons
    inner join rules
        on persons.shared_by_rule_id = rules.rule_id

),

judged as (

    select
        edges.*,
        case
            when edges.dropped_by_rule_id is not null then edges.dropped_for_node_id
            when left_shared.priority <= coalesce(right_shared.priority, left_shared.priority)
                then left_shared.node_id
            else right_shared.node_id
        end as for_node_id
    from {{ ref('int_identity_edges') }} as edges
    left join shared as left_shared
        on edges.left_node_id = left_shared.node_id
    left join shared as right_shared
        on edges.right_node_id = right_shared.node_id

),

drops as (

    select
        node_id,
        rule_id,
        cast(null as bigint) as counterpart_node_id
    from {{ ref('int_identity_refused') }}

    union all

    select
        judged.for_node_id as node_id,
        coalesce(judged.dropped_by_rule_id, shared.rule_id) as rule_id,
        case
            when judged.for_node_id = judged.left_node_id then judged.right_node_id
            else judged.left_node_id
        end as counterpart_node_id
    from judged
    left join shared
        on judged.for_node_id = shared.node_id
    where judged.for_node_id is not null

),

seen as (

    select
        left_node_id as node_id,
        right_node_id as counterpart_node_id,
        source,
        observations,
        first_seen_at,
        last_seen_at,
        known_date
    from {{ ref('int_identity_edges') }}

    union all

    select
        right_node_id as node_id,
        left_node_id as counterpart_node_id,
        source,
        observations,
        first_seen_at,
        last_seen_at,
        known_date
    from {{ ref('int_identity_edges') }}

)

select
    named.identifier_type,
    named.namespace,
    named.identifier_value,
    drops.rule_id,
    rules.reason,
    counterparts.identifier_type as counterpart_type,
    counterparts.namespace as counterpart_namespace,
    counterparts.identifier_value as counterpart_value,
    coalesce(seen.source, found.source) as source,
    cast(coalesce(seen.observations, found.observations) as bigint) as observations,
    coalesce(seen.first_seen_at, found.first_seen_at) as first_seen_at,
    coalesce(seen.last_seen_at, found.last_seen_at) as last_seen_at,
    coalesce(seen.known_date, found.known_date) as known_date
from drops
inner join named
    on drops.node_id = named.node_id
inner join rules
    on drops.rule_id = rules.rule_id
left join named as counterparts
    on drops.counterpart_node_id = counterparts.node_id
left join seen
    on drops.node_id = seen.node_id and drops.counterpart_node_id = seen.counterpart_node_id
left join {{ ref('int_identity_values') }} as found
    on drops.node_id = found.node_id and drops.counterpart_node_id is null
