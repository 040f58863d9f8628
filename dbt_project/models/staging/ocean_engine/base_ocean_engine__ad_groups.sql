{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'ocean_engine__ad_groups'),
    {
        'promotion_id': 'VARCHAR',
        'project_id': 'VARCHAR',
        'promotion_name': 'VARCHAR',
        'status': 'VARCHAR',
    },
    {
        'ad_group_id': 'r.promotion_id',
        'campaign_id': 'r.project_id',
        'ad_group_name': 'r.promotion_name',
        'ad_group_status': 'r.status',
    },
) }}
