-- A cohort is everybody who registered on one day; retained is who did anything on day n.

with registered as (

    select
        profiles.person_id,
        profiles.registration_date as cohort_date,
        profiles.acquisition_channel_id as channel_id,
        channels.is_paid
    from {{ ref('int_identity_profiles') }} as profiles
    inner join {{ ref('channels') }} as channels
        on profiles.acquisition_channel_id = channels.channel_id
    where profiles.registration_at is not null

),

members as (

    select
        person_id,
        cohort_date,
        channel_id,
        'channel' as row_kind,
        is_paid
    from registered

    union all

    select
        person_id,
        cohort_date,
        case when is_paid then '(paid)' else '(organic)' end as channel_id,
        'group' as row_kind,
        is_paid
    from registered

    union all

    select
        person_id,
        cohort_date,
        '(all)' as channel_id,
        'all' as row_kind,
        cast(null as boolean) as is_paid
    from registered

),

observed as (

    {{ observed_through("'amplitude'") }}

),

cohorts as (

    select
        cohort_date,
        channel_id,
        row_kind,
        is_paid,
        count(*) as eligible
    from members
    group by cohort_date, channel_id, row_kind, is_paid

),

returns as (

    select
        members.cohort_date,
        members.channel_id,
        {{ people_days_between('members.cohort_date', 'days.event_date') }} as day_n,
        count(*) as retained
    from members
    inner join {{ ref('int_identity_owner_days') }} as days
        on members.person_id = days.person_id and members.cohort_date <= days.event_date
    group by
        members.cohort_date,
        members.channel_id,
        {{ people_days_between('members.cohort_date', 'days.event_date') }}

),

grid as (

    select
        cohorts.cohort_date,
        cohorts.channel_id,
        cohorts.row_kind,
        cohorts.is_paid,
        grid_days.day_n,
        cohorts.eligible,
        {{ people_days_between('cohorts.cohort_date', 'observed.through_date') }}
        >= grid_days.day_n as is_complete
    from cohorts
    cross join {{ ref('retention_days') }} as grid_days
    cross join observed

)

select
    grid.cohort_date,
    grid.channel_id,
    grid.row_kind,
    grid.is_paid,
    cast(grid.day_n as bigint) as day_n,
    cast(grid.eligible as bigint) as eligible,
    cast(case when grid.is_complete then coalesce(returns.retained, 0) end as bigint) as retained,
    case
        when grid.is_complete
            then {{ people_rate('coalesce(returns.retained, 0)', 'grid.eligible') }}
    end as retention_rate,
    grid.is_complete
from grid
left join returns
    on
        grid.cohort_date = returns.cohort_date
        and grid.channel_id = returns.channel_id
        and grid.day_n = returns.day_n
