{{ config(materialized='table') }}

-- Every observed pair, with the rule that drops it. Shared devices are found on what is left here.

with limits as (

    select
        node_id,
        counterpart_type,
        min(rule_id) as rule_id
    from {{ ref('int_identity_limits') }}
    group by node_id, counterpart_type

)

select
    pairs.left_type,
    pairs.left_node_id,
    pairs.right_type,
    pairs.right_node_id,
    case
        when left_refused.node_id is not null then pairs.left_node_id
        when right_refused.node_id is not null then pairs.right_node_id
        when left_limits.node_id is not null then pairs.left_node_id
        when right_limits.node_id is not null then pairs.right_node_id
    end as dropped_for_node_id,
    coalesce(
        left_refused.rule_id, right_refused.rule_id, left_limits.rule_id, right_limits.rule_id
    ) as dropped_by_rule_id
from {{ ref('int_identity_pairs') }} as pairs
{% for side, other in [('left', 'right'), ('right', 'left')] %}
left join {{ ref('int_identity_refused') }} as {{ side }}_refused
    on pairs.{{ side }}_node_id = {{ side }}_refused.node_id
left join limits as {{ side }}_limits
    on
        pairs.{{ side }}_node_id = {{ side }}_limits.node_id
        and pairs.{{ other }}_type = {{ side }}_limits.counterpart_type
{% endfor %}
