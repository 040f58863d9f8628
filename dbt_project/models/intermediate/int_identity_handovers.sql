{{ config(materialized='table') }}

-- E-mails and phones that went to somebody else: after a silence of the rule's days a user id claims
-- one that no earlier holder of it shares a device or another e-mail or phone with. From then on it
-- is a node of its own, so that the two holders are not tied together.

with rules as (

    select *
    from {{ ref('identity_rules') }}
    where rule_kind = 'reuse'

),

pairs as (

    select *
    from {{ ref('int_identity_pairs') }}
    where
        left_node_id not in (select node_id from {{ ref('int_identity_refused') }})
        and right_node_id not in (select node_id from {{ ref('int_identity_refused') }})

),

-- Contacts are always the right end of a pair, but for an e-mail beside a phone.
claims as (

    select
        pairs.right_node_id as node_id,
        pairs.right_type as identifier_type,
        pairs.left_node_id as holder_node_id,
        pairs.first_seen_at,
        pairs.last_seen_at,
        rules.rule_id,
        pairs.left_type = rules.counterpart_type as is_claim,
        {{ dbt.dateadd('day', 'rules.max_count', 'max(pairs.last_seen_at) over (
            partition by pairs.right_node_id
            order by pairs.first_seen_at, pairs.last_seen_at, pairs.left_node_id
            rows between unbounded preceding and 1 preceding
        )') }} as silent_until
    from pairs
    inner join rules
        on pairs.right_type = rules.identifier_type

),

breaks as (

    select
        node_id,
        identifier_type,
        rule_id,
        first_seen_at as handed_over_at
    from claims
    where is_claim and first_seen_at > silent_until

),

holders as (

    select
        breaks.node_id,
        breaks.handed_over_at,
        claims.holder_node_id,
        claims.first_seen_at >= breaks.handed_over_at as is_heir
    from breaks
    inner join claims
        on breaks.node_id = claims.node_id and claims.is_claim

),

neighbours as (

    select
        holders.node_id,
        holders.handed_over_at,
        holders.is_heir,
        case
            when pairs.left_node_id = holders.holder_node_id then pairs.right_node_id
            else pairs.left_node_id
        end as neighbour_node_id
    from holders
    inner join pairs
        on
            holders.holder_node_id in (pairs.left_node_id, pairs.right_node_id)
            and holders.node_id not in (pairs.left_node_id, pairs.right_node_id)

),

acquainted as (

    select
        node_id,
        handed_over_at
    from neighbours
    group by node_id, handed_over_at, neighbour_node_id
    having count(distinct is_heir) > 1

),

found as (

    select
        breaks.*,
        row_number() over (
            partition by breaks.node_id
            order by breaks.handed_over_at
        ) as turn_no
    from breaks
    left join acquainted
        on
            breaks.node_id = acquainted.node_id
            and breaks.handed_over_at = acquainted.handed_over_at
    where
        acquainted.node_id is null
        -- Somebody must have held it before.
        and exists (
            select 1
            from holders
            where
                holders.node_id = breaks.node_id
                and holders.handed_over_at = breaks.handed_over_at
                and not holders.is_heir
        )

)

select
    node_id,
    identifier_type,
    rule_id,
    {{ people_heir_node_id('node_id', 'turn_no') }} as heir_node_id,
    handed_over_at,
    lead(handed_over_at) over (partition by node_id order by handed_over_at) as valid_to
from found
