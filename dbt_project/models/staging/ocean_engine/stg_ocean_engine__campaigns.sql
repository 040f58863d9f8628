{{ canonical_entity(
    'ocean_engine', 'campaigns', ['campaign_id', 'campaign_name', 'campaign_status']
) }}
