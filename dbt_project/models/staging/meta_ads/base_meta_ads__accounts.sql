{{ config(materialized='incremental') }}

{{ ad_account(
    {'name': 'VARCHAR', 'currency': 'VARCHAR', 'timezone_name': 'VARCHAR'},
    {'account_name': 'r.name', 'currency': 'r.currency', 'timezone': 'r.timezone_name'},
) }}
