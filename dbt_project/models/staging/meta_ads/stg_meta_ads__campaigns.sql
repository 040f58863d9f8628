{{ canonical_entity(
    'meta_ads', 'campaigns', ['campaign_id', 'campaign_name', 'campaign_status']
) }}
