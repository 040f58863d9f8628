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
        rules.reason
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
        rules.reason
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
        rules.reason
    from found
    inner join rules
        on
            rules.rule_kind in ('blocked_pattern', 'required_pattern')
            and rules.identifier_type in ('*', found.identifier_type)
            and {{ people_matches('found.identifier_value', 'rules.value') }}
            = (rules.rule_kind = 'blocked_pattern')

),

one_reason as (

    select
        node_id,
        min(rule_id) as rule_id,
        min_by(reason, rule_id) as reason
    from blocked
    group by node_id

),

pairs as (

    select pairs.*
    from {{ ref('int_identity_pairs') }} as pairs
    where
        pairs.left_node_id not in (select one_reason.node_id from one_reason)
        and pairs.right_node_id not in (select one_reason.node_id from one_reason)

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
        min(rules.rule_id) as rule_id,
        min_by(rules.reason, rules.rule_id) as reason
    from counterparts
    inner join rules
        on
            rules.rule_kind = 'frequency'
            and counterparts.identifier_type = rules.identifier_type
            and counterparts.counterpart_type = rules.counterpart_type
            and counterparts.counterparts > rules.max_count
    group by counterparts.node_id

)

select
    node_id,
    rule_id,
    reason
from one_reason

union all

select
    node_id,
    rule_id,
    reason
from too_frequent
