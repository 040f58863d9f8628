{{ config(materialized='table') }}

-- Whose journey marketing began: nothing of operations came before their first touch. Persons, not
-- touches, are counted, on the day and in the channel of their arrival.

with firsts as (

    select
        person_id,
        min(case when owner = 'marketing' then touched_at end) as brought_at,
        min(case when owner = 'operations' then touched_at end) as crossed_at,
        min(case when touchpoint_key = 'registration' then touched_at end) as registered_at
    from {{ ref('fct_touchpoints') }}
    group by person_id

),

brought as (

    select
        firsts.person_id,
        firsts.brought_at,
        firsts.crossed_at,
        firsts.registered_at,
        {{ business_date('firsts.brought_at') }} as date_day,
        profiles.acquisition_channel_id as channel_id,
        profiles.acquisition_campaign_id as campaign_id
    from firsts
    inner join {{ ref('int_identity_profiles') }} as profiles
        on firsts.person_id = profiles.person_id
    where firsts.brought_at <= coalesce(firsts.crossed_at, firsts.brought_at)

),

spans as (

    select
        brought.*,
        horizons.horizon_days,
        {{ dbt.dateadd('day', 'horizons.horizon_days', 'brought.brought_at') }} as ends_at,
        {{ people_days_between('brought.date_day', 'observed.through_date') }}
        >= horizons.horizon_days as is_observed
    from brought
    cross join {{ ref('handoff_horizons') }} as horizons
    cross join {{ ref('int_journey_observed') }} as observed

),

-- Time and touchpoint in one number, so that the last touch is a maximum and needs no sort.
last_touches as (

    select
        spans.person_id,
        spans.horizon_days,
        max(
            cast({{ people_epoch('touches.touched_at') }} * 1000000 as bigint) * 100
            + touches.touchpoint_no
        ) % 100 as last_touchpoint_no
    from spans
    inner join {{ ref('fct_touchpoints') }} as touches
        on spans.person_id = touches.person_id
    where
        touches.owner = 'marketing'
        and touches.touched_at <= spans.ends_at
        and (spans.crossed_at is null or spans.crossed_at > spans.ends_at)
    group by spans.person_id, spans.horizon_days

)

select
    spans.person_id,
    spans.horizon_days,
    spans.date_day,
    spans.channel_id,
    spans.campaign_id,
    spans.brought_at,
    case when spans.crossed_at <= spans.ends_at then spans.crossed_at end as crossed_at,
    case when spans.registered_at <= spans.ends_at then spans.registered_at end as registered_at,
    case
        when spans.crossed_at <= spans.ends_at then 'crossed'
        when spans.is_observed then 'lost'
        else 'pending'
    end as outcome,
    last_touches.last_touchpoint_no
from spans
left join last_touches
    on
        spans.person_id = last_touches.person_id
        and spans.horizon_days = last_touches.horizon_days
