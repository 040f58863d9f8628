{{ canonical_report('meta_ads', ref('base_meta_ads__campaign_daily')) }}
