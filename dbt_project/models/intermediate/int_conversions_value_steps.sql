{{ config(materialized='table') }}

-- Where a customer's cumulative value steps up or down, on the grid of ages: an order at its own
-- age, a refund at the age of the refund (never before the order). Squares are kept as steps too,
-- so that the spread over all members of a cohort needs no row per member and age.

with observed as (

    {{ observed_through("'order_files'") }}

),

customers as (

    select
        person_id,
        conversion_date as first_order_date
    from {{ ref('int_conversions') }}
    where conversion_kind = 'first_order'

),

movements as (

    select
        person_id,
        order_date as moved_date,
        gross - discount as revenue,
        gross - discount - cost as margin
    from {{ ref('int_orders_valued') }}
    where is_valid

    union all

    select
        conversions.person_id,
        greatest(refunds.refund_date, conversions.conversion_date) as moved_date,
        -refunds.amount as revenue,
        -refunds.amount as margin
    from {{ ref('int_orders_refunds') }} as refunds
    inner join {{ ref('int_conversions') }} as conversions
        on refunds.order_key = conversions.conversion_id

),

aged as (

    select
        movements.person_id,
        movements.revenue,
        movements.margin,
        {{ people_days_between('customers.first_order_date', 'movements.moved_date') }} as age_days
    from movements
    inner join customers
        on movements.person_id = customers.person_id
    cross join observed
    where movements.moved_date <= observed.through_date

),

ages as (

    select
        age_days,
        coalesce(lag(age_days) over (order by age_days), -1) as previous_age_days
    from {{ ref('ltv_horizons') }}

),

steps as (

    select
        aged.person_id,
        ages.age_days,
        sum(aged.revenue) as revenue,
        sum(aged.margin) as margin
    from aged
    inner join ages
        on aged.age_days > ages.previous_age_days and aged.age_days <= ages.age_days
    group by aged.person_id, ages.age_days

),

cumulated as (

    select
        *,
        cast(sum(margin) over (
            partition by person_id
            order by age_days
            rows between unbounded preceding and current row
        ) as decimal(19, 2)) as margin_to_date
    from steps

)

select
    person_id,
    age_days,
    {{ money('revenue') }} as revenue,
    {{ money('margin') }} as margin,
    cast(
        margin_to_date * margin_to_date
        - coalesce(lag(margin_to_date * margin_to_date) over (
            partition by person_id
            order by age_days
        ), 0) as decimal(24, 4)
    ) as margin_square
from cumulated
