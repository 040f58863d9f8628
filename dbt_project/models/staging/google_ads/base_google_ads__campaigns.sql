{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'google_ads__campaigns'),
    {'campaign': {'id': 'VARCHAR', 'name': 'VARCHAR', 'status': 'VARCHAR'}},
    {
        'campaign_id': 'r.campaign.id',
        'campaign_name': 'r.campaign.name',
        'campaign_status': 'r.campaign.status',
    },
) }}
