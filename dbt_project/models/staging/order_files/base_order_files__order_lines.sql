{{ config(materialized='incremental') }}

-- The fields of a struct read like columns of a table.
-- noqa: disable=RF03,AL09

{%- set structure = {
    'order_id': 'VARCHAR',
    'line_no': 'VARCHAR',
    'product_id': 'VARCHAR',
    'quantity': 'VARCHAR',
    'unit_price': 'VARCHAR',
    'gross': 'VARCHAR',
    'discount': 'VARCHAR',
    'unit_cost': 'VARCHAR',
} %}

with source as (

    select
        {{ lake_columns() }},
        {{ json_record('record', structure) }} as fields
    from {{ source('raw', 'order_files__order_lines') }}

),

typed as (

    select
        {{ lake_columns() }},
        ---------- ids
        nullif(trim(fields.order_id), '') as order_id,
        coalesce(nullif(trim(fields.line_no), ''), '1') as line_no,
        nullif(trim(fields.product_id), '') as product_id,
        ---------- numerics
        coalesce(
            try_cast(try_cast(fields.quantity as decimal(18, 3)) as bigint),
            case when nullif(trim(fields.quantity), '') is null then 1 end
        ) as quantity,
        {{ try_money('fields.unit_price') }} as unit_price,
        {{ try_money('fields.gross') }} as stated_gross,
        coalesce(
            {{ try_money('fields.discount') }},
            case when nullif(trim(fields.discount), '') is null then 0 end
        ) as discount_native,
        {{ try_money('fields.unit_cost') }} as unit_cost,
        nullif(trim(fields.unit_cost), '') is not null as is_cost_given,
        fields is null as is_unreadable
    from source

),

judged as (

    select
        *,
        {{ reject_reason([
            ['not a JSON document', 'is_unreadable'],
            ['missing order_id', 'order_id is null'],
            ['quantity is not a number', 'quantity is null'],
            ['neither unit_price nor gross', 'unit_price is null and stated_gross is null'],
            ['discount is not a number', 'discount_native is null'],
            ['unit_cost is not a number', 'is_cost_given and unit_cost is null'],
        ]) }} as reject_reason
    from typed

)

select
    * exclude (record, is_unreadable, is_cost_given),
    case when reject_reason is not null then record end as record
from judged
