-- Merges follow from the nights on which edges were known, under tonight's rules, so they are the
-- same however often the database is built. What else differs from the last release (a rule that
-- splits, a restated past) is history that is written once and carried on.

with ended as (

    select *
    from {{ ref('int_identity_merges') }}

),

restated as (

    select *
    from {{ ref('int_identity_restated') }}

),

-- Everything that moved, and for a merge what it came to, as it was known on the night before.
members as (

    {% for side in ['person', 'into'] %}
    select
        'merge' as change_kind,
        'observed' as basis,
        ended.change_date,
        {{ people_person_id('ended.person_node_id') }} as person_id_before,
        {{ people_person_id('ended.into_node_id') }} as person_id_after,
        memberships.node_id,
        {{ side == 'person' }} as is_moved
    from ended
    inner join {{ ref('int_identity_memberships') }} as memberships
        on
            ended.{{ side }}_node_id = memberships.person_node_id
            and ended.change_date > memberships.from_date

    union all
    {% endfor %}

    select
        change_kind,
        'restated' as basis,
        {{ as_of() }} as change_date,
        person_id_before,
        person_id_after,
        node_id,
        true as is_moved
    from restated

),

orders as (

    select
        members.basis,
        members.person_id_before,
        members.person_id_after,
        count(*) filter (where members.is_moved) as orders,
        sum(conversions.revenue) filter (where members.is_moved) as net_revenue,
        sum(conversions.contribution_margin) filter (where members.is_moved)
            as contribution_margin,
        min(conversions.conversion_date) filter (where members.is_moved) as first_moved_date,
        min(conversions.conversion_date) as first_order_date
    from members
    inner join {{ ref('int_conversions') }} as conversions
        on
            members.node_id = conversions.owner_node_id
            and (
                members.basis = 'restated'
                or members.change_date > conversions.conversion_date
            )
    group by members.basis, members.person_id_before, members.person_id_after

),

touches as (

    select
        members.basis,
        members.person_id_before,
        members.person_id_after,
        count(*) as touches
    from members
    inner join {{ ref('fct_touchpoints') }} as touches
        on
            members.node_id = touches.owner_node_id
            and (members.basis = 'restated' or members.change_date > touches.touch_date)
    where members.is_moved
    group by members.basis, members.person_id_before, members.person_id_after

),

changes as (

    select
        change_kind,
        basis,
        change_date,
        person_id_before,
        person_id_after,
        count(*) filter (where is_moved) as identifiers
    from members
    group by change_kind, basis, change_date, person_id_before, person_id_after

),

appeared as (

    select
        {{ people_person_id('ended.person_node_id') }} as person_id_before,
        edges.source,
        left_nodes.identifier_type as left_type,
        left_nodes.identifier_value as left_value,
        right_nodes.identifier_type as right_type,
        right_nodes.identifier_value as right_value
    from ended
    inner join {{ ref('int_identity_edges') }} as edges
        on
            ended.left_node_id = edges.left_node_id
            and ended.right_node_id = edges.right_node_id
    inner join {{ ref('int_identity_nodes') }} as left_nodes
        on ended.left_node_id = left_nodes.node_id
    inner join {{ ref('int_identity_nodes') }} as right_nodes
        on ended.right_node_id = right_nodes.node_id

),

-- The edges that one night's rules take and the other's do not, once for each end.
held as (

    select
        identifier_type,
        namespace,
        identifier_value,
        person_id
    from {{ source('raw', 'previous_identifiers') }}
    where valid_to is null and confidence > 0.5

),

