{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'tiktok_ads__ads'),
    {
        'ad_id': 'VARCHAR',
        'adgroup_id': 'VARCHAR',
        'campaign_id': 'VARCHAR',
        'ad_name': 'VARCHAR',
        'secondary_status': 'VARCHAR',
        'operation_status': 'VARCHAR',
    },
    {
        'ad_id': 'r.ad_id',
        'ad_group_id': 'r.adgroup_id',
        'campaign_id': 'r.campaign_id',
        'ad_name': 'r.ad_name',
        'ad_status': 'coalesce(r.secondary_status, r.operation_status)',
    },
) }}
