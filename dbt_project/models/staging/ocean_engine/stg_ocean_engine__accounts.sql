{{ canonical_entity('ocean_engine', 'accounts', ['account_name', 'currency', 'timezone']) }}
