{{ canonical_report_history('tiktok_ads', tiktok_ads_report) }}
