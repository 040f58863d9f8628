{{ canonical_report('tiktok_ads', ref('base_tiktok_ads__ad_daily')) }}
