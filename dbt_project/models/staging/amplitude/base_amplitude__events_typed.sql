{{ config(
    materialized='incremental',
    pre_hook=["{{ lake_partition_cleanup('amplitude', 'events') }}"],
) }}

-- The fields of a struct read like columns of a table.
-- noqa: disable=RF03,AL09

{%- set structure = {
    'uuid': 'VARCHAR',
    '$insert_id': 'VARCHAR',
    'event_type': 'VARCHAR',
    'event_time': 'VARCHAR',
    'server_upload_time': 'VARCHAR',
    'device_id': 'VARCHAR',
    'user_id': 'VARCHAR',
    'session_id': 'BIGINT',
    'library': 'VARCHAR',
    'platform': 'VARCHAR',
    'event_properties': {
        'utm_source': 'VARCHAR',
        'utm_medium': 'VARCHAR',
        'utm_campaign': 'VARCHAR',
        'utm_content': 'VARCHAR',
        'gclid': 'VARCHAR',
        'fbclid': 'VARCHAR',
        'ttclid': 'VARCHAR',
        'page_path': 'VARCHAR',
        'referrer': 'VARCHAR',
        'order_id': 'VARCHAR',
    },
    'user_properties': {'email': 'VARCHAR', 'phone': 'VARCHAR', 'consent': 'VARCHAR'},
} %}

with source as (

    select
        {{ lake_columns() }},
        {{ json_record('record', structure) }} as fields
    from {{ source('raw', 'amplitude__events') }}

),

typed as (

    select
        ---------- lake
        source,
        account_id,
        day,
        load_id,
        fetched_at,
        seq,
        record,
        ---------- ids
        nullif(trim(fields.uuid), '') as event_id,
        nullif(trim(fields."$insert_id"), '') as insert_id,
        nullif(trim(fields.device_id), '') as device_id,
        {{ people_user_id('fields.user_id') }} as user_id,
        fields.session_id as session_id,
        ---------- strings
        nullif(trim(fields.event_type), '') as event_type,
        fields.library as library,
        fields.platform as device_platform,
        nullif(trim(fields.event_properties.utm_source), '') as utm_source,
        nullif(trim(fields.event_properties.utm_medium), '') as utm_medium,
        nullif(trim(fields.event_properties.utm_campaign), '') as utm_campaign,
        nullif(trim(fields.event_properties.utm_content), '') as utm_content,
        nullif(trim(fields.event_properties.gclid), '') as gclid,
        nullif(trim(fields.event_properties.fbclid), '') as fbclid,
        nullif(trim(fields.event_properties.ttclid), '') as ttclid,
        fields.event_properties.page_path as page_path,
        nullif(trim(fields.event_properties.referrer), '') as referrer,
        nullif(trim(fields.event_properties.order_id), '') as order_id,
        nullif(trim(fields.user_properties.email), '') as email_hash,
        nullif(trim(fields.user_properties.phone), '') as phone_hash,
        ---------- booleans
        try_cast(fields.user_properties.consent as boolean) as has_consent,
        ---------- timestamps
        try_cast(fields.event_time as timestamp) as event_at,
        try_cast(fields.server_upload_time as timestamp) as uploaded_at,
        fields is null as is_unreadable
    from source

),

judged as (

    select
        *,
        {{ reject_reason([
            ['not a JSON document', 'is_unreadable'],
            ['missing uuid', 'event_id is null'],
            ['missing event_type', 'event_type is null'],
            ['missing event_time', 'event_at is null'],
            ['missing server_upload_time', 'uploaded_at is null'],
            ['neither device_id nor user_id', 'device_id is null and user_id is null'],
        ]) }} as typing_reject_reason
    from typed

)

select
    * exclude (record, is_unreadable),
    case when typing_reject_reason is not null then record end as record
from judged
