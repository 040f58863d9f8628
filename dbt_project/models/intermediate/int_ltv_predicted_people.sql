{{ config(materialized='table') }}

-- Doubles end here: every later sum is one of decimals and does not depend on the order of rows.
-- Margin is predicted revenue times the margin rate of all repeat orders: the value model needs
-- amounts above 0, which margins are not.

with rates as (

    select
        fit_kind,
        {{ people_ratio('sum(repeat_margin)', 'sum(repeat_revenue)') }} as margin_rate
    from {{ ref('int_ltv_histories') }}
    group by fit_kind

),

expected as (

    select
        fit_kind,
        person_id,
        cast(horizon_days as bigint) as horizon_days,
        cast(alive_probability as decimal(10, 9)) as alive_probability,
        cast(expected_orders as decimal(18, 9)) as orders,
        {{ money('expected_orders * expected_value') }} as revenue
    from {{ ref('int_ltv_expected') }}

)

select
    expected.fit_kind,
    expected.person_id,
    expected.horizon_days,
    expected.alive_probability,
    expected.orders,
    expected.revenue,
    {{ people_in_base('expected.revenue', 'rates.margin_rate') }} as margin,
    rates.margin_rate
from expected
inner join rates
    on expected.fit_kind = rates.fit_kind
