{{ config(materialized='table') }}

-- Values that identify nobody: junk by list or pattern, and values that stand beside more
-- counterparts than anybody has.

with rules as (

    select *
    from {{ ref('identity_rules') }}

),

found as (

    select *
    from {{ ref('int_identity_values') }}

),

blocked as (

    select
        found.node_id,
        rules.rule_id,
        rules.priority
    from found
    inner join rules
        on
            rules.rule_kind = 'blocked_value'
            and rules.identifier_type in ('*', found.identifier_type)
            and lower(found.identifier_value) = rules.value

    union all

    select
        found.node_id,
        rules.rule_id,
        rules.priority
    from found
    inner join rules
        on
            rules.rule_kind = 'blocked_value'
            and rules.identifier_type in ('*', found.identifier_type)
            and found.identifier_value = {{ people_sha256('rules.value') }}
    where found.identifier_type in ('email', 'phone')

    union all

    select
        found.node_id,
        rules.rule_id,
        rules.priority
    from found
    inner join rules
        on
            rules.rule_kind in ('blocked_pattern', 'required_pattern')
            and rules.identifier_type in ('*', found.identifier_type)
            and {{ people_matches('found.identifier_value', 'rules.value') }}
            = (rules.rule_kind = 'blocked_pattern')

),

ranked as (

    select
        node_id,
        rule_id,
        priority,
        row_number() over (partition by node_id order by priority, rule_id) as rule_rank
    from blocked

),

pairs as (

    select pairs.*
    from {{ ref('int_identity_pairs') }} as pairs
    where
        pairs.left_node_id not in (select ranked.node_id from ranked)
        and pairs.right_node_id not in (select ranked.node_id from ranked)

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

),

too_frequent as (

    select
        counterparts.node_id,
        rules.rule_id,
        rules.priority,
        row_number() over (
            partition by counterparts.node_id
            order by rules.priority, rules.rule_id
        ) as rule_rank
    from counterparts
    inner join rules
        on
            rules.rule_kind = 'frequency'
            and counterparts.identifier_type = rules.identifier_type
            and counterparts.counterpart_type = rules.counterpart_type
            and counterparts.counterparts > rules.max_count

)

select
    node_id,
    rule_id,
    priority
from ranked
where rule_rank = 1

union all

select
    node_id,
    rule_id,
    priority
from too_frequent
where rule_rank = 1
