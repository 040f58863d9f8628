-- A cohort has the same members at every age, its channels add up to everybody, and its value never
-- falls unless something was given back or sold below cost.

with cells as (

    select
        *,
        min(customers) over (partition by cohort_month, channel_id, model) as smallest,
        lag(cumulative_revenue) over (
            partition by cohort_month, channel_id, model
            order by age_days
        ) as earlier_revenue
    from {{ ref('fct_ltv_cac') }}

),

has_refunds as (

    select count(*) > 0 as is_true
    from {{ ref('fct_refunds') }}

),

sums as (

    select
        cohort_month,
        model,
        age_days,
        sum(case when channel_id = '(all)' then customers else -customers end) as difference
    from {{ ref('fct_ltv_cac') }}
    group by cohort_month, model, age_days

)

select
    cells.cohort_month,
    cells.channel_id,
    cells.model,
    cells.age_days
from cells
cross join has_refunds
where
    cells.customers != cells.smallest
    or (not has_refunds.is_true and cells.cumulative_revenue < cells.earlier_revenue)
    or cells.is_mature != (cells.ltv_margin is not null)

union all

select
    cohort_month,
    '(all)' as channel_id,
    model,
    age_days
from sums
where abs(difference) > 0.0001
