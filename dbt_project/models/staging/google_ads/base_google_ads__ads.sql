{{ config(materialized='incremental') }}

{#- The same ad may serve in several ad groups. -#}
{{ ad_entity(
    source('raw', 'google_ads__ads'),
    {
        'adGroupAd': {'ad': {'id': 'VARCHAR', 'name': 'VARCHAR'}, 'status': 'VARCHAR'},
        'adGroup': {'id': 'VARCHAR'},
        'campaign': {'id': 'VARCHAR'},
    },
    {
        'ad_id': 'r."adGroupAd".ad.id',
        'ad_group_id': 'r."adGroup".id',
        'campaign_id': 'r.campaign.id',
        'ad_name': 'r."adGroupAd".ad.name',
        'ad_status': 'r."adGroupAd".status',
    },
    key=['ad_id', 'ad_group_id'],
) }}
