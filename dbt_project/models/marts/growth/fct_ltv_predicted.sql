with sizes as (

    select
        cohort_month,
        channel_id,
        row_kind,
        model,
        sum(weight) as customers
    from {{ ref('int_conversions_cohorts') }}
    group by cohort_month, channel_id, row_kind, model

),

-- The same join once for what is known and what is predicted.
known as (

    select
        cohorts.cohort_month,
        cohorts.channel_id,
        cohorts.model,
        sum(cast(histories.revenue_to_date as decimal(24, 6)) * cohorts.weight) as revenue,
        sum(cast(histories.margin_to_date as decimal(24, 6)) * cohorts.weight) as margin
    from {{ ref('int_conversions_cohorts') }} as cohorts
    inner join {{ ref('int_ltv_histories') }} as histories
        on cohorts.person_id = histories.person_id and histories.fit_kind = 'final'
    group by cohorts.cohort_month, cohorts.channel_id, cohorts.model

),

predicted as (

    select
        cohorts.cohort_month,
        cohorts.channel_id,
        cohorts.model,
        people.horizon_days,
        sum(cast(people.alive_probability as decimal(24, 9)) * cohorts.weight) as alive,
        sum(cast(people.orders as decimal(24, 6)) * cohorts.weight) as orders,
        sum(cast(people.revenue as decimal(24, 6)) * cohorts.weight) as revenue,
        sum(cast(people.margin as decimal(24, 6)) * cohorts.weight) as margin
    from {{ ref('int_conversions_cohorts') }} as cohorts
    inner join {{ ref('int_ltv_predicted_people') }} as people
        on cohorts.person_id = people.person_id and people.fit_kind = 'final'
    group by cohorts.cohort_month, cohorts.channel_id, cohorts.model, people.horizon_days

),

fits as (

    select
        fits.status,
        (
            select max(histories.cutoff_date)
            from {{ ref('int_ltv_histories') }} as histories
            where histories.fit_kind = 'final'
        ) as through_date
    from {{ ref('int_ltv_fits') }} as fits
    where fits.fit_kind = 'final'

)

select
    sizes.cohort_month,
    sizes.channel_id,
    sizes.row_kind,
    sizes.model,
    cast(horizons.horizon_days as bigint) as horizon_days,
    {{ money('sizes.customers') }} as customers,
    fits.status as prediction_status,
    {{ people_ratio('predicted.alive', 'sizes.customers') }} as predicted_alive_share,
    {{ money('predicted.orders') }} as predicted_orders,
    {{ money('predicted.revenue') }} as predicted_revenue,
    {{ money('predicted.margin') }} as predicted_margin,
    {{ people_ratio('predicted.orders', 'sizes.customers') }} as predicted_orders_per_customer,
    {{ people_ratio('predicted.margin', 'sizes.customers') }} as predicted_margin_per_customer,
    {{ money('known.revenue') }} as observed_revenue,
    {{ money('known.margin') }} as observed_margin,
    fits.through_date as observed_through_date
from sizes
cross join {{ ref('prediction_horizons') }} as horizons
cross join fits
left join known
    on
        sizes.cohort_month = known.cohort_month
        and sizes.channel_id = known.channel_id
        and sizes.model = known.model
left join predicted
    on
        sizes.cohort_month = predicted.cohort_month
        and sizes.channel_id = predicted.channel_id
        and sizes.model = predicted.model
        and horizons.horizon_days = predicted.horizon_days
