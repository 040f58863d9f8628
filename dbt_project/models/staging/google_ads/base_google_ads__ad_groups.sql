{{ config(materialized='incremental') }}

{{ ad_entity(
    source('raw', 'google_ads__ad_groups'),
    {
        'adGroup': {'id': 'VARCHAR', 'name': 'VARCHAR', 'status': 'VARCHAR'},
        'campaign': {'id': 'VARCHAR'},
    },
    {
        'ad_group_id': 'r."adGroup".id',
        'campaign_id': 'r.campaign.id',
        'ad_group_name': 'r."adGroup".name',
        'ad_group_status': 'r."adGroup".status',
    },
) }}
