{{ canonical_entity(
    'tiktok_ads', 'campaigns', ['campaign_id', 'campaign_name', 'campaign_status']
) }}
