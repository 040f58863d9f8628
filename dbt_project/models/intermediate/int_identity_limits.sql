{{ config(materialized='table') }}

-- Good identifiers that stand beside more of one type than may belong to one person: they keep
-- their node, their edges to that type are dropped. Devices are judged later, by accounts.

with refused as (

    select node_id
    from {{ ref('int_identity_refused') }}

),

pairs as (

    select pairs.*
    from {{ ref('int_identity_pairs') }} as pairs
    where
        pairs.left_node_id not in (select refused.node_id from refused)
        and pairs.right_node_id not in (select refused.node_id from refused)

),

counterparts as (

    select
        left_node_id as node_id,
        left_type as identifier_type,
        right_type as counterpart_type,
        count(*) as counterparts
    from pairs
    group by left_node_id, left_type, right_type

    union all

    select
        right_node_id as node_id,
        right_type as identifier_type,
        left_type as counterpart_type,
        count(*) as counterparts
    from pairs
    group by right_node_id, right_type, left_type

)

select
    counterparts.node_id,
    counterparts.identifier_type,
    counterparts.counterpart_type,
    counterparts.counterparts,
    rules.rule_id,
    rules.reason
from counterparts
inner join {{ ref('identity_rules') }} as rules
    on
        rules.rule_kind = 'limit'
        and counterparts.identifier_type = rules.identifier_type
        and counterparts.counterpart_type = rules.counterpart_type
        and counterparts.counterparts > rules.max_count
