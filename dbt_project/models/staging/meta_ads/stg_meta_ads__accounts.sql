{{ canonical_entity('meta_ads', 'accounts', ['account_name', 'currency', 'timezone']) }}
