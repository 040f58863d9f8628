{{ config(materialized='table') }}

with loads as (
    select
        kind,
        source,
        stream,
        account_id,
        day,
        fetched_at,
        rows,
        status
    from {{ source('raw', 'loads') }}
    where day <= {{ as_of() }}
),

-- Days of the main stream with a complete load; a run of consecutive days shares its island_date.
covered as (
    select
        main_days.source,
        main_days.account_id,
        main_days.day,
        {{ dbt.dateadd(
            'day',
            '-cast(row_number() over (partition by main_days.source, main_days.account_id '
            ~ 'order by main_days.day) as integer)',
            'main_days.day',
        ) }} as island_date
    from (
        select distinct
            loads.source,
            loads.account_id,
            loads.day
        from loads
        inner join {{ ref('source_kinds') }} as kinds
            on loads.kind = kinds.kind and loads.stream = kinds.main_stream
        where loads.status = 'complete'
    ) as main_days
),

-- The first island ends where the first gap begins.
through as (
    select
        covered.source,
        covered.account_id,
        max(covered.day) as data_through_date
    from covered
    inner join (
        select
            islands.source,
            islands.account_id,
            min(islands.island_date) as island_date
        from covered as islands
        group by islands.source, islands.account_id
    ) as first_island
        on
            covered.source = first_island.source
            and covered.account_id = first_island.account_id
            and covered.island_date = first_island.island_date
    group by covered.source, covered.account_id
),

last_night as (
    select
        loads.source,
        loads.account_id,
        newest.last_loaded_at,
        sum(loads.rows) as rows_last_night
    from loads
    inner join (
        select
            fetches.source,
            fetches.account_id,
            max(fetches.fetched_at) as last_loaded_at
        from loads as fetches
        group by fetches.source, fetches.account_id
    ) as newest
        on
            loads.source = newest.source
            and loads.account_id = newest.account_id
            and loads.fetched_at > {{ dbt.dateadd('hour', -12, 'newest.last_loaded_at') }}
    group by loads.source, loads.account_id, newest.last_loaded_at
)

select
    expected.kind,
    expected.source,
    expected.account_id,
    case
        when {{ is_ad_platform('expected.kind') }} then expected.kind
    end as platform,
    expected.is_enabled,
    through.data_through_date,
    last_night.last_loaded_at,
    cast(coalesce(last_night.rows_last_night, 0) as bigint) as rows_last_night,
    case
        when not expected.is_enabled then 'disabled'
        when through.data_through_date is null then 'missing'
        when
            {{ as_of() }} - through.data_through_date > coalesce(kinds.allowed_lag_days, 0)
            then 'stale'
        else 'ok'
    end as status,
    cast({{ as_of() }} - through.data_through_date as bigint) as lag_days
from {{ source('raw', 'accounts_expected') }} as expected
left join {{ ref('source_kinds') }} as kinds on expected.kind = kinds.kind
left join through
    on expected.source = through.source and expected.account_id = through.account_id
left join last_night
    on expected.source = last_night.source and expected.account_id = last_night.account_id
