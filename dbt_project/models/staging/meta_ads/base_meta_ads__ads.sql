{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'meta_ads__ads'),
    {
        'id': 'VARCHAR',
        'adset_id': 'VARCHAR',
        'campaign_id': 'VARCHAR',
        'name': 'VARCHAR',
        'effective_status': 'VARCHAR',
        'status': 'VARCHAR',
    },
    {
        'ad_id': 'r.id',
        'ad_group_id': 'r.adset_id',
        'campaign_id': 'r.campaign_id',
        'ad_name': 'r.name',
        'ad_status': 'coalesce(r.effective_status, r.status)',
    },
) }}
