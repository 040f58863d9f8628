{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'meta_ads__ad_groups'),
    {
        'id': 'VARCHAR',
        'campaign_id': 'VARCHAR',
        'name': 'VARCHAR',
        'effective_status': 'VARCHAR',
        'status': 'VARCHAR',
    },
    {
        'ad_group_id': 'r.id',
        'campaign_id': 'r.campaign_id',
        'ad_group_name': 'r.name',
        'ad_group_status': 'coalesce(r.effective_status, r.status)',
    },
) }}
