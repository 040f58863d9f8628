{{ config(materialized='incremental') }}

{{ ad_account(
    source('raw', 'meta_ads__accounts'),
    {'name': 'VARCHAR', 'currency': 'VARCHAR', 'timezone_name': 'VARCHAR'},
    {'account_name': 'r.name', 'currency': 'r.currency', 'timezone': 'r.timezone_name'},
) }}
