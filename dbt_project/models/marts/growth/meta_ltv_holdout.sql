-- What the held-back fit foretold of its newest days, beside what came. The naive forecast goes on
-- buying at the rate of the past: a model that does not beat it is not worth reading.

with people as (

    select
        histories.person_id,
        histories.cutoff_date,
        cast(date_trunc('month', histories.first_order_date) as date) as cohort_month,
        histories.later_orders,
        histories.later_revenue,
        predicted.horizon_days,
        predicted.orders,
        predicted.revenue,
        abs(histories.later_orders - predicted.orders) as error,
        {{ people_ratio(
            'histories.frequency * predicted.horizon_days', 'histories.age_days'
        ) }} as naive_orders
    from {{ ref('int_ltv_histories') }} as histories
    inner join {{ ref('int_ltv_predicted_people') }} as predicted
        on
            histories.fit_kind = predicted.fit_kind
            and histories.person_id = predicted.person_id
    where histories.fit_kind = 'holdout'

),

sums as (

    select
        case when grouping(cohort_month) = 0 then 'cohort' else 'all' end as row_kind,
        cohort_month,
        max(cutoff_date) as cutoff_date,
        max(horizon_days) as holdout_days,
        count(*) as customers,
        sum(later_orders) as actual_orders,
        sum(orders) as predicted_orders,
        sum(later_revenue) as actual_revenue,
        sum(revenue) as predicted_revenue,
        sum(error) as error,
        sum(naive_orders) as naive_orders
    from people
    group by rollup(cohort_month)
    having count(*) > 0

),

judged as (

    select
        *,
        {{ people_ratio('predicted_orders - actual_orders', 'actual_orders') }} as orders_bias
    from sums

)

select
    row_kind,
    cohort_month,
    cutoff_date,
    holdout_days,
    customers,
    cast(actual_orders as bigint) as actual_orders,
    {{ money('predicted_orders') }} as predicted_orders,
    orders_bias,
    case
        when row_kind = 'all'
            then (
                select cast(avg(abs(cohorts.orders_bias)) as decimal(18, 6))
                from judged as cohorts
                where cohorts.row_kind = 'cohort'
            )
        else abs(orders_bias)
    end as orders_mape,
    {{ people_ratio('error', 'customers') }} as orders_mean_absolute_error,
    {{ money('actual_revenue') }} as actual_revenue,
    {{ money('predicted_revenue') }} as predicted_revenue,
    {{ people_ratio('predicted_revenue - actual_revenue', 'actual_revenue') }} as revenue_bias,
    {{ money('naive_orders') }} as naive_orders,
    {{ people_ratio('naive_orders - actual_orders', 'actual_orders') }} as naive_bias
from judged
