{{ config(materialized='incremental') }}

-- The fields of a struct read like columns of a table.
-- noqa: disable=RF03,AL09

{%- set structure = {
    'order_id': 'VARCHAR',
    'customer_id': 'VARCHAR',
    'user_id': 'VARCHAR',
    'email': 'VARCHAR',
    'phone': 'VARCHAR',
    'ordered_at': 'VARCHAR',
    'status': 'VARCHAR',
    'currency': 'VARCHAR',
    'coupon_code': 'VARCHAR',
    'consent': 'VARCHAR',
} %}

with source as (

    select
        {{ lake_columns() }},
        {{ json_record('record', structure) }} as fields
    from {{ source('raw', 'order_files__orders') }}

),

typed as (

    select
        {{ lake_columns() }},
        ---------- ids
        nullif(trim(fields.order_id), '') as order_id,
        nullif(trim(fields.customer_id), '') as customer_id,
        {{ people_user_id('fields.user_id') }} as user_id,
        ---------- strings
        nullif(lower(trim(fields.email)), '') as email_hash,
        nullif(lower(trim(fields.phone)), '') as phone_hash,
        lower(nullif(trim(fields.status), '')) as order_status,
        upper(nullif(trim(fields.currency), '')) as currency,
        nullif(trim(fields.coupon_code), '') as coupon_code,
        ---------- booleans
        try_cast(fields.consent as boolean) as has_consent,
        ---------- timestamps
        {{ people_order_instant('fields.ordered_at') }} as ordered_at,
        fields is null as is_unreadable
    from source

),

judged as (

    select
        *,
        {{ reject_reason([
            ['not a JSON document', 'is_unreadable'],
            ['missing order_id', 'order_id is null'],
            ['missing ordered_at', 'ordered_at is null'],
            ['missing currency', 'currency is null'],
            ['missing status', 'order_status is null'],
        ]) }} as reject_reason
    from typed

)

select
    * exclude (record, is_unreadable),
    case when reject_reason is not null then record end as record
from judged
