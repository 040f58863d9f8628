{{ canonical_entity(
    'ocean_engine',
    'ad_groups',
    ['ad_group_id', 'campaign_id', 'ad_group_name', 'ad_group_status']
) }}
