{{ config(materialized='table') }}

select
    components.node_id,
    {{ people_person_id('components.person_node_id') }} as person_id,
    components.shared_by_rule_id,
    coalesce(rules.identifier_type = 'device', false) as is_shared_device
from {{ ref('int_identity_components') }} as components
left join {{ ref('identity_rules') }} as rules
    on components.shared_by_rule_id = rules.rule_id
