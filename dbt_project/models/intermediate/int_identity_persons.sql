{{ config(materialized='table') }}

select
    node_id,
    {{ people_person_id('person_node_id') }} as person_id,
    is_shared_device
from {{ ref('int_identity_components') }}
