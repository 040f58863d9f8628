{{ config(materialized='incremental') }}

{{ ad_account(
    source('raw', 'google_ads__accounts'),
    {
        'customer': {
            'descriptiveName': 'VARCHAR', 'currencyCode': 'VARCHAR', 'timeZone': 'VARCHAR'
        },
    },
    {
        'account_name': 'r.customer."descriptiveName"',
        'currency': 'r.customer."currencyCode"',
        'timezone': 'r.customer."timeZone"',
    },
) }}
