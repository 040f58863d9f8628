{{ canonical_entity(
    'tiktok_ads',
    'ads',
    ['ad_id', 'ad_group_id', 'campaign_id', 'ad_name', 'ad_status']
) }}
