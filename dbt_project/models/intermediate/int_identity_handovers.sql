{{ config(materialized='table') }}

-- E-mails and phones that went to somebody else: seen again after a silence of the rule's days,
-- with user ids that share no device, e-mail or phone with the earlier ones, who are not seen any
-- more. From then on it is a node of its own, so that the two are not tied together. What stands
-- beside more than three user ids (a kiosk) says nothing about who knows whom.

with rules as (

    select *
    from {{ ref('identity_rules') }}
    where rule_kind = 'reuse'

),

refused as (

    select node_id
    from {{ ref('int_identity_refused') }}

),

pairs as (

    select *
    from {{ ref('int_identity_pairs') }}
    where
        left_node_id not in (select refused.node_id from refused)
        and right_node_id not in (select refused.node_id from refused)

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

    select distinct
        node_id,
        identifier_type,
        rule_id,
        first_seen_at as handed_over_at
    from claims
    where first_seen_at > silent_until

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

beside as (
    {% for here, other in [('left', 'right'), ('right', 'left')] %}
    select
        {{ here }}_node_id as node_id,
        {{ other }}_node_id as neighbour_node_id
    from pairs
    where {{ here }}_node_id in (select holders.holder_node_id from holders)
    {{ 'union' if not loop.last }}
    {% endfor %}
),

user_ids as (
    {% for here, other in [('left', 'right'), ('right', 'left')] %}
    select {{ here }}_node_id as node_id
    from pairs
    where
        {{ other }}_type = 'user_id'
        and {{ here }}_node_id in (select beside.neighbour_node_id from beside)
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

crowds as (

    select node_id
    from user_ids
    group by node_id
    having count(*) > 3

),

-- Whoever is acquainted, or still there, has not given it on.
acquainted as (

    select
        holders.node_id,
        holders.handed_over_at
    from holders
    inner join beside
        on
            holders.holder_node_id = beside.node_id
            and holders.node_id != beside.neighbour_node_id
    where beside.neighbour_node_id not in (select crowds.node_id from crowds)
    group by holders.node_id, holders.handed_over_at, beside.neighbour_node_id
    having count(distinct holders.is_heir) > 1

    union

    select
        holders.node_id,
        holders.handed_over_at
    from holders
    inner join {{ ref('int_identity_values') }} as found
        on holders.holder_node_id = found.node_id
    where not holders.is_heir and found.last_seen_at >= holders.handed_over_at

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
        -- Somebody held it before, somebody else does after.
        and 2 = (
            select count(distinct holders.is_heir)
            from holders
            where
                holders.node_id = breaks.node_id
                and holders.handed_over_at = breaks.handed_over_at
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
