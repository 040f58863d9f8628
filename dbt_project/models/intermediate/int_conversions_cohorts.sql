{{ config(materialized='table') }}

-- Who belongs to which cohort, with which weight: everybody to '(all)', and by credit to the
-- channels of the first order. Weights of a person and model sum to 1 on either side.

with first_orders as (

    select
        person_id,
        model,
        channel_id,
        conversion_date as first_order_date,
        cast(date_trunc('month', conversion_date) as date) as cohort_month,
        sum(credit) as credit
    from {{ ref('int_conversions_credited') }}
    where conversion_kind = 'first_order'
    group by person_id, model, channel_id, conversion_date

)

select
    person_id,
    model,
    channel_id,
    first_order_date,
    cohort_month,
    cast(credit as decimal(10, 9)) as weight
from first_orders

union all

select
    person_id,
    model,
    '(all)' as channel_id,
    first_order_date,
    cohort_month,
    cast(sum(credit) as decimal(10, 9)) as weight
from first_orders
group by person_id, model, first_order_date, cohort_month
