{{ config(materialized='table') }}

-- A person ends on the night on which an edge tied them to an older one. The edge named is the
-- first of that night that leads out of them.

with memberships as (

    select *
    from {{ ref('int_identity_memberships') }}

),

ended as (

    select
        before.person_node_id,
        before.to_date as change_date,
        later.person_node_id as into_node_id
    from memberships as before
    inner join memberships as later
        on before.node_id = later.node_id and before.to_date = later.from_date
    where before.node_id = before.person_node_id

),

shared as (

    select node_id
    from {{ ref('int_identity_components') }}
    where shared_by_rule_id is not null

),

edges as (

    select edges.*
    from {{ ref('int_identity_edges') }} as edges
    where
        edges.dropped_by_rule_id is null
        and edges.left_node_id not in (select shared.node_id from shared)
        and edges.right_node_id not in (select shared.node_id from shared)

),

leading_out as (
    {% for side in ['left', 'right'] %}
    select
        memberships.person_node_id,
        edges.left_node_id,
        edges.right_node_id,
        edges.first_seen_at
    from edges
    inner join memberships
        on edges.{{ side }}_node_id = memberships.node_id and edges.known_date = memberships.to_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- An edge with both ends in the person leads nowhere.
ranked as (

    select
        person_node_id,
        left_node_id,
        right_node_id,
        row_number() over (
            partition by person_node_id
            order by first_seen_at, left_node_id, right_node_id
        ) as edge_no
    from leading_out
    group by person_node_id, left_node_id, right_node_id, first_seen_at
    having count(*) = 1

)

select
    ended.person_node_id,
    ended.into_node_id,
    ended.change_date,
    ranked.left_node_id,
    ranked.right_node_id
from ended
left join ranked
    on ended.person_node_id = ranked.person_node_id and ranked.edge_no = 1
