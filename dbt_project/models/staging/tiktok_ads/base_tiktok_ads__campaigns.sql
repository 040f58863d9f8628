{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'tiktok_ads__campaigns'),
    {
        'campaign_id': 'VARCHAR',
        'campaign_name': 'VARCHAR',
        'secondary_status': 'VARCHAR',
        'operation_status': 'VARCHAR',
    },
    {
        'campaign_id': 'r.campaign_id',
        'campaign_name': 'r.campaign_name',
        'campaign_status': 'coalesce(r.secondary_status, r.operation_status)',
    },
) }}
