{{ config(materialized='incremental') }}

{#- `timezone` may be POSIX-signed (Etc/GMT+8 is 8 hours behind UTC); the display zone is plain. -#}
{{ ad_account(
    source('raw', 'tiktok_ads__accounts'),
    {
        'name': 'VARCHAR',
        'currency': 'VARCHAR',
        'display_timezone': 'VARCHAR',
        'timezone': 'VARCHAR',
    },
    {
        'account_name': 'r.name',
        'currency': 'r.currency',
        'timezone': "coalesce(nullif(r.display_timezone, ''), r.timezone)",
    },
) }}
