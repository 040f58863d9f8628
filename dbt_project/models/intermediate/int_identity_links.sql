-- Every observed pair, between the nodes that held the identifiers at the time, with the rule that
-- refused one of them.

select
    pairs.left_type,
    coalesce(left_turn.heir_node_id, pairs.left_node_id) as left_node_id,
    pairs.right_type,
    coalesce(right_turn.heir_node_id, pairs.right_node_id) as right_node_id,
    pairs.source,
    pairs.observations,
    pairs.first_seen_at,
    pairs.last_seen_at,
    pairs.known_date,
    case
        when
            left_refused.node_id is not null
            and coalesce(left_refused.priority <= right_refused.priority, true)
            then pairs.left_node_id
        when right_refused.node_id is not null then pairs.right_node_id
    end as refused_node_id,
    case
        when
            left_refused.node_id is not null
            and coalesce(left_refused.priority <= right_refused.priority, true)
            then left_refused.rule_id
        else right_refused.rule_id
    end as refused_by_rule_id
from {{ ref('int_identity_pairs') }} as pairs
{% for side in ['left', 'right'] %}
left join {{ ref('int_identity_refused') }} as {{ side }}_refused
    on pairs.{{ side }}_node_id = {{ side }}_refused.node_id
left join {{ ref('int_identity_handovers') }} as {{ side }}_turn
    on
        pairs.{{ side }}_node_id = {{ side }}_turn.node_id
        and pairs.first_seen_at >= {{ side }}_turn.handed_over_at
        and pairs.first_seen_at < coalesce({{ side }}_turn.valid_to, timestamp '9999-12-31')
{% endfor %}
