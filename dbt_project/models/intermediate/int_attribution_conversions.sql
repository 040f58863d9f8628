{{ config(materialized='table') }}

-- Orders come from the ledger. A lead or a registration is the first one of its person; it is worth
-- nothing by itself.

with steps as (

    select distinct
        touchpoint_key,
        funnel_step
    from {{ ref('event_map') }}
    where funnel_step in ('lead', 'registration')

),

firsts as (

    select
        steps.funnel_step || '/' || touches.touch_id as conversion_id,
        steps.funnel_step as conversion_kind,
        touches.person_id,
        touches.touched_at as conversion_at,
        touches.touch_date as conversion_date,
        row_number() over (
            partition by touches.person_id, steps.funnel_step
            order by touches.touched_at, touches.touch_id
        ) as place
    from {{ ref('fct_touchpoints') }} as touches
    inner join steps
        on touches.touchpoint_key = steps.touchpoint_key

),

conversions as (

    select
        conversion_id,
        conversion_kind,
        person_id,
        order_id,
        conversion_at,
        conversion_date,
        revenue,
        contribution_margin
    from {{ ref('int_conversions') }}

    union all

    select
        conversion_id,
        conversion_kind,
        person_id,
        cast(null as {{ dbt.type_string() }}) as order_id,
        conversion_at,
        conversion_date,
        {{ money('0') }} as revenue,
        {{ money('0') }} as contribution_margin
    from firsts
    where place = 1

)

select
    *,
    row_number() over (order by conversion_id) as conversion_no,
    -- The first lead or registration, where it came before the conversion.
    case
        when
            min(case when conversion_kind in ('lead', 'registration') then conversion_at end)
                over (partition by person_id)
            < conversion_at
            then
                min(case when conversion_kind in ('lead', 'registration') then conversion_at end)
                    over (partition by person_id)
    end as lead_at
from conversions
