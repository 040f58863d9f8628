{{ config(materialized='incremental') }}

{#- The advertiser's object names neither: every account is kept in yuan and in Beijing time. -#}
{{ ad_account(
    source('raw', 'ocean_engine__accounts'),
    {'name': 'VARCHAR'},
    {
        'account_name': 'r.name',
        'currency': "'CNY'",
        'timezone': "'Asia/Shanghai'",
    },
) }}
