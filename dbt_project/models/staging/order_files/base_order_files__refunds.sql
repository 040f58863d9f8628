{{ config(materialized='incremental') }}

-- The fields of a struct read like columns of a table.
-- noqa: disable=RF03,AL09

{%- set structure = {
    'refund_id': 'VARCHAR',
    'order_id': 'VARCHAR',
    'line_no': 'VARCHAR',
    'amount': 'VARCHAR',
    'currency': 'VARCHAR',
    'refunded_at': 'VARCHAR',
    'reason': 'VARCHAR',
} %}

with source as (

    select
        {{ lake_columns() }},
        {{ json_record('record', structure) }} as fields
    from {{ source('raw', 'order_files__refunds') }}

),

typed as (

    select
        {{ lake_columns() }},
        ---------- ids
        nullif(trim(fields.refund_id), '') as refund_id,
        nullif(trim(fields.order_id), '') as order_id,
        nullif(trim(fields.line_no), '') as line_no,
        ---------- strings
        upper(nullif(trim(fields.currency), '')) as currency,
        nullif(trim(fields.reason), '') as reason,
        ---------- numerics
        {{ try_money('fields.amount') }} as amount_native,
        ---------- timestamps
        {{ people_order_instant('fields.refunded_at') }} as refunded_at,
        fields is null as is_unreadable
    from source

),

judged as (

    select
        *,
        {{ reject_reason([
            ['not a JSON document', 'is_unreadable'],
            ['missing refund_id', 'refund_id is null'],
            ['missing order_id', 'order_id is null'],
            ['missing amount', 'amount_native is null'],
            ['missing currency', 'currency is null'],
            ['missing refunded_at', 'refunded_at is null'],
        ]) }} as reject_reason
    from typed

)

select
    * exclude (record, is_unreadable),
    case when reject_reason is not null then record end as record
from judged
