-- Touches that no single event makes: being there the day after registering, and being there again
-- after a long silence. Activity is any app event, as in retention.

with days as (

    select
        person_id,
        event_date,
        first_at,
        min(registration_at) over (partition by person_id) as registration_at,
        lag(event_date) over (partition by person_id order by event_date) as previous_date
    from {{ ref('int_identity_owner_days') }}

),

returns as (

    select
        person_id,
        event_date,
        first_at,
        'day_1_return' as touchpoint_key
    from days
    where
        {{ people_days_between(business_date('registration_at'), 'event_date') }} = 1

    union all

    select
        person_id,
        event_date,
        first_at,
        'win_back_return' as touchpoint_key
    from days
    where
        {{ people_days_between('previous_date', 'event_date') }}
        > {{ window_days('win_back_silence') }}

)

select
    returns.touchpoint_key || '/' || returns.person_id || '/'
    || cast(returns.event_date as {{ dbt.type_string() }}) as touch_id,
    returns.first_at as touched_at,
    returns.event_date as touch_date,
    returns.touchpoint_key,
    anchors.owner_node_id
from returns
inner join (
    select
        persons.person_id,
        min(persons.node_id) as owner_node_id
    from {{ ref('int_identity_persons') }} as persons
    group by persons.person_id
) as anchors
    on returns.person_id = anchors.person_id
