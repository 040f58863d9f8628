{{ canonical_report(
    'ocean_engine',
    ref('base_ocean_engine__campaign_daily'),
    more=['platform_event_conversions'],
) }}
