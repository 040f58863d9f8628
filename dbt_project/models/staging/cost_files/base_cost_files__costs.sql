{{ config(materialized='incremental') }}

-- The fields of a struct read like columns of a table.
-- noqa: disable=RF03,AL09

{%- set structure = {
    'cost_id': 'VARCHAR',
    'date': 'VARCHAR',
    'period_from': 'VARCHAR',
    'period_to': 'VARCHAR',
    'cost_type': 'VARCHAR',
    'channel_id': 'VARCHAR',
    'campaign': 'VARCHAR',
    'amount': 'VARCHAR',
    'currency': 'VARCHAR',
    'note': 'VARCHAR',
    'entered_by': 'VARCHAR',
} %}

with source as (

    select
        {{ lake_columns() }},
        {{ json_record('record', structure) }} as fields
    from {{ source('raw', 'cost_files__costs') }}

),

texts as (

    select
        {{ lake_columns() }},
        ---------- ids
        nullif(trim(fields.cost_id), '') as cost_id,
        nullif(trim(fields.channel_id), '') as channel_id,
        ---------- strings
        lower(nullif(trim(fields.cost_type), '')) as cost_type,
        nullif(trim(fields.campaign), '') as campaign,
        upper(nullif(trim(fields.currency), '')) as currency,
        nullif(trim(fields.note), '') as note,
        nullif(trim(fields.entered_by), '') as entered_by,
        ---------- numerics
        {{ try_money('fields.amount') }} as amount_native,
        ---------- dates
        nullif(trim(fields.date), '') as date_text,
        nullif(trim(fields.period_from), '') as from_text,
        nullif(trim(fields.period_to), '') as to_text,
        fields is null as is_unreadable
    from source

),

typed as (

    select
        *,
        try_cast(coalesce(date_text, from_text) as date) as period_from_date,
        try_cast(coalesce(date_text, to_text) as date) as period_to_date
    from texts

),

judged as (

    select
        *,
        {{ reject_reason([
            ['not a JSON document', 'is_unreadable'],
            ['missing cost_id', 'cost_id is null'],
            ['both a date and a period',
                'date_text is not null and (from_text is not null or to_text is not null)'],
            ['neither a date nor a whole period',
                'period_from_date is null or period_to_date is null'],
            ['period ends before it begins', 'period_to_date < period_from_date'],
            ['period is longer than 731 days', 'period_to_date - period_from_date > 730'],
            ['missing cost_type', 'cost_type is null'],
            ['unknown cost_type',
                'cost_type not in (select known.cost_type from ' ~ ref('cost_types') ~ ' as known)'],
            ['unknown channel_id',
                'channel_id not in (select known.channel_id from ' ~ ref('channels') ~ ' as known)'],
            ['missing amount', 'amount_native is null'],
            ['missing currency', 'currency is null'],
            ['currency is not a code of three letters',
                "length(currency) <> 3 or " ~ people_matches('currency', "'[^A-Z]'")],
        ]) }} as own_reason
    from typed

),

compared as (

    select
        *,
        row_number() over (
            partition by source, account_id, day, load_id, cost_id, own_reason is null
            order by seq
        ) as copy_number
    from judged

),

decided as (

    select
        *,
        case
            when own_reason is not null then own_reason
            when copy_number > 1 then 'duplicate key in load'
        end as reject_reason
    from compared

)

select
    * exclude (
        record, is_unreadable, date_text, from_text, to_text, own_reason, copy_number
    ),
    case when reject_reason is not null then record end as record
from decided
