{{ config(materialized='table') }}

-- Good identifiers that stand beside more of one type (or of all types) than may belong to one
-- person: they keep their node, edges of theirs yield. What is judged by accounts is judged later.

with links as (

    select *
    from {{ ref('int_identity_links') }}
    where refused_by_rule_id is null

),

counterparts as (

    select
        left_node_id as node_id,
        left_type as identifier_type,
        right_type as counterpart_type,
        count(*) as counterparts
    from links
    group by left_node_id, left_type, right_type

    union all

    select
        right_node_id as node_id,
        right_type as identifier_type,
        left_type as counterpart_type,
        count(*) as counterparts
    from links
    group by right_node_id, right_type, left_type

),

counted as (

    -- A type may stand on either side: an e-mail is left of a phone and right of a user id.
    select
        node_id,
        identifier_type,
        counterpart_type,
        sum(counterparts) as counterparts
    from counterparts
    group by node_id, identifier_type, counterpart_type

    union all

    select
        node_id,
        identifier_type,
        '*' as counterpart_type,
        sum(counterparts) as counterparts
    from counterparts
    group by node_id, identifier_type

)

select
    counted.node_id,
    counted.identifier_type,
    counted.counterpart_type,
    cast(counted.counterparts as bigint) as counterparts,
    rules.rule_id,
    rules.priority,
    rules.max_count,
    rules.yields
from counted
inner join {{ ref('identity_rules') }} as rules
    on
        rules.rule_kind = 'limit'
        and counted.identifier_type = rules.identifier_type
        and counted.counterpart_type = rules.counterpart_type
        and counted.counterparts > rules.max_count
