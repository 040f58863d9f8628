{{ config(materialized='table') }}

-- What a fit may know of a customer, and, for the fit that is held back, what came later. A day
-- with several valid orders is one purchase, as in the published models; its value is net of the
-- refunds known today.

with observed as (

    {{ observed_through("'order_files'") }}

),

purchases as (

    select
        orders.person_id,
        orders.order_date,
        sum(orders.gross - orders.discount - orders.refund) as revenue,
        sum(orders.gross - orders.discount - orders.refund - orders.cost) as margin
    from {{ ref('int_orders_valued') }} as orders
    cross join observed
    where orders.is_valid and orders.order_date <= observed.through_date
    group by orders.person_id, orders.order_date

),

firsts as (

    select
        person_id,
        min(order_date) as first_order_date
    from purchases
    group by person_id

),

fits as (

    select
        'final' as fit_kind,
        through_date as cutoff_date,
        through_date
    from observed

    union all

    select
        'holdout' as fit_kind,
        cast({{ dbt.dateadd(
            'day',
            "-cast(" ~ threshold('prediction_holdout_days') ~ " as integer)",
            'through_date',
        ) }} as date) as cutoff_date,
        through_date
    from observed

)

select
    fits.fit_kind,
    fits.cutoff_date,
    purchases.person_id,
    firsts.first_order_date,
    count(*) filter (where purchases.order_date <= fits.cutoff_date) - 1 as frequency,
    {{ people_days_between(
        'firsts.first_order_date',
        'max(case when purchases.order_date <= fits.cutoff_date then purchases.order_date end)'
    ) }} as recency_days,
    {{ people_days_between('firsts.first_order_date', 'fits.cutoff_date') }} as age_days,
    {%- for measure in ['revenue', 'margin'] %}
    {{ money("coalesce(sum(purchases." ~ measure ~ ") filter (where purchases.order_date "
        ~ "<= fits.cutoff_date and purchases.order_date > firsts.first_order_date), 0)") }}
        as repeat_{{ measure }},
    {{ money("coalesce(sum(purchases." ~ measure ~ ") filter (where purchases.order_date "
        ~ "<= fits.cutoff_date), 0)") }} as {{ measure }}_to_date,
    {%- endfor %}
    count(*) filter (where purchases.order_date > fits.cutoff_date) as later_orders,
    {{ money("coalesce(sum(purchases.revenue) filter (where purchases.order_date "
        ~ "> fits.cutoff_date), 0)") }} as later_revenue
from purchases
inner join firsts
    on purchases.person_id = firsts.person_id
cross join fits
where firsts.first_order_date <= fits.cutoff_date
group by fits.fit_kind, fits.cutoff_date, purchases.person_id, firsts.first_order_date
