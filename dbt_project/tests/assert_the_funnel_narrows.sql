-- No step of the main chain has more persons than the step before it, and everybody of the profile
-- stands in the funnel exactly once.

select
    'step' as what,
    cast(date_day as {{ dbt.type_string() }}) as which
from {{ ref('fct_funnel_daily') }}
where
    landings < registrations
    or registrations < activations
    or activations < first_orders
    or first_orders < repeat_orders

union all

select
    'persons' as what,
    cast(sum(landings) as {{ dbt.type_string() }}) as which
from {{ ref('fct_funnel_daily') }}
having sum(landings) is distinct from (select nullif(count(*), 0) from {{ ref('dim_person') }})
