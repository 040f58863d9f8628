{{ canonical_entity('google_ads', 'accounts', ['account_name', 'currency', 'timezone']) }}
