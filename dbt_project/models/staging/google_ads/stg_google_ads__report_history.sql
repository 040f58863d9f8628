{{ canonical_report_history('google_ads', google_ads_report) }}
