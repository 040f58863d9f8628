{{ config(materialized='table') }}

-- Tonight's persons against those of the last release of this day or an earlier one: what tonight's
-- observations do not explain. Shared phones and devices belong to nobody in particular.

with superseded as (

    select node_id
    from {{ ref('int_identity_handovers') }}

    union

    select heir_node_id as node_id
    from {{ ref('int_identity_handovers') }}
    where valid_to is not null

),

tonight as (

    select
        nodes.identifier_type,
        nodes.namespace,
        nodes.identifier_value,
        nodes.node_id,
        persons.person_id
    from {{ ref('int_identity_nodes') }} as nodes
    inner join {{ ref('int_identity_persons') }} as persons
        on nodes.node_id = persons.node_id
    where
        nodes.identifier_type != 'order'
        and persons.shared_by_rule_id is null
        and nodes.node_id not in (select superseded.node_id from superseded)

),

before as (

    select
        identifier_type,
        namespace,
        identifier_value,
        person_id
    from {{ source('raw', 'previous_identifiers') }}
    where valid_to is null and confidence > 0.5

),

moved as (

    select
        before.person_id as person_id_before,
        tonight.person_id as person_id_after,
        tonight.node_id
    from before
    inner join tonight
        on
            before.identifier_type = tonight.identifier_type
            and before.namespace = tonight.namespace
            and before.identifier_value = tonight.identifier_value
    where before.person_id != tonight.person_id

),

ways as (

    select
        person_id_before,
        count(distinct person_id_after) as ways
    from moved
    group by person_id_before

),

told as (

    select
        moved.person_id_before,
        moved.person_id_after,
        moved.node_id,
        moved.person_id_before in (select tonight.person_id from tonight) as is_before_left,
        moved.person_id_after in (select before.person_id from before) as is_after_known,
        ways.ways
    from moved
    inner join ways
        on moved.person_id_before = ways.person_id_before

),

kinds as (

    select
        person_id_before,
        person_id_after,
        node_id,
        case
            when is_after_known and is_before_left then 'move'
            when is_after_known then 'merge'
            when is_before_left or ways > 1 then 'split'
            else 'rename'
        end as change_kind
    from told

),

-- What was seen since the release before is told as an observed merge.
explained as (

    select {{ people_person_id('ended.person_node_id') }} as person_id_before
    from {{ ref('int_identity_merges') }} as ended
    inner join {{ source('raw', 'previous_release') }} as previous
        on ended.change_date > previous.day

)

select
    kinds.person_id_before,
    kinds.person_id_after,
    kinds.change_kind,
    kinds.node_id
from kinds
where
    kinds.change_kind != 'merge'
    or kinds.person_id_before not in (select explained.person_id_before from explained)
