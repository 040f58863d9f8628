{{ canonical_entity(
    'google_ads', 'campaigns', ['campaign_id', 'campaign_name', 'campaign_status']
) }}
