{{ config(materialized='table') }}

{#- The touchpoints persons can stand at and go on from; 28 is the last. -#}
{%- set levels = range(1, 28) -%}

-- Whom a touch led further: the next touch, in time, at a touchpoint of a higher number. A person's
-- touches are walked once, with one look ahead per touchpoint, and never paired.

with touches as (

    select
        person_id,
        touch_id,
        touch_date,
        touched_at,
        touchpoint_no,
        last_value(channel_id ignore nulls) over (
            partition by person_id
            order by touched_at, (channel_id is null), touch_id
            rows between unbounded preceding and current row
        ) as channel_id
    from {{ ref('fct_touchpoints') }}

),

ahead as (

    select
        {%- for level in levels %}
        first_value(case when touchpoint_no > {{ level }} then touched_at end ignore nulls) over (
            partition by person_id
            order by touched_at, touchpoint_no, touch_id
            rows between current row and unbounded following
        ) as after_{{ level }}_at,
        {%- endfor %}
        *
    from touches

),

judged as (

    select
        person_id,
        touch_date,
        coalesce(channel_id, '(unattributed)') as channel_id,
        touchpoint_no,
        touched_at,
        case touchpoint_no
            {%- for level in levels %}
            when {{ level }} then after_{{ level }}_at
            {%- endfor %}
        end as next_at
    from ahead

)

-- A person's first touch of the day counts; the look ahead of a later one is never earlier.
select
    person_id,
    touch_date,
    channel_id,
    touchpoint_no,
    count(*) as touches,
    min(touched_at) as touched_at,
    min(next_at) as next_at
from judged
group by person_id, touch_date, channel_id, touchpoint_no
