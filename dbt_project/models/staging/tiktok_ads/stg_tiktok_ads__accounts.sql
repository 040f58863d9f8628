{{ canonical_entity('tiktok_ads', 'accounts', ['account_name', 'currency', 'timezone']) }}
