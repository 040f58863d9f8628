{{ canonical_report_history('meta_ads', meta_ads_report) }}
