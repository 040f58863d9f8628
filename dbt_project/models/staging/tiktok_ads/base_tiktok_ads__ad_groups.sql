{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'tiktok_ads__ad_groups'),
    {
        'adgroup_id': 'VARCHAR',
        'campaign_id': 'VARCHAR',
        'adgroup_name': 'VARCHAR',
        'secondary_status': 'VARCHAR',
        'operation_status': 'VARCHAR',
    },
    {
        'ad_group_id': 'r.adgroup_id',
        'campaign_id': 'r.campaign_id',
        'ad_group_name': 'r.adgroup_name',
        'ad_group_status': 'coalesce(r.secondary_status, r.operation_status)',
    },
) }}
