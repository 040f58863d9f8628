{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'meta_ads__campaigns'),
    {'id': 'VARCHAR', 'name': 'VARCHAR', 'effective_status': 'VARCHAR', 'status': 'VARCHAR'},
    {
        'campaign_id': 'r.id',
        'campaign_name': 'r.name',
        'campaign_status': 'coalesce(r.effective_status, r.status)',
    },
) }}
