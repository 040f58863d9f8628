-- A cohort has the same members at every age, its channels and its groups add up to everybody in
-- customers and value, and its value never falls unless something was given back or sold below
-- cost.

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

kinds as (

    select
        cohort_month,
        model,
        age_days,
        row_kind,
        sum(customers) as customers,
        sum(cumulative_revenue) as revenue,
        sum(cumulative_margin) as margin
    from {{ ref('fct_ltv_cac') }}
    group by cohort_month, model, age_days, row_kind

),

-- Each row is rounded to 6 places: parts may miss the whole by half a unit each.
apart as (

    select
        parts.cohort_month,
        parts.model,
        parts.age_days,
        parts.row_kind
    from kinds as parts
    inner join kinds as wholes
        on
            parts.cohort_month = wholes.cohort_month
            and parts.model = wholes.model
            and parts.age_days = wholes.age_days
            and wholes.row_kind = 'all'
    where
        abs(parts.customers - wholes.customers) > 0.0001
        or abs(parts.revenue - wholes.revenue) > 0.01
        or abs(parts.margin - wholes.margin) > 0.01

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
    row_kind as channel_id,
    model,
    age_days
from apart