verdicts as (
    {%- set key = [
        'identifier_type', 'namespace', 'identifier_value',
        'counterpart_type', 'counterpart_namespace', 'counterpart_value',
    ] %}
    {% for verdict, here, there in [
        ('takes', ref('identity_dropped'), source('raw', 'previous_dropped')),
        ('spares', source('raw', 'previous_dropped'), ref('identity_dropped')),
    ] %}
    {% for end in ['identifier', 'counterpart'] %}
    select
        '{{ verdict }}' as verdict,
        dropped.*,
        dropped.{{ end }}_type as end_type,
        dropped.{{ end }}_namespace as end_namespace,
        dropped.{{ end }}_value as end_value
    from (
        select
            {%- for column in key %}
            {{ column }},
            {%- endfor %}
            namespace as identifier_namespace,
            rule_id,
            reason,
            source
        from {{ here }}
        where counterpart_value is not null
    ) as dropped
    where
        not exists (
            select 1
            from {{ there }} as others
            where
                dropped.rule_id = others.rule_id
                {%- for column in key %}
                and dropped.{{ column }} = others.{{ column }}
                {%- endfor %}
        )
    {{ 'union all' if not loop.last }}
    {% endfor %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ruled as (

    select
        restated.person_id_before,
        restated.person_id_after,
        verdicts.*,
        row_number() over (
            partition by restated.person_id_before, restated.person_id_after
            order by
                (verdicts.verdict = 'takes') != (restated.change_kind in ('split', 'move')),
                verdicts.rule_id,
                verdicts.identifier_type,
                verdicts.identifier_value,
                verdicts.counterpart_type,
                verdicts.counterpart_value
        ) as verdict_no
    from (
        select distinct
            person_id_before,
            person_id_after,
            change_kind
        from restated
    ) as restated
    inner join held
        on held.person_id in (restated.person_id_before, restated.person_id_after)
    inner join verdicts
        on
            held.identifier_type = verdicts.end_type
            and held.namespace = verdicts.end_namespace
            and held.identifier_value = verdicts.end_value

)

select
    changes.change_date,
    changes.change_kind,
    changes.basis,
    changes.person_id_before,
    changes.person_id_after,
    case
        when changes.basis = 'observed' then 'seen together'
        when ruled.verdict = 'takes' then 'a rule takes the edge'
        when ruled.verdict = 'spares' then 'a rule no longer takes the edge'
        else 'the past was restated'
    end as cause,
    ruled.rule_id,
    coalesce(appeared.source, ruled.source) as source,
    coalesce(appeared.left_type, ruled.identifier_type) as left_type,
    coalesce(appeared.left_value, ruled.identifier_value) as left_value,
    coalesce(appeared.right_type, ruled.counterpart_type) as right_type,
    coalesce(appeared.right_value, ruled.counterpart_value) as right_value,
    changes.identifiers,
    coalesce(orders.orders, 0) as orders,
    {{ money('coalesce(orders.net_revenue, 0)') }} as net_revenue,
    {{ money('coalesce(orders.contribution_margin, 0)') }} as contribution_margin,
    coalesce(touches.touches, 0) as touches,
    cast(date_trunc('month', orders.first_moved_date) as date) as cohort_month_before,
    cast(date_trunc('month', coalesce(
        case when changes.basis = 'restated' then profiles.first_order_date end,
        orders.first_order_date
    )) as date) as cohort_month_after
from changes
left join orders
    on
        changes.basis = orders.basis
        and changes.person_id_before = orders.person_id_before
        and changes.person_id_after = orders.person_id_after
left join touches
    on
        changes.basis = touches.basis
        and changes.person_id_before = touches.person_id_before
        and changes.person_id_after = touches.person_id_after
left join appeared
    on changes.basis = 'observed' and changes.person_id_before = appeared.person_id_before
left join ruled
    on
        changes.basis = 'restated'
        and changes.person_id_before = ruled.person_id_before
        and changes.person_id_after = ruled.person_id_after
        and ruled.verdict_no = 1
left join {{ ref('int_identity_profiles') }} as profiles
    on changes.person_id_after = profiles.person_id

union all

select
    change_date,
    change_kind,
    basis,
    person_id_before,
    person_id_after,
    cause,
    rule_id,
    source,
    left_type,
    left_value,
    right_type,
    right_value,
    identifiers,
    orders,
    net_revenue,
    contribution_margin,
    touches,
    cohort_month_before,
    cohort_month_after
from {{ source('raw', 'previous_changes') }}
where basis = 'restated'
