{{ canonical_entity(
    'ocean_engine',
    'ads',
    ['ad_id', 'ad_group_id', 'campaign_id', 'ad_name', 'ad_status']
) }}
