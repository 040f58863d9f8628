{{ config(materialized='table') }}

-- Every observed pair, with the rule that drops it. Shared phones and devices are found on what is
-- left here.

with links as (

    select *
    from {{ ref('int_identity_links') }}

),

crowded as (
    {% for side, other in [('left', 'right'), ('right', 'left')] %}
    select
        links.left_node_id,
        links.right_node_id,
        limits.node_id,
        limits.rule_id,
        limits.priority,
        limits.max_count,
        limits.yields,
        links.known_date,
        links.first_seen_at,
        links.{{ other }}_node_id as counterpart_node_id
    from links
    inner join {{ ref('int_identity_limits') }} as limits
        on
            links.{{ side }}_node_id = limits.node_id
            and (
                limits.yields = 'all'
                or limits.counterpart_type in ('*', links.{{ other }}_type)
            )
    where links.refused_by_rule_id is null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

numbered as (

    select
        *,
        row_number() over (
            partition by node_id, rule_id
            order by known_date, first_seen_at, counterpart_node_id
        ) as edge_no
    from crowded

),

yielding as (

    select
        left_node_id,
        right_node_id,
        node_id,
        rule_id,
        row_number() over (
            partition by left_node_id, right_node_id
            order by priority, rule_id, node_id
        ) as rule_rank
    from numbered
    where yields != 'newest' or edge_no > max_count

)

select
    links.left_type,
    links.left_node_id,
    links.right_type,
    links.right_node_id,
    links.source,
    links.observations,
    links.first_seen_at,
    links.last_seen_at,
    links.known_date,
    coalesce(links.refused_node_id, yielding.node_id) as dropped_for_node_id,
    coalesce(links.refused_by_rule_id, yielding.rule_id) as dropped_by_rule_id
from links
left join yielding
    on
        links.left_node_id = yielding.left_node_id
        and links.right_node_id = yielding.right_node_id
        and yielding.rule_rank = 1
