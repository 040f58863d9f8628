-- One line per rule that refused a value or dropped its edges.

with rules as (

    select *
    from {{ ref('identity_rules') }}

),

drops as (

    select
        dropped_for_node_id as node_id,
        dropped_by_rule_id as rule_id
    from {{ ref('int_identity_edges') }}
    where dropped_by_rule_id is not null

    union all

    select
        persons.node_id,
        'shared_device' as rule_id
    from {{ ref('int_identity_edges') }} as edges
    inner join {{ ref('int_identity_persons') }} as persons
        on persons.node_id
            = case
                when edges.left_type = 'device' then edges.left_node_id
                else edges.right_node_id
            end
    where persons.is_shared_device and edges.dropped_by_rule_id is null

),

dropped_edges as (

    select
        node_id,
        rule_id,
        count(*) as edges_dropped
    from drops
    group by node_id, rule_id

),

verdicts as (

    select
        node_id,
        rule_id
    from {{ ref('int_identity_refused') }}

    union

    select
        node_id,
        rule_id
    from dropped_edges

)

select
    found.identifier_type,
    found.namespace,
    found.identifier_value,
    rules.reason,
    cast(sum(coalesce(dropped_edges.edges_dropped, 0)) as bigint) as edges_dropped
from verdicts
inner join {{ ref('int_identity_values') }} as found
    on verdicts.node_id = found.node_id
inner join rules
    on verdicts.rule_id = rules.rule_id
left join dropped_edges
    on verdicts.node_id = dropped_edges.node_id and verdicts.rule_id = dropped_edges.rule_id
group by
    found.identifier_type,
    found.namespace,
    found.identifier_value,
    rules.reason
