{{ config(materialized='table') }}

-- A copy may come on another upload day than its original, so copies are looked for over all of the
-- history: two aggregates over one 8-byte number per event find the few candidates, only those are
-- read again.

with events as (

    select *
    from {{ ref('base_amplitude__events_typed') }}
    where typing_reject_reason is null

),

repeated_ids as (

    select {{ people_quick_hash(['event_id']) }} as id_hash
    from events
    group by {{ people_quick_hash(['event_id']) }}
    having count(*) > 1

),

same_id as (

    select
        events.source,
        events.account_id,
        events.day,
        events.load_id,
        events.seq,
        row_number() over (
            partition by events.event_id
            order by events.uploaded_at, events.day, events.source, events.account_id, events.seq
        ) as copy_no
    from events
    where
        {{ people_quick_hash(['events.event_id']) }} in (
            select repeated_ids.id_hash from repeated_ids
        )

),

copies_by_id as (

    select *
    from same_id
    where copy_no > 1

),

repeated_inserts as (

    select {{ people_quick_hash(['source', 'account_id', 'insert_id', 'device_id']) }} as id_hash
    from events
    where insert_id is not null
    group by {{ people_quick_hash(['source', 'account_id', 'insert_id', 'device_id']) }}
    having count(*) > 1

),

same_insert as (

    select
        events.source,
        events.account_id,
        events.day,
        events.load_id,
        events.seq,
        events.uploaded_at,
        lag(events.uploaded_at) over (
            partition by events.source, events.account_id, events.insert_id, events.device_id
            order by events.uploaded_at, events.day, events.seq
        ) as previous_uploaded_at
    from events
    left join copies_by_id
        on
            events.source = copies_by_id.source
            and events.account_id = copies_by_id.account_id
            and events.day = copies_by_id.day
            and events.seq = copies_by_id.seq
    where
        copies_by_id.seq is null
        and events.insert_id is not null
        and {{ people_quick_hash(
            ['events.source', 'events.account_id', 'events.insert_id', 'events.device_id']
        ) }} in (select repeated_inserts.id_hash from repeated_inserts)

)

select
    source,
    account_id,
    day,
    load_id,
    seq,
    'duplicate uuid' as reject_reason
from copies_by_id

union all

select
    source,
    account_id,
    day,
    load_id,
    seq,
    'duplicate insert id' as reject_reason
from same_insert
where
    previous_uploaded_at is not null
    and uploaded_at <= {{ dbt.dateadd('day', 7, 'previous_uploaded_at') }}
