-- Every valid order is credited once per model, and the money of the credits is the money of the
-- ledger, to the cent and by kind of conversion; every person with a lead or registration is
-- credited once, for nothing. A conversion that loses its touch must turn up on the channel
-- (unattributed), never vanish, and no model may be left out.

with steps as (

    select distinct
        touchpoint_key,
        funnel_step
    from {{ ref('event_map') }}
    where funnel_step in ('lead', 'registration')

),

ledger as (

    select
        case when is_first then 'first_order' else 'repeat_order' end as conversion_kind,
        count(distinct shop_id || '/' || order_id) as conversions,
        sum(net_revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from {{ ref('fct_orders') }}
    where is_valid
    group by case when is_first then 'first_order' else 'repeat_order' end

    union all

    select
        steps.funnel_step as conversion_kind,
        count(distinct touches.person_id) as conversions,
        0 as revenue,
        0 as contribution_margin
    from {{ ref('fct_touchpoints') }} as touches
    inner join steps
        on touches.touchpoint_key = steps.touchpoint_key
    group by steps.funnel_step

),

expected as (

    select
        ledger.*,
        models.model
    from ledger
    cross join {{ ref('attribution_models') }} as models

),

credited as (

    select
        conversion_kind,
        model,
        sum(credit) as conversions,
        sum(revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from {{ ref('fct_attribution') }}
    group by conversion_kind, model

)

select
    expected.conversion_kind,
    expected.model as expected_model,
    credited.model as credited_model,
    expected.revenue as ledger_revenue,
    credited.revenue as credited_revenue
from expected
full outer join credited
    on
        expected.conversion_kind = credited.conversion_kind
        and expected.model = credited.model
where
    expected.conversions is distinct from credited.conversions
    or expected.revenue is distinct from credited.revenue
    or expected.contribution_margin is distinct from credited.contribution_margin
