{{ config(materialized='incremental') }}

-- The fields of a struct read like columns of a table.
-- noqa: disable=RF03,AL09

{%- set structure = {
    'coupon_code': 'VARCHAR',
    'name': 'VARCHAR',
    'starts_on': 'VARCHAR',
    'ends_on': 'VARCHAR',
    'discount': 'VARCHAR',
} %}

with source as (

    select
        {{ lake_columns() }},
        {{ json_record('record', structure) }} as fields
    from {{ source('raw', 'order_files__coupons') }}

),

typed as (

    select
        {{ lake_columns() }},
        ---------- ids
        nullif(trim(fields.coupon_code), '') as coupon_code,
        ---------- strings
        nullif(trim(fields.name), '') as coupon_name,
        fields.discount as discount_text,
        ---------- dates
        try_cast(fields.starts_on as date) as starts_date,
        try_cast(fields.ends_on as date) as ends_date,
        fields is null as is_unreadable
    from source

),

judged as (

    select
        *,
        {{ reject_reason([
            ['not a JSON document', 'is_unreadable'],
            ['missing coupon_code', 'coupon_code is null'],
            ['missing starts_on', 'starts_date is null'],
        ]) }} as reject_reason
    from typed

)

select
    * exclude (record, is_unreadable),
    case when reject_reason is not null then record end as record
from judged
