{{ canonical_report('google_ads', ref('base_google_ads__campaign_daily')) }}
