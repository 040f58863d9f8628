{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'ocean_engine__campaigns'),
    {'project_id': 'VARCHAR', 'name': 'VARCHAR', 'status': 'VARCHAR'},
    {
        'campaign_id': 'r.project_id',
        'campaign_name': 'r.name',
        'campaign_status': 'r.status',
    },
) }}
